"""The table of stream connections: by id, and by the peer's address with its aliases. No I/O in this file."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

ALIAS_FORCE_ADD = 1  # a further connection gets the alias too, and the newest counts
ALIAS_REPLACE = 2  # the newest connection takes the alias away from the others
MAX_ALIASES = 12  # of one connection

Peer = tuple[str, int]


class Connection(Protocol):
    """What the table needs to know of a connection; `reusable` is False once it is about to close."""

    id: int
    proto: int
    remote: Peer
    local: Peer
    reusable: bool


class Observer(Protocol):
    """Who wants to know of connections and their names."""

    def named(self, connection: Connection, port: int, flags: int) -> None:
        """The connection is known by its peer's address and this port from now."""

    def removed(self, connection: Connection) -> None:
        """The connection is forgotten."""


C = TypeVar("C", bound=Connection)


class ConnectionTable(Generic[C]):
    """Connections of all stream transports of a worker. Ids count from 1 and are not used again.

    Of several workers each has its own ids (see `number`); `elsewhere` is how many connections the others have.
    """

    def __init__(self) -> None:
        self.elsewhere = 0
        self.observer: Observer | None = None
        self._next_id = 1
        self._step = 1
        self._by_id: dict[int, C] = {}
        self._by_peer: dict[tuple[int, str, int], list[C]] = {}
        self._aliases: dict[int, list[tuple[int, str, int]]] = {}

    def number(self, first: int, step: int) -> None:
        """Use the ids `first`, `first + step` and so on."""
        self._next_id = first
        self._step = step

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[C]:
        return iter(list(self._by_id.values()))

    def add(self, connection: C, flags: int = ALIAS_REPLACE) -> None:
        """Gives the connection its id and makes it known by its peer's address."""
        connection.id = self._next_id
        self._next_id += self._step
        self._by_id[connection.id] = connection
        self._aliases[connection.id] = []
        self._add_name(connection, connection.remote[1], flags)

    def remove(self, connection: C) -> None:
        """Forgets a connection and its aliases; nothing happens when it is not there."""
        if self._by_id.pop(connection.id, None) is None:
            return
        for name in self._aliases.pop(connection.id):
            self._drop_name(name, connection)
        if self.observer is not None:
            self.observer.removed(connection)

    def move(self, connection: C, remote: Peer, flags: int = ALIAS_REPLACE) -> None:
        """Makes a connection known by another peer, and no longer by the one and the aliases it had."""
        names = self._aliases[connection.id]
        for name in names:
            self._drop_name(name, connection)
        names.clear()
        if self.observer is not None:
            self.observer.removed(connection)
        connection.remote = remote
        self._add_name(connection, remote[1], flags)

    def change_proto(self, connection: C, proto: int, flags: int = ALIAS_REPLACE) -> None:
        """Makes a connection known as one of another protocol, its aliases included."""
        names = self._aliases[connection.id]
        ports = [name[2] for name in names]
        for name in names:
            self._drop_name(name, connection)
        names.clear()
        if self.observer is not None:
            self.observer.removed(connection)
        connection.proto = proto
        for port in ports:
            self._add_name(connection, port, flags)

    def present(self, id: int) -> C | None:
        """The connection with this id, also where it is about to close."""
        return self._by_id.get(id)

    def get(self, id: int) -> C | None:
        """The connection with this id, where it can still be used."""
        connection = self._by_id.get(id)
        return connection if connection is not None and connection.reusable else None

    def find(self, proto: int, ip: str, port: int, local_ip: str = "") -> C | None:
        """The newest usable connection to a peer's address or alias, from `local_ip` where that is not empty."""
        for connection in reversed(self._by_peer.get((proto, ip, port), ())):
            if connection.reusable and local_ip in ("", connection.local[0]):
                return connection
        return None

    def add_alias(self, id: int, port: int, flags: int = ALIAS_FORCE_ADD) -> bool:
        """Makes a connection known by its peer's IP address with another port (RFC 5923); False where it is refused."""
        connection = self._by_id.get(id)
        return connection is not None and self._add_name(connection, port, flags)

    def _add_name(self, connection: C, port: int, flags: int) -> bool:
        name = (connection.proto, connection.remote[0], port)
        mine = self._aliases[connection.id]
        if name in mine:
            return True
        holders = self._by_peer.get(name, [])
        if len(mine) >= MAX_ALIASES or (holders and not flags & (ALIAS_FORCE_ADD | ALIAS_REPLACE)):
            return False
        if flags & ALIAS_REPLACE:
            for other in list(holders):
                self._aliases[other.id].remove(name)
                self._drop_name(name, other)
        self._by_peer.setdefault(name, []).append(connection)
        mine.append(name)
        if self.observer is not None:
            self.observer.named(connection, port, flags)
        return True

    def ports(self, connection: C) -> list[int]:
        """The ports that a connection is known by."""
        return [port for _, _, port in self._aliases.get(connection.id, ())]

    def drop_name(self, name: tuple[int, str, int]) -> None:
        """Protocol, address and port mean none of these connections any more."""
        for holder in self._by_peer.pop(name, ()):
            self._aliases[holder.id].remove(name)

    def _drop_name(self, name: tuple[int, str, int], connection: C) -> None:
        holders = self._by_peer[name]
        holders.remove(connection)
        if not holders:
            del self._by_peer[name]
