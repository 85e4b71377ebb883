"""Calling declared RPC and MI commands by name, with the parameters that a codec decoded.

Argument specifications are those of SIP Router's `rpc->scan`: a letter an argument (``d`` integer, ``t`` time,
``b`` bool, ``f`` float, ``s`` and ``S`` string, ``{`` structure); ``.`` before a letter converts from whatever type
came, alone it takes any value; ``*`` makes all that follows optional; ``+`` lets the argument before it repeat. More
arguments than the specification names are not looked at, as in SIP Router.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

from siprouter.core.declare import ONE_WORKER, Mi, Rpc
from siprouter.core.worker import Worker
from siprouter.rpc.everywhere import Team, run_mi, run_rpc, team_of
from siprouter.rpc.mi import MISSING_ARGUMENTS, MiArgument, MiReply, to_reply
from siprouter.rpc.values import Pairs, RpcError, RpcValue, is_struct
from siprouter.util.errors import InternalError, OperatorError, PeerError
from siprouter.util.log import describe_error
from siprouter.util.text import to_str

MAX_ARGUMENTS = 1024

_TYPE_NAMES = {
    "d": "integer",
    "t": "integer",
    "b": "integer",
    "f": "float",
    "s": "string",
    "S": "string",
    "{": "structure",
    ".": "any",
}


@dataclass(frozen=True, slots=True)
class RpcCall:
    """What a command is told about its call: the worker, its own name, and the transport ("binrpc", "jsonrpc", …)."""

    worker: Worker
    name: str
    transport: str


@dataclass(frozen=True, slots=True)
class RpcReply:
    """The values of a reply, in order; `is_array` when the command declares that it returns any number of them."""

    values: list[RpcValue]
    is_array: bool

    @property
    def result(self) -> RpcValue:
        """One value for codecs that carry just one: the only value, None for none, else a list."""
        if self.is_array or len(self.values) > 1:
            return self.values
        return self.values[0] if self.values else None


async def call_rpc(
    worker: Worker, name: str, params: Sequence[RpcValue] = (), *, transport: str = "", autoconvert: bool = False
) -> RpcReply:
    """Run a command. Raises RpcError, and nothing else: what goes wrong inside is logged and becomes a 500 fault.

    With `autoconvert` every argument is converted to the declared type where that is possible.
    """
    reply = start_rpc(worker, name, params, transport=transport, autoconvert=autoconvert)
    return reply if isinstance(reply, RpcReply) else await reply


def start_rpc(
    worker: Worker, name: str, params: Sequence[RpcValue] = (), *, transport: str = "", autoconvert: bool = False
) -> RpcReply | Awaitable[RpcReply]:
    """Like `call_rpc`, for callers outside a coroutine: the reply, or an awaitable where the command waits."""
    found = worker.registry.rpcs.get(name)
    if found is None:
        raise RpcError(500, f"command {name} not found")
    command, inst = found
    team = team_of(worker)
    if team is not None and (command.workers != ONE_WORKER or command.call_id is not None):
        return _together(worker, team, command, params, transport, autoconvert)
    return start_here(worker, command, inst, params, transport, autoconvert)


async def _together(
    worker: Worker, team: Team, command: Rpc, params: Sequence[RpcValue], transport: str, autoconvert: bool
) -> RpcReply:
    """Run a command that concerns several workers, or another one than this."""

    async def here() -> list[RpcValue]:
        return await run_here(worker, command.name, params, transport, autoconvert)

    values = await run_rpc(worker, team, command, params, here, (transport, autoconvert))
    return RpcReply(values, command.returns_array)


async def run_here(
    worker: Worker, name: str, params: Sequence[RpcValue], transport: str, autoconvert: bool
) -> list[RpcValue]:
    """Run a command in this worker, whichever it concerns; the values of its reply. Raises RpcError."""
    found = worker.registry.rpcs.get(name)
    if found is None:
        raise RpcError(500, f"command {name} not found")
    reply = start_here(worker, *found, params, transport, autoconvert)
    return (reply if isinstance(reply, RpcReply) else await reply).values


def start_here(
    worker: Worker, command: Rpc, inst: Any, params: Sequence[RpcValue], transport: str, autoconvert: bool
) -> RpcReply | Awaitable[RpcReply]:
    """Like `start_rpc`, of a command that is found, in this worker."""
    args = scan(command.args, params, autoconvert)
    try:
        result = command.call(inst, RpcCall(worker, command.name, transport), *args)
    except Exception as error:
        raise _fault(worker, command.name, error) from error
    if inspect.isawaitable(result):
        return _finish(worker, command, result)
    return _make_reply(command, result)


async def _finish(worker: Worker, command: Rpc, result: Awaitable[Any]) -> RpcReply:
    try:
        return _make_reply(command, await result)
    except Exception as error:
        raise _fault(worker, command.name, error) from error


def _make_reply(command: Rpc, result: RpcValue) -> RpcReply:
    if result is None:
        values: list[RpcValue] = []
    else:
        values = list(result) if isinstance(result, list | tuple) else [result]
    return RpcReply(values, command.returns_array)


def _fault(worker: Worker, name: str, error: Exception) -> RpcError:
    """The fault for an exception that a command raised."""
    if isinstance(error, RpcError):
        return error
    if isinstance(error, PeerError):
        return RpcError(error.status, error.reason)
    if isinstance(error, OperatorError):
        return RpcError(400, error.message)
    worker.log.error("RPC command %s failed: %s", name, describe_error(error))
    return RpcError(500, "internal server error")


# Arguments


def scan(spec: str, params: Sequence[RpcValue], autoconvert: bool = False) -> list[Any]:
    """The arguments that `spec` describes, taken from `params`. Raises RpcError(400) for a missing or mistyped one."""
    result: list[Any] = []
    optional = False
    position = 0
    while position < len(spec):
        letter = spec[position]
        position += 1
        if letter == "*":
            optional = True
            continue
        convert = autoconvert
        if letter == "." and position < len(spec) and spec[position] in _TYPE_NAMES:
            convert = True
            letter = spec[position]
            position += 1
        if letter not in _TYPE_NAMES:
            raise InternalError(f"bad argument specification {spec!r}")
        repeated = spec.startswith("+", position)
        position += repeated
        wanted = len(result) + 1 if not repeated else max(len(params), len(result) + (not optional))
        while len(result) < wanted:
            index = len(result)
            if index >= len(params):
                if optional:
                    return result
                raise _bad_argument(index, letter, "end of packet encountered")
            if index >= MAX_ARGUMENTS:
                raise RpcError(400, "too many arguments")
            result.append(_convert(letter, params[index], index, convert))
    return result


def _bad_argument(index: int, letter: str, why: str) -> RpcError:
    return RpcError(400, f"error at parameter {index}: expected {_TYPE_NAMES[letter]} type but {why}")


def _convert(letter: str, value: RpcValue, index: int, convert: bool) -> Any:
    if letter == ".":
        return value
    try:
        if letter in "dtb":
            number = _to_int(value, convert)
            return bool(number) if letter == "b" else number
        if letter == "f":
            return _to_float(value, convert)
        if letter == "{":
            return _to_struct(value)
        return _to_text(value, convert)
    except (ValueError, OverflowError):
        raise _bad_argument(index, letter, "record doesn't match type") from None


def _to_int(value: RpcValue, convert: bool) -> int:
    if isinstance(value, int):
        return int(value)
    if convert and isinstance(value, float):
        return int(value)
    if convert and isinstance(value, str) and len(value) <= 20:
        return int(value)
    raise ValueError


def _to_float(value: RpcValue, convert: bool) -> float:
    if isinstance(value, int | float):
        return float(value)
    if convert and isinstance(value, str) and len(value) <= 64:
        return float(value)
    raise ValueError


def _to_text(value: RpcValue, convert: bool) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return to_str(value)
    if convert and isinstance(value, int | float):
        return str(int(value) if isinstance(value, bool) else value)
    raise ValueError


def _to_struct(value: RpcValue) -> Pairs:
    if isinstance(value, Pairs):
        return value
    if is_struct(value):
        return Pairs(value.items())  # type: ignore[union-attr]
    raise ValueError


# Management interface


async def call_mi(worker: Worker, name: str, arguments: Sequence[MiArgument] = ()) -> MiReply | None:
    """Run a management command and give its reply, an error reply when it fails; None when there is no such command."""
    found = worker.registry.mis.get(name)
    if found is None:
        return None
    command, _ = found
    team = team_of(worker)
    if team is not None and (command.workers != ONE_WORKER or command.call_id is not None):
        return await run_mi(worker, team, command, arguments, lambda: mi_here(worker, command.name, arguments))
    return await mi_here(worker, name, arguments)


async def mi_here(worker: Worker, name: str, arguments: Sequence[MiArgument]) -> MiReply:
    """Run a management command that there is in this worker, whichever it concerns."""
    command, inst = worker.registry.mis[name]
    if not _takes(command, len(arguments)):
        return MiReply(400, MISSING_ARGUMENTS)
    try:
        result = command.call(inst, *(argument.value for argument in arguments))
        return to_reply(await result if inspect.isawaitable(result) else result)
    except RpcError as error:
        return MiReply(error.code, error.message)
    except PeerError as error:
        return MiReply(error.status, error.reason)
    except OperatorError as error:
        return MiReply(400, error.message)
    except Exception:
        worker.log.exception("MI command %s failed", name)
        return MiReply(500, f"command '{name}' failed")


def _takes(command: Mi, count: int) -> bool:
    """Whether the command can be called with `count` arguments."""
    try:
        signature = inspect.signature(command.call)
    except ValueError:  # an extension module's function without a signature checks for itself
        return True
    try:
        signature.bind(None, *(None,) * count)
    except TypeError:
        return False
    return True
