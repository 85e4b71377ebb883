"""The way of accounting records to RADIUS servers: on disk first, sent in order, kept until a server has them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from siprouter.db.journal import RecordJournal
from siprouter.radius.attributes import Pair, encode_cut
from siprouter.radius.client import RadiusClient
from siprouter.radius.errors import RadiusRequestError, RadiusUnavailableError
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

WINDOW = 64
"""records that are on their way at a time"""
STOP_TIME = 5.0
SESSION = "Acct-Session-Id"
DELAY = "Acct-Delay-Time"

Record = list[tuple[str, int | str]]
"""attributes by name, in their order"""


class RadiusJournal(RecordJournal):
    """Records of one session (Acct-Session-Id) are sent one behind the other, those of others side by side.

    A server has seen a record twice where its answer was lost: with the same attributes but Acct-Delay-Time.
    """

    target = "the RADIUS server"
    source = "radius"
    waits_for = RadiusUnavailableError

    def __init__(
        self,
        path: Path | None,
        client: RadiusClient,
        log: Log,
        spawn: Callable[[Coroutine[Any, Any, None], str], Any],
        wall_clock: Callable[[], float],
    ) -> None:
        super().__init__(path, log, spawn)
        self.client = client
        self._wall_clock = wall_clock
        self._batch = WINDOW
        self._sent: set[int] = set()

    def add(self, record: Record, time: int) -> bool:
        """Note a record of something that happened at `time` (seconds since 1970). False: the disk does not take it."""
        return self.add_line(json.dumps([time, record], separators=(",", ":")).encode() + b"\n")

    async def _write_batch(self) -> None:
        lines = self._lines(self._batch)
        if not lines:
            self._set_done(self._end)  # octets that end no line
            return
        sessions: dict[str, list[tuple[int, int, Record]]] = {}
        for line, end in lines:
            if end in self._sent:
                continue
            try:
                time, record = _read(line)
            except (ValueError, TypeError):
                self._damaged(line, end)
                self._sent.add(end)
                continue
            session = next((str(value) for name, value in record if name == SESSION), str(end))
            sessions.setdefault(session, []).append((end, time, record))
        results = await asyncio.gather(*[self._send_session(one) for one in sessions.values()], return_exceptions=True)
        for _, end in lines:
            if end not in self._sent:
                break
            self._sent.discard(end)
            self._set_done(end)
        problem = next((result for result in results if isinstance(result, BaseException)), None)
        if problem is not None:
            self._batch = 1  # one is enough to see whether a server is back
            raise problem
        self._batch = min(self._batch * 2, WINDOW)

    async def _send_session(self, records: Sequence[tuple[int, int, Record]]) -> None:
        for end, time, record in records:
            try:
                await self.client.account(self._pairs(time, record))
            except (RadiusRequestError, OperatorError) as error:
                self.log.error("a record for the RADIUS server is put aside: %s", error, source="radius")
                self._put_aside(json.dumps([time, record, str(error)]))
            self._sent.add(end)

    def _pairs(self, time: int, record: Record) -> list[Pair]:
        find = self.client.dictionary.find
        pairs = [encode_cut(find(name), value) for name, value in record]
        waited = max(int(self._wall_clock()) - time, 0)
        return [*pairs, encode_cut(find(DELAY), waited)]

    async def stop(self) -> None:
        """Send what can be sent soon; the rest stays in the journal for the next start."""
        self._stopping.set()
        try:
            async with asyncio.timeout(STOP_TIME):
                if self._running:
                    await asyncio.wait({self._task})
                while self.pending:
                    await self._write_batch()
        except (TimeoutError, RadiusUnavailableError):
            self.log.error("%d octets stay in the journal %s", self.pending, self.path, source="radius")
        finally:
            if self._running:
                self._task.cancel()
                await asyncio.wait({self._task})
            self.close()


def _read(line: bytes) -> tuple[int, Record]:
    """Raises ValueError, TypeError."""
    time, record = json.loads(line)
    pairs: Record = [(name, value) for name, value in record]
    if not all(isinstance(name, str) and isinstance(value, (int, str)) for name, value in pairs):
        raise ValueError
    return int(time), pairs
