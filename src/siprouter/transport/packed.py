"""Endpoints as octets, for the other workers of a server: all have the same listeners in the same order. No I/O."""

import struct

from siprouter.transport.endpoint import Endpoint, Listener

NO_LISTENER = 0xFFFF
MAX_KEPT = 8192  # endpoints kept in either form

_HEAD = struct.Struct("<HBBHQ")
HEAD_SIZE = 14


class EndpointCodec:
    """Packs and unpacks; keeps what it did, since the same peers come again."""

    def __init__(self, listeners: list[Listener]) -> None:
        self._listeners = listeners
        self._numbers = {listener: number for number, listener in enumerate(listeners)}
        self._packed: dict[Endpoint, bytes] = {}
        self._unpacked: dict[bytes, Endpoint] = {}

    def pack(self, endpoint: Endpoint) -> bytes:
        """Listener, protocol, flags, port, connection, address."""
        listener = endpoint.listener
        number = NO_LISTENER if listener is None else self._numbers.get(listener, NO_LISTENER)
        ip = endpoint.ip.encode("ascii", "replace")[:255]
        return _HEAD.pack(number, endpoint.proto, endpoint.flags & 0xFF, endpoint.port, endpoint.connection) + ip

    def pack_source(self, source: Endpoint) -> bytes:
        """The same behind its length in one octet, for an endpoint that will be seen again."""
        found = self._packed.get(source)
        if found is None:
            packed = self.pack(source)
            if len(self._packed) >= MAX_KEPT:
                self._packed.clear()
            found = self._packed[source] = bytes((len(packed),)) + packed
        return found

    def unpack(self, data: bytes) -> Endpoint:
        """The endpoint, the same object for the same octets."""
        found = self._unpacked.get(data)
        if found is None:
            number, proto, flags, port, connection = _HEAD.unpack_from(data)
            listener = self._listeners[number] if number < len(self._listeners) else None
            found = Endpoint(proto, data[HEAD_SIZE:].decode("ascii"), port, connection, listener, flags)
            if len(self._unpacked) >= MAX_KEPT:
                self._unpacked.clear()
            self._unpacked[data] = found
        return found
