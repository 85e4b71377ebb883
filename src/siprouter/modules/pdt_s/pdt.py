"""The instance of SER's pdt: one set of prefixes for all callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.values import to_text
from siprouter.modules.mtree.index import Alphabet, PrefixIndex
from siprouter.modules.pdt.state import ALL, Pdt
from siprouter.rpc.values import RpcError
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context

DIGITS = "0123456789"
ANY = "."


class SerPdt(Pdt):
    """One instance per worker; what another worker changed is read every `sync_time` seconds."""

    sync_time: int

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.sync_time < 1:
            raise OperatorError(f"pdt: sync_time must be at least 1, found {self.sync_time}")
        self.alphabet = Alphabet(DIGITS)
        check_names("pdt", {name: getattr(self, name) for name in ("db_table", "prefix_column", "domain_column")})
        self.database = open_database(self.worker, self.db_url, "pdt", query=True)
        self._next = self.worker.now() + self.sync_time
        self.worker.hooks.tick.append(self.tick)

    def tick(self, now: float) -> None:
        """Read the table when it is time."""
        if now >= self._next:
            self._next = now + self.sync_time
            self.worker.spawn(self.synchronise(), "pdt")

    async def synchronise(self) -> bool:
        """Read the table; False where what there is stays."""
        try:
            await self.load()
        except (DbError, ValueError) as error:
            self.worker.log.error("table %s: %s", self.db_table, error, source="pdt")
            return False
        return True

    async def load(self) -> None:
        """Read the table anew. Raises DbError, or ValueError for bad rows; then what there is stays."""
        index = PrefixIndex(self.alphabet)
        columns = [self.prefix_column, self.domain_column]
        async for rows in self.database.pages(self.db_table, [], columns, self.prefix_column):
            for prefix, domain in rows:
                index.add(to_text(prefix), to_text(domain))
            await self.worker.sleep(0)
        for _ in index.finish():
            await self.worker.sleep(0)
        self.trees = {ALL: index}

    def translate(self, ctx: Context, mode: int | None = 0) -> int:
        """prefix2domain([mode]): 1, for numbers that do not begin with parameter prefix, too; -1: no such prefix."""
        user = ctx.parsed_uri.user
        if not user or (self.prefix and user[: len(self.prefix)].lower() != self.prefix.lower()):
            return 1
        return self.prefix2domain(ctx, mode or 0)

    # --- management

    async def add(self, _call: object, prefix: str, domain: str) -> None:
        """pdt.add prefix domain"""
        if not prefix or self.alphabet.valid(prefix) < len(prefix):
            raise RpcError(400, "Bad Prefix")
        if any(prefix == old or domain == its for old, its in self.trees[ALL].items()):
            raise RpcError(400, "Prefix Or Domain Exists")
        row = {self.prefix_column: prefix, self.domain_column: domain}
        try:
            await self.database.insert(self.db_table, row)
        except DbError:
            raise RpcError(430, "Cannot Store Prefix/domain") from None
        if not await self.synchronise():
            await self.database.delete(self.db_table, list(row.items()))
            raise RpcError(431, "Could Not Add To Cache")

    async def remove(self, _call: object, domain: str) -> None:
        """pdt.delete domain"""
        if not domain or domain.startswith(ANY):
            raise RpcError(400, "Empty Parameter")
        try:
            gone = await self.database.delete(self.db_table, [(self.domain_column, domain)])
        except DbError:
            raise RpcError(502, "Database And Cache Are Inconsistent") from None
        await self.synchronise()
        if not gone:
            raise RpcError(404, "Domain Not Found")

    def rows(self, _call: object, prefix: str, domain: str) -> list[str]:
        """pdt.list prefix domain: prefixes and domains in turn, that begin like this; a dot stands for any."""
        first, second = ("" if text.startswith(ANY) else text for text in (prefix, domain))
        if self.alphabet.valid(first) < len(first):
            raise RpcError(400, "Bad Prefix")
        found: list[str] = []
        for its_prefix, its_domain in self.trees[ALL].items():
            by_prefix = bool(first) and its_prefix.startswith(first)
            by_domain = bool(second) and its_domain.lower().startswith(second.lower())
            if by_prefix or by_domain or not (first or second):
                found += [its_prefix, its_domain]
        return found
