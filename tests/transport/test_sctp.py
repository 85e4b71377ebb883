"""SCTP listeners: against the kernel where it has SCTP, and with a socket that plays the kernel's part elsewhere."""

from __future__ import annotations

import asyncio
import errno
import os
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from siprouter.transport.endpoint import PROTO_SCTP, Endpoint, Listener
from siprouter.transport.sctp import MAX_MESSAGE, MAX_QUEUE, Numbers, SctpSocket, SctpStats
from siprouter.transport.sctp_wire import (
    ASSOC_CHANGE,
    ASSOCINFO,
    AUTOCLOSE,
    CANT_START,
    COMM_LOST,
    COMM_UP,
    DELAYED_SACK,
    INITMSG,
    IPPROTO_SCTP,
    MAX_BURST,
    MSG_EOR,
    MSG_NOTIFICATION,
    PEER_ADDR_PARAMS,
    RTOINFO,
    SEND_ABORT,
    SEND_FAILED,
    SEND_INFO,
    SHUTDOWN_COMP,
    SHUTDOWN_EVENT,
    SctpOptions,
    apply_options,
    has_sctp,
    open_sctp,
    parse_notification,
    send_info,
)
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log, Record

MESSAGE = b"OPTIONS sip:test SIP/2.0\r\n\r\n"
PEER = ("192.0.2.7", 5070)


class Kernel:
    """A socket that notes what it is told, and gives what the test puts in."""

    def __init__(self) -> None:
        self.readable, self.wakes = os.pipe()
        self.sent: list[tuple[bytes, int, Any]] = []  # data, association, address
        self.contexts: list[int] = []
        self.flags: list[int] = []
        self.errors: list[int] = []  # of the next sends
        self.waiting: list[tuple[bytes, list[tuple[int, int, bytes]], int, tuple[str, int]]] = []
        self.options: dict[int, bytes | int] = {}

    def fileno(self) -> int:
        return self.readable

    def close(self) -> None:
        os.close(self.readable)
        os.close(self.wakes)

    def sendmsg(self, parts: list[bytes], ancillary: Any, flags: int = 0, address: Any = None) -> int:
        if self.errors and (number := self.errors.pop(0)):
            raise OSError(number, os.strerror(number))
        fields = SEND_INFO.unpack(ancillary[0][2])
        self.sent.append((b"".join(parts), fields[-1], address))
        self.contexts.append(fields[4])
        self.flags.append(fields[2])
        return 0

    def recvmsg(self, size: int, more: int) -> Any:
        if not self.waiting:
            raise BlockingIOError(errno.EAGAIN, "nothing")
        return self.waiting.pop(0)

    def setsockopt(self, level: int, number: int, value: bytes | int) -> None:
        assert level == IPPROTO_SCTP
        self.options[number] = value


class Bench:
    def __init__(self, address: str = "127.0.0.1", **options: int) -> None:
        self.kernel = Kernel()
        self.got: list[tuple[bytes, Endpoint]] = []
        self.failed: list[tuple[Endpoint, Exception]] = []
        self.records: list[Record] = []
        self.stats = SctpStats()
        self.sctp = SctpSocket(
            asyncio.get_running_loop(),
            Listener(PROTO_SCTP, address, 5060),
            lambda data, source: self.got.append((data, source)),
            Log(self.records.append),
            SctpOptions(**options),
            self.stats,
            Numbers(),
            lambda listener, options: self.kernel,  # type: ignore[arg-type, return-value]
        )

    def change(self, association: int, state: int) -> None:
        data = struct.pack("=HHIHHHHi", ASSOC_CHANGE, 0, 20, state, 0, 1, 1, association)
        self.receive(data, association, MSG_NOTIFICATION)

    def fails(self, context: int, association: int = 7) -> None:
        info = SEND_INFO.pack(0, 0, 0, 0, context, 0, 0, 0, association)
        self.receive(
            struct.pack("=HHII", SEND_FAILED, 0, 48, 1) + info + struct.pack("=i", association), 0, MSG_NOTIFICATION
        )

    def receive(self, data: bytes, association: int = 7, flags: int = MSG_EOR) -> None:
        self.kernel.waiting.append((data, send_info(association, 0, 0), flags, PEER))
        self.sctp._readable()

    def send(self, connection: int = 0, ip: str = PEER[0]) -> bool:
        to = Endpoint(PROTO_SCTP, ip, PEER[1], connection, self.sctp.listener)
        return self.sctp.send(MESSAGE, to, lambda to, error: self.failed.append((to, error)))


