"""The instance of tls: domains from parameters or tls.cfg, and the connection that a message came over."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from siprouter.modules.tls.certificates import (
    is_revoked,
    load_first,
    make_self_signed,
    need_cryptography,
    revoked_serials,
)
from siprouter.modules.tls.config_file import FILES, Section, read_config
from siprouter.modules.tls.options import LiveOptions
from siprouter.modules.tls.session import Row, Session, read_session
from siprouter.transport.endpoint import PROTO_TLS, PROTO_WSS
from siprouter.transport.tls import TlsConnection
from siprouter.transport.tls_context import TlsSettings, check_method
from siprouter.transport.tls_domain import DomainKey, TlsDomain, TlsDomains, TlsStats
from siprouter.util.errors import NOWHERE, OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.state.interface import Table
    from siprouter.transport.connections import Connection

USUAL_CERTIFICATE = "cert.pem"
MEMORY = Path("/proc/meminfo")
FREE = "MemAvailable:"
SERVER = DomainKey(True)
CLIENT = DomainKey(False)


class Tls:
    """See README.md. It is the TlsEngine of the worker's transports."""

    cfg: Any

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.counts = TlsStats()
        self._domains: TlsDomains | None = None
        self._sessions: WeakKeyDictionary[TlsConnection, Session] = WeakKeyDictionary()
        self._own: WeakKeyDictionary[TlsDomain, bytes] = WeakKeyDictionary()
        self._revoked: dict[str, frozenset[tuple[bytes, int]]] = {}
        self._shared: Table[Row] | None = worker.state.table("tls.sessions") if worker.count > 1 else None
        self._memory = (-1.0, 0)
        self._options: LiveOptions | None = None

    # what the transport asks

    @property
    def options(self) -> LiveOptions:
        """See TlsEngine."""
        if self._options is None:
            self._options = LiveOptions(self.cfg)
        return self._options

    @property
    def domains(self) -> TlsDomains:
        """See TlsEngine."""
        if self._domains is None:
            raise OperatorError("the TLS domains are not loaded")
        return self._domains

    def free_memory(self) -> int:
        """See TlsEngine: what the system calls available, asked at most once a second."""
        now = self.worker.now()
        if now - self._memory[0] >= 1 or self._memory[0] < 0:
            self._memory = (now, available_memory())
        return self._memory[1]

    # the domains

    def configure(self) -> None:
        """Reads and checks everything. Raises OperatorError."""
        need_cryptography()
        if not self.cfg.disable_compression:
            self.worker.log.warning("tls: compression works where OpenSSL has it, and not in TLS 1.3", source="tls")
        if not self._listens() and "in_memory" not in self.worker.services:
            hint = "nothing listens on TLS: add enable_tls=yes or listen=tls:ADDRESS"
            self.worker.log.warning("%s", hint, source="tls")
        self._domains = self.load_domains()
        self.worker.services["tls"] = self

    def _listens(self) -> bool:
        return any(listener.proto in (PROTO_TLS, PROTO_WSS) for listener in self.worker.listeners)

    def reload(self) -> None:
        """Reads certificates, keys, CRLs and tls.cfg again for new connections. OperatorError: nothing has changed."""
        self._domains = self.load_domains()

    def load_domains(self) -> TlsDomains:
        """All domains as parameters and files have them now. Raises OperatorError."""
        sections = self._sections()
        if "in_memory" in self.worker.services:
            return TlsDomains([])
        self._check_addresses(sections)
        return TlsDomains([self._make(section) for section in sections])

    def _sections(self) -> list[Section]:
        """The sections of tls.cfg, or what the parameters say, with both defaults among them."""
        here = self.settings_of_parameters()
        if self.cfg.config is None:
            values = {name: getattr(here, name) for name in TlsSettings.__dataclass_fields__}
            return [Section(key, NOWHERE, dict(values)) for key in (SERVER, CLIENT)]
        path = self.path(self.cfg.config)
        try:
            found = read_config(path)
        except OperatorError as error:
            if "in_memory" not in self.worker.services or error.location.file:
                raise
            self.worker.log.warning("%s", error.message, source="tls")
            found = []
        for key in (SERVER, CLIENT):
            if not any(section.key == key for section in found):
                found.append(Section(key, NOWHERE))
        return found

    def settings_of_parameters(self) -> TlsSettings:
        """What the module's parameters say. Raises OperatorError."""
        cfg = self.cfg
        return TlsSettings(
            method=check_method(cfg.method),
            certificate=cfg.certificate or "",
            private_key=cfg.private_key or "",
            ca_list=cfg.ca_list or "",
            crl=cfg.crl or "",
            cipher_list=cfg.cipher_list or "",
            verify_certificate=bool(cfg.verify_certificate),
            require_certificate=bool(cfg.require_certificate),
            verify_depth=cfg.verify_depth,
        )

    def _make(self, section: Section) -> TlsDomain:
        """The domain of a section, its files read. Raises OperatorError."""
        cfg = self.cfg
        values: dict[str, Any] = {
            "compression": not cfg.disable_compression,
            "renegotiation": bool(cfg.renegotiation),
            "session_cache": bool(cfg.session_cache),
            **section.values,
        }
        for name in FILES:
            if values.get(name):
                values[name] = str(self.path(values[name]))
        settings = TlsSettings(**values)
        try:
            if section.key.server and not settings.certificate and self._listens():
                domain = self._make_with_usual_certificate(section.key, settings)
            else:
                domain = TlsDomain(section.key, settings)
            self._remember(domain)
        except OperatorError as error:
            place = error.location if error.location.file else section.location
            raise OperatorError(error.message, place, error.suggestion) from None
        return domain

    def _remember(self, domain: TlsDomain) -> None:
        """What the script may ask about the domain."""
        own = load_first(domain.settings.certificate)
        if own:
            self._own[domain] = own
        if domain.settings.crl:
            self._revoked[domain.settings.crl] = revoked_serials(domain.settings.crl)

    def _make_with_usual_certificate(self, key: DomainKey, settings: TlsSettings) -> TlsDomain:
        """With cert.pem beside the configuration, else with a self-signed certificate that is made now."""
        usual = self.path(USUAL_CERTIFICATE)
        if usual.exists():
            return TlsDomain(key, replace(settings, certificate=str(usual)))
        folder = self.path("")
        names = list(dict.fromkeys(listener.address for listener in self.worker.listeners)) or ["localhost"]
        now = self.worker.wall_clock()
        try:
            path = make_self_signed(folder, names, now)
        except OSError as error:
            self.worker.log.warning("cannot keep a certificate in %s: %s", folder, error.strerror, source="tls")
            with tempfile.TemporaryDirectory() as scratch:
                return self._self_signed(key, settings, make_self_signed(Path(scratch), names, now))
        return self._self_signed(key, settings, path)

    def _self_signed(self, key: DomainKey, settings: TlsSettings, path: Path) -> TlsDomain:
        text = "no certificate for %s: using the self-signed one in %s, which nobody trusts"
        self.worker.log.warning(text, key, path, source="tls")
        domain = TlsDomain(key, replace(settings, certificate=str(path), private_key=""))
        self._remember(domain)
        return domain

    def _check_addresses(self, sections: list[Section]) -> None:
        """Each server domain with an address has a socket. Raises OperatorError."""
        mine = {(item.address, item.port) for item in self.worker.listeners if item.proto in (PROTO_TLS, PROTO_WSS)}
        for section in sections:
            key = section.key
            if key.server and key.address and (key.address, key.port) not in mine:
                message = f"TLS domain {key}: no listener has this address"
                raise OperatorError(message, section.location, f"add: listen=tls:{str(key).partition(':')[2]}")

    def path(self, name: str) -> Path:
        """A file: from `/` on as it is, `.` from the working folder, else from the folder of the configuration."""
        if name.startswith("."):
            return Path(name)
        folder: Path = self.worker.services.get("config_folder", Path())
        return folder / name

    # the connection of a message

    def established(self, connection: Connection) -> None:
        """See TlsEngine: other workers may get messages of the connection."""
        if self._shared is None or not isinstance(connection, TlsConnection):
            return
        session = self._read(connection)
        if session is not None:
            try:
                self._shared.put(str(connection.id), session.row)
            except PeerError as error:
                self.worker.log.error("cannot tell other workers of %s: %s", connection.source, error, source="tls")

    def ended(self, connection: Connection) -> None:
        """See TlsEngine."""
        if self._shared is not None:
            self._shared.delete(str(connection.id))

    def start(self) -> None:
        """Forgets what a worker in our place left behind."""
        if self._shared is None:
            return
        for key, _ in list(self._shared.items()):
            if int(key) % self.worker.count == self.worker.index:
                self._shared.delete(key)

    def session(self, ctx: Context) -> Session | None:
        """The TLS session that the message came over; None for other messages."""
        source = ctx.source
        if source.proto not in (PROTO_TLS, PROTO_WSS):
            return None
        table: Any = getattr(self.worker.outlet, "table", None)
        found = table.present(source.connection) if table is not None else None
        if isinstance(found, TlsConnection):
            return self._read(found)
        row = self._shared.get(str(source.connection)) if self._shared is not None else None
        return None if row is None else Session(row)

    def _read(self, connection: TlsConnection) -> Session | None:
        """The session of one of our own connections, read once."""
        found = self._sessions.get(connection)
        if found is None:
            own = self._own.get(connection.domain, b"") if connection.domain is not None else b""
            found = read_session(connection, own)
            if found is not None:
                self._sessions[connection] = found
        return found

    def is_revoked(self, session: Session) -> bool:
        """Whether the CRL of the session's domain names the peer's certificate."""
        peer = session.peer_certificate
        return peer is not None and is_revoked(peer, self._revoked.get(session.crl, frozenset()))


def is_peer_verified(tls: Tls, ctx: Context) -> int:
    """is_peer_verified(): the request came over TLS from a peer whose certificate is verified."""
    session = tls.session(ctx)
    if session is None:
        tls.worker.log.error("is_peer_verified: the request did not come over TLS", source="tls")
        return -1
    return 1 if session.verified else -1


def available_memory() -> int:
    """Octets that the system can still give; as much as can be where it does not say."""
    try:
        for line in MEMORY.read_text().splitlines():
            if line.startswith(FREE):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return 1 << 62
