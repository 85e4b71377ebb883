"""Stream connections on loopback, with real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from siprouter.transport.connections import ConnectionTable
from siprouter.transport.endpoint import (
    PROTO_TCP,
    SEND_CLOSE,
    SEND_FORCE_SOCKET,
    SEND_REUSE_ONLY,
    Endpoint,
    Listener,
)
from siprouter.transport.sockopts import StreamOptions
from siprouter.transport.tcp import StreamTransport
from siprouter.util.errors import OperatorError
from tests.support.streams import BODY, MESSAGE, Inbox, close, free_port, read


class Node(Inbox):
    """A listening transport with its inbox."""

    def __init__(self, options: StreamOptions) -> None:
        super().__init__()
        self.listener = Listener(PROTO_TCP, "127.0.0.1", free_port())
        self.tcp = StreamTransport(asyncio.get_running_loop(), self, self.log, options)
        self.transport = self.tcp

    def at(self, flags: int = 0) -> Endpoint:
        return Endpoint(PROTO_TCP, "127.0.0.1", self.listener.port, flags=flags)

    async def call(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.listener.port)


@asynccontextmanager
async def node(**options: float | bool | str) -> AsyncIterator[Node]:
    made = Node(StreamOptions(**options))  # type: ignore[arg-type]
    await made.tcp.listen(made.listener)
    await made.tcp.start()
    try:
        yield made
    finally:
        await made.tcp.close()
        assert len(made.tcp.table) == 0 and made.tcp.stats.queued == 0


async def test_receives_whole_messages_and_answers_on_the_connection() -> None:
    async with node() as here:
        reader, writer = await here.call()
        writer.write(MESSAGE + BODY[:20])
        data, source = await here.next()
        assert data == MESSAGE
        assert (source.ip, source.port) == writer.get_extra_info("sockname")
        assert source.connection != 0 and source.listener is here.listener
        writer.write(BODY[20:])
        assert await here.next() == (BODY, source)
        assert here.tcp.send(b"answer", source)
        assert await read(reader) == b"answer"
        await close(writer)


async def test_ping_is_answered_with_pong_only_where_wanted() -> None:
    async with node() as here:
        reader, writer = await here.call()
        writer.write(b"\r\n\r\n")
        assert await read(reader) == b"\r\n"
        here.tcp.options.crlf_ping = False
        writer.write(b"\r\n\r\n" + MESSAGE)
        _, source = await here.next()
        here.tcp.send(b"answer", source)
        assert await read(reader) == b"answer"
        await close(writer)


async def test_connects_once_and_keeps_the_order() -> None:
    async with node() as here, node() as there:
        sent = [MESSAGE.replace(b"test", b"test%d" % number) for number in range(50)]
        assert all(here.tcp.send(data, there.at(), here.failed()) for data in sent)
        received = [await there.next() for _ in sent]
        assert [data for data, _ in received] == sent
        assert len(here.tcp.table) == 1 and len(there.tcp.table) == 1
        assert here.failures.empty()
        there.tcp.send(b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", received[0][1])
        data, source = await here.next()
        assert data.startswith(b"SIP/2.0 200") and (source.ip, source.port) == ("127.0.0.1", there.listener.port)


async def test_a_reply_falls_back_from_id_to_address() -> None:
    async with node() as here, node() as there:
        here.tcp.send(MESSAGE, there.at())
        _, source = await there.next()
        gone = Endpoint(PROTO_TCP, source.ip, source.port, 4711, source.listener)
        assert there.tcp.send(MESSAGE, gone)
        await here.next()
        assert len(there.tcp.table) == 1


async def test_an_id_counts_only_where_it_leads_to_the_address() -> None:
    async with node() as here, node() as there:
        here.tcp.send(MESSAGE, there.at())
        _, source = await there.next()
        other = Endpoint(PROTO_TCP, "127.0.0.9", 0, source.connection, source.listener)
        assert not there.tcp.send(b"not for you", other)
        assert there.tcp.send(MESSAGE, Endpoint(PROTO_TCP, "127.0.0.1", 0, source.connection, source.listener))
        assert (await here.next())[0] == MESSAGE


async def test_refused_connection_tells_each_sender_once() -> None:
    async with node() as here:
        nowhere = Endpoint(PROTO_TCP, "127.0.0.1", free_port())
        assert here.tcp.send(MESSAGE, nowhere, here.failed())
        assert here.tcp.send(BODY, nowhere, here.failed())
        for _ in range(2):
            to, error = await here.next_failure()
            assert to is nowhere and isinstance(error, ConnectionRefusedError)
        assert here.failures.empty() and here.tcp.stats.connect_failed == 1


async def test_connect_timeout() -> None:
    # A full backlog answers no SYN: the connection hangs as to a host that is not there.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
            fillers.append(filler)
        async with node(connect_timeout=0.05) as here:
            assert here.tcp.send(MESSAGE, Endpoint(PROTO_TCP, *deaf.getsockname()), here.failed())
            _, error = await here.next_failure()
            assert isinstance(error, TimeoutError)
        for filler in fillers:
            filler.close()


async def test_what_may_not_connect_fails_at_once() -> None:
    async with node() as here, node() as there:
        assert not here.tcp.send(MESSAGE, there.at(flags=SEND_REUSE_ONLY))
        assert not here.tcp.send(MESSAGE, Endpoint(PROTO_TCP, "127.0.0.1", 0))
        assert not here.tcp.send(MESSAGE, Endpoint(PROTO_TCP, "localhost", there.listener.port))
        here.tcp.options.no_connect = True
        assert not here.tcp.send(MESSAGE, there.at())
        here.tcp.options.no_connect = False
        here.tcp.options.max_connections = 0
        assert not here.tcp.send(MESSAGE, there.at())
        assert here.tcp.stats.local_reject == 1


async def test_existing_connection_is_used_where_none_may_be_opened() -> None:
    async with node() as here, node() as there:
        here.tcp.send(MESSAGE, there.at())
        await there.next()
        assert here.tcp.send(BODY, there.at(flags=SEND_REUSE_ONLY))
        assert (await there.next())[0] == BODY


async def test_forced_socket_starts_from_its_address() -> None:
    async with node() as here, node() as there:
        other = Listener(PROTO_TCP, "127.0.0.2", 5060)
        assert here.tcp.send(MESSAGE, there.at())
        assert (await there.next())[1].ip == "127.0.0.1"
        assert here.tcp.send(
            MESSAGE, Endpoint(PROTO_TCP, "127.0.0.1", there.listener.port, 0, other, SEND_FORCE_SOCKET)
        )
        assert (await there.next())[1].ip == "127.0.0.2"
        assert len(here.tcp.table) == 2


async def test_source_address_of_the_settings() -> None:
    async with node(source_ipv4="127.0.0.3") as here, node() as there:
        assert here.tcp.send(MESSAGE, there.at())
        assert (await there.next())[1].ip == "127.0.0.3"


async def test_close_after_sending() -> None:
    async with node() as here:
        reader, writer = await here.call()
        writer.write(MESSAGE)
        _, source = await here.next()
        last = Endpoint(PROTO_TCP, source.ip, source.port, source.connection, source.listener, SEND_CLOSE)
        assert here.tcp.send(b"last", last)
        assert await read(reader) == b"last"
        assert await read(reader) == b""
        await close(writer)


async def test_close_after_sending_while_connecting() -> None:
    async with node() as here, node() as there:
        assert here.tcp.send(MESSAGE, there.at(flags=SEND_CLOSE))
        assert here.tcp.send(BODY, there.at())
        first, second = await there.next(), await there.next()
        assert {first[0], second[0]} == {MESSAGE, BODY}
        assert first[1].connection != second[1].connection


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n", 400),
        (b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n", 400),
        (b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 9999999\r\n\r\n", 513),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: a\r\n\r\n", 400),
        (b"x" * 70000, 513),
    ],
)
async def test_a_stream_that_cannot_be_followed_is_answered_and_closed(bad: bytes, status: int) -> None:
    async with node() as here:
        reader, writer = await here.call()
        writer.write(MESSAGE + bad + MESSAGE)
        assert (await here.next())[0] == MESSAGE
        assert await read(reader) == b"SIP/2.0 400 Bad\r\n\r\n"
        try:
            assert await read(reader) == b""
        except ConnectionResetError:
            pass  # we had not read all of it
        assert [found for _, found in here.rejected] == [status]
        assert here.messages.empty()
        await close(writer)


async def test_without_content_length_where_the_settings_allow() -> None:
    async with node(accept_no_cl=True) as here:
        _, writer = await here.call()
        bare = b"OPTIONS sip:a SIP/2.0\r\nTo: a\r\n\r\n"
        writer.write(bare + MESSAGE)
        assert [(await here.next())[0], (await here.next())[0]] == [bare, MESSAGE]
        await close(writer)


async def test_idle_connections_are_closed_and_traffic_keeps_them() -> None:
    async with node(connection_lifetime=0.2) as here:
        reader, writer = await here.call()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(3):
            writer.write(b"\r\n\r\n")
            assert await read(reader) == b"\r\n"
            await asyncio.sleep(0.1)
        try:
            assert await read(reader) == b""
        except ConnectionResetError:
            pass
        assert loop.time() - began >= 0.4
        assert here.tcp.stats.con_timeout == 1
        await close(writer)


async def test_a_connection_may_have_a_lifetime_of_its_own() -> None:
    async with node(connection_lifetime=60) as here:
        reader, writer = await here.call()
        writer.write(MESSAGE)
        _, source = await here.next()
        connection = here.tcp.table.get(source.connection)
        assert connection is not None
        connection.keep_for(0.05)
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert await read(reader) != b""
        await close(writer)


async def test_a_message_that_does_not_end_is_cut_off_in_spite_of_drops() -> None:
    async with node(message_timeout=0.2) as here:
        reader, writer = await here.call()
        writer.write(MESSAGE + BODY[:10])
        await here.next()
        for number in range(100):
            writer.write(b"xy\r\n"[number % 4 : number % 4 + 1])
            try:
                assert await asyncio.wait_for(reader.read(1), 0.05) == b""
            except TimeoutError:
                continue
            except ConnectionResetError:
                pass
            break
        assert "does not end its message" in here.records[-1].text
        await close(writer)


async def test_a_peer_that_does_not_read_fills_its_queue_only() -> None:
    async with node(conn_wq_max=100_000) as here:
        _, writer = await here.call()
        writer.write(MESSAGE)
        _, source = await here.next()
        chunk = bytes(60_000)
        sent = 0
        while here.tcp.send(chunk, source, here.failed()):
            sent += 1
            assert sent < 1000
        assert here.tcp.stats.sendq_full == 1
        failures = [await here.next_failure()]
        assert all(isinstance(error, BlockingIOError) for _, error in failures)
        assert here.tcp.table.get(source.connection) is None
        writer.transport.abort()


async def test_a_peer_that_does_not_read_in_time_is_given_up() -> None:
    async with node(send_timeout=0.1, conn_wq_max=10**9, wq_max=10**9) as here:
        _, writer = await here.call()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(MESSAGE)
        _, source = await here.next()
        for _ in range(200):
            assert here.tcp.send(bytes(60_000), source, here.failed())
        _, error = await here.next_failure()
        assert isinstance(error, TimeoutError)
        assert here.tcp.stats.send_timeout == 1
        writer.transport.abort()


async def test_all_queues_together_are_bounded() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        async with node(wq_max=1000, conn_wq_max=900) as here:
            first = Endpoint(PROTO_TCP, *deaf.getsockname())
            second = Endpoint(PROTO_TCP, "127.0.0.2", 9)
            assert here.tcp.send(bytes(800), first, here.failed())
            assert not here.tcp.send(bytes(300), second, here.failed())
            assert here.tcp.stats.queued == 800


async def test_connections_are_bounded() -> None:
    async with node(max_connections=1) as here:
        _, first = await here.call()
        first.write(MESSAGE)
        await here.next()
        reader, second = await here.call()
        try:
            assert await read(reader) == b""
        except ConnectionResetError:
            pass
        assert here.tcp.stats.local_reject == 1
        await close(first)
        await close(second)


async def test_alias_finds_the_connection_for_another_port() -> None:
    async with node() as here:
        reader, writer = await here.call()
        writer.write(MESSAGE)
        _, source = await here.next()
        assert here.tcp.table.add_alias(source.connection, 5071)
        assert here.tcp.send(b"by alias", Endpoint(PROTO_TCP, "127.0.0.1", 5071))
        assert await read(reader) == b"by alias"
        await close(writer)


async def test_one_message_that_raises_costs_only_itself() -> None:
    async with node() as here:

        def receive(data: bytes, source: Endpoint) -> None:
            if data == BODY:
                raise RuntimeError("boom")
            Inbox.receive(here, data, source)

        here.receive = receive  # type: ignore[method-assign]
        _, writer = await here.call()
        writer.write(BODY + MESSAGE)
        assert (await here.next())[0] == MESSAGE
        assert "RuntimeError: boom" in here.records[-1].text
        await close(writer)


async def test_ids_of_another_protocol_do_not_count() -> None:
    async with node() as here, node() as there:
        here.tcp.send(MESSAGE, there.at())
        await there.next()
        (connection,) = here.tcp.table
        connection.proto = 3
        assert not here.tcp.send(MESSAGE, Endpoint(PROTO_TCP, "127.0.0.1", 0, connection.id))
        connection.proto = PROTO_TCP


async def test_a_taken_port_is_an_operator_error() -> None:
    async with node() as here:
        other = StreamTransport(asyncio.get_running_loop(), here, here.log, table=ConnectionTable())
        with pytest.raises(OperatorError, match="Address already in use"):
            await other.listen(here.listener)


async def test_closing_gives_up_what_connects() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.create_connection(deaf.getsockname()) for _ in range(1)]
        async with node() as here:
            here.tcp.send(MESSAGE, Endpoint(PROTO_TCP, *deaf.getsockname()), here.failed())
            await here.tcp.close()
            _, error = await here.next_failure()
            assert isinstance(error, ConnectionAbortedError)
        for filler in fillers:
            filler.close()
