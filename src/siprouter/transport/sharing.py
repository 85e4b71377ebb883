"""Stream connections of the other workers: known by name to each worker, written to through their owner.

Each worker tells all others of its connections and their names (addresses of peers, aliases). The number of a
connection modulo the number of workers is its owner.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, Protocol

from siprouter.transport.connections import ALIAS_REPLACE, Connection, ConnectionTable
from siprouter.transport.endpoint import SEND_FORCE_SOCKET, Endpoint, ErrorCallback
from siprouter.transport.frames import ALIAS, DOWN, FAILED, HELLO, UP, WRITE
from siprouter.transport.mailbox import Post
from siprouter.transport.packed import EndpointCodec
from siprouter.transport.stream import StreamConnection

MAX_PENDING = 100_000  # writes of which a failure can still be told
PENDING_SECONDS = 60.0  # later than any time limit of a connection

_NAME = struct.Struct("<QBBHB")
_NUMBER = struct.Struct("<Q")
_ALIAS = struct.Struct("<QHB")

Name = tuple[int, str, int]


class Foreign(NamedTuple):
    """A connection of another worker; it has the names of one protocol and address, with these ports."""

    proto: int
    ip: str
    local_ip: str
    ports: list[int]


class LocalSender(Protocol):
    """What sends on our own connections."""

    table: ConnectionTable[StreamConnection]

    def send_own(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None) -> bool:
        """As `Outlet.send`, but never through another worker."""


class SharedConnections:
    """See above. `now` gives seconds on any clock."""

    def __init__(self, post: Post, outlet: LocalSender, codec: EndpointCodec, now: Callable[[], float]) -> None:
        self.written = 0
        self.failed = 0
        self._post = post
        self._outlet = outlet
        self._codec = codec
        self._now = now
        self._foreign: dict[int, Foreign] = {}
        self._by_name: dict[Name, list[int]] = {}
        self._pending: OrderedDict[int, tuple[Endpoint, ErrorCallback, float]] = OrderedDict()
        self._last = 0
        post.handlers.update(
            {
                UP: self._up,
                DOWN: self._down,
                ALIAS: self._alias,
                HELLO: self._hello,
                WRITE: self._write,
                FAILED: self._failed,
            }
        )
        outlet.table.observer = self

    def start(self) -> None:
        """Ask the others what they have."""
        self._post.send_all(HELLO)

    def __len__(self) -> int:
        return len(self._foreign)

    # --- telling the others (called by the table)

    def named(self, connection: Connection, port: int, flags: int) -> None:
        """One of our connections got a name."""
        self._post.send_all(UP, self._name(connection, port, flags))

    def removed(self, connection: Connection) -> None:
        """One of our connections is gone."""
        self._post.send_all(DOWN, _NUMBER.pack(connection.id))

    def _name(self, connection: Connection, port: int, flags: int) -> bytes:
        ip, local_ip = connection.remote[0].encode(), connection.local[0].encode()
        return _NAME.pack(connection.id, connection.proto, flags, port, len(ip)) + ip + local_ip

    def _hello(self, sender: int, _payload: bytes) -> None:
        """A new worker knows nothing yet."""
        table = self._outlet.table
        for connection in table:
            for port in table.ports(connection):
                self._post.send(sender, UP, self._name(connection, port, 0))

    # --- learning from the others

    def _up(self, _sender: int, payload: bytes) -> None:
        number, proto, flags, port, length = _NAME.unpack_from(payload)
        rest = payload[_NAME.size :]
        ip, local_ip = rest[:length].decode(), rest[length:].decode()
        name = (proto, ip, port)
        if flags & ALIAS_REPLACE:
            for other in self._by_name.pop(name, ()):
                self._foreign[other].ports.remove(port)
            self._outlet.table.drop_name(name)
        found = self._foreign.get(number)
        if found is None:
            found = self._foreign[number] = Foreign(proto, ip, local_ip, [])
            self._outlet.table.elsewhere = len(self._foreign)
        if port not in found.ports:
            found.ports.append(port)
            self._by_name.setdefault(name, []).append(number)

    def _down(self, _sender: int, payload: bytes) -> None:
        self._forget(_NUMBER.unpack(payload)[0])

    def _forget(self, number: int) -> None:
        found = self._foreign.pop(number, None)
        if found is None:
            return
        self._outlet.table.elsewhere = len(self._foreign)
        for port in found.ports:
            name = (found.proto, found.ip, port)
            holders = self._by_name[name]
            holders.remove(number)
            if not holders:
                del self._by_name[name]

    def gone(self, worker: int) -> None:
        """A worker died, and its connections with it."""
        for number in [number for number in self._foreign if self.owner(number) == worker]:
            self._forget(number)

    def owner(self, number: int) -> int:
        """The worker that has a connection."""
        return number % self._post.count

    # --- sending

    def by_id(self, to: Endpoint) -> int:
        """The connection of another worker that `to` names, where it leads there; 0 for none."""
        found = self._foreign.get(to.connection) if to.connection else None
        return to.connection if found is not None and found.ip == to.ip and found.proto == to.proto else 0

    def by_name(self, to: Endpoint) -> int:
        """The newest connection of another worker to a peer's address or alias; 0 for none."""
        forced = to.listener.address if to.flags & SEND_FORCE_SOCKET and to.listener is not None else ""
        for number in reversed(self._by_name.get((to.proto, to.ip, to.port), ())):
            if forced in ("", self._foreign[number].local_ip):
                return number
        return 0

    def send(self, number: int, data: bytes, to: Endpoint, on_error: ErrorCallback | None) -> bool:
        """Let the owner of a connection write; see Outlet."""
        request = self._remember(to, on_error) if on_error is not None else 0
        packed = self._codec.pack(Endpoint(to.proto, to.ip, to.port, number, to.listener, to.flags))
        payload = _NUMBER.pack(request) + bytes((len(packed),)) + packed + data
        self.written += 1
        if self._post.send(self.owner(number), WRITE, payload):
            return True
        self._pending.pop(request, None)
        return False

    def _remember(self, to: Endpoint, on_error: ErrorCallback) -> int:
        now = self._now()
        pending = self._pending
        while pending:
            oldest = next(iter(pending))
            if len(pending) < MAX_PENDING and pending[oldest][2] > now:
                break
            del pending[oldest]
        self._last += 1
        pending[self._last] = (to, on_error, now + PENDING_SECONDS)
        return self._last

    def _write(self, sender: int, payload: bytes) -> None:
        request = _NUMBER.unpack_from(payload)[0]
        start = _NUMBER.size + 1 + payload[_NUMBER.size]
        to = self._codec.unpack(payload[_NUMBER.size + 1 : start])

        def failed(_to: Endpoint, error: Exception) -> None:
            self._post.send(sender, FAILED, _NUMBER.pack(request) + str(error).encode())

        if not self._outlet.send_own(payload[start:], to, failed if request else None) and request:
            failed(to, ConnectionError("the connection is gone"))

    def _failed(self, _sender: int, payload: bytes) -> None:
        self.failed += 1
        found = self._pending.pop(_NUMBER.unpack_from(payload)[0], None)
        if found is not None:
            to, on_error, _ = found
            on_error(to, ConnectionError(payload[_NUMBER.size :].decode("utf-8", "replace")))

    def add_alias(self, number: int, port: int, flags: int) -> bool:
        """A further port by which the peer of another worker's connection is known; False where there is none."""
        if number not in self._foreign:
            return False
        return self._post.send(self.owner(number), ALIAS, _ALIAS.pack(number, port, flags))

    def _alias(self, _sender: int, payload: bytes) -> None:
        self._outlet.table.add_alias(*_ALIAS.unpack(payload))
