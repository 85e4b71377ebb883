"""The instance of SER's permissions: rules of files as those of Kamailio; peers, addresses and sets of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from siprouter.core.avp import AvpKey
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.values import Row, to_text
from siprouter.modules.permissions.peers import PROTOCOLS, Peer
from siprouter.modules.permissions.rules import Rules
from siprouter.modules.permissions.state import CACHED, MAX_URI, Permissions, is_allowed
from siprouter.modules.permissions_s.ip_match import COLUMNS, EVERYTHING, Entries, check_place, find_entry, read_entries
from siprouter.modules.permissions_s.ip_sets import (
    DeclaredSet,
    IpSet,
    cached_set,
    is_name,
    parse_declaration,
    which_address,
)
from siprouter.sip.names import H_REFER_TO
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.regex import Regex

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

FILTER = "permissions.filter"
NAMES = ("trusted_table", "source_col", "proto_col", "from_col", "ipmatch_table")


class SerPermissions(Permissions):
    """One instance per worker."""

    ipmatch_table: str
    max_rule_files: int
    safe_file_load: int

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.sets: dict[str, DeclaredSet] = {}
        self.entries: Entries = {}

    def declare_set(self, text: str) -> None:
        """Parameter declare_ipset. Raises OperatorError."""
        declared = parse_declaration(text)
        if declared.name in self.sets:
            raise OperatorError(f"permissions: declare_ipset: there are two sets of the name '{declared.name}'")
        self.sets[declared.name] = declared

    # --- start

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.db_mode not in (0, CACHED):
            raise OperatorError(f"permissions: db_mode must be 0 or 1, found {self.db_mode}")
        check_names("permissions", {name: getattr(self, name) for name in NAMES})
        if self.db_url:
            self.database = open_database(self.worker, self.db_url, "permissions")

    async def start(self) -> None:
        """Read the files and the tables. Raises OperatorError."""
        for pair in self._file_pairs():
            for name in pair:
                self.rules(name)
        if self.database is not None and self.db_mode == CACHED:
            try:
                await self.load_peers()
                await self.load_entries()
            except (DbError, ValueError) as error:
                raise OperatorError(f"permissions: {error}") from None

    def _file_pairs(self) -> list[tuple[str, ...]]:
        """Files of the parameters and of the script. Raises OperatorError where there are too many."""
        pairs: list[tuple[str, ...]] = [(self.default_allow_file, self.default_deny_file)]
        if not self.default_allow_file and not self.default_deny_file:
            pairs.clear()
        for name in sorted(self.named):
            path = self.path(name)
            pairs.append((name,) if path.exists() else (name + self.allow_suffix, name + self.deny_suffix))
        if len(pairs) > self.max_rule_files:
            message = f"permissions: {len(pairs)} pairs of files, max_rule_files is {self.max_rule_files}"
            raise OperatorError(message, suggestion=f'"max_rule_files", {len(pairs)}')
        return pairs

    def rules(self, name: str) -> Rules:
        """The rules of a file, which is read once. Raises OperatorError."""
        if self.safe_file_load and not self.path(name).exists():
            raise OperatorError(f"permissions: there is no file {self.path(name)} (safe_file_load)")
        return super().rules(name)

    async def load_peers(self) -> None:
        """Read the table of trusted peers. Raises DbError; then those known before still count."""
        if self.database is None:
            return
        columns = [self.source_col, self.proto_col, self.from_col]
        peers: dict[str, list[Peer]] = {}
        for peer in self._read_peers(await self.database.query(self.trusted_table, [], columns)):
            peers.setdefault(peer.ip, []).append(peer)
        self.peers = peers

    def _read_peers(self, rows: Iterable[Row]) -> list[Peer]:
        """Rows (address, protocol, pattern). What makes no sense is told and left out."""
        found = []
        for row in rows:
            ip, proto, pattern = [to_text(value).strip() for value in row]
            if not ip or proto.lower() not in PROTOCOLS or not pattern:
                self.log.error("trusted peer %s %s %s is left out", ip, proto, pattern, source="permissions")
                continue
            try:
                found.append(Peer(ip.lower(), PROTOCOLS[proto.lower()], Regex(pattern, basic=True), pattern, None))
            except ValueError as error:
                self.log.error("trusted peer %s is left out: %s", ip, error, source="permissions")
        return found

    async def load_entries(self) -> None:
        """Read the table of ipmatch(). Raises DbError, ValueError; then what was known before still counts."""
        if self.database is not None:
            self.entries = read_entries(await self.database.query(self.ipmatch_table, [], COLUMNS))

    async def _ask(self, ip: str) -> list[Peer]:
        if self.database is None:
            self.log.error("allow_trusted(): db_url is not set", source="permissions")
            return []
        columns = [self.source_col, self.proto_col, self.from_col]
        return self._read_peers(await self.database.query(self.trusted_table, [(self.source_col, ip)], columns))

    # --- the script

    def allow_refer_to(self, ctx: Context, allow: str, deny: str = "") -> int:
        """allow_refer_to(base), allow_refer_to(allow, deny): whether From may refer to Refer-To."""
        try:
            rules = self.rule_files(allow, deny)
            if not any(rules):
                return 1
            found = ctx.msg.addresses(H_REFER_TO)
            if not found:
                raise PeerError(400, "no Refer-To")
            target = found[0].uri
            if len(target) > MAX_URI:
                raise PeerError(400, "Refer-To too long")
            return 1 if is_allowed(rules, ctx.msg.from_.uri, target) else -1
        except (PeerError, OperatorError) as error:
            self.log.error("allow_refer_to(): %s", error, source="permissions")
            return -1

    def ip_match(self, ctx: Context, where: int | str, attribute: AvpKey | None = None) -> int:
        """ipmatch(where), ipmatch(where, attribute): the attribute gets the value of the entry."""
        return self._match(ctx, where, attribute, False)

    def ip_match_sent(self, ctx: Context, where: str) -> int:
        """ipmatch_onsend(where)"""
        return self._match(ctx, where, None, True)

    def _match(self, ctx: Context, where: int | str, attribute: AvpKey | None, sent: bool) -> int:
        mask = ctx.vars.pop(FILTER, EVERYTHING)
        if self.db_mode != CACHED or self.database is None:
            self.log.error("ipmatch(): it needs db_url, and db_mode 1", source="permissions")
            return -1
        place = check_place(ctx, where, sent)
        if isinstance(place, str):
            self.log.error("ipmatch(): %s", place, source="permissions")
            return -1
        entry = find_entry(self.entries, place, mask)
        if entry is None:
            return -1
        if attribute is not None:
            klass, name = attribute
            ctx.avps.delete_all(name, klass)
            ctx.avps.add(name, entry.value, klass)
        return 1

    def ip_filter(self, ctx: Context, mask: int) -> int:
        """ipmatch_filter(mask): counts for the next ipmatch() of this message."""
        ctx.vars[FILTER] = mask & EVERYTHING
        return 1

    def is_in_set(self, ctx: Context, which: str | None, address: str | None) -> int:
        """ip_is_in_ipset(set, address), ip_is_trusted(set, address)"""
        if not which or not address:
            return -1
        packed = which_address(ctx, address)
        try:
            found = self._find_set(which)
        except ValueError as error:
            self.log.error("ip_is_in_ipset(): %s", error, source="permissions")
            return -1
        if packed is None:
            self.log.error("ip_is_in_ipset(): no address: %r", address[:64], source="permissions")
            return -1
        return 1 if packed in found else -1

    def _find_set(self, which: str) -> IpSet:
        """Raises ValueError."""
        if not is_name(which):
            return cached_set(which)
        if which not in self.sets:
            raise ValueError(f"there is no set '{which[:64]}'")
        return self.sets[which].current
