"""Counting requests by source address, in units of time: this one and the one before.

An address is hot, and blocked, while a unit has at least the allowed number of requests, or two units in a row have it
on average; it cools down in a unit in which it stays below. Counts lie in the shared state: requests of one address
reach every worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TABLE = "pike"
KNOWN_HOT = -1
NEWLY_HOT = -2


class Count(NamedTuple):
    """What is kept of an address: requests in time unit number `unit` and in the one before, and whether it is hot."""

    unit: int
    previous: int
    current: int
    hot: bool


class Pike:
    """One instance per worker."""

    sampling_time_unit: int
    reqs_density_per_unit: int
    remove_latency: int
    pike_log_level: int = 0

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.table = worker.state.table(TABLE)

    def configure(self) -> None:
        """Raises OperatorError for times and numbers that make no sense."""
        for name in ("sampling_time_unit", "reqs_density_per_unit", "remove_latency"):
            if getattr(self, name) < 1:
                raise OperatorError(f"parameter {name} of module pike must be at least 1")

    def check_req(self, ctx: Context) -> int:
        """Count a request: 1, -2 where its address is blocked from now on, -1 where it was blocked before.

        Where the count cannot be kept the request passes.
        """
        try:
            return self.count(ctx.source.ip, True)
        except PeerError as error:
            self.worker.log.error("cannot count requests of %s: %s", ctx.source.ip, error, source="pike")
            return 1

    def count(self, ip: str, refresh: bool) -> int:
        """See `check_req`; without `refresh` a known address is forgotten when it would have been without this request.

        Raises PeerError where the state is full.
        """
        unit = int(self.worker.wall_clock()) // self.sampling_time_unit
        with self.worker.state.atomic():
            before = self.at(self.table.get(ip), unit)
            after = Count(unit, before.previous, before.current + 1, False)
            after = after._replace(hot=self.is_hot(after))
            left = self.table.remaining(ip)
            self.table.put(ip, tuple(after), self.remove_latency if refresh or not left else left)
        if not after.hot:
            if before.hot:
                self.say("UNBLOCKing ip %s", ip)
            return 1
        if before.hot:
            return KNOWN_HOT
        self.say("BLOCKing ip %s", ip)
        return NEWLY_HOT

    def at(self, row: tuple[int, int, int, bool] | None, unit: int) -> Count:
        """What a row says once time has come to `unit`."""
        if row is None:
            return Count(unit, 0, 0, False)
        count = Count(*row)
        if count.unit == unit:
            return count
        return Count(unit, count.current if count.unit == unit - 1 else 0, 0, count.hot)

    def is_hot(self, count: Count) -> bool:
        """Whether so many requests block the address."""
        most = self.reqs_density_per_unit
        return count.current >= most or count.previous + count.current >= 2 * most or count.previous >= most

    def counts(self) -> Iterator[tuple[str, Count]]:
        """All addresses, as they are now."""
        unit = int(self.worker.wall_clock()) // self.sampling_time_unit
        for ip, row in self.table.items():
            count = self.at(row, unit)
            yield ip, count._replace(hot=count.hot and self.is_hot(count))

    def say(self, text: str, ip: str) -> None:
        """A line in the log, at the level of pike_log_level."""
        self.worker.log.write(self.pike_log_level, text, ip, source="pike")
