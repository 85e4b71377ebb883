"""UDP listeners on loopback, with real sockets, plain and fast."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from siprouter.transport.datagrams import BATCH, HAVE_SYSCALLS, DatagramFactory, Datagrams, RawAddress
from siprouter.transport.endpoint import PROTO_UDP, Endpoint, Listener
from siprouter.transport.sockopts import UdpOptions, is_multicast
from siprouter.transport.udp import MAX_QUEUE, UdpSocket
from siprouter.util.errors import OperatorError
from siprouter.util.log import L_ERR, Log, Record

FACTORIES = [
    pytest.param(False, id="plain"),
    pytest.param(True, id="fast", marks=pytest.mark.skipif(not HAVE_SYSCALLS, reason="_syscalls is not built")),
]
MESSAGE = b"OPTIONS sip:test SIP/2.0\r\n\r\n"


def free_port(address: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


class Inbox:
    """Collects what a listener delivers."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Endpoint]] = asyncio.Queue()
        self.records: list[Record] = []
        self.log = Log(self.records.append)

    def deliver(self, data: bytes, source: Endpoint) -> None:
        self.messages.put_nowait((data, source))

    async def next(self) -> tuple[bytes, Endpoint]:
        return await asyncio.wait_for(self.messages.get(), 5)


@asynccontextmanager
async def listening(inbox: Inbox, fast: bool, address: str = "127.0.0.1") -> AsyncIterator[UdpSocket]:
    loop = asyncio.get_running_loop()
    listener = Listener(PROTO_UDP, address, free_port(address))
    udp = UdpSocket(loop, listener, inbox.deliver, inbox.log, factory=DatagramFactory(fast))
    udp.start()
    try:
        yield udp
    finally:
        udp.close()


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


@pytest.mark.parametrize("fast", FACTORIES)
async def test_receives_and_answers(fast: bool, peer: socket.socket) -> None:
    inbox = Inbox()
    async with listening(inbox, fast) as udp:
        peer.sendto(MESSAGE, (udp.listener.address, udp.listener.port))
        data, source = await inbox.next()
        assert data == MESSAGE
        assert source == Endpoint(PROTO_UDP, "127.0.0.1", peer.getsockname()[1], 0, udp.listener)
        assert udp.send(b"SIP/2.0 200 OK\r\n\r\n", source)
        answer, address = peer.recvfrom(9999)
        assert (answer, address) == (b"SIP/2.0 200 OK\r\n\r\n", (udp.listener.address, udp.listener.port))


@pytest.mark.parametrize("fast", FACTORIES)
async def test_more_than_a_batch_arrives_in_order(fast: bool, peer: socket.socket) -> None:
    inbox = Inbox()
    async with listening(inbox, fast) as udp:
        sent = [MESSAGE + b"%d" % number for number in range(3 * BATCH)]
        for data in sent:
            peer.sendto(data, (udp.listener.address, udp.listener.port))
        received = [await inbox.next() for _ in sent]
        assert [data for data, _ in received] == sent
        assert len({id(source) for _, source in received}) == 1


@pytest.mark.parametrize("fast", FACTORIES)
async def test_largest_datagram_arrives_whole(fast: bool, peer: socket.socket) -> None:
    inbox = Inbox()
    async with listening(inbox, fast) as udp:
        largest = bytes(65507)
        peer.sendto(largest, (udp.listener.address, udp.listener.port))
        assert (await inbox.next())[0] == largest
        assert not udp.send(bytes(65508), Endpoint(PROTO_UDP, *peer.getsockname()))
        assert "too long" in inbox.records[-1].text


@pytest.mark.parametrize("fast", FACTORIES)
async def test_probes_are_not_delivered(fast: bool, peer: socket.socket) -> None:
    inbox = Inbox()
    async with listening(inbox, fast) as udp:
        for probe in (b"", b"\r\n\r\n", bytes(4), b"x" * 19):
            peer.sendto(probe, (udp.listener.address, udp.listener.port))
        peer.sendto(MESSAGE, (udp.listener.address, udp.listener.port))
        assert (await inbox.next())[0] == MESSAGE


@pytest.mark.parametrize("fast", FACTORIES)
async def test_ipv6(fast: bool) -> None:
    inbox = Inbox()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer:
        try:
            peer.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 loopback")
        peer.settimeout(5)
        async with listening(inbox, fast, "::1") as udp:
            peer.sendto(MESSAGE, ("::1", udp.listener.port))
            _, source = await inbox.next()
            assert (source.ip, source.port) == ("::1", peer.getsockname()[1])
            assert udp.send(MESSAGE, source)
            assert peer.recv(9999) == MESSAGE


@pytest.mark.parametrize("fast", FACTORIES)
@pytest.mark.parametrize("ip", ["not-an-address", "localhost", "::1", "", "192.0.2.1\0"])
async def test_bad_addresses_fail_at_once(fast: bool, ip: str) -> None:
    inbox = Inbox()
    async with listening(inbox, fast) as udp:
        assert not udp.send(MESSAGE, Endpoint(PROTO_UDP, ip, 5060))
        assert inbox.records[-1].level == L_ERR


