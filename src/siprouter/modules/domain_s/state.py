"""The instance of SER's domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siprouter.core.identities import DID
from siprouter.core.values import Value, str_to_int
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.db.values import Row, to_text
from siprouter.rpc.values import Pairs, RpcError
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

COLUMNS = ("domain_table", "domain_col", "did_col", "flags_col")
ATTRIBUTE_COLUMNS = ("domattr_table", "domattr_did", "domattr_name", "domattr_type", "domattr_value", "domattr_flags")
USED_HERE, DISABLED = 1, 2
TEXT = 2


@dataclass(slots=True)
class Domain:
    """One id: its names with their flags, and attributes in the order of the table."""

    did: str
    names: list[tuple[str, int]] = field(default_factory=list)
    attributes: list[tuple[str, Value]] = field(default_factory=list)


def is_used(flags: int | None) -> bool:
    """Whether a row counts."""
    return flags is not None and flags & (USED_HERE | DISABLED) == USED_HERE


class SerDomains:
    """Domains by their names in lower case."""

    db_url: str
    db_mode: int
    domain_table: str
    domain_col: str
    did_col: str
    flags_col: str
    domattr_table: str
    domattr_did: str
    domattr_name: str
    domattr_type: str
    domattr_value: str
    domattr_flags: str
    load_domain_attrs: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.known: dict[str, Domain] = {}

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.db_mode not in (0, 1):
            raise OperatorError(f"domain: db_mode must be 0 or 1, found {self.db_mode}")
        check_names("domain", {name: getattr(self, name) for name in (*COLUMNS, *ATTRIBUTE_COLUMNS)})
        self.database = open_database(self.worker, self.db_url, "domain")

    async def start(self) -> None:
        """Load the domains where they are kept. Raises OperatorError."""
        if self.db_mode:
            try:
                await self.load()
            except DbError as error:
                raise OperatorError(f"domain: {error}") from None

    async def load(self) -> None:
        """Read all domains. Raises DbError; then those known before still count."""
        self.known = await self._read([])

    async def _read(self, keys: Sequence[Key]) -> dict[str, Domain]:
        """Domains by their names."""
        rows = await self.database.query(self.domain_table, keys, [self.did_col, self.domain_col, self.flags_col])
        by_id: dict[str, Domain] = {}
        found: dict[str, Domain] = {}
        for row in rows:
            if None in row:
                self._error("null in a row of table %s", self.domain_table)
                continue
            did, name, flags = to_text(row[0]), to_text(row[1]).lower(), str_to_int(to_text(row[2]))
            if not is_used(flags):
                continue
            domain = by_id.setdefault(did, Domain(did))
            domain.names.append((name, flags or 0))
            found[name] = domain
        if self.load_domain_attrs:
            await self._load_attributes(by_id, bool(keys))
        return found

    async def _load_attributes(self, domains: dict[str, Domain], single: bool) -> None:
        columns = [self.domattr_did, self.domattr_name, self.domattr_type, self.domattr_value, self.domattr_flags]
        rows: list[Row] = []
        if not single:
            rows = await self.database.query(self.domattr_table, [], columns)
        for did in domains if single else ():
            rows += await self.database.query(self.domattr_table, [(self.domattr_did, did)], columns)
        for did, name, kind, value, flags in rows:
            if did is None or name is None or kind is None or flags is None:
                self._error("null in a row of table %s", self.domattr_table)
                continue
            domain = domains.get(to_text(did))
            if domain is None or not (str_to_int(to_text(flags)) or 0) & USED_HERE:
                continue
            text = to_text(value)
            number = str_to_int(to_text(kind)) != TEXT
            domain.attributes.append((to_text(name), (str_to_int(text) or 0) if number else text))

    def _error(self, text: str, *values: object) -> None:
        self.worker.log.error(text, *values, source="domain")

    async def _find(self, name: str) -> Domain | None:
        """A domain by its name; None where it is none of ours, or the database fails."""
        wanted = name.lower()
        if self.db_mode:
            return self.known.get(wanted)
        try:
            return (await self._read([(self.domain_col, wanted)])).get(wanted)
        except DbError as error:
            self._error("%s", error)
            return None

    def get_did(self, name: str) -> str | None:
        """The id of a domain in memory, for other modules; None where it is not known."""
        found = self.known.get(name.lower())
        return None if found is None else found.did

    # --- the script

    async def is_local(self, ctx: Context, name: str | None) -> int:
        """is_local(domain)"""
        return 1 if name and await self._find(name) is not None else -1

    async def lookup_domain(self, ctx: Context, klass: int, name: str | None) -> int:
        """lookup_domain($fd or $td, domain): its attributes, with its id `did`, take the place of those there were."""
        found = await self._find(name) if name else None
        if found is None:
            return -1
        ctx.avps.clear_class(klass)
        ctx.avps.add(DID, found.did, klass)
        for attribute, value in found.attributes:
            ctx.avps.add(attribute, value, klass)
        return 1

    # --- management

    async def reload(self, call: RpcCall) -> None:
        """domain.reload"""
        if not self.db_mode:
            raise RpcError(400, "Server Domain Cache Disabled")
        try:
            await self.load()
        except DbError as error:
            self._error("%s", error)
            raise RpcError(400, "Domain Table Reload Failed") from None

    def dump(self, call: RpcCall) -> list[Pairs]:
        """domain.dump"""
        if not self.db_mode:
            raise RpcError(400, "Server Domain Cache Disabled")
        found = []
        for domain in {id(one): one for one in self.known.values()}.values():
            pairs: list[tuple[str, str | int]] = [("did", domain.did)]
            for name, flags in domain.names:
                pairs += [("domain", name), ("flags", flags)]
            pairs += [("attr", f"{name}={value}") for name, value in [(DID, domain.did), *domain.attributes]]
            found.append(Pairs(pairs))
        return found