@pytest.fixture
async def bench() -> Any:
    made = Bench(send_retries=1)
    yield made
    made.sctp.close()


async def test_replies_leave_on_the_association_of_the_request(bench: Bench) -> None:
    bench.change(7, COMM_UP)
    bench.receive(MESSAGE)
    ((data, source),) = bench.got
    assert data == MESSAGE and (source.proto, source.ip, source.port) == (PROTO_SCTP, *PEER) and source.connection
    assert bench.send(source.connection) and bench.kernel.sent == [(MESSAGE, 7, None)]
    bench.sctp.options.assoc_reuse = 0
    assert bench.send(source.connection) and bench.kernel.sent[-1] == (MESSAGE, 0, PEER)


async def test_a_lost_association_is_replaced(bench: Bench) -> None:
    bench.change(7, COMM_UP)
    bench.receive(MESSAGE)
    number = bench.got[0][1].connection
    bench.kernel.errors = [errno.EPIPE]
    assert bench.send(number) and bench.kernel.sent == [(MESSAGE, 0, PEER)] and bench.stats.send_force_retry == 1
    bench.change(7, COMM_LOST)
    assert bench.send(number) and bench.kernel.sent[-1] == (MESSAGE, 0, PEER)
    assert (bench.stats.comm_lost, bench.stats.opened, bench.stats.tracked) == (1, 0, 0)


async def test_associations_are_counted() -> None:
    bench = Bench(assoc_tracking=0)
    for association, state in ((1, COMM_UP), (2, COMM_UP), (1, SHUTDOWN_COMP), (3, CANT_START)):
        bench.change(association, state)
    bench.receive(struct.pack("=HHIi", SHUTDOWN_EVENT, 0, 12, 2), 2, MSG_NOTIFICATION)
    assert bench.stats == SctpStats(established=2, connect_failed=1, remote_shutdown=1, assoc_shutdown=1, opened=1)
    bench.sctp.close()
    assert bench.stats.opened == 0


async def test_too_many_associations_are_refused() -> None:
    bench = Bench(max_assocs=1)
    bench.change(1, COMM_UP)
    bench.change(2, COMM_UP)
    assert (bench.stats.local_reject, bench.stats.opened) == (1, 1)
    assert bench.kernel.flags == [SEND_ABORT] and bench.kernel.sent == [(b"", 2, None)]
    bench.sctp.close()


async def test_what_is_not_delivered_is_sent_again_and_then_reported(bench: Bench) -> None:
    assert bench.send()
    bench.fails(bench.kernel.contexts[-1])
    assert len(bench.kernel.sent) == 2 and not bench.failed and bench.stats.send_force_retry == 1
    bench.fails(bench.kernel.contexts[-1])
    assert len(bench.kernel.sent) == 2 and [to.ip for to, _ in bench.failed] == [PEER[0]]
    bench.fails(bench.kernel.contexts[-1])
    assert len(bench.failed) == 1 and bench.stats.send_failed == 1


async def test_what_fails_at_once(bench: Bench) -> None:
    bench.kernel.errors = [errno.ECONNREFUSED]
    assert not bench.send()
    assert bench.stats.send_failed == 1 and "cannot send" in bench.records[-1].text and not bench.failed


async def test_messages_wait_for_room_but_not_too_many(bench: Bench) -> None:
    bench.kernel.errors = [errno.EAGAIN]
    assert all(bench.send() for _ in range(MAX_QUEUE))
    assert not bench.send() and bench.stats.sendq_full == 1 and not bench.kernel.sent
    bench.kernel.errors = [0, errno.EAGAIN]
    bench.sctp._writable()
    assert len(bench.kernel.sent) == 1
    bench.sctp._writable()
    assert len(bench.kernel.sent) == MAX_QUEUE


