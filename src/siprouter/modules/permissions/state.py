"""The instance of permissions: parameters, and what the script calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.avp_param import avp_param
from siprouter.core.values import str_to_int
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.modules.permissions.peers import PROTOCOLS, AddressTable, Peer, read_addresses, read_peers
from siprouter.modules.permissions.rules import Rules, read_rules, search
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TRUSTED_VERSION = 5
ADDRESS_VERSION = 4
CACHED = 1
MAX_URI = 500
TABLES = ("trusted_table", "address_table")
COLUMNS = (
    *("source_col", "proto_col", "from_col", "tag_col"),
    *("grp_col", "ip_addr_col", "mask_col", "port_col"),
)


class Permissions:
    """Rules from files, by the path of the file; addresses and peers from tables."""

    default_allow_file: str
    default_deny_file: str
    check_all_branches: int
    allow_suffix: str
    deny_suffix: str
    db_url: str | None
    db_mode: int
    trusted_table: str
    source_col: str
    proto_col: str
    from_col: str
    tag_col: str
    peer_tag_avp: str | None
    address_table: str
    grp_col: str
    ip_addr_col: str
    mask_col: str
    port_col: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.database: Database | None = None
        self.named: set[str] = set()
        """names of files, and their base names, that the script has"""
        self.files: dict[Path, Rules] = {}
        self.addresses = AddressTable()
        self.peers: dict[str, list[Peer]] = {}
        self._tag: PvAccess | None = None

    # --- start

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.db_mode not in (0, CACHED):
            raise OperatorError(f"permissions: db_mode must be 0 or 1, found {self.db_mode}")
        check_names("permissions", {name: getattr(self, name) for name in (*TABLES, *COLUMNS)})
        self._tag = avp_param(self.worker, "permissions", "peer_tag_avp", self.peer_tag_avp)
        if self.db_url:
            self.database = open_database(self.worker, self.db_url, "permissions")

    async def start(self) -> None:
        """Read the default files and the tables. Raises OperatorError."""
        named = [name + suffix for name in sorted(self.named) for suffix in ("", self.allow_suffix, self.deny_suffix)]
        for name in (self.default_allow_file, self.default_deny_file, *named):
            self.rules(name)
        if self.database is None:
            return
        await check_version(self.database, self.address_table, ADDRESS_VERSION, "permissions")
        await check_version(self.database, self.trusted_table, TRUSTED_VERSION, "permissions")
        try:
            await self.load_addresses()
            if self.db_mode == CACHED:
                await self.load_peers()
        except DbError as error:
            raise OperatorError(f"permissions: {error}") from None

    async def load_addresses(self) -> None:
        """Read the table of addresses. Raises DbError; then those known before still count."""
        if self.database is not None:
            columns = [self.grp_col, self.ip_addr_col, self.mask_col, self.port_col, self.tag_col]
            self.addresses = read_addresses(await self.database.query(self.address_table, [], columns), self.log)

    async def load_peers(self) -> None:
        """Read the table of trusted peers. Raises DbError; then those known before still count."""
        if self.database is None:
            return
        columns = [self.source_col, self.proto_col, self.from_col, self.tag_col]
        peers: dict[str, list[Peer]] = {}
        for peer in read_peers(await self.database.query(self.trusted_table, [], columns), self.log):
            peers.setdefault(peer.ip, []).append(peer)
        self.peers = peers

    def path(self, name: str) -> Path:
        """Where a file is: a relative name is beside the configuration."""
        script = self.worker.script
        folder = Path(script.files[0]).parent if script is not None and script.files else Path()
        return folder / name

    def rules(self, name: str) -> Rules:
        """The rules of a file, which is read once. Raises OperatorError."""
        path = self.path(name)
        found = self.files.get(path)
        if found is None:
            found = self.files[path] = read_rules(path)
        return found

    def rule_files(self, allow: str, deny: str) -> tuple[Rules, Rules]:
        """The rules of both files, or of those that a base name means. Raises OperatorError."""
        if not allow:
            allow, deny = self.default_allow_file, self.default_deny_file
        elif not deny:
            allow, deny = allow + self.allow_suffix, allow + self.deny_suffix
        return self.rules(allow), self.rules(deny)

    # --- rules

    def allow_routing(self, ctx: Context, allow: str = "", deny: str = "") -> int:
        """allow_routing(), allow_routing(base), allow_routing(allow, deny)"""
        try:
            rules = self.rule_files(allow, deny)
            caller = ctx.msg.from_.uri
            uris = [plain_uri(ctx.uri)]
            if self.check_all_branches:
                uris += [plain_uri(branch.uri) for branch in ctx.branches]
        except (PeerError, OperatorError) as error:
            self.log.error("allow_routing(): %s", error, source="permissions")
            return -1
        return 1 if all(is_allowed(rules, caller, uri) for uri in uris) else -1

    def allow_register(self, ctx: Context, allow: str, deny: str = "") -> int:
        """allow_register(base), allow_register(allow, deny)"""
        try:
            rules = self.rule_files(allow, deny)
            user = ctx.msg.to.uri
            contacts = [plain_uri(contact.uri) for contact in ctx.msg.contacts() if not contact.star]
        except (PeerError, OperatorError) as error:
            self.log.error("allow_register(): %s", error, source="permissions")
            return -1
        return 1 if all(is_allowed(rules, user, contact) for contact in contacts) else -1

    def allow_uri(self, ctx: Context, base: str, variable: PvAccess) -> int:
        """allow_uri(base, variable)"""
        value = variable.get(ctx)
        try:
            rules = self.rule_files(base, "")
            if not isinstance(value, str) or len(value) > MAX_URI:
                raise PeerError(400, f"no URI in {variable.text}")
            return 1 if is_allowed(rules, ctx.msg.from_.uri, value) else -1
        except (PeerError, OperatorError) as error:
            self.log.error("allow_uri(): %s", error, source="permissions")
            return -1

    # --- addresses

    def _match_address(self, ctx: Context, ip: str, port: int, group: int) -> int:
        found = self.addresses.find(ip, port, group)
        if found is None:
            return -1
        self._set_tag(ctx, found.tag)
        return 1

    def _set_tag(self, ctx: Context, tag: str | None) -> None:
        if self._tag is not None and tag is not None:
            setter: Any = self._tag.set
            setter(ctx, tag)

    def allow_address(self, ctx: Context, group: int, address: PvAccess, port: PvAccess) -> int:
        """allow_address(group, address, port)"""
        ip, number = address.get(ctx), port.get(ctx)
        if isinstance(number, str):
            number = str_to_int(number)
        if not isinstance(ip, str) or number is None:
            message = "allow_address(): no address in %s, or no port in %s"
            self.log.error(message, address.text, port.text, source="permissions")
            return -1
        return self._match_address(ctx, ip, number, group)

    def allow_source_address(self, ctx: Context, group: int = 1) -> int:
        """allow_source_address(), allow_source_address(group)"""
        return self._match_address(ctx, ctx.source.ip, ctx.source.port, group)

    def allow_source_address_group(self, ctx: Context) -> int:
        """allow_source_address_group(): the group, or -1."""
        found = self.addresses.find(ctx.source.ip, ctx.source.port, None)
        return -1 if found is None else found.group

    # --- trusted peers

    async def allow_trusted(self, ctx: Context) -> int:
        """allow_trusted()"""
        return await self._match_peer(ctx, ctx.source.ip, ctx.source.proto)

    async def allow_trusted_peer(self, ctx: Context, ip: str, protocol: str) -> int:
        """allow_trusted(address, protocol)"""
        proto = PROTOCOLS.get(protocol.lower(), 0)
        if not proto:
            self.log.error("allow_trusted(): unknown protocol %s", protocol, source="permissions")
            return -1
        return await self._match_peer(ctx, ip, proto)

    async def _match_peer(self, ctx: Context, ip: str, proto: int) -> int:
        try:
            caller = ctx.msg.from_.uri
            peers = self.peers.get(ip, []) if self.db_mode == CACHED else await self._ask(ip)
        except (PeerError, DbError) as error:
            self.log.error("allow_trusted(): %s", error, source="permissions")
            return -1
        for peer in peers:
            if peer.matches(proto, caller):
                self._set_tag(ctx, peer.tag)
                return 1
        return -1

    async def _ask(self, ip: str) -> list[Peer]:
        if self.database is None:
            self.log.error("allow_trusted(): db_url is not set", source="permissions")
            return []
        columns = [self.source_col, self.proto_col, self.from_col, self.tag_col]
        rows = await self.database.query(self.trusted_table, [(self.source_col, ip)], columns)
        return read_peers(rows, self.log)


def is_allowed(rules: tuple[Rules, Rules], left: str, right: str) -> bool:
    """Allowed by a rule, or not denied by any."""
    return search(rules[0], left, right) or not search(rules[1], left, right)


def plain_uri(text: str) -> str:
    """`sip:user@host`, without port and parameters. Raises PeerError."""
    if len(text) > MAX_URI:
        raise PeerError(400, "URI too long")
    uri = parse_uri(text)
    return f"sip:{uri.user}@{uri.host}" if uri.user else f"sip:{uri.host}"
