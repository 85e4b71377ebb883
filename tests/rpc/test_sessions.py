"""rpc/sessions.py: bytes in, replies out."""

from __future__ import annotations

import pytest

from siprouter.core.declare import rpc
from siprouter.core.worker import Worker
from siprouter.rpc.binrpc import FAULT, REPLY, PacketReader, build_packet, build_request, parse_fault, parse_values
from siprouter.rpc.sessions import BinrpcSession, FifoRpcSession, Session
from siprouter.rpc.values import RpcValue
from siprouter.util.log import Record


async def exchange(session: Session, data: bytes) -> bytes:
    return b"".join([reply async for reply in session.receive(data)])


def replies(data: bytes) -> list[tuple[int, int, list[RpcValue]]]:
    reader = PacketReader(1 << 30)
    reader.feed(data)
    found = []
    while (packet := reader.next()) is not None:
        found.append((packet.kind, packet.cookie, parse_values(packet.body)))
    return found


async def test_calls_are_answered_in_order(worker: Worker) -> None:
    session = BinrpcSession(worker)
    data = build_request(1, "sample.wait", ["x"]) + build_request(2, "sample.add", [1])
    assert replies(await exchange(session, data)) == [(REPLY, 1, ["x", "x"]), (REPLY, 2, [11])]
    assert not session.closed and not session.unfinished


async def test_call_in_two_pieces(worker: Worker) -> None:
    session = BinrpcSession(worker)
    data = build_request(9, "sample.add", [1])
    assert await exchange(session, data[:7]) == b""
    assert session.unfinished
    assert replies(await exchange(session, data[7:])) == [(REPLY, 9, [11])]


@pytest.mark.parametrize(
    ("request_packet", "fault"),
    [
        (build_request(3, "no.such"), [500, "command no.such not found"]),
        (build_request(3, "sample.fail", ["rpc"]), [410, "gone"]),
        (build_request(3, "sample.fail", ["crash"]), [500, "internal server error"]),
        (
            build_request(3, "sample.add", ["1"]),
            [400, "error at parameter 0: expected integer type but record doesn't match type"],
        ),
        (build_packet(0, 3, []), [400, "bad request method: end of packet encountered"]),
        (build_packet(1, 3, ["core.ps"]), [400, "bad request: corrupted packet"]),
        (bytes.fromhex("a1 00 02 03 11 61"), [400, "bad record"]),
    ],
)
async def test_faults_leave_the_connection_open(worker: Worker, request_packet: bytes, fault: list[RpcValue]) -> None:
    session = BinrpcSession(worker)
    data = request_packet + build_request(4, "sample.add", [1])
    assert replies(await exchange(session, data)) == [(FAULT, 3, fault), (REPLY, 4, [11])]


async def test_autoconversion(worker: Worker) -> None:
    session = BinrpcSession(worker, autoconvert=True)
    assert replies(await exchange(session, build_request(5, "sample.add", ["1"]))) == [(REPLY, 5, [11])]


async def test_bad_header_closes(worker: Worker) -> None:
    session = BinrpcSession(worker)
    data = build_request(1, "sample.add", [1]) + b"GET / HTTP/1.1\r\n"
    answered = replies(await exchange(session, data))
    assert answered == [(REPLY, 1, [11]), (FAULT, 0, [400, "bad request: corrupted packet"])]
    assert session.closed
    assert await exchange(session, build_request(1, "sample.add", [1])) == b""


async def test_reply_that_is_too_big(worker: Worker) -> None:
    session = BinrpcSession(worker, max_reply=50)
    answered = replies(await exchange(session, build_request(1, "core.echo", ["x" * 60])))
    assert answered == [(FAULT, 1, [500, "reply too big"])]


async def test_reply_that_cannot_be_built(worker: Worker, records: list[Record]) -> None:
    command = rpc("odd", lambda inst, call: float("nan"), help="gives no number")
    worker.registry.rpcs["odd"] = (command, None)
    reader = PacketReader()
    reader.feed(await exchange(BinrpcSession(worker), build_request(1, "odd")))
    packet = reader.next()
    assert packet is not None
    assert parse_fault(packet) == (500, "internal server error")
    assert "nan" in records[0].text


async def test_text_requests(worker: Worker) -> None:
    session = FifoRpcSession(worker)
    data = b":sample.add:reply\n1\n2 \n\n:core.echo:\na\\tb\n\n:no.such:\n\nbad\n\n:core.echo:\n\\q\n\n:sample.add:x"
    assert await exchange(session, data) == (
        b"200 OK\n3\n200 OK\na\\tb\n500 command no.such not found\n400 command must begin with ':'\n400 bad escape\n"
    )
    assert session.unfinished
    assert await exchange(session, b"\nx\n\n") == (
        b"400 error at parameter 0: expected integer type but record doesn't match type\n"
    )


async def test_text_reply_that_is_too_big(worker: Worker) -> None:
    assert await exchange(FifoRpcSession(worker, 10), b":core.echo:\nabcdefghi\n\n") == b"500 reply too big\n"
