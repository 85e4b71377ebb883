"""Commands in a server of several workers: where each runs, and how the answers become one.

One worker owns the control sockets; `worker.services["team"]` (a `Team`) is its way to the others, absent where it is
alone. What a command declares as `workers` says what it needs (`core.declare`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from siprouter.core.declare import ANY_WORKER, JOIN_LISTS, SUM_COUNTERS, SUM_VALUES, Mi, Rpc
from siprouter.core.worker import Worker
from siprouter.rpc.mi import MiArgument, MiReply
from siprouter.rpc.values import Pairs, RpcError, RpcValue, is_struct, members
from siprouter.util.hashing import call_shard
from siprouter.util.text import to_bytes

T = TypeVar("T")

ASK_RPC = "rpc"
ASK_MI = "mi"
ASK_COUNTERS = "counters"


class Team(Protocol):
    """The other workers, from 0 to `count` - 1 without `index`."""

    index: int
    count: int

    def ask(self, worker: int, what: str, *args: Any) -> Awaitable[Any]:
        """What a worker answers; RpcError where it refuses, or is not there."""

    def roster(self) -> list[dict[str, RpcValue]]:
        """What is known of each worker."""


def team_of(worker: Worker) -> Team | None:
    """The team of a worker that is not alone."""
    team: Team | None = worker.services.get("team")
    return team


Here = Callable[[], Coroutine[Any, Any, T]]
There = Callable[[int], Awaitable[T]]


async def run_rpc(
    worker: Worker,
    team: Team,
    command: Rpc,
    params: Sequence[RpcValue],
    here: Here[list[RpcValue]],
    options: tuple[str, bool],
) -> list[RpcValue]:
    """Run an RPC command where it belongs; `here` runs it in this worker. Raises RpcError."""

    def there(index: int) -> Awaitable[list[RpcValue]]:
        return team.ask(index, ASK_RPC, command.name, list(params), *options)

    owner = owner_of(command.call_id, params, team)
    if owner is not None:
        return await (here() if owner == team.index else there(owner))
    if command.workers == ANY_WORKER:
        return await _first(team, here, there)
    if command.workers == SUM_COUNTERS:
        await gather_counters(worker, team)
        return await here()
    first, *rest = await _all(team, here, there)
    if command.workers == SUM_VALUES:
        for other in rest:
            first = [_sum(*pair) for pair in zip(first, other, strict=False)]
    elif command.workers == JOIN_LISTS:
        first = [value for values in (first, *rest) for value in values]
    return first


async def run_mi(
    worker: Worker, team: Team, command: Mi, arguments: Sequence[MiArgument], here: Here[MiReply]
) -> MiReply:
    """The same for a management command; an error reply of any worker is the answer."""

    def there(index: int) -> Awaitable[MiReply]:
        return team.ask(index, ASK_MI, command.name, list(arguments))

    async def checked(reply: Awaitable[MiReply]) -> MiReply:
        found = await reply
        if found.code >= 300:
            raise _Refused(found)
        return found

    try:
        owner = owner_of(command.call_id, [argument.value for argument in arguments], team)
        if owner is not None:
            return await (here() if owner == team.index else there(owner))
        if command.workers == ANY_WORKER:
            return await _first(team, lambda: checked(here()), lambda index: checked(there(index)))
        if command.workers == SUM_COUNTERS:
            await gather_counters(worker, team)
            return await here()
        first, *rest = await _all(team, lambda: checked(here()), lambda index: checked(there(index)))
    except _Refused as refused:
        return refused.reply
    except RpcError as error:
        return MiReply(error.code, error.message)
    if command.workers == JOIN_LISTS:
        for other in rest:
            first.children += other.children
    return first


class _Refused(RpcError):
    """A management command failed."""

    def __init__(self, reply: MiReply) -> None:
        super().__init__(reply.code, reply.reason)
        self.reply = reply


def owner_of(call_id: Callable[..., str | None] | None, values: Sequence[Any], team: Team) -> int | None:
    """The worker that owns the call that a command is about; None where it is about none."""
    if call_id is None:
        return None
    try:
        found = call_id(*values)
    except (TypeError, ValueError, AttributeError):
        return None  # the command itself says what is wrong with its arguments
    return call_shard(to_bytes(found), team.count) if found else None


async def _first(team: Team, here: Here[T], there: There[T]) -> T:
    """The first good answer, else our own error."""
    try:
        return await here()
    except RpcError as error:
        refused = error
    for index in range(team.count):
        if index != team.index:
            try:
                return await there(index)
            except RpcError:
                continue
    raise refused


async def _all(team: Team, here: Here[T], there: There[T]) -> list[T]:
    """Our own answer and those of the others, in the order of their numbers. Where one fails, all do."""
    first = await here()
    rest = await asyncio.gather(
        *(there(index) for index in range(team.count) if index != team.index), return_exceptions=True
    )
    for answer in rest:
        if isinstance(answer, BaseException):
            raise answer
    return [first, *rest]  # type: ignore[list-item]


def _sum(one: RpcValue, other: RpcValue) -> RpcValue:
    """Numbers add up, in structures and lists too; other values are the same everywhere."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one + other
    if is_struct(one) and is_struct(other):
        theirs = dict(members(other))  # type: ignore[arg-type]
        return Pairs((name, _sum(value, theirs.get(name))) for name, value in members(one))  # type: ignore[arg-type]
    if isinstance(one, list) and isinstance(other, list):
        return [_sum(*pair) for pair in zip(one, other, strict=False)]
    return one


# --- counters


def local_counters(worker: Worker) -> list[tuple[str, str, int]]:
    """(group, name, value) of all that this worker counts for itself."""
    return [(item.group, item.name, item.get()) for item in worker.counters if not item.shared]


async def gather_counters(worker: Worker, team: Team) -> None:
    """Ask the others for their counters; afterwards `Counter.total` of ours is the sum."""
    answers = await asyncio.gather(
        *(team.ask(index, ASK_COUNTERS) for index in range(team.count) if index != team.index)
    )
    sums: dict[tuple[str, str], int] = {}
    for answer in answers:
        for group, name, value in answer:
            sums[group, name] = sums.get((group, name), 0) + value
    for counter in worker.counters:
        counter.others = sums.pop((counter.group, counter.name), 0)
    for (group, name), value in sums.items():  # counted elsewhere only so far
        worker.counters.declare(group, name).others = value
