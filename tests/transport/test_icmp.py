"""ICMP errors for datagrams, with real sockets on loopback."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from siprouter.transport.datagrams import HAVE_SYSCALLS, DatagramFactory
from siprouter.transport.endpoint import PROTO_UDP, Endpoint, Listener
from siprouter.transport.icmp import unreachable_number
from siprouter.transport.udp import UdpSocket
from siprouter.util.log import Log, Record

FACTORIES = [
    pytest.param(False, id="plain"),
    pytest.param(True, id="fast", marks=pytest.mark.skipif(not HAVE_SYSCALLS, reason="_syscalls is not built")),
]
MESSAGE = b"OPTIONS sip:test SIP/2.0\r\n\r\n"


def closed_port(address: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


class Bench:
    """A listener and what it gets: messages and errors."""

    def __init__(self, address: str, fast: bool) -> None:
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.errors: asyncio.Queue[tuple[bytes, Endpoint]] = asyncio.Queue()
        self.records: list[Record] = []
        self.udp = UdpSocket(
            asyncio.get_running_loop(),
            Listener(PROTO_UDP, address, closed_port(address)),
            lambda data, source: self.messages.put_nowait(data),
            Log(self.records.append),
            factory=DatagramFactory(fast),
            unreachable=lambda data, to: self.errors.put_nowait((data, to)),
        )
        self.udp.start()

    def send(self, port: int, data: bytes = MESSAGE) -> bool:
        return self.udp.send(data, Endpoint(PROTO_UDP, self.udp.listener.address, port))

    async def error(self) -> tuple[bytes, Endpoint]:
        return await asyncio.wait_for(self.errors.get(), 5)

    async def arrives(self, peer: socket.socket, data: bytes) -> None:
        peer.sendto(data, (self.udp.listener.address, self.udp.listener.port))
        assert await asyncio.wait_for(self.messages.get(), 5) == data


@pytest.mark.parametrize("fast", FACTORIES)
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_closed_port_is_noticed_and_the_listener_goes_on(address: str, fast: bool) -> None:
    bench = Bench(address, fast)
    nobody = closed_port(address)
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((address, 0))
        peer.settimeout(5)
        for number in range(5):
            assert bench.send(nobody)
            data, to = await bench.error()
            assert data == MESSAGE and (to.proto, to.ip, to.port) == (PROTO_UDP, address, nobody)
            assert to.listener is bench.udp.listener
            await bench.arrives(peer, b"INFO sip:%d SIP/2.0\r\n\r\n" % number)
    assert not [record for record in bench.records if record.level < 0]
    bench.udp.close()


@pytest.mark.parametrize("fast", FACTORIES)
async def test_an_error_for_one_peer_costs_no_other_its_message(fast: bool) -> None:
    bench = Bench("127.0.0.1", fast)
    nobody = closed_port("127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        for number in range(20):  # without a turn of the loop: the second send meets the error of the first
            assert bench.send(nobody)
            assert bench.send(peer.getsockname()[1], b"%d" % number)
            assert peer.recv(100) == b"%d" % number
        for _ in range(20):
            await bench.error()
        await bench.arrives(peer, MESSAGE)
        await bench.arrives(peer, MESSAGE + b"again")
    bench.udp.close()


async def test_a_listener_that_receives_no_more_still_sends() -> None:
    bench = Bench("127.0.0.1", False)
    bench.udp.stop_receiving()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        assert bench.send(closed_port("127.0.0.1")) and bench.send(peer.getsockname()[1])
        assert peer.recv(100) == MESSAGE
    bench.udp.close()


@pytest.mark.parametrize(
    ("origin", "kind", "code", "counts"),
    [
        (2, 3, 3, True),
        (2, 3, 1, True),
        (2, 3, 4, False),  # too large for the path
        (2, 11, 0, False),  # lived too long
        (3, 1, 4, True),
        (3, 1, 5, False),
        (3, 3, 0, False),
        (1, 0, 0, False),  # of this machine
    ],
)
def test_which_errors_mean_that_nobody_is_there(origin: int, kind: int, code: int, counts: bool) -> None:
    content = struct.pack("=IBBBBII", 111, origin, kind, code, 0, 0, 0)
    assert unreachable_number(content) == (111 if counts else 0)
    assert unreachable_number(content[:10]) == 0
