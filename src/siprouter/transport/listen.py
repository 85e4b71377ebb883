"""`listen=` and `alias=`: from what the configuration says to the sockets to open."""

from collections.abc import Callable
from dataclasses import dataclass, field

from siprouter.transport.endpoint import (
    PROTO_IDS,
    PROTO_NAMES,
    PROTO_NONE,
    PROTO_TCP,
    PROTO_TLS,
    PROTO_UDP,
    PROTO_WS,
    PROTO_WSS,
    SIP_PORT,
    SIPS_PORT,
)
from siprouter.transport.interfaces import (
    HostNames,
    InterfaceAddress,
    interface_addresses,
    look_up_addresses,
    look_up_host,
)
from siprouter.util.address import normalize_ip
from siprouter.util.errors import OperatorError

ONLY_WHERE_NAMED = (PROTO_WS, PROTO_WSS)
"""`listen=ws:…` asks for a port of its own; without it WebSocket shares those of TCP and TLS"""


@dataclass(frozen=True, slots=True)
class ListenSpec:
    """One `listen=` or `alias=` value: an interface, a host name or an address; 0 = the default or any."""

    host: str
    port: int = 0
    proto: int = PROTO_NONE


@dataclass(frozen=True, slots=True)
class SocketPlan:
    """A socket to open: `name` is what the configuration called it (an address or a host name)."""

    proto: int
    address: str
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that counts as ourselves; port and proto 0 match any."""

    host: str
    port: int = 0
    proto: int = PROTO_NONE


@dataclass(slots=True)
class ListenPlan:
    """All sockets to open, by protocol in the order UDP, TCP, …, and the names that mean us."""

    sockets: list[SocketPlan] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HostSystem:
    """What is asked of the operating system; tests answer for it."""

    interfaces: Callable[[], list[InterfaceAddress]] = interface_addresses
    host: Callable[[str], HostNames | None] = look_up_host
    reverse: Callable[[list[str]], dict[str, HostNames]] = look_up_addresses


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """`protos`: the protocols to listen on where none is named; `named`: those to listen on where they are named."""

    port: int = SIP_PORT
    tls_port: int = SIPS_PORT
    protos: tuple[int, ...] = (PROTO_UDP, PROTO_TCP)
    auto_aliases: bool = True
    named: tuple[int, ...] = ()


def parse_listen(text: str) -> ListenSpec:
    """`[proto:]host[:port]`, IPv6 addresses in brackets, port `*` for the default. Raises OperatorError."""
    parts = _split_colons(text.strip())
    if not parts or "" in parts or len(parts) > 3:
        raise OperatorError(f"bad address '{text}'", suggestion="write proto:host:port, for example udp:192.0.2.1:5060")
    proto, port = PROTO_NONE, 0
    if len(parts) == 3 or (len(parts) == 2 and not _is_port(parts[1])):
        proto = _proto(parts[0], text)
        parts = parts[1:]
    if len(parts) == 2:
        port = _port(parts[1], text)
    host = parts[0]
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    return ListenSpec(host, port, proto)


def _split_colons(text: str) -> list[str]:
    """Splits at the colons outside of brackets."""
    parts = [""]
    depth = 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts if depth == 0 else []


def _is_port(text: str) -> bool:
    return text == "*" or (text.isascii() and text.isdigit())


def _proto(word: str, text: str) -> int:
    proto = PROTO_IDS.get(word.lower())
    if proto is None:
        raise OperatorError(f"unknown protocol '{word}' in '{text}'", suggestion="one of udp, tcp, tls, sctp, ws, wss")
    return proto


def _port(word: str, text: str) -> int:
    if word == "*":
        return 0
    port = int(word) if _is_port(word) and len(word) <= 5 else -1
    if not 0 <= port <= 65535:
        raise OperatorError(f"bad port '{word}' in '{text}'")
    return port


def plan_sockets(
    specs: list[ListenSpec], aliases: list[ListenSpec], options: ListenOptions, system: HostSystem | None = None
) -> ListenPlan:
    """The sockets and names that `specs` and `aliases` stand for; without specs all IPv4 addresses that are up.

    Raises OperatorError for a host without address, and where there is nothing to listen on.
    """
    planner = _Planner(options, system or HostSystem())
    for alias in aliases:
        planner.add_alias(alias.host, alias.port, alias.proto)
    planner.add_specs(specs)
    if not planner.plan.sockets:
        raise OperatorError("no address to listen on", suggestion="add: listen=udp:ADDRESS:5060")
    if options.auto_aliases:
        planner.add_reverse_aliases()
    return planner.plan


class _Planner:
    """Collects a ListenPlan."""

    def __init__(self, options: ListenOptions, system: HostSystem) -> None:
        self.options = options
        self.system = system
        self.interfaces = system.interfaces()
        self.plan = ListenPlan()

    def add_specs(self, specs: list[ListenSpec]) -> None:
        """Adds the sockets of all specs, protocol by protocol, each in the order of the configuration."""
        if not specs:
            specs = [ListenSpec(found.address) for found in self.interfaces if found.up]
        for spec in specs:
            self.check_proto(spec)
        for proto in (*self.options.protos, *self.options.named, *ONLY_WHERE_NAMED):
            for spec in specs:
                if spec.proto == proto or (spec.proto == PROTO_NONE and proto in self.options.protos):
                    self.add_spec(spec, proto)

    def check_proto(self, spec: ListenSpec) -> None:
        """OperatorError where a spec names a protocol that is not available."""
        if spec.proto not in (PROTO_NONE, *ONLY_WHERE_NAMED, *self.options.protos, *self.options.named):
            name = PROTO_NAMES[spec.proto]
            raise OperatorError(f"cannot listen on {name}:{spec.host}: {name} is disabled or not available")

    def add_spec(self, spec: ListenSpec, proto: int) -> None:
        """Adds the sockets of one spec for one protocol; `ip:port` for all protocols means port + 1 for TLS."""
        port = spec.port
        if port == 0:
            port = self.options.tls_port if proto == PROTO_TLS else self.options.port
        elif proto == PROTO_TLS and spec.proto == PROTO_NONE:
            port += 1
        addresses = [found.address for found in self.interfaces if found.interface == spec.host]
        for name in addresses or [spec.host]:
            self.add_socket(proto, name, port)

    def add_socket(self, proto: int, name: str, port: int) -> None:
        """Adds one socket, once: the name of a second one for the same address becomes an alias."""
        address = normalize_ip(name)
        if address is None:
            name, address = self.resolve(name, port, proto)
        for other in self.plan.sockets:
            if (other.proto, other.address, other.port) == (proto, address, port):
                if name not in (other.name, address):
                    self.add_alias(name, port, proto)
                return
        self.plan.sockets.append(SocketPlan(proto, address, port, name))

    def resolve(self, name: str, port: int, proto: int) -> tuple[str, str]:
        """The official name and first address of a host; its other names become aliases with `auto_aliases`."""
        found = self.system.host(name)
        if found is None or not found.addresses:
            raise OperatorError(f"cannot listen on '{name}': no such interface, and no address for a host of this name")
        if self.options.auto_aliases:
            for other in (name, *found.aliases):
                if other.lower() != found.official.lower():
                    self.add_alias(other, port, proto)
        return found.official, found.addresses[0]

    def add_reverse_aliases(self) -> None:
        """What the addresses that were given as addresses are called in the DNS or /etc/hosts."""
        sockets = [socket for socket in self.plan.sockets if socket.name == socket.address]
        names = self.system.reverse(list(dict.fromkeys(socket.address for socket in sockets)))
        for socket in sockets:
            found = names.get(socket.address)
            if found is not None:
                for name in (found.official, *found.aliases):
                    self.add_alias(name, socket.port, socket.proto)

    def add_alias(self, host: str, port: int, proto: int) -> None:
        """Adds a name, once."""
        alias = Alias(host.lower(), port, proto)
        if alias not in self.plan.aliases:
            self.plan.aliases.append(alias)
