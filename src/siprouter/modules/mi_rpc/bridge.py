"""Calls a management command with RPC arguments, and gives its tree as the lines of one of the MI transports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiArgument, MiNode, MiReply
from siprouter.rpc.values import RpcError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

INDENT = "\t"
NAME_MARK = "--"


class MiRpc:
    """The instance of the mi_rpc module."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def pretty(self, call: RpcCall, command: str, *texts: str) -> list[str]:
        """RPC `mi`: one value a node, indented by level; an error status becomes a fault."""
        reply = checked(await self._run(command, texts))
        return list(lines(reply, INDENT))

    async def fifo(self, call: RpcCall, command: str, *texts: str) -> list[str]:
        """RPC `mi_fifo`: like `mi_dg`, with an empty line at the end."""
        return [*await self.datagram(call, command, *texts), "\n"]

    async def datagram(self, call: RpcCall, command: str, *texts: str) -> list[str]:
        """RPC `mi_dg`: the status line, whatever it is, then a line a node, all with line ends."""
        reply = await self._run(command, texts)
        return [f"{reply.code} {reply.reason}\n", *(f"{line}\n" for line in lines(reply, INDENT))]

    async def xmlrpc(self, call: RpcCall, command: str, *texts: str) -> list[str]:
        """RPC `mi_xmlrpc`: a line a node with line end and without indentation; an error status becomes a fault."""
        reply = checked(await self._run(command, texts))
        return [f"{line}\n" for line in lines(reply, "")]

    async def _run(self, command: str, texts: Sequence[str]) -> MiReply:
        arguments = parse_arguments(texts)
        reply = await call_mi(self._worker, command, arguments)
        if reply is None:
            raise RpcError(500, "command not available")
        return reply


def checked(reply: MiReply) -> MiReply:
    """The reply itself. Raises RpcError for one with an error status."""
    if not 200 <= reply.code <= 299:
        raise RpcError(reply.code, reply.reason)
    return reply


def parse_arguments(texts: Sequence[str]) -> list[MiArgument]:
    """RPC arguments as MI arguments: `--name value` names one. Raises RpcError where the value is missing."""
    arguments: list[MiArgument] = []
    pending = iter(texts)
    for text in pending:
        name = None
        if text.startswith(NAME_MARK):
            name = text[len(NAME_MARK) :] or None
            value = next(pending, None)
            if value is None:
                raise RpcError(500, "cannot parse parameters")
            text = value
        arguments.append(MiArgument(name, text))
    return arguments


def lines(node: MiNode, indent: str, level: int = 0) -> Iterator[str]:
    """The children of a node, nameless ones with an empty name too: ``name:: value attribute=value``."""
    for child in node.children:
        attributes = "".join(f" {name}={value}" for name, value in child.attributes)
        yield f"{indent * level}{child.name or ''}:: {child.value or ''}{attributes}"
        yield from lines(child, indent, level + 1)
