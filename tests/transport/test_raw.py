"""Datagrams with headers of our own making; sending them only where raw sockets are allowed."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Iterator

import pytest

from siprouter.transport import raw as raw_module
from siprouter.transport.endpoint import PROTO_UDP, Endpoint, Listener
from siprouter.transport.listeners import Listeners
from siprouter.transport.outlet import SocketOutlet
from siprouter.transport.raw import (
    IP_HEADER,
    MAX_DATA,
    MORE_FRAGMENTS,
    RawDatagrams,
    RawOptions,
    RawUdp,
    build_packets,
    checksum,
    open_raw,
    udp_segment,
)
from siprouter.transport.sockopts import UdpOptions
from siprouter.util.log import L_ERR, Log, Record

SOURCE, TARGET = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))


@pytest.fixture(params=["python", "system calls"])
def sock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    if request.param == "python":
        monkeypatch.setattr(raw_module, "send_raw_udp4", None)
    elif raw_module.send_raw_udp4 is None:
        pytest.skip("_syscalls is not built")
    try:
        opened = open_raw()
    except PermissionError:
        pytest.skip("raw sockets need CAP_NET_RAW")
    with opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
        one.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
        yield one


@pytest.mark.parametrize("size", [0, 1, 4, 500, 501, 1472, 1473, 9000, MAX_DATA])
@pytest.mark.parametrize("mtu", [1500, 576, 0])
def test_datagrams_arrive_whole(sock: socket.socket, receiver: socket.socket, size: int, mtu: int) -> None:
    sender = RawUdp("127.0.0.2", 5999, RawOptions(mtu, 17), sock)
    data = bytes(number * 7 & 0xFF for number in range(size))
    assert sender.send(data, "127.0.0.1", receiver.getsockname()[1])
    received, ancillary, _, address = receiver.recvmsg(65535, 64)
    assert received == data and address == ("127.0.0.2", 5999)
    assert [struct.unpack("i", content)[0] for _, _, content in ancillary] == [17]


def test_what_cannot_be_sent(sock: socket.socket) -> None:
    sender = RawUdp("127.0.0.1", 5999, None, sock)
    assert sender.try_send(b"x" * (MAX_DATA + 1), "127.0.0.1", 5060) == errno.EMSGSIZE
    for ip, port in (("::1", 5060), ("example.com", 5060), ("127.0.0.1\0", 5060), ("127.0.0.1", 70000)):
        assert sender.try_send(b"x", ip, port) == errno.EINVAL


def test_a_socket_of_its_own_is_closed(sock: socket.socket) -> None:
    alone = RawUdp("127.0.0.1", 5999)
    alone.close()
    assert not alone.send(b"x", "127.0.0.1", 5060)
    RawUdp("127.0.0.1", 5999, None, sock).close()
    assert sock.fileno() >= 0


def test_headers_and_checksum() -> None:
    segment = udp_segment(b"SIP", SOURCE, 5060, TARGET, 5062)
    assert struct.unpack("!HHH", segment[:6]) == (5060, 5062, 11)
    assert checksum(SOURCE + TARGET + struct.pack("!BBH", 0, 17, 11) + segment) == 0
    (packet,) = build_packets(segment, SOURCE, TARGET, 77, RawOptions(ttl=9, tos=0x10))
    version, tos, length, number, place, ttl, proto, _, source, target = struct.unpack(
        "!BBHHHBBH4s4s", packet[:IP_HEADER]
    )
    assert (version, tos, length, number, place) == (0x45, 0x10, 31, 0, 0)
    assert (ttl, proto, source, target) == (9, 17, SOURCE, TARGET)


@pytest.mark.parametrize("mtu", [28, 29, 576, 1500])
def test_fragments_keep_within_the_mtu(mtu: int) -> None:
    segment = bytes(3000)
    packets = build_packets(segment, SOURCE, TARGET, 77, RawOptions(mtu, 64))
    assert all(len(packet) <= mtu for packet in packets)
    whole = b""
    for index, packet in enumerate(packets):
        length, number, place = struct.unpack("!HHH", packet[2:8])
        assert (length, number) == (len(packet), 77)
        assert (place & 0x1FFF) * 8 == len(whole)
        assert bool(place & MORE_FRAGMENTS) == (index < len(packets) - 1)
        whole += packet[IP_HEADER:]
    assert whole == segment


class Usual:
    """Datagrams that notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def receive(self) -> list[tuple[bytes, bytes]]:
        return [(b"data", b"source")]

    def source(self, raw: object) -> tuple[str, int]:
        return "192.0.2.9", 5060

    def send(self, data: bytes, ip: str, port: int) -> int:
        self.sent.append(ip)
        return 0


