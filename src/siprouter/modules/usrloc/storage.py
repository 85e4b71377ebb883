"""Bindings in a database: loaded at the start, written behind the back of those who register."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from siprouter.db.databases import check_names, check_version
from siprouter.db.errors import DbError, DbRefusedError, DbUnavailableError
from siprouter.db.interface import Database
from siprouter.db.operations import Key, Operation
from siprouter.db.values import Row
from siprouter.modules.usrloc.contact import Contact, Contacts, find_contact, insert_contact
from siprouter.modules.usrloc.domain import DELETE, EXPIRE, INSERT, UPDATE, Change, Domain
from siprouter.modules.usrloc.row_kind import RowKind
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

WRITE_THROUGH = 1
WRITE_BACK = 2
DB_ONLY = 3
READ_ONLY = 4
"""loaded at the start and never written (db_mode 3 of SER)"""
MAX_BATCH = 200
PROGRESS = 100_000
MAX_TURNS = 500

Owner = tuple[str, str]
"""(table, address of record)"""
Changes = dict[tuple[str, str], tuple[Contact, bool]]
"""(contact, what else tells it apart) -> the binding as it was last, and whether it is gone"""


class Kept:
    """What the memory has from an earlier run (a state that lasts, or a worker that was started again)."""

    def __init__(self, domain: Domain, columns: RowKind) -> None:
        self.columns = columns
        self._missing = {
            (aor, contact.uri, contact.call_id): contact for aor, contacts in domain.records() for contact in contacts
        }

    def find(self, aor: str, known: Contacts, contact: Contact) -> int:
        """Where the binding of a row is among those of its user, -1 where it is not."""
        return find_contact(known, contact.uri, contact.call_id, contact.path, self.columns.matching_mode)

    def is_later(self, aor: str, kept: Contact, stored: Contact) -> bool:
        """Whether the memory's state of a binding counts; the same or an earlier one needs not to be written."""
        order = self.columns.compare(kept, stored)
        if order <= 0:
            self._missing.pop((aor, kept.uri, kept.call_id), None)
        return order >= 0

    def left(self) -> list[tuple[str, Contact]]:
        """The bindings that the database does not have, or not as they are."""
        memory_only = self.columns.memory_only
        return [(key[0], contact) for key, contact in self._missing.items() if not contact.flags & memory_only]


