"""The module's instance: the tables and what fills them at the start."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from siprouter.core.context import Context
from siprouter.core.values import Value, str_to_int
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import to_text
from siprouter.sip.message import parse_message
from siprouter.state.interface import Table
from siprouter.transport.endpoint import PROTO_UDP, Endpoint
from siprouter.util.errors import OperatorError
from siprouter.util.hashing import core_case_hash
from siprouter.util.regex import Regex
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

EVENT = "htable:mod-init"
ARRAY = 1
NUMBER = 1
USUAL_SIZE, LARGEST_SIZE = 4, 14
SLOTS_OF_SMALL = 8
DEFAULT_INTERVAL = 20
MAX_PATTERNS = 256
_DEFINITION = re.compile(r"\s*([^=\s]+)\s*=>\s*(.*)", re.DOTALL)
_MESSAGE = (
    b"OPTIONS sip:start@localhost SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKhtable\r\n"
    b"From: <sip:start@localhost>;tag=start\r\nTo: <sip:start@localhost>\r\nCall-ID: htable\r\n"
    b"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


class HashTable:
    """One table. `autoexpire` counts seconds (0: entries stay), `slots` is the size that dumps tell."""

    def __init__(self, name: str, size: int, autoexpire: int, dbtable: str) -> None:
        self.name = name
        self.slots = 1 << min(size, LARGEST_SIZE) if size > 1 else SLOTS_OF_SMALL
        self.autoexpire = autoexpire
        self.dbtable = dbtable
        self.entries: Table[str | int]

    def slot(self, key: str) -> int:
        """The slot of the hash table of SIP Router that an entry would be in."""
        return core_case_hash(to_bytes(key)) & (self.slots - 1)


class HashTables:
    """See `__init__.py`. Which table is filled is decided among all workers: the first one does it."""

    db_url: str | None
    key_name_column: str
    key_type_column: str
    value_type_column: str
    key_value_column: str
    array_size_suffix: str
    fetch_rows: int
    timer_interval: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.tables: dict[str, HashTable] = {}
        self.database: Database | None = None
        self._patterns: dict[str, Regex] = {}

    def add_table(self, text: str) -> None:
        """The parameter `htable`. Raises OperatorError."""
        table = parse_definition(text)
        if table.name in self.tables:
            raise OperatorError(f"htable: table {table.name} is defined twice")
        self.tables[table.name] = table

    def configure(self) -> None:
        """Makes the tables. Raises OperatorError."""
        interval = self.timer_interval if self.timer_interval > 0 else DEFAULT_INTERVAL
        for table in self.tables.values():
            table.entries = self.worker.state.table(
                f"htable:{table.name}", ttl=float(table.autoexpire), interval=float(interval)
            )
        if self.fetch_rows < 1:
            raise OperatorError(f"htable: fetch_rows must be at least 1, found {self.fetch_rows}")
        named = {f"dbtable of {table.name}": table.dbtable for table in self.tables.values() if table.dbtable}
        if self.db_url:
            columns = ("key_name_column", "key_type_column", "value_type_column", "key_value_column")
            check_names("htable", {**named, **{name: getattr(self, name) for name in columns}})
            self.database = open_database(self.worker, self.db_url, "htable")
        else:
            for what, name in named.items():
                self.log.warning("%s: nothing is loaded from %s without db_url", what, name, source="htable")

    async def start(self) -> None:
        """Fills the tables, and runs the event route; in the first worker only. Raises OperatorError."""
        if not self.worker.state.table("htable.begun").replace("begun", None, 1):
            return
        for table in self.tables.values():
            if self.database is not None and table.dbtable:
                try:
                    await self.load(table)
                except DbError as error:
                    raise OperatorError(f"htable: table {table.dbtable}: {error}") from None
        await self._run_event_route()

    async def _run_event_route(self) -> None:
        script = self.worker.script
        route = None if script is None else script.event_routes.get(EVENT)
        if route is None:
            return
        source = Endpoint(PROTO_UDP, "127.0.0.1", 5060, 0, next(iter(self.worker.listeners), None))
        ctx = Context(self.worker, script, parse_message(_MESSAGE), source, self.worker.now())
        result: int | Awaitable[int] = route.run(ctx)
        if not isinstance(result, int):
            await result
        if ctx.dropped:
            raise OperatorError(f"event_route[{EVENT}] ended with drop: the server does not start")

    # --- the database

    async def load(self, table: HashTable) -> None:
        """Makes the entries those of the database table. Raises DbError; then the old ones stay."""
        found = await self._read(table)
        entries = table.entries
        for number, (key, value) in enumerate(found.items(), 1):
            entries.put(key, value)
            if number % 1000 == 0:
                await self.worker.sleep(0)
        for key, _ in entries.items():
            if key not in found:
                entries.delete(key)

    async def _read(self, table: HashTable) -> dict[str, str | int]:
        assert self.database is not None
        columns = [self.key_name_column, self.key_type_column, self.value_type_column, self.key_value_column]
        found: dict[str, str | int] = {}
        sizes: dict[str, int] = {}
        async for rows in self.database.pages(table.dbtable, [], columns, self.key_name_column, self.fetch_rows):
            for name, key_type, value_type, text in rows:
                if name is None or text is None:
                    raise OperatorError(f"htable: table {table.dbtable} has a key or a value that is null")
                key, value = to_text(name), to_text(text)
                if key_type == ARRAY:
                    sizes[key] = sizes.get(key, 0) + 1
                    key = f"{key}[{sizes[key] - 1}]"
                found[key] = (str_to_int(value) or 0) if value_type == NUMBER else value
        found.update((f"{key}{self.array_size_suffix}", size) for key, size in sizes.items())
        return found

    # --- entries

    def set(self, table: HashTable, key: str, value: Value) -> None:
        """Gives an entry a value and its whole time to live; null deletes it."""
        if value is None:
            table.entries.delete(key)
        else:
            table.entries.put(key, value)

    def pattern(self, text: str) -> Regex:
        """A compiled pattern, case ignored. Raises RegexError."""
        found = self._patterns.get(text)
        if found is None:
            if len(self._patterns) >= MAX_PATTERNS:
                self._patterns.clear()
            found = self._patterns[text] = Regex(text, icase=True, newline=True)
        return found


def parse_definition(text: str) -> HashTable:
    """`name=>size=N;autoexpire=N;dbtable=NAME`. Raises OperatorError."""
    match = _DEFINITION.fullmatch(text)
    example = "name=>size=8;autoexpire=3600;dbtable=NAME"
    if match is None:
        raise OperatorError(f"htable: no definition of a table: {text!r}", suggestion=example)
    numbers = {"size": USUAL_SIZE, "autoexpire": 0}
    dbtable = ""
    for part in re.split(r"[;\s]+", re.sub(r"\s*=\s*", "=", match[2].strip())):
        name, _, value = part.partition("=")
        if not part:
            continue
        if name == "dbtable" and value:
            dbtable = value
        elif name in numbers and value.isascii() and value.isdigit() and len(value) <= 10:
            numbers[name] = int(value)
        else:
            raise OperatorError(f"htable: '{part}' in the definition of table {match[1]}", suggestion=example)
    return HashTable(match[1], numbers["size"], numbers["autoexpire"], dbtable)
