"""Mailboxes between processes, tried within one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from siprouter.transport import mailbox
from siprouter.transport.connections import ConnectionTable
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Endpoint, Listener
from siprouter.transport.frames import CALL, MAX_FRAME, MESSAGE, build_record
from siprouter.transport.mailbox import Post, open_mailbox
from siprouter.transport.packed import EndpointCodec
from siprouter.transport.sharing import SharedConnections
from siprouter.transport.steering import Steering
from siprouter.util.hashing import call_shard
from siprouter.util.log import Log, Record

COUNT = 2
LISTENERS = [Listener(PROTO_UDP, "127.0.0.1", 5060), Listener(PROTO_TCP, "::1", 5062)]


class Team:
    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.records: list[Record] = []
        self.log = Log(self.records.append, 3)
        self.boxes = [open_mailbox() for _ in range(COUNT + 1)]
        writing = [pair[1] for pair in self.boxes]
        self.posts = [Post(loop, index, self.boxes[index][0], writing, self.log) for index in range(COUNT)]

    def close(self) -> None:
        for post in self.posts:
            post.close()
        for pair in self.boxes:
            for sock in pair:
                sock.close()


@pytest.fixture
async def team() -> AsyncIterator[Team]:
    made = Team()
    for post in made.posts:
        post.start()
    yield made
    made.close()


async def until(condition: object) -> None:
    for _ in range(10_000):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to that")


async def test_records_arrive_in_order_however_long_and_many(team: Team) -> None:
    found: list[bytes] = []
    team.posts[1].handlers[CALL] = lambda sender, payload: found.append(payload)
    sent = [bytes([number % 256]) * (number * 37 % 3000) for number in range(3000)] + [b"x" * MAX_FRAME * 5]
    for payload in sent:
        assert team.posts[0].send(1, CALL, payload)
    await until(lambda: len(found) == len(sent))
    assert found == sent
    assert team.posts[0].boxes[1].waiting == 0


async def test_messages_are_bounded_and_what_is_lost_is_counted(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "MAX_QUEUE", 10_000)
    team.posts[1].close()  # nobody reads
    box = team.posts[0].boxes[1]
    record = build_record(MESSAGE, 0, bytes(1000))
    for _ in range(10_000):
        if not box.put([record]):
            break
        await asyncio.sleep(0)
    assert box.full == 1 and box.waiting <= 10_000


async def test_a_handler_that_raises_costs_its_record_only(team: Team) -> None:
    found: list[bytes] = []

    def handle(sender: int, payload: bytes) -> None:
        if payload == b"bad":
            raise ValueError
        found.append(payload)

    team.posts[1].handlers[CALL] = handle
    for payload in (b"bad", b"good"):
        team.posts[0].send(1, CALL, payload)
    await until(lambda: found)
    assert found == [b"good"] and "record of kind" in team.records[0].text


class Sink:
    def __init__(self) -> None:
        self.received: list[tuple[bytes, Endpoint]] = []

    def receive(self, data: bytes, source: Endpoint) -> None:
        self.received.append((data, source))

    def receive_http(self, request: object, source: Endpoint) -> None:
        raise AssertionError

    def reject(self, rest: bytes, source: Endpoint, error: Exception) -> None:
        raise AssertionError


async def test_messages_go_to_their_owner_with_their_source(team: Team) -> None:
    sinks = [Sink(), Sink()]
    steering = [
        Steering(post, sink, EndpointCodec(LISTENERS), team.log) for post, sink in zip(team.posts, sinks, strict=True)
    ]
    source = Endpoint(PROTO_TCP, "2001:db8::1", 40000, 77, LISTENERS[1])
    ids = [f"call{number}".encode() for number in range(50)]
    big = b"x" * 100_000
    for call_id in ids:
        steering[0].receive(b"INFO sip:x SIP/2.0\r\ni: " + call_id + b"\r\n\r\n" + big, source)
    steering[0].receive(b"no message", source)
    theirs = [call_id for call_id in ids if call_shard(call_id, COUNT) == 1]
    await until(lambda: len(sinks[1].received) == len(theirs))
    assert len(sinks[0].received) == len(ids) - len(theirs) + 1
    assert all(data.endswith(big) for data, _ in sinks[1].received)
    found = sinks[1].received[0][1]
    assert found == Endpoint(PROTO_TCP, "2001:db8::1", 40000, 77, LISTENERS[1]) and found.listener is LISTENERS[1]
    assert (steering[0].handed_over, steering[1].taken) == (len(theirs), len(theirs))


class Connection:
    def __init__(self, port: int) -> None:
        self.id = 0
        self.proto = PROTO_TCP
        self.remote = ("192.0.2.1", port)
        self.local = ("127.0.0.1", 5060)
        self.reusable = True


class Outlet:
    def __init__(self, index: int) -> None:
        self.table: ConnectionTable[Connection] = ConnectionTable()
        self.table.number(index or COUNT, COUNT)
        self.sent: list[tuple[bytes, Endpoint]] = []
        self.works = True

    def send_own(self, data: bytes, to: Endpoint, on_error: object) -> bool:
        self.sent.append((data, to))
        return self.works


async def test_connections_of_others_are_known_and_written_to(team: Team) -> None:
    outlets = [Outlet(0), Outlet(1)]
    now = asyncio.get_running_loop().time
    shared = [
        SharedConnections(post, outlet, EndpointCodec(LISTENERS), now)  # type: ignore[arg-type]
        for post, outlet in zip(team.posts, outlets, strict=True)
    ]
    first, second = Connection(1000), Connection(2000)
    outlets[1].table.add(first)  # type: ignore[arg-type]
    outlets[1].table.add(second)  # type: ignore[arg-type]
    await until(lambda: len(shared[0]) == 2)
    assert outlets[0].table.elsewhere == 2 and (first.id % COUNT, second.id % COUNT) == (1, 1)
    assert shared[0].by_name(Endpoint(PROTO_TCP, "192.0.2.1", 1000)) == first.id
    assert shared[0].by_id(Endpoint(PROTO_TCP, "192.0.2.1", 0, second.id)) == second.id
    assert shared[0].by_id(Endpoint(PROTO_TCP, "192.0.2.99", 0, second.id)) == 0
    assert shared[0].add_alias(first.id, 5060, 1) and not shared[0].add_alias(4711, 5060, 1)
    await until(lambda: shared[0].by_name(Endpoint(PROTO_TCP, "192.0.2.1", 5060)) == first.id)

    errors: list[Exception] = []
    to = Endpoint(PROTO_TCP, "192.0.2.1", 1000)
    assert shared[0].send(first.id, b"data", to, lambda _, error: errors.append(error))
    await until(lambda: outlets[1].sent)
    assert outlets[1].sent[0] == (b"data", Endpoint(PROTO_TCP, "192.0.2.1", 1000, first.id))
    outlets[1].works = False
    assert shared[0].send(first.id, b"data", to, lambda _, error: errors.append(error))
    await until(lambda: errors)

    outlets[1].table.remove(second)  # type: ignore[arg-type]
    await until(lambda: len(shared[0]) == 1)
    newer = Connection(1000)
    outlets[0].table.add(newer)  # type: ignore[arg-type]
    await until(lambda: outlets[1].table.find(PROTO_TCP, "192.0.2.1", 1000) is None)
    assert shared[1].by_name(to) == newer.id
    shared[0].gone(1)
    assert len(shared[0]) == 0 and outlets[0].table.elsewhere == 0


async def test_a_new_worker_learns_what_there_is(team: Team) -> None:
    outlets = [Outlet(0), Outlet(1)]
    now = asyncio.get_running_loop().time
    old = SharedConnections(team.posts[1], outlets[1], EndpointCodec(LISTENERS), now)  # type: ignore[arg-type]
    assert len(old) == 0
    team.posts[0].handlers.clear()
    connection = Connection(1000)
    outlets[1].table.add(connection)  # type: ignore[arg-type]
    outlets[1].table.add_alias(connection.id, 5060)
    await asyncio.sleep(0.01)
    new = SharedConnections(team.posts[0], outlets[0], EndpointCodec(LISTENERS), now)  # type: ignore[arg-type]
    new.start()
    await until(lambda: new.by_name(Endpoint(PROTO_TCP, "192.0.2.1", 5060)) == connection.id)
    assert len(new) == 1