class Storage:
    """Notes what changes and brings the rows up to date: at once (WRITE_THROUGH, DB_ONLY) or now and then.

    While the database is away all that changes is kept, one entry for each binding, and written when it is back.
    READ_ONLY: nothing is written. `keeps_expired`: the rows of bindings that expire stay.
    """

    def __init__(
        self,
        worker: Worker,
        database: Database,
        columns: RowKind,
        mode: int,
        interval: int,
        fetch_rows: int,
        newest_first: bool,
        keeps_expired: bool = False,
    ) -> None:
        self.worker = worker
        self.log = worker.log
        self.database = database
        self.columns = columns
        self.mode = mode
        self.interval = interval
        self.fetch_rows = fetch_rows if fetch_rows > 0 else 1_000_000_000
        self.newest_first = newest_first
        self.keeps_expired = keeps_expired
        self.dirty: dict[Owner, Changes] = {}
        self.writing: dict[Owner, Changes] = {}
        self._widths: dict[str, dict[str, int]] = {}
        self._reading = False
        self._task_runs = False
        self._away = False
        self._next = 0.0

    # --- start

    async def load(self, domains: list[Domain]) -> None:
        """Check the tables, and fill the memory from them unless the database alone counts. Raises OperatorError."""
        for domain in domains:
            check_names("usrloc", {"table": domain.name})
            if self.columns.version is not None:
                await check_version(self.database, domain.name, self.columns.version, "usrloc")
            try:
                self._widths[domain.name] = await self.database.widths(domain.name)
                if self.mode != DB_ONLY and self.worker.index == 0:
                    await self._load_domain(domain)
            except DbError as error:
                message = f"usrloc: table {domain.name} cannot be loaded: {error}"
                raise OperatorError(message, suggestion=self.columns.hint) from None

    async def _load_domain(self, domain: Domain) -> None:
        began, loaded, seen = self.worker.now(), 0, 0
        kept = Kept(domain, self.columns)
        order = self.columns.newest_first if self.newest_first else ""
        async for page in self.database.pages(domain.name, [], self.columns.wanted, order, self.fetch_rows):
            for row in page:
                seen += 1
                loaded += self._take(domain, row, kept)
            if seen // PROGRESS != (seen - len(page)) // PROGRESS:
                self.log.notice("table %s: %d contacts loaded so far", domain.name, loaded, source="usrloc")
        for aor, contact in kept.left():
            self._note(domain, aor, contact, False)
        took = self.worker.now() - began
        self.log.notice("table %s: %d contacts loaded in %.1f s", domain.name, loaded, took, source="usrloc")

    def _take(self, domain: Domain, row: Row, kept: Kept) -> bool:
        """Put a row into the memory. Those that have expired leave the database, those that make no sense are told.

        Of a binding that the memory has kept from an earlier run the later state counts.
        """
        try:
            aor, contact = self.columns.read(row)
        except (ValueError, TypeError) as error:
            self.log.error("table %s: a row is left out: %s", domain.name, error, source="usrloc")
            return False
        if not contact.is_valid(domain.clock()):
            if not self.keeps_expired and not contact.flags & self.columns.memory_only:
                self._note(domain, aor, contact, True)
            return False
        self._reading = True
        try:
            with domain.atomic():  # other workers may change the same address of record
                known, changes = domain.get(aor), [(INSERT, contact)]
                index = kept.find(aor, known, contact) if known else -1
                if index >= 0:
                    if kept.is_later(aor, known[index], contact):
                        return False
                    known, changes = known[:index] + known[index + 1 :], [(UPDATE, contact)]
                domain.store(aor, insert_contact(known, contact, self.newest_first), changes)
        finally:
            self._reading = False
        return True

    # --- changes

    def _note(self, domain: Domain, aor: str, contact: Contact, removed: bool) -> None:
        if self.mode == READ_ONLY:
            return
        also = {1: contact.call_id, 2: contact.path or ""}.get(self.columns.matching_mode, "")
        self.dirty.setdefault((domain.name, aor), {})[contact.uri, also] = (contact, removed)

    def changed(self, event: int, domain: Domain, aor: str, contact: Contact) -> None:
        """A binding has changed: what `usrloc.subscribe` calls."""
        if self._reading or contact.flags & self.columns.memory_only or (event == EXPIRE and self.keeps_expired):
            return
        self._note(domain, aor, contact, event in (DELETE, EXPIRE))
        if self.mode != WRITE_BACK and not self._task_runs and not self._away:
            self._spawn()

    def tick(self, now: float) -> None:
        """About once a second."""
        if not self.dirty or self._task_runs:
            return
        if self.mode != WRITE_BACK or self._away or now >= self._next:
            self._next = now + self.interval
            self._spawn()

    def write_soon(self) -> None:
        """Write what waits without waiting for the timer."""
        if self.dirty and not self._task_runs:
            self._spawn()

    def waits(self, domain: Domain, aor: str) -> bool:
        """Whether something of a user is still to be written (by this worker)."""
        owner = (domain.name, aor)
        return owner in self.dirty or owner in self.writing

    def _spawn(self) -> None:
        try:
            self.worker.spawn(self._write(), "usrloc")
        except PeerError as error:  # too much runs already: the next second tries again
            self.log.error("contacts are not written yet: %s", error.reason, source="usrloc")
            return
        self._task_runs = True

    async def _write(self) -> None:
        try:
            await self.flush()
        finally:
            self._task_runs = False

    async def flush(self) -> bool:
        """Write all that has changed; False where the database is away and something is left."""
        while self.dirty:
            batch = dict(islice(self.dirty.items(), MAX_BATCH))
            for owner in batch:
                del self.dirty[owner]
            self.writing = batch
            try:
                await self._write_batch(batch)
                self.writing = {}
            except DbUnavailableError as error:
                if not self._away:
                    self.log.error("contacts wait in memory: %s", error, source="usrloc")
                self._away = True
                return False
            finally:
                self._put_back()
            if self._away:
                self._away = False
                self.log.notice("contacts are written to the database again", source="usrloc")
        return True

    def _put_back(self) -> None:
        """What was not written is still to be written; what has changed meanwhile is newer."""
        for owner, changes in self.writing.items():
            self.dirty[owner] = {**changes, **self.dirty.get(owner, {})}
        self.writing = {}

    async def _write_batch(self, batch: dict[Owner, Changes]) -> None:
        operations: list[Operation] = []
        for (table, aor), changes in batch.items():
            widths = self._widths.get(table)
            if widths is None:
                widths = self._widths[table] = await self.database.widths(table)
            for contact, removed in changes.values():
                operation = self.columns.operation(table, aor, contact, removed, widths)
                if operation is None:
                    self.log.warning("contact %s is too long for table %s", contact.uri, table, source="usrloc")
                else:
                    operations.append(operation)
        try:
            if operations:
                await self.database.apply(operations)
        except DbRefusedError:
            for operation in operations:
                await self._write_one(operation)

    async def _write_one(self, operation: Operation) -> None:
        try:
            await self.database.apply([operation])
        except DbRefusedError as error:
            self.log.error("table %s: a contact is refused: %s", operation.table, error, source="usrloc")

    # --- mode DB_ONLY

    async def fetch(self, domain: Domain, aor: str) -> None:
        """Bring the memory up to date for one address of record. Where the database is away, the memory counts."""
        if self.waits(domain, aor):
            return
        keys: list[Key] = [*self.columns.account(aor).items()]
        try:
            order = self.columns.newest_first if self.newest_first else ""
            rows = await self.database.query(domain.name, keys, self.columns.wanted, order)
        except DbError as error:
            self.log.error("contacts of %s cannot be read: %s", aor, error, source="usrloc")
            return
        if not self.waits(domain, aor):
            self._replace(domain, aor, rows)

    def _replace(self, domain: Domain, aor: str, rows: list[Row]) -> None:
        contacts: Contacts = ()
        memory_only = self.columns.memory_only
        for row in rows:
            try:
                contact = self.columns.read(row)[1]
            except (ValueError, TypeError) as error:
                self.log.error("table %s: a row is left out: %s", domain.name, error, source="usrloc")
                continue
            contacts = insert_contact(contacts, contact, self.newest_first)
        self._reading = True
        try:
            with domain.atomic():
                known = domain.get(aor)
                kept = tuple([contact for contact in known if contact.flags & memory_only])
                changes: list[Change] = [(DELETE, contact) for contact in known if not contact.flags & memory_only]
                changes += [(INSERT, contact) for contact in contacts]
                domain.store(aor, kept + contacts, changes)
        finally:
            self._reading = False

    async def stop(self) -> None:
        """Write what is left."""
        for _ in range(MAX_TURNS):
            if not self._task_runs:
                break
            await self.worker.sleep(0.01)
        if not await self.flush():
            message = "the contacts of %d users are not as they are in the database, which is away"
            self.log.error(message, len(self.dirty), source="usrloc")
