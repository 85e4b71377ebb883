"""Session descriptions as a proxy sees them (RFC 8866): addresses and media lines, with their places in the body.

Light and forgiving: lines that are not understood are passed over, for their meaning is the endpoints' business.
"""

from dataclasses import dataclass, field

MAX_LINES = 5000


@dataclass(frozen=True, slots=True)
class SdpAddress:
    """An address of an o=, c= or a=rtcp line; `start` and `end` are offsets into the body. `family` is 4 or 6."""

    address: str
    family: int
    start: int
    end: int


@dataclass(slots=True)
class SdpMedia:
    """One m= section; port_start and port_end enclose the port number. `port_count` is the number behind a slash."""

    media: str
    port: int
    port_count: int
    transport: str
    formats: list[str]
    line_start: int
    port_start: int
    port_end: int
    connection: SdpAddress | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)
    rtcp_port: int = 0
    direction: str = ""
    end: int = 0

    def attribute(self, name: str) -> str | None:
        """The value of the first a= line of this name, "" for a flag, None where there is none."""
        return next((value for key, value in self.attributes if key == name), None)


@dataclass(slots=True)
class Sdp:
    """A session description: `connections` are all c= addresses in order, of the session and of its media."""

    origin: SdpAddress | None
    connection: SdpAddress | None
    connections: list[SdpAddress]
    media: list[SdpMedia]
    attributes: list[tuple[str, str]]
    direction: str


_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


def parse_sdp(body: bytes) -> Sdp:
    """Reads a body; a body that is no session description gives an empty one."""
    sdp = Sdp(None, None, [], [], [], "")
    pos = 0
    for _ in range(MAX_LINES):
        if pos >= len(body):
            break
        newline = body.find(b"\n", pos)
        stop = newline if newline >= 0 else len(body)
        following = stop + 1
        if stop > pos and body[stop - 1] == 13:
            stop -= 1
        if stop - pos > 2 and body[pos + 1] == 61:
            _read_line(sdp, body, pos, stop)
        if sdp.media:
            sdp.media[-1].end = min(following, len(body))
        pos = following
    return sdp


def _read_line(sdp: Sdp, body: bytes, start: int, stop: int) -> None:
    kind = body[start]
    if kind == 0x6D:  # m
        media = _media(body, start, stop)
        if media is not None:
            sdp.media.append(media)
    elif kind == 0x63:  # c
        address = _address(body, start + 2, stop, 0)
        if address is not None:
            sdp.connections.append(address)
            if not sdp.media:
                sdp.connection = address
            elif sdp.media[-1].connection is None:
                sdp.media[-1].connection = address
    elif kind == 0x6F and sdp.origin is None:  # o
        sdp.origin = _address(body, start + 2, stop, 3)
    elif kind == 0x61:  # a
        _attribute(sdp, body[start + 2 : stop].decode("utf-8", "surrogateescape"))


def _words(body: bytes, start: int, stop: int, limit: int) -> list[tuple[int, int]]:
    """The places of up to `limit` words."""
    found: list[tuple[int, int]] = []
    i = start
    while i < stop and len(found) < limit:
        while i < stop and body[i] in b" \t":
            i += 1
        word = i
        while i < stop and body[i] not in b" \t":
            i += 1
        if i > word:
            found.append((word, i))
    return found


def _address(body: bytes, start: int, stop: int, skip: int) -> SdpAddress | None:
    """The address behind ``IN IP4``, which stand behind `skip` other words; a multicast TTL is left out."""
    words = _words(body, start, stop, skip + 3)[skip:]
    if len(words) < 3 or body[slice(*words[0])].upper() != b"IN":
        return None
    kind = body[slice(*words[1])].upper()
    if kind not in (b"IP4", b"IP6"):
        return None
    first, last = words[2]
    slash = body.find(b"/", first, last)
    last = slash if slash >= 0 else last
    return SdpAddress(body[first:last].decode("utf-8", "surrogateescape"), kind[2] - 48, first, last)


def _media(body: bytes, start: int, stop: int) -> SdpMedia | None:
    words = _words(body, start + 2, stop, 300)
    if len(words) < 3:
        return None
    first, last = words[1]
    port, _, count = body[first:last].partition(b"/")
    if not (port.isdigit() and len(port) <= 5 and int(port) <= 65535) or (count and not count.isdigit()):
        return None
    texts = [body[slice(*word)].decode("utf-8", "surrogateescape") for word in words]
    ports = min(int(count[:6]), 65535) if count else 1
    return SdpMedia(texts[0], int(port), ports, texts[2], texts[3:], start, first, first + len(port))


def _attribute(sdp: Sdp, text: str) -> None:
    name, _, value = text.partition(":")
    owner = sdp.media[-1] if sdp.media else sdp
    owner.attributes.append((name, value))
    if name in _DIRECTIONS:
        owner.direction = name
    elif name == "rtcp" and isinstance(owner, SdpMedia):
        port = value.partition(" ")[0]
        if port.isascii() and port.isdigit() and len(port) <= 5:
            owner.rtcp_port = int(port)
