"""Sending what the silo has, once among all workers, and removing what arrived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Delete
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

SOURCE = "msilo"
CLAIM_SECONDS = 3600.0
"""a claim of a worker that died is forgotten after so long; no transaction takes that long"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way out. `done(status)` hears how it ended, 2xx: the row is being removed."""

    number: int
    uri: str
    from_: str
    to: str
    headers: bytes
    body: bytes
    done: Callable[[int], None]


class Delivery:
    """Rows by their number. A row that one worker sends or has sent is not sent by another."""

    def __init__(self, worker: Worker, database: Database, table: str, column: str) -> None:
        self.worker = worker
        self.database = database
        self.table = table
        self.column = column
        self.claims = worker.state.table("msilo", ttl=CLAIM_SECONDS)
        self.arrived: set[int] = set()
        """delivered, and not yet removed from the table"""

    def claim(self, number: int) -> bool:
        """Whether the row is ours to send now. Raises PeerError where there is no room to note it."""
        return bool(self.claims.replace(str(number), None, self.worker.index + 1))

    def release(self, number: int) -> None:
        """It may be sent again."""
        self.claims.delete(str(number))

    def send(self, parcel: Parcel, next_hop: str) -> None:
        """Send a claimed row; the claim is given back where it does not arrive. Raises PeerError where it cannot go."""

        def ended(local: Any, status: int, reply: Any) -> None:
            if status < 200:
                return
            if status < 300:
                self.remove(parcel.number)
            else:
                self.worker.log.info("message %d was not delivered: %d", parcel.number, status, source=SOURCE)
                self.release(parcel.number)
            parcel.done(status)

        tm = self.worker.module("tm")
        try:
            tm.request(
                "MESSAGE",
                parcel.uri,
                f"<{parcel.from_}>",
                f"<{parcel.to}>",
                headers=parcel.headers,
                body=parcel.body,
                next_hop=next_hop,
                on_reply=ended,
            )
        except PeerError:
            self.release(parcel.number)
            raise

    def remove(self, number: int) -> None:
        """Remove a delivered row now, or, where the database is away, as soon as it is back."""
        self.arrived.add(number)
        self.worker.spawn(self.flush(), "msilo")

    async def flush(self) -> None:
        """Remove all that arrived. What stays keeps its claim: it is not sent again."""
        numbers = sorted(self.arrived)
        if not numbers:
            return
        try:
            await self.database.apply([Delete(self.table, [(self.column, number)]) for number in numbers])
        except DbError as error:
            self.worker.log.error("delivered messages are not removed yet: %s", error, source=SOURCE)
            for number in numbers:
                self.claims.touch(str(number), CLAIM_SECONDS)
            return
        for number in numbers:
            if number in self.arrived:
                self.arrived.discard(number)
                self.release(number)
