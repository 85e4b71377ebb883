"""The names and addresses of this machine, asked of the operating system at start-up."""

import array
import fcntl
import socket
import struct
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

SIOCGIFCONF = 0x8912
SIOCGIFFLAGS = 0x8913
IFF_UP = 0x1
IFF_LOOPBACK = 0x8

IFREQ_SIZE = 40  # 16 bytes name, then a sockaddr in 24 (64-bit Linux)
IFREQ_ADDRESS = 20  # family and port come before the address
MAX_ADDRESSES = 4096
REVERSE_TIMEOUT = 3.0  # seconds, for all reverse look-ups together


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """One IPv4 address of an interface; `interface` may be a label as eth0:1."""

    interface: str
    address: str
    up: bool
    loopback: bool


@dataclass(frozen=True, slots=True)
class HostNames:
    """What a look-up of a host name or address gave."""

    official: str
    aliases: tuple[str, ...]
    addresses: tuple[str, ...]


def interface_addresses() -> list[InterfaceAddress]:
    """All IPv4 addresses of all interfaces, in the system's order."""
    found: list[InterfaceAddress] = []
    records = array.array("B", bytes(MAX_ADDRESSES * IFREQ_SIZE))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as query:
        request = struct.pack("iP", len(records), records.buffer_info()[0])
        size, _ = struct.unpack("iP", fcntl.ioctl(query.fileno(), SIOCGIFCONF, request))
        for start in range(0, size, IFREQ_SIZE):
            record = records[start : start + IFREQ_SIZE].tobytes()
            name = record[:16].partition(b"\0")[0]
            address = socket.inet_ntop(socket.AF_INET, record[IFREQ_ADDRESS : IFREQ_ADDRESS + 4])
            flags = _interface_flags(query, name)
            found.append(InterfaceAddress(name.decode(), address, bool(flags & IFF_UP), bool(flags & IFF_LOOPBACK)))
    return found


def _interface_flags(query: socket.socket, name: bytes) -> int:
    try:
        answer = fcntl.ioctl(query.fileno(), SIOCGIFFLAGS, struct.pack("16sH22x", name, 0))
    except OSError:
        return IFF_UP
    return int(struct.unpack("16sH22x", answer)[1])


def look_up_host(name: str) -> HostNames | None:
    """Addresses and other names of a host (IPv4 first); None where it has none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM, flags=socket.AI_CANONNAME)
    except OSError:
        return None
    official = found[0][3] or name
    addresses = dict.fromkeys(str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0]))
    return HostNames(official, (), tuple(addresses))


def look_up_addresses(addresses: list[str]) -> dict[str, HostNames]:
    """The names of addresses by reverse look-ups, those that answer within REVERSE_TIMEOUT."""
    if not addresses:
        return {}
    pool = ThreadPoolExecutor(max_workers=min(16, len(addresses)))
    tasks = {pool.submit(_reverse, address): address for address in addresses}
    done, _ = wait(tasks, timeout=REVERSE_TIMEOUT)
    pool.shutdown(wait=False, cancel_futures=True)
    return {tasks[task]: names for task in done if (names := task.result()) is not None}


def _reverse(address: str) -> HostNames | None:
    try:
        official, aliases, addresses = socket.gethostbyaddr(address)
    except OSError:
        return None
    return HostNames(official, tuple(aliases), tuple(addresses))


def source_address(destination: str) -> str | None:
    """The local address from which the system would reach `destination`; sends nothing."""
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((destination, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return None
