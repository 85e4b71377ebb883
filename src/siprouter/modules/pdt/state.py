"""The instance of pdt: domains by the prefix of the number, for each domain of the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.rewrite import set_host_port, strip
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import to_text
from siprouter.modules.mtree.index import Alphabet, PrefixIndex
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

ALL = "*"
DEFAULT_ROWS = 1000
KEEP_PREFIX = 1  # modes: only parameter prefix is taken off the number
KEEP_ALL = 2  # nothing is
ITS_DOMAIN = 1  # multi-domain modes: the rows of the caller's domain count
ITS_DOMAIN_OR_ALL = 2  # those, or else the rows for all


class Pdt:
    """One instance per worker, with a copy of the table of its own."""

    db_url: str
    db_table: str
    sdomain_column: str
    prefix_column: str
    domain_column: str
    prefix: str
    char_list: str
    fetch_rows: int
    check_domain: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.alphabet = Alphabet("")
        self.trees: dict[str, PrefixIndex] = {}

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if not self.char_list:
            raise OperatorError("pdt: char_list is empty")
        self.alphabet = Alphabet(self.char_list)
        names = ("db_table", "sdomain_column", "prefix_column", "domain_column")
        check_names("pdt", {name: getattr(self, name) for name in names})
        self.database = open_database(self.worker, self.db_url, "pdt", query=True)

    async def start(self) -> None:
        """Read the table. Raises OperatorError."""
        try:
            await self.load()
        except (DbError, ValueError) as error:
            raise OperatorError(f"pdt: table {self.db_table}: {error}") from None

    async def load(self) -> None:
        """Read the table anew. Raises DbError, or ValueError for bad rows; then what there is stays."""
        found: dict[str, PrefixIndex] = {}
        domains: set[tuple[str, str]] = set()
        columns = [self.sdomain_column, self.prefix_column, self.domain_column]
        order = f"{self.sdomain_column}, {self.prefix_column}"
        rows_at_once = self.fetch_rows if self.fetch_rows > 0 else DEFAULT_ROWS
        async for rows in self.database.pages(self.db_table, [], columns, order, rows_at_once):
            for row in rows:
                sdomain, prefix, domain = (to_text(value) for value in row)
                if not (sdomain and prefix and domain):
                    self.worker.log.error("table %s: a row without value", self.db_table, source="pdt")
                elif self.check_domain and (sdomain, domain) in domains:
                    self.worker.log.error("%s: domain %s is there more than once", sdomain, domain, source="pdt")
                else:
                    if self.check_domain:
                        domains.add((sdomain, domain))
                    found.setdefault(sdomain, PrefixIndex(self.alphabet)).add(prefix, domain)
            await self.worker.sleep(0)
        for sdomain, index in found.items():
            for _ in index.finish(duplicates=bool(self.check_domain)):
                await self.worker.sleep(0)
            if index.dropped:
                self.worker.log.error("%s: %d prefixes come twice", sdomain, index.dropped, source="pdt")
        self.trees = found

    # --- the script

    def prefix2domain(self, ctx: Context, mode: int = 0, multi_domain: int = 0) -> int:
        """prefix2domain(mode, multi-domain mode): 1 where the number had a prefix, else -1."""
        try:
            user = ctx.parsed_uri.user
            caller = ctx.msg.from_.parsed_uri.host if multi_domain in (ITS_DOMAIN, ITS_DOMAIN_OR_ALL) else ALL
        except PeerError as error:
            self.worker.log.error("prefix2domain(): %s", error, source="pdt")
            return -1
        skipped = len(self.prefix)
        if len(user) <= skipped or user[:skipped].lower() != self.prefix.lower():
            return -1
        found = self.find(caller, user[skipped:])
        if found is None and multi_domain == ITS_DOMAIN_OR_ALL:
            found = self.find(ALL, user[skipped:])
        if found is None:
            return -1
        length, domain = found
        if mode == KEEP_PREFIX:
            length = 0
        taken = 0 if mode == KEEP_ALL else length + skipped
        if taken and not strip(ctx, taken):
            self.worker.log.error("prefix2domain(): the prefix cannot be taken off", source="pdt")
            return -1
        return 1 if set_host_port(ctx, domain) else -1

    def find(self, sdomain: str, number: str) -> tuple[int, str] | None:
        """Length of the longest prefix of a number, and its domain."""
        index = self.trees.get(sdomain)
        if index is None:
            return None
        valid = self.alphabet.valid(number)
        if not valid or (valid < len(number) and index.goes_on(number[:valid])):
            return None
        entry = index.longest(number[:valid])
        return None if entry < 0 else (index.length(entry), index.value(entry))