async def test_one_message_that_raises_costs_only_itself(peer: socket.socket) -> None:
    inbox = Inbox()

    def deliver(data: bytes, source: Endpoint) -> None:
        if b"bad" in data:
            raise RuntimeError("boom")
        inbox.deliver(data, source)

    listener = Listener(PROTO_UDP, "127.0.0.1", free_port())
    udp = UdpSocket(asyncio.get_running_loop(), listener, deliver, inbox.log)
    udp.start()
    peer.sendto(MESSAGE + b"bad", ("127.0.0.1", listener.port))
    peer.sendto(MESSAGE + b"good", ("127.0.0.1", listener.port))
    assert (await inbox.next())[0] == MESSAGE + b"good"
    assert "RuntimeError: boom" in inbox.records[-1].text
    udp.close()
    assert not udp.send(MESSAGE, Endpoint(PROTO_UDP, "127.0.0.1", 9))


async def test_a_taken_port_is_an_operator_error(peer: socket.socket) -> None:
    listener = Listener(PROTO_UDP, "127.0.0.1", peer.getsockname()[1])
    with pytest.raises(OperatorError, match=r"cannot listen on udp:127.0.0.1:\d+: Address already in use"):
        UdpSocket(asyncio.get_running_loop(), listener, Inbox().deliver, Inbox().log)


async def turns() -> None:
    """Lets the loop look at its sockets a few times."""
    for _ in range(5):
        await asyncio.sleep(0)


class FullDatagrams:
    """A socket whose buffer has room for `room` datagrams only."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sent: list[bytes] = []
        self.failing = False

    def receive(self) -> list[tuple[bytes, RawAddress]]:
        raise BlockingIOError

    def source(self, raw: RawAddress) -> tuple[str, int]:
        raise AssertionError

    def send(self, data: bytes, ip: str, port: int) -> int:
        if self.failing:
            return errno.ENETUNREACH
        if self.room == 0:
            return errno.EAGAIN
        self.room -= 1
        self.sent.append(data)
        return 0


class FullFactory(DatagramFactory):
    def __init__(self, datagrams: FullDatagrams) -> None:
        super().__init__(fast=False)
        self.datagrams = datagrams

    def open(self, sock: socket.socket) -> Datagrams:
        return self.datagrams


async def test_a_full_socket_queues_in_order_and_bounded() -> None:
    inbox, full = Inbox(), FullDatagrams(1)
    loop = asyncio.get_running_loop()
    listener = Listener(PROTO_UDP, "127.0.0.1", free_port())
    udp = UdpSocket(loop, listener, inbox.deliver, inbox.log, factory=FullFactory(full))
    to = Endpoint(PROTO_UDP, "127.0.0.1", 9)
    assert all(udp.send(b"%d" % number, to) for number in range(MAX_QUEUE + 1))
    assert not udp.send(b"too much", to)
    full.room = 9999
    await turns()
    assert full.sent == [b"%d" % number for number in range(MAX_QUEUE + 1)]
    udp.close()


async def test_a_queued_datagram_that_fails_tells_its_sender_once() -> None:
    inbox, full = Inbox(), FullDatagrams(0)
    failures: list[tuple[Endpoint, Exception]] = []
    listener = Listener(PROTO_UDP, "127.0.0.1", free_port())
    udp = UdpSocket(asyncio.get_running_loop(), listener, inbox.deliver, inbox.log, factory=FullFactory(full))
    to = Endpoint(PROTO_UDP, "127.0.0.1", 9)
    assert udp.send(b"x", to, lambda where, error: failures.append((where, error)))
    full.failing = True
    await turns()
    assert len(failures) == 1 and failures[0][0] is to and isinstance(failures[0][1], OSError)
    udp.close()


async def test_options_reach_the_socket() -> None:
    options = UdpOptions(receive_buffer=300_000, tos=0xB8, pmtu_discovery=True, mcast_ttl=3, reuse_port=True)
    listener = Listener(PROTO_UDP, "127.0.0.1", free_port())
    loop, inbox = asyncio.get_running_loop(), Inbox()
    first = UdpSocket(loop, listener, inbox.deliver, inbox.log, options)
    second = UdpSocket(loop, listener, inbox.deliver, inbox.log, options)
    sock = first._socket
    assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0xB8
    assert sock.getsockopt(socket.IPPROTO_IP, 10) == 2
    assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL) == 3
    first.close()
    second.close()


def test_multicast_addresses() -> None:
    assert [is_multicast(one) for one in ("224.0.1.75", "239.255.255.255", "192.0.2.1", "ff02::1", "fe80::1")] == [
        True,
        True,
        False,
        True,
        False,
    ]
