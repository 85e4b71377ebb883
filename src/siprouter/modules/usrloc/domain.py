"""One location table: bindings by address of record, their expiry and their statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from siprouter.modules.usrloc.contact import Contact, Contacts, earliest_expiry, valid_contacts

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

INSERT = 1
UPDATE = 2
DELETE = 4
EXPIRE = 8
ALL_EVENTS = INSERT | UPDATE | DELETE | EXPIRE

Change = tuple[int, Contact]
"""what happened (INSERT …) to which binding"""
Callback = Callable[[int, "Domain", str, Contact], None]


class Domain:
    """The bindings of one table (``save("location")``).

    All bindings of an address of record are one value of the state table, so that they change together.
    What reads them to change them does so within `with domain.atomic():`, so that no other worker comes between.
    `callbacks` are called after each change: (events, function). `record` is the class of the bindings.
    """

    def __init__(
        self,
        worker: Worker,
        name: str,
        timer_interval: float,
        callbacks: list[tuple[int, Callback]],
        record: type[Contact] = Contact,
    ) -> None:
        self.name = name
        self.callbacks = callbacks
        self.clock = worker.wall_clock
        self.table = worker.state.table(
            f"usrloc:{name}", record=record, revise=self._revise, interval=float(timer_interval), lasting=True
        )
        self.bound = worker.state.counter(f"usrloc:{name}", lasting=True)
        self.atomic = worker.state.atomic
        declare = worker.counters.declare
        self.users = declare("usrloc", f"{name}-users", "addresses of record", lambda: len(self.table), no_reset=True)
        self.users.shared = True
        self.contacts = declare("usrloc", f"{name}-contacts", "bindings", self.bound.get, no_reset=True)
        self.contacts.shared = True
        self.expires = declare("usrloc", f"{name}-expires", "bindings that expired")

    def get(self, aor: str) -> Contacts:
        """All bindings of an address of record in order, those that expired since the last sweep included."""
        found: Contacts | None = self.table.get(aor)
        return () if found is None else found

    def valid(self, aor: str) -> Contacts:
        """The bindings of an address of record that have not expired, in order."""
        found = self.get(aor)
        return valid_contacts(found, self.clock()) if found else found

    def store(self, aor: str, contacts: Contacts, changes: list[Change]) -> None:
        """Makes `contacts` all the bindings of `aor`, at once; `changes` says what that means for each of them."""
        if contacts:
            self.table.put(aor, contacts, self._ttl(contacts))
        else:
            self.table.delete(aor)
        self._tell(aor, changes)

    def delete(self, aor: str) -> int:
        """Removes all bindings of an address of record; how many there were."""
        with self.atomic():
            contacts = self.get(aor)
            if contacts:
                self.store(aor, (), [(DELETE, contact) for contact in contacts])
        return len(contacts)

    def records(self) -> Iterator[tuple[str, Contacts]]:
        """All addresses of record with their bindings, as they are now."""
        found: Iterator[tuple[str, Contacts]] = self.table.items()
        return found

    def split(self, contacts: Contacts, now: float) -> tuple[Contacts, list[Change]]:
        """The bindings that have not expired at `now`, and EXPIRE changes for the others."""
        kept = valid_contacts(contacts, now)
        changes: list[Change] = []
        if kept is not contacts:
            for contact in contacts:
                if not contact.is_valid(now):
                    changes.append((EXPIRE, contact))
        return kept, changes

    def sweep(self) -> None:
        """Drops what has expired, now."""
        self.table.sweep()

    def _ttl(self, contacts: Contacts) -> float:
        earliest = earliest_expiry(contacts)
        return max(earliest - self.clock(), 0.001) if earliest else 0.0

    def _revise(self, aor: str, contacts: Contacts, now: float) -> tuple[Contacts, float] | None:
        kept, changes = self.split(contacts, now)
        self._tell(aor, changes)
        return (kept, self._ttl(kept)) if kept else None

    def _tell(self, aor: str, changes: list[Change]) -> None:
        for event, contact in changes:
            if event == INSERT:
                self.bound.add(1)
            elif event != UPDATE:
                self.bound.add(-1)
                if event == EXPIRE:
                    self.expires.inc()
            if self.callbacks:
                for events, callback in self.callbacks:
                    if events & event:
                        callback(event, self, aor, contact)
