"""The server name in a TLS ClientHello (RFC 6066 section 3, RFC 8446 section 4.1.2). No I/O in this file."""

HANDSHAKE = 22
CLIENT_HELLO = 1
SERVER_NAME = 0  # the extension
HOST_NAME = 0  # the kind of name in it
RECORD_HEAD = 5
MESSAGE_HEAD = 4
MAX_RECORD = 16384
MAX_HELLO = 65536


class Octets:
    """Reads a structure from the front; IndexError where it ends too soon."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __len__(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """The next `size` octets."""
        end = self._at + size
        if end > len(self._data):
            raise IndexError("structure too short")
        found = self._data[self._at : end]
        self._at = end
        return found

    def number(self, size: int) -> int:
        """The next number of `size` octets."""
        return int.from_bytes(self.take(size), "big")

    def take_all(self) -> bytes:
        """All that is left."""
        return self.take(len(self))

    def vector(self, size: int) -> "Octets":
        """What follows behind its length of `size` octets."""
        return Octets(self.take(self.number(size)))


def server_name(data: bytes) -> str | None:
    """The name that the client asks for, lower case, "" where it asks for none or `data` is no ClientHello.

    None while the ClientHello is not complete. `data` is what the stream begins with.
    """
    hello = _handshake_message(data)
    if hello is None:
        return None
    try:
        return _name_in_hello(Octets(hello)) if hello else ""
    except IndexError:
        return ""


def _handshake_message(data: bytes) -> bytes | None:
    """The body of the ClientHello, put together from its records; empty where it is none, None while incomplete."""
    message = b""
    start = 0
    while True:
        if data[start : start + 1] not in (b"", b"\x16"):
            return b""
        if len(data) < start + RECORD_HEAD:
            return None
        size = int.from_bytes(data[start + 3 : start + RECORD_HEAD], "big")
        if size == 0 or size > MAX_RECORD:
            return b""
        message += data[start + RECORD_HEAD : start + RECORD_HEAD + size]
        start += RECORD_HEAD + size
        if len(message) >= MESSAGE_HEAD:
            length = int.from_bytes(message[1:MESSAGE_HEAD], "big")
            if message[0] != CLIENT_HELLO or length > MAX_HELLO:
                return b""
            if len(message) >= MESSAGE_HEAD + length:
                return message[MESSAGE_HEAD : MESSAGE_HEAD + length]
        if start > len(data):
            return None


def _name_in_hello(hello: Octets) -> str:
    """The name in the extension of a ClientHello's body. Raises IndexError."""
    hello.take(2 + 32)  # version, random
    hello.vector(1)  # session id
    hello.vector(2)  # cipher suites
    hello.vector(1)  # compression methods
    extensions = hello.vector(2) if len(hello) else hello
    while len(extensions):
        kind = extensions.number(2)
        value = extensions.vector(2)
        if kind == SERVER_NAME:
            names = value.vector(2)
            while len(names):
                if names.number(1) == HOST_NAME:
                    return names.vector(2).take_all().decode("ascii", "replace").lower()
                names.vector(2)
    return ""
