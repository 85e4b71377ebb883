"""What must hold for any octets in front of TLS (ClientHellos, headers of the PROXY protocol), and for any tls.cfg."""

from __future__ import annotations

import ssl
import struct
from collections.abc import Callable

from siprouter.modules.tls.config_file import parse_config
from siprouter.transport.client_hello import server_name
from siprouter.transport.proxy_protocol import V2_START, ProxyHeader
from siprouter.util.address import normalize_ip
from siprouter.util.errors import OperatorError


def hello(name: str | None, newest: ssl.TLSVersion) -> bytes:
    """What OpenSSL says first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def hello_seeds() -> list[bytes]:
    """With and without a name, in one record and in several."""
    whole = hello("sip.example.org", ssl.TLSVersion.TLSv1_3)
    body = whole[5:]
    records = [b"\x16\x03\x01" + struct.pack("!H", len(part)) + part for part in (body[:2], body[2:50], body[50:])]
    return [whole, b"".join(records), hello(None, ssl.TLSVersion.TLSv1_2), hello("A" * 63, ssl.TLSVersion.TLSv1_2)]


def proxy_seeds() -> list[bytes]:
    """Both versions, both families."""
    addresses = bytes(range(8)) + struct.pack("!HH", 5060, 5061)
    return [
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nX",
        b"PROXY TCP6 2001:db8::1 ::1 65535 2\r\n",
        b"PROXY UNKNOWN\r\n\r\n",
        V2_START + b"\x21\x11" + struct.pack("!H", 12) + addresses,
        V2_START + b"\x21\x21" + struct.pack("!H", 40) + bytes(36) + b"\x04\x00\x01x" + b"rest",
        V2_START + b"\x20\x00\x00\x00",
    ]


def config_seeds() -> list[bytes]:
    """A file with everything in it."""
    return [
        b'[server:default]\nmethod = TLSv1\ncertificate = "a b"\n',
        b"[client:192.0.2.1:5061] # x\nverify_depth=3\nca_list=a\\\nb\n[s:[::1]:1]\nserver_name=x\nverify_cert=on\n",
    ]


def check_hello(data: bytes, size: int) -> None:
    """A name once it is known stays the same, and is never longer than what came."""
    whole = server_name(data)
    assert whole is None or len(whole) <= len(data)
    for end in range(size, len(data), size):
        part = server_name(data[:end])
        if part is not None:
            assert part == whole
            return


def check_proxy(data: bytes, size: int) -> None:
    """Pieces make no difference; peers are addresses; nothing behind the header is lost."""
    first = read_header([data])
    assert read_header([data[at : at + size] for at in range(0, len(data), size)]) == first
    if isinstance(first, tuple) and first[1] is not None:
        ip, port = first[1]
        assert normalize_ip(ip) == ip and 0 <= port <= 65535
        assert data.endswith(first[0])


def read_header(parts: list[bytes]) -> tuple[bytes, tuple[str, int] | None] | str | None:
    """(rest, peer), what is wrong, or None where there is not enough."""
    header = ProxyHeader()
    for number, part in enumerate(parts):
        try:
            rest = header.feed(part)
        except ValueError:
            return "refused"
        if rest is not None:
            return rest + b"".join(parts[number + 1 :]), header.peer
    return None


def check_config(data: bytes, _size: int) -> None:
    """It is read, or refused with its place."""
    try:
        sections = parse_config(data.decode("utf-8", "surrogateescape"), "t")
    except OperatorError as error:
        assert error.location.line > 0
        return
    assert all(str(section.key) for section in sections)


SECURE_CHECKS: dict[str, tuple[Callable[[], list[bytes]], Callable[[bytes, int], None]]] = {
    "client_hello": (hello_seeds, check_hello),
    "proxy_protocol": (proxy_seeds, check_proxy),
    "tls_cfg": (config_seeds, check_config),
}
