"""The management interface (MI): replies are trees of nodes with a name, a value and attributes, any of them absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from siprouter.rpc.values import Pairs, members
from siprouter.util.errors import InternalError
from siprouter.util.text import to_str

MAX_DEPTH = 32


class MiNode:
    """A node of a reply."""

    __slots__ = ("attributes", "children", "name", "value")

    def __init__(self, name: str | None = None, value: str | int | None = None) -> None:
        self.name = name
        self.value = None if value is None else str(value)
        self.attributes: list[tuple[str, str]] = []
        self.children: list[MiNode] = []

    def add(self, name: str | None = None, value: str | int | None = None) -> MiNode:
        """Append a child and return it."""
        node = MiNode(name, value)
        self.children.append(node)
        return node

    def attribute(self, name: str, value: str | int) -> MiNode:
        """Append an attribute; returns the node itself."""
        self.attributes.append((name, str(value)))
        return self

    def __repr__(self) -> str:
        return f"MiNode({self.name!r}, {self.value!r}, {self.attributes!r}, {self.children!r})"


class MiReply(MiNode):
    """The whole reply: a status, and the tree below it."""

    __slots__ = ("code", "reason")

    def __init__(self, code: int = 200, reason: str = "OK") -> None:
        super().__init__()
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class MiArgument:
    """An argument of a command; most have no name."""

    name: str | None
    value: str


MISSING_ARGUMENTS = "Too few or too many arguments"
BAD_ARGUMENT = "Bad parameter"


def to_reply(result: object) -> MiReply:
    """The reply for what a command gave: a MiReply, None (plain success), or plain data that becomes nodes."""
    if isinstance(result, MiReply):
        return result
    reply = MiReply()
    if isinstance(result, list | tuple):
        for item in result:
            _add(reply, None, item, 0)
    elif isinstance(result, Pairs | Mapping):
        for name, value in members(result):
            _add(reply, name, value, 0)
    elif result is not None:
        _add(reply, None, result, 0)
    return reply


def _add(parent: MiNode, name: str | None, value: object, depth: int) -> None:
    """Put plain data below `parent`: structures and lists become a node with children."""
    if depth >= MAX_DEPTH:
        raise InternalError("MI reply nested too deeply")
    if isinstance(value, Pairs | Mapping):
        node = parent.add(name)
        for key, member in members(value):
            _add(node, key, member, depth + 1)
    elif isinstance(value, list | tuple):
        node = parent.add(name)
        for item in value:
            _add(node, None, item, depth + 1)
    else:
        parent.add(name, _scalar(value))


def _scalar(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return to_str(value)
    if isinstance(value, bool | int | float):
        return str(int(value) if isinstance(value, bool) else value)
    raise InternalError(f"MI cannot carry {type(value).__name__}")


def node_lines(node: MiNode, indent: str, level: int = 0) -> Iterator[str]:
    """The children of `node` as mi_fifo prints them, indented by level: ``name:: value attribute=value``."""
    for child in node.children:
        head = "" if child.name is None else f"{child.name}:: "
        attributes = "".join(f" {name}={value}" for name, value in child.attributes)
        yield f"{indent * level}{head}{child.value or ''}{attributes}"
        yield from node_lines(child, indent, level + 1)