async def test_messages_in_parts(bench: Bench) -> None:
    bench.receive(MESSAGE[:10], 7, 0)
    bench.receive(MESSAGE, 8)
    bench.receive(MESSAGE[10:], 7)
    assert [data for data, _ in bench.got] == [MESSAGE, MESSAGE]
    bench.receive(b"\r\n\r\n")
    assert len(bench.got) == 2


async def test_a_message_without_end_ends_its_association(bench: Bench) -> None:
    for _ in range(MAX_MESSAGE // 1000 + 1):
        bench.receive(b"x" * 1000, 7, 0)
    assert bench.kernel.flags == [SEND_ABORT] and bench.got == []


@pytest.mark.parametrize(
    "data", [b"", b"\1", b"\1\x80\0\0", struct.pack("=HHI", ASSOC_CHANGE, 0, 20), b"\5\x80" + bytes(6)]
)
def test_notifications_that_are_cut_short(data: bytes) -> None:
    assert parse_notification(data) is None


def test_options_reach_the_socket() -> None:
    kernel = Kernel()
    apply_options(kernel, SctpOptions())  # type: ignore[arg-type]
    assert kernel.options == {AUTOCLOSE: 180}
    values = {"srto_max": 9, "asocmaxrxt": 4, "init_max_attempts": 3, "hbinterval": -1, "sack_freq": 2, "max_burst": 5}
    apply_options(kernel, SctpOptions(**values))  # type: ignore[arg-type]
    kernel.close()
    assert set(kernel.options) == {AUTOCLOSE, RTOINFO, ASSOCINFO, INITMSG, PEER_ADDR_PARAMS, DELAYED_SACK, MAX_BURST}
    assert kernel.options[RTOINFO] == struct.pack("=iIII", 0, 0, 9, 0)
    assert kernel.options[INITMSG] == struct.pack("=HHHH", 0, 0, 3, 0)
    assert kernel.options[DELAYED_SACK] == struct.pack("=iII", 0, 0, 2)


def test_without_sctp_the_error_says_so() -> None:
    if has_sctp():
        pytest.skip("this kernel has SCTP")
    with pytest.raises(OperatorError) as caught:
        open_sctp(Listener(PROTO_SCTP, "127.0.0.1", 5060), SctpOptions())
    assert "this system has no SCTP" in caught.value.message and "kernel module" in caught.value.suggestion


@pytest.fixture(params=["127.0.0.1", "::1"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    if not has_sctp():
        pytest.skip("this kernel has no SCTP: load the module sctp to test it")
    yield str(request.param)


async def test_two_listeners_talk_over_the_kernel(address: str) -> None:
    loop, got = asyncio.get_running_loop(), asyncio.Queue[tuple[str, bytes, Endpoint]]()
    stats, log, made = SctpStats(), Log(lambda record: None), []
    for name, port in (("a", 15_960), ("b", 15_961)):

        def deliver(data: bytes, source: Endpoint, name: str = name) -> None:
            got.put_nowait((name, data, source))

        made.append(
            SctpSocket(loop, Listener(PROTO_SCTP, address, port), deliver, log, SctpOptions(), stats, Numbers())
        )
        made[-1].start()
    try:
        assert made[0].send(MESSAGE, Endpoint(PROTO_SCTP, address, 15_961))
        name, data, source = await asyncio.wait_for(got.get(), 5)
        assert (name, data, source.ip, source.port) == ("b", MESSAGE, address, 15_960) and source.connection
        assert made[1].send(b"SIP/2.0 200 OK\r\n\r\n....", source)
        assert (await asyncio.wait_for(got.get(), 5))[:2] == ("a", b"SIP/2.0 200 OK\r\n\r\n....")
        assert stats.opened == 2 and made[0].read_options()["autoclose"] == 180
    finally:
        for one in made:
            one.close()
