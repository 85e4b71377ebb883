"""What the system says about names: /etc/resolv.conf and /etc/hosts."""

from dataclasses import dataclass, field
from pathlib import Path

from siprouter.dns.wire import AAAA, A, normalize_name
from siprouter.util.address import normalize_ip

RESOLV_CONF = Path("/etc/resolv.conf")
HOSTS = Path("/etc/hosts")

DNS_PORT = 53
MAX_SERVERS = 8
MAX_SEARCH = 6
MAX_HOSTS_SIZE = 16 << 20

Server = tuple[str, int]


@dataclass(slots=True)
class ResolvConf:
    """`timeout` in seconds for one query, `attempts` for each server, `ndots` as in resolv.conf(5)."""

    servers: list[Server] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    timeout: float = 5
    attempts: int = 2
    ndots: int = 1


def parse_resolv_conf(text: str) -> ResolvConf:
    """resolv.conf(5); lines that are not understood are passed over."""
    conf = ResolvConf()
    for line in text.splitlines():
        words = line.partition("#")[0].partition(";")[0].split()
        if len(words) < 2:
            continue
        keyword, values = words[0], words[1:]
        if keyword == "nameserver" and len(conf.servers) < MAX_SERVERS:
            server = parse_server(values[0])
            if server is not None:
                conf.servers.append(server)
        elif keyword in ("search", "domain"):
            conf.search = [name for value in values[:MAX_SEARCH] if (name := normalize_name(value))]
        elif keyword == "options":
            for value in values:
                _set_option(conf, value)
    return conf


def parse_server(text: str) -> Server | None:
    """An address, or `[address]:port` for a server on another port than 53."""
    port = DNS_PORT
    if text.startswith("["):
        text, _, number = text[1:].partition("]")
        if number:
            port = int(number[1:]) if number[0] == ":" and number[1:].isascii() and number[1:].isdigit() else 0
    address = normalize_ip(text.partition("%")[0])
    return (address, port) if address is not None and 0 < port < 65536 else None


def _set_option(conf: ResolvConf, option: str) -> None:
    name, _, text = option.partition(":")
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
    if name == "timeout" and value > 0:
        conf.timeout = min(value, 30)
    elif name == "attempts" and value > 0:
        conf.attempts = min(value, 5)
    elif name == "ndots" and value >= 0:
        conf.ndots = min(value, 15)


def read_resolv_conf(path: Path = RESOLV_CONF) -> ResolvConf:
    """The system's resolver settings; without a readable file the server of this machine."""
    try:
        conf = parse_resolv_conf(path.read_text("utf-8", "replace"))
    except OSError:
        conf = ResolvConf()
    if not conf.servers:
        conf.servers = [("127.0.0.1", DNS_PORT)]
    return conf


def parse_hosts(text: str) -> dict[tuple[str, int], tuple[str, ...]]:
    """hosts(5) as addresses by name and type (A or AAAA), in the order of the file."""
    found: dict[tuple[str, int], tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        address = normalize_ip(words[0]) if words else None
        if address is None:
            continue
        type = AAAA if ":" in address else A
        for name in words[1:]:
            key = (normalize_name(name), type)
            if address not in found.get(key, ()):
                found[key] = (*found.get(key, ()), address)
    return found


class HostsFile:
    """/etc/hosts, read again when it changes; looked at no more than once in `interval` seconds."""

    def __init__(self, path: Path = HOSTS, interval: float = 5.0) -> None:
        self._path = path
        self._interval = interval
        self._checked = float("-inf")
        self._state: tuple[int, int] = (-1, -1)
        self._entries: dict[tuple[str, int], tuple[str, ...]] = {}

    def get(self, name: str, type: int, now: float) -> tuple[str, ...]:
        """The addresses of a name for A or AAAA."""
        if now - self._checked >= self._interval:
            self._checked = now
            self._refresh()
        return self._entries.get((name, type), ())

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            state = (status.st_mtime_ns, status.st_size)
            if state == self._state or status.st_size > MAX_HOSTS_SIZE:
                return
            self._entries = parse_hosts(self._path.read_text("utf-8", "replace"))
            self._state = state
        except OSError:
            self._entries = {}
            self._state = (-1, -1)
