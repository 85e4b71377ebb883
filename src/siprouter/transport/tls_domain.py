"""TLS domains: which settings a connection gets, by our address and the name the client asks for, or by the peer's."""

import ssl
from dataclasses import dataclass, field
from typing import Protocol

from siprouter.transport.connections import Connection
from siprouter.transport.endpoint import url_host
from siprouter.transport.tls_context import TlsSettings, make_context
from siprouter.util.errors import OperatorError

EXACT = 0  # values of server_name_mode
SUBDOMAINS_TOO = 1
SUBDOMAINS_ONLY = 2


@dataclass(frozen=True, slots=True)
class DomainKey:
    """`address` "" stands for default; a server domain's address and port are ours, a client domain's the peer's."""

    server: bool
    address: str = ""
    port: int = 0

    def __str__(self) -> str:
        where = f"{url_host(self.address)}:{self.port}" if self.address else "default"
        return f"{'server' if self.server else 'client'}:{where}"


class TlsDomain:
    """One domain, ready for use. Immutable: a reload makes new ones, and connections keep theirs."""

    __slots__ = ("__weakref__", "context", "key", "settings")

    def __init__(self, key: DomainKey, settings: TlsSettings) -> None:
        """Reads all files. Raises OperatorError."""
        self.key = key
        self.settings = settings
        try:
            self.context: ssl.SSLContext = make_context(settings, key.server)
        except OperatorError as error:
            raise OperatorError(f"TLS domain {key}: {error.message}", suggestion=error.suggestion) from None

    @property
    def verifies(self) -> bool:
        """Whether the certificate of a peer, where it shows one, has to be good."""
        return self.context.verify_mode != ssl.CERT_NONE

    def serves(self, name: str) -> bool:
        """Whether this server domain is meant by a client that asks for `name` (lower case)."""
        mine, mode = self.settings.server_name.lower(), self.settings.server_name_mode
        if mode != SUBDOMAINS_ONLY and name == mine:
            return True
        return mode != EXACT and name.endswith(f".{mine}")


class TlsDomains:
    """All domains at one time, looked up as SIP Router does: by address and port, else the default."""

    def __init__(self, domains: list[TlsDomain]) -> None:
        """`domains` holds one `server:default` and one `client:default` at least."""
        self.all = domains
        self._by_key: dict[DomainKey, list[TlsDomain]] = {}
        for domain in domains:
            self._by_key.setdefault(domain.key, []).append(domain)

    def server(self, address: str, port: int, name: str = "") -> TlsDomain:
        """For a connection that came to `address`:`port`, where the client asks for `name` ("": it does not).

        Of the domains with that address, and then of the defaults, the first that serves the name counts, then the
        first that has none; the first one at all is for who asks for a name that nobody has.
        """
        here = self._by_key.get(DomainKey(True, address, port), [])
        default = self._by_key.get(DomainKey(True), [])
        if name:
            for domain in (*here, *default):
                if domain.settings.server_name and domain.serves(name):
                    return domain
        for domain in here:
            if not domain.settings.server_name:
                return domain
        for domain in () if here else default:
            if not domain.settings.server_name:
                return domain
        return (here or default)[0]

    def client(self, address: str, port: int) -> TlsDomain:
        """For a connection to `address`:`port`."""
        return (self._by_key.get(DomainKey(False, address, port)) or self._by_key[DomainKey(False)])[0]


class TlsLimits(Protocol):
    """What holds for all TLS connections, read at each use; sizes in bytes, times in seconds. See TlsOptions."""

    @property
    def send_close_notify(self) -> bool: ...
    @property
    def con_ct_wq_max(self) -> int: ...
    @property
    def ct_wq_max(self) -> int: ...
    @property
    def max_send_fragment(self) -> int: ...
    @property
    def connection_timeout(self) -> float: ...
    @property
    def handshake_timeout(self) -> float: ...
    @property
    def max_handshakes(self) -> int: ...
    @property
    def log_level(self) -> int: ...
    @property
    def debug_level(self) -> int: ...
    @property
    def low_memory_refuse(self) -> int: ...
    @property
    def low_memory_fail(self) -> int: ...


@dataclass(slots=True)
class TlsOptions:
    """TlsLimits with the usual values."""

    send_close_notify: bool = False
    con_ct_wq_max: int = 65536
    ct_wq_max: int = 10485760
    max_send_fragment: int = -1  # of clear text in one record; -1: as large as TLS allows
    connection_timeout: float = 600  # until the first message; -1 without end
    handshake_timeout: float = 30
    max_handshakes: int = 1024  # of connections to us
    log_level: int = 3
    debug_level: int = 3
    low_memory_refuse: int = 0  # octets of free memory below which no connection begins; 0: never mind
    low_memory_fail: int = 0  # the same for what is established


@dataclass(slots=True)
class TlsStats:
    """What happened to TLS connections."""

    accepted: int = 0
    connected: int = 0
    handshake_failed: int = 0
    handshake_dropped: int = 0  # in favour of newer ones
    low_memory: int = 0
    clear_queued: int = 0  # bytes that wait for a handshake


class TlsEngine(Protocol):
    """What the module `tls` gives to the transport."""

    @property
    def options(self) -> TlsLimits: ...
    @property
    def counts(self) -> TlsStats: ...
    @property
    def domains(self) -> TlsDomains: ...

    def free_memory(self) -> int:
        """Octets of memory that the system can still give; may be a second old."""
        ...

    def established(self, connection: Connection) -> None:
        """A handshake ended well, and no message was read yet."""
        ...

    def ended(self, connection: Connection) -> None:
        """A connection is gone that was established."""
        ...


@dataclass(slots=True)
class PlainEngine:
    """An engine without a module around it, for tools and tests."""

    domains: TlsDomains
    options: TlsOptions = field(default_factory=TlsOptions)
    counts: TlsStats = field(default_factory=TlsStats)

    def free_memory(self) -> int:
        """More than anybody asks for."""
        return 1 << 62

    def established(self, connection: Connection) -> None:
        """Nobody needs to know."""

    def ended(self, connection: Connection) -> None:
        """Nobody needs to know."""