def test_multicasts_leave_as_usual(sock: socket.socket, receiver: socket.socket) -> None:
    usual = Usual()
    both = RawDatagrams(usual, Listener(PROTO_UDP, "127.0.0.1", 5999), sock, RawOptions(ttl=64))  # type: ignore[arg-type]
    for ip in ("224.0.1.75", "255.255.255.255", "127.0.0.1", "example.com"):
        both.send(b"x", ip, receiver.getsockname()[1])
    assert usual.sent == ["224.0.1.75", "255.255.255.255", "example.com"]
    assert receiver.recv(10) == b"x"
    assert both.receive() == [(b"data", b"source")] and both.source(b"") == ("192.0.2.9", 5060)


class NoReceiver:
    def receive(self, data: bytes, source: Endpoint) -> None:
        raise AssertionError("nothing was sent here")

    def reject(self, *_: object) -> None:
        raise AssertionError("nothing was sent here")


async def outlet(options: UdpOptions, records: list[Record], port: int = 0) -> tuple[SocketOutlet, Listener]:
    listeners = Listeners()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        listener = Listener(PROTO_UDP, "127.0.0.1", probe.getsockname()[1])
    listeners.add(listener)
    made = SocketOutlet(asyncio.get_running_loop(), listeners, Log(records.append), options)
    await made.open(NoReceiver())
    return made, listener


@pytest.mark.parametrize("wanted", [1, -1])
async def test_a_listener_sends_through_the_raw_socket(
    sock: socket.socket, receiver: socket.socket, wanted: int
) -> None:
    made, listener = await outlet(UdpOptions(raw=wanted, raw_ttl=33), [])
    assert made.sends_raw
    for raw, ttl in ((1, 33), (0, 64)):
        made.use_raw(raw)
        assert made.send(b"x" * 30, Endpoint(PROTO_UDP, "127.0.0.1", receiver.getsockname()[1], 0, listener))
        _, ancillary, _, address = receiver.recvmsg(100, 64)
        assert address == ("127.0.0.1", listener.port)
        assert [struct.unpack("i", content)[0] for _, _, content in ancillary] == [ttl]
    assert not made.sends_raw
    await made.close()


@pytest.mark.parametrize(("wanted", "complaints"), [(1, 1), (-1, 0)])
async def test_without_the_right_messages_leave_as_usual(
    receiver: socket.socket, monkeypatch: pytest.MonkeyPatch, wanted: int, complaints: int
) -> None:
    def refused() -> socket.socket:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("siprouter.transport.outlet.open_raw", refused)
    records: list[Record] = []
    made, listener = await outlet(UdpOptions(raw=wanted), records)
    assert made.send(b"x", Endpoint(PROTO_UDP, "127.0.0.1", receiver.getsockname()[1], 0, listener))
    assert receiver.recv(10) == b"x"
    assert not made.sends_raw
    errors = [record.text for record in records if record.level <= L_ERR]
    assert len(errors) == complaints and all("CAP_NET_RAW" in text for text in errors)
    with pytest.raises(PermissionError):
        made.use_raw(1)
    await made.close()
