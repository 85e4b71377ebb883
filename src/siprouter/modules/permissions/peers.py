"""Addresses and trusted peers, as the tables have them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address

from siprouter.core.args import compile_regex
from siprouter.db.values import Row, to_text
from siprouter.transport.endpoint import PROTO_NONE, PROTO_SCTP, PROTO_TCP, PROTO_TLS, PROTO_UDP
from siprouter.util.log import Log
from siprouter.util.regex import Regex

PROTOCOLS = {"any": PROTO_NONE, "udp": PROTO_UDP, "tcp": PROTO_TCP, "tls": PROTO_TLS, "sctp": PROTO_SCTP}
NEVER = -1
WHOLE = 32


@dataclass(frozen=True, slots=True)
class Address:
    """An address (mask 32) or a network of a group; port 0: any."""

    group: int
    network: int
    mask: int
    port: int
    tag: str | None

    @property
    def text(self) -> str:
        """The address or network as dotted numbers."""
        return str(IPv4Address(self.network))


@dataclass(slots=True)
class AddressTable:
    """All addresses by their number, all networks in the order of their groups."""

    addresses: dict[int, list[Address]] = field(default_factory=dict)
    networks: list[Address] = field(default_factory=list)

    def find(self, ip: str, port: int, group: int | None) -> Address | None:
        """What matches an address, in a group or in any; whole addresses go before networks."""
        try:
            number = int(IPv4Address(ip))
        except AddressValueError:
            return None
        for item in self.addresses.get(number, ()):
            if (group is None or item.group == group) and item.port in (0, port):
                return item
        for item in self.networks:
            if (group is None or item.group == group) and item.port in (0, port):
                if number >> (WHOLE - item.mask) == item.network >> (WHOLE - item.mask):
                    return item
        return None


def read_addresses(rows: Iterable[Row], log: Log) -> AddressTable:
    """Rows (group, address, mask, port, tag). What makes no sense is told and left out."""
    table = AddressTable()
    for row in rows:
        try:
            item = _read_address(row)
        except (ValueError, TypeError) as error:
            log.error("address %s is left out: %s", to_text(row[1]), error, source="permissions")
            continue
        if item.mask == WHOLE:
            table.addresses.setdefault(item.network, []).append(item)
        else:
            table.networks.append(item)
    table.networks.sort(key=lambda item: item.group)
    return table


def _read_address(row: Row) -> Address:
    group, mask, port = int(row[0]), int(row[2]), int(row[3])
    if group < 1 or not 1 <= mask <= WHOLE or not 0 <= port <= 65535:
        raise ValueError(f"group {group}, mask {mask} or port {port} is not possible")
    return Address(group, int(IPv4Address(to_text(row[1]).strip())), mask, port, to_text(row[4]) or None)


@dataclass(frozen=True, slots=True)
class Peer:
    """A trusted peer: any From where `pattern` is None; `proto` PROTO_NONE: any, NEVER: none."""

    ip: str
    proto: int
    pattern: Regex | None
    pattern_text: str
    tag: str | None

    def matches(self, proto: int, from_uri: str) -> bool:
        """Whether a request is of this peer, the address apart."""
        if self.proto not in (PROTO_NONE, proto):
            return False
        return self.pattern is None or self.pattern.search(from_uri) is not None


def read_peers(rows: Iterable[Row], log: Log) -> list[Peer]:
    """Rows (address, protocol, pattern, tag). What makes no sense is told and left out."""
    peers = []
    for row in rows:
        ip, proto, pattern, tag = [to_text(value) for value in row]
        try:
            number = NEVER if proto.lower() == "none" else PROTOCOLS[proto.lower()]
            peers.append(Peer(ip, number, compile_regex(pattern) if pattern else None, pattern, tag or None))
        except KeyError:
            log.error("trusted peer %s is left out: unknown protocol %s", ip, proto, source="permissions")
        except ValueError as error:
            log.error("trusted peer %s is left out: %s", ip, error, source="permissions")
    return peers
