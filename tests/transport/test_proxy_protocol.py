"""Headers of the PROXY protocol, good and bad, alone and in front of real connections."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from siprouter.transport.endpoint import PROTO_TCP, PROTO_TLS, PROTO_WS, Endpoint, Listener
from siprouter.transport.proxy_protocol import (
    V2_START,
    ProxyHeader,
    ProxySources,
    crc32c,
    parse_proxy_rule,
    parse_proxy_rules,
)
from siprouter.transport.sockopts import StreamOptions
from siprouter.transport.tcp import StreamTransport
from siprouter.transport.ws import WebSocketTransport
from siprouter.util.errors import OperatorError
from tests.support.streams import MESSAGE, Inbox, close, free_port, read

V4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("198.51.100.1") + struct.pack("!HH", 5070, 5061)
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + struct.pack("!HH", 5070, 5061)
UNIX = bytes(216)


def version_2(body: bytes = V4, kind: int = 0x21, family: int = 0x11, length: int = -1) -> bytes:
    return V2_START + struct.pack("!BBH", kind, family, len(body) if length < 0 else length) + body


def value(kind: int, data: bytes) -> bytes:
    return struct.pack("!BH", kind, len(data)) + data


def checked(wrong: int = 0) -> bytes:
    blank = version_2(V4 + value(3, bytes(4)))
    return version_2(V4 + value(3, (crc32c(blank) ^ wrong).to_bytes(4, "big")))


GOOD = {
    "v1 IPv4": (b"PROXY TCP4 192.0.2.7 198.51.100.1 5070 5061\r\n", ("192.0.2.7", 5070)),
    "v1 IPv6": (b"PROXY TCP6 2001:DB8:0::7 2001:db8::1 5070 5061\r\n", ("2001:db8::7", 5070)),
    "v1 unknown": (b"PROXY UNKNOWN\r\n", None),
    "v1 unknown with more": (b"PROXY UNKNOWN ffff::1 ::1 65535 65535\r\n", None),
    "v2 IPv4": (version_2(), ("192.0.2.7", 5070)),
    "v2 IPv6": (version_2(V6, family=0x21), ("2001:db8::7", 5070)),
    "v2 local": (version_2(b"", kind=0x20, family=0), None),
    "v2 local with addresses": (version_2(kind=0x20), None),
    "v2 unspecified": (version_2(b"abc", family=0), None),
    "v2 unix": (version_2(UNIX, family=0x31), None),
    "v2 values": (version_2(V4 + value(2, b"sip.test") + value(4, b"")), ("192.0.2.7", 5070)),
    "v2 checksum": (checked(), ("192.0.2.7", 5070)),
}

BAD = {
    "a message": MESSAGE,
    "a TLS record": b"\x16\x03\x01\x02\x00\x01\x00",
    "v1 in lower case": b"proxy TCP4 192.0.2.7 198.51.100.1 5070 5061\r\n",
    "v1 without protocol": b"PROXY \r\n",
    "v1 of UDP": b"PROXY UDP4 192.0.2.7 198.51.100.1 5070 5061\r\n",
    "v1 with a name": b"PROXY TCP4 sip.test 198.51.100.1 5070 5061\r\n",
    "v1 with IPv6 in TCP4": b"PROXY TCP4 2001:db8::7 2001:db8::1 5070 5061\r\n",
    "v1 with IPv4 in TCP6": b"PROXY TCP6 192.0.2.7 198.51.100.1 5070 5061\r\n",
    "v1 with a port too large": b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 5061\r\n",
    "v1 with a negative port": b"PROXY TCP4 192.0.2.7 198.51.100.1 5070 -1\r\n",
    "v1 with two spaces": b"PROXY TCP4  192.0.2.7 198.51.100.1 5070 5061\r\n",
    "v1 too short": b"PROXY TCP4 192.0.2.7 198.51.100.1 5070\r\n",
    "v1 without end": b"PROXY UNKNOWN " + b"x" * 93,
    "v2 of another version": version_2(kind=0x31),
    "v2 with another command": version_2(kind=0x22),
    "v2 of another family": version_2(family=0x41),
    "v2 of datagrams": version_2(family=0x12),
    "v2 too short for IPv4": version_2(V4[:-1]),
    "v2 too short for IPv6": version_2(V4, family=0x21),
    "v2 too long": version_2(V4, length=4097),
    "v2 with half a value": version_2(V4 + b"\x02"),
    "v2 with a value too long": version_2(V4 + b"\x02\x00\x09sip.test"),
    "v2 with a wrong checksum": checked(1),
    "v2 with a short checksum": version_2(V4 + value(3, b"abc")),
}


@pytest.mark.parametrize(("header", "peer"), GOOD.values(), ids=GOOD)
def test_good_headers(header: bytes, peer: tuple[str, int] | None) -> None:
    whole = ProxyHeader()
    assert whole.feed(header + MESSAGE) == MESSAGE
    assert whole.peer == peer
    slow = ProxyHeader()
    for i in range(len(header) - 1):
        assert slow.feed(header[i : i + 1]) is None
    assert slow.feed(header[-1:]) == b""
    assert slow.peer == peer


@pytest.mark.parametrize("header", BAD.values(), ids=BAD)
def test_bad_headers(header: bytes) -> None:
    with pytest.raises(ValueError, match="PROXY"):
        ProxyHeader().feed(header)


def test_checksum() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720 B.4's polynomial, the usual check value


def test_rules() -> None:
    sources = ProxySources(parse_proxy_rules("tls:192.0.2.1:5061 10.0.0.0/8, 2001:db8::/32; * 127.0.0.1"))
    tls = Listener(PROTO_TLS, "192.0.2.1", 5061)
    assert all(sources.expects(tls, ip) for ip in ("10.1.2.3", "2001:db8::5", "127.0.0.1"))
    assert not sources.expects(tls, "192.0.2.9")
    for other in (Listener(PROTO_TCP, "192.0.2.1", 5061), Listener(PROTO_TLS, "192.0.2.1", 5062)):
        assert not sources.expects(other, "10.1.2.3") and sources.expects(other, "127.0.0.1")
    assert not ProxySources().expects(tls, "10.1.2.3")
    assert parse_proxy_rule("tcp:[::1]:5060 ::1").matches(Listener(PROTO_TCP, "::1", 5060), "::1")
    assert parse_proxy_rule("tcp:* ::1").matches(Listener(PROTO_TCP, "::1", 5060), "::1")
    assert parse_proxy_rule("tcp:*:5062 ::1").matches(Listener(PROTO_TCP, "::1", 5062), "::1")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("*", "bad proxy_protocol"),
        ("udp:* 10.0.0.0/8", "streams only"),
        ("tcp:sip.test 10.0.0.0/8", "neither an IP address"),
        ("* 10.0.0.0/33", "a mask has"),
        ("* sip.test", "not an IP address"),
        ("xyz:* 10.0.0.1", "unknown protocol"),
    ],
)
def test_bad_rules(text: str, problem: str) -> None:
    with pytest.raises(OperatorError, match=problem):
        parse_proxy_rules(text)


@asynccontextmanager
async def behind(network: str, address: str = "127.0.0.1", **options: float) -> AsyncIterator[tuple[Inbox, Listener]]:
    """A TCP transport whose peers in `network` are load balancers."""
    rules = ProxySources([parse_proxy_rule(f"* {network}")])
    inbox = Inbox()
    transport = StreamTransport(
        asyncio.get_running_loop(),
        inbox,
        inbox.log,
        StreamOptions(proxies=rules, **options),  # type: ignore[arg-type]
    )
    inbox.transport = transport
    listener = Listener(PROTO_TCP, address, free_port(address))
    await transport.listen(listener)
    await transport.start()
    try:
        yield inbox, listener
    finally:
        await transport.close()
        assert len(transport.table) == 0


@pytest.mark.parametrize(("address", "header"), [("127.0.0.1", GOOD["v1 IPv4"][0]), ("::1", GOOD["v2 IPv6"][0])])
async def test_the_source_is_whom_the_header_names(address: str, header: bytes) -> None:
    async with behind("127.0.0.0/8,::1", address) as (inbox, listener):
        reader, writer = await asyncio.open_connection(address, listener.port)
        for piece in (header[:9], header[9:] + MESSAGE[:10], MESSAGE[10:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        data, source = await inbox.next()
        ip = "2001:db8::7" if ":" in address else "192.0.2.7"
        assert (data, source.ip, source.port) == (MESSAGE, ip, 5070)
        assert inbox.transport is not None
        assert inbox.transport.send(b"by id", source)
        assert await read(reader) == b"by id"
        assert inbox.transport.send(b"by address", Endpoint(PROTO_TCP, ip, 5070))
        assert await read(reader) == b"by address"
        await close(writer)


async def test_what_others_say_of_themselves_is_not_believed() -> None:
    async with behind("10.0.0.0/8") as (inbox, listener):
        _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(GOOD["v1 IPv4"][0] + MESSAGE)
        data, source = await inbox.next()
        assert data.startswith(b"PROXY") and source.ip == "127.0.0.1"
        await close(writer)


async def test_in_front_of_websocket() -> None:
    rules = ProxySources([parse_proxy_rule("ws:* 127.0.0.1")])
    inbox = Inbox()
    options = StreamOptions(proxies=rules, http=True)
    transport = WebSocketTransport(asyncio.get_running_loop(), inbox, inbox.log, options, proto=PROTO_WS)
    listener = Listener(PROTO_WS, "127.0.0.1", free_port())
    await transport.listen(listener)
    await transport.start()
    _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(GOOD["v2 IPv4"][0] + b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    request, source = await asyncio.wait_for(inbox.requests.get(), 5)
    assert request.get("upgrade") == "websocket" and (source.ip, source.port) == ("192.0.2.7", 5070)
    await close(writer)
    await transport.close()


@pytest.mark.parametrize("data", [MESSAGE, BAD["v2 too long"], BAD["v1 of UDP"]])
async def test_malformed_headers_close_the_connection(data: bytes) -> None:
    async with behind("127.0.0.1") as (inbox, listener):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(data)
        try:
            assert await read(reader) == b""
        except ConnectionResetError:
            pass
        assert inbox.messages.empty()
        assert inbox.transport is not None and inbox.transport.stats.prelude_refused == 1
        assert any("PROXY" in record.text for record in inbox.records)
        await close(writer)


async def test_a_header_that_does_not_come_is_not_waited_for() -> None:
    async with behind("127.0.0.1", prelude_timeout=0.05) as (inbox, listener):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"PROXY ")
        try:
            assert await read(reader) == b""
        except ConnectionResetError:
            pass
        assert inbox.transport is not None and inbox.transport.stats.con_timeout == 1
        await close(writer)
