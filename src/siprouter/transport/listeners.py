"""The sockets we listen on: what counts as ourselves, and from which one to send."""

from collections.abc import Callable, Iterator
from typing import Self

from siprouter.transport.endpoint import (
    AF_INET,
    AF_INET6,
    PROTO_NONE,
    PROTO_UDP,
    Listener,
)
from siprouter.transport.listen import Alias, ListenPlan
from siprouter.util.address import normalize_ip

SelfCheck = Callable[[str, int, int], bool]
SourceAddress = Callable[[str], str | None]


class Listeners:
    """All listeners of a worker, by protocol, with the names that mean us.

    `self_checks` are asked for hosts that are neither listener nor alias (modules that know more domains append to it).
    `source_address(ip)` gives the local address towards `ip`; it is asked for each UDP message where `mhomed` is set.
    """

    def __init__(self, source_address: SourceAddress | None = None) -> None:
        self.all: list[Listener] = []
        self.aliases: list[Alias] = []
        self.names: dict[Listener, str] = {}
        self.shared: dict[Listener, Listener] = {}
        """listeners without a socket of their own, and those that they share one with"""
        self.self_checks: list[SelfCheck] = []
        self.source_address = source_address
        self._hosts: dict[str, list[tuple[int, int, Listener | None]]] = {}
        self._defaults: dict[tuple[int, int], Listener] = {}

    @classmethod
    def from_plan(
        cls,
        plan: ListenPlan,
        advertised_address: str = "",
        advertised_port: int = 0,
        source_address: SourceAddress | None = None,
    ) -> Self:
        """The listeners and aliases of a plan."""
        listeners = cls(source_address)
        for socket in plan.sockets:
            listener = Listener(socket.proto, socket.address, socket.port, advertised_address, advertised_port)
            listeners.add(listener, socket.name)
        for alias in plan.aliases:
            listeners.add_alias(alias.host, alias.port, alias.proto)
        return listeners

    def own_ports(self) -> list[Listener]:
        """All but those that share the port of another one."""
        return [listener for listener in self.all if listener not in self.shared]

    def __iter__(self) -> Iterator[Listener]:
        return iter(self.all)

    def add(self, listener: Listener, name: str = "") -> None:
        """Adds a listener, which may also be called `name`."""
        name = name or listener.address
        self.all.append(listener)
        self.names[listener] = name
        for host in {listener.address, host_key(name)}:
            self._hosts.setdefault(host, []).append((listener.port, listener.proto, listener))
        key = (listener.proto, listener.af)
        present = self._defaults.get(key)
        # The first that is not loopback sends what has no listener of its own.
        if present is None or is_loopback(present.address) > is_loopback(listener.address):
            self._defaults[key] = listener

    def share(self, carrier: Listener, proto: int) -> Listener:
        """The listener for `proto` on the socket of `carrier` (WebSocket on the TCP port), made if new."""
        found = self.find(carrier.address, carrier.port, proto)
        if found is None:
            found = Listener(proto, carrier.address, carrier.port, carrier.advertised_address, carrier.advertised_port)
            self.add(found, self.names.get(carrier, ""))
            self.shared[found] = carrier
        return found

    def add_alias(self, host: str, port: int = 0, proto: int = PROTO_NONE) -> None:
        """Makes `host` count as ourselves, with this port and protocol only where they are not 0."""
        alias = Alias(host.lower(), port, proto)
        if alias not in self.aliases:
            self.aliases.append(alias)
            self._hosts.setdefault(host_key(host), []).append((port, proto, None))

    def is_myself(self, host: str, port: int = 0, proto: int = PROTO_NONE) -> bool:
        """True where host, port and protocol (0 = any) are those of a listener or an alias, or a self check says so."""
        entries = self._entries(host)
        if entries is not None:
            for entry in entries:
                my_port = entry[0]
                my_proto = entry[1]
                if (port == 0 or my_port == 0 or my_port == port) and (
                    proto == 0 or my_proto == 0 or my_proto == proto
                ):
                    return True
        for check in self.self_checks:  # noqa: SIM110 (a generator costs more than all the rest)
            if check(host, port, proto):
                return True
        return False

    def is_my_port(self, port: int, proto: int = PROTO_NONE) -> bool:
        """True where a listener has this port (and protocol; 0 = any)."""
        return any(listener.port == port and proto in (PROTO_NONE, listener.proto) for listener in self.all)

    def find(self, host: str, port: int = 0, proto: int = PROTO_NONE) -> Listener | None:
        """The first listener with this address or name, port and protocol (0 = any); aliases do not count."""
        for my_port, my_proto, listener in self._entries(host) or ():
            if listener is not None and port in (0, my_port) and proto in (PROTO_NONE, my_proto):
                return listener
        return None

    def choose(
        self, proto: int, ip: str, forced: Listener | None = None, received: Listener | None = None
    ) -> Listener | None:
        """The listener to send from to `ip`, or None where there is none for this protocol and address family.

        `forced` (force_send_socket) counts where it fits; of another protocol it means the one with its address and
        port in `proto`. `received`, the listener that got the message, is kept for UDP within one family.
        """
        af = AF_INET6 if ":" in ip else AF_INET
        if forced is not None and forced.proto != proto:
            forced = self.find(forced.address, forced.port, proto)
        if forced is not None and forced.af == af:
            return forced
        if proto == PROTO_UDP:
            if self.source_address is not None:
                local = self.source_address(ip)
                return None if local is None else self.find(local, 0, proto)
            if received is not None and received.proto == PROTO_UDP and received.af == af:
                return received
        return self._defaults.get((proto, af))

    def _entries(self, host: str) -> list[tuple[int, int, Listener | None]] | None:
        entries = self._hosts.get(host)
        return entries if entries is not None else self._hosts.get(host_key(host))


def host_key(host: str) -> str:
    """What names of hosts are compared by: lower case, IPv6 addresses in canonical form without brackets."""
    return (normalize_ip(host) if ":" in host else None) or host.lower()


def is_loopback(address: str) -> bool:
    """True for 127.0.0.0/8 and ::1."""
    return address.startswith("127.") or address == "::1"
