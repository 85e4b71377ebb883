"""All sockets of a worker as one outlet."""

import asyncio
import socket

import pytest

from siprouter.sip.errors import MessageError
from siprouter.transport.endpoint import PROTO_TCP, PROTO_TLS, PROTO_UDP, PROTO_WSS, Endpoint, Listener
from siprouter.transport.listeners import Listeners
from siprouter.transport.outlet import SocketOutlet
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log, Record

MESSAGE = b"OPTIONS sip:test SIP/2.0\r\nContent-Length: 0\r\n\r\n"


class Inbox:
    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Endpoint]] = asyncio.Queue()

    def receive(self, data: bytes, source: Endpoint) -> None:
        self.messages.put_nowait((data, source))

    def reject(self, rest: bytes, source: Endpoint, error: MessageError) -> None:
        raise AssertionError

    async def next(self) -> tuple[bytes, Endpoint]:
        return await asyncio.wait_for(self.messages.get(), 5)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def outlet(*listeners: Listener) -> tuple[SocketOutlet, Inbox, list[Record]]:
    mine = Listeners()
    for listener in listeners:
        mine.add(listener)
    inbox, records = Inbox(), list[Record]()
    return SocketOutlet(asyncio.get_running_loop(), mine, Log(records.append)), inbox, records


async def test_sends_by_protocol_and_listener() -> None:
    port = free_port()
    first, second = Listener(PROTO_UDP, "127.0.0.1", port), Listener(PROTO_UDP, "127.0.0.2", port)
    tcp = Listener(PROTO_TCP, "127.0.0.1", port)
    out, inbox, _ = outlet(first, second, tcp)
    await out.open(inbox)
    await out.start()
    assert out.send(MESSAGE, Endpoint(PROTO_UDP, "127.0.0.2", port))
    data, source = await inbox.next()
    assert (data, source.ip, source.port, source.listener) == (MESSAGE, "127.0.0.1", port, second)
    assert out.send(MESSAGE, Endpoint(PROTO_UDP, "127.0.0.1", port, 0, second))
    data, source = await inbox.next()
    assert (source.ip, source.port, source.listener) == ("127.0.0.2", port, first)
    assert out.send(MESSAGE, Endpoint(PROTO_TCP, "127.0.0.1", port))
    data, source = await inbox.next()
    assert (data, source.proto, source.listener) == (MESSAGE, PROTO_TCP, tcp)
    assert len(out.table) == 2 and out.stats.established == 2
    out.stop_receiving()
    assert out.send(MESSAGE, Endpoint(PROTO_UDP, "127.0.0.2", port))
    await out.close()
    assert not out.send(MESSAGE, Endpoint(PROTO_UDP, "127.0.0.2", port))


async def test_filters_change_what_is_sent() -> None:
    port = free_port()
    out, inbox, _ = outlet(Listener(PROTO_UDP, "127.0.0.1", port))
    out.filters.append(lambda data, to, msg: data.replace(b"test", b"changed"))
    out.filters.append(lambda data, to, msg: None)
    await out.open(inbox)
    await out.start()
    assert out.send(MESSAGE, Endpoint(PROTO_UDP, "127.0.0.1", port))
    assert (await inbox.next())[0] == MESSAGE.replace(b"test", b"changed")
    await out.close()


async def test_what_no_socket_can_send_fails_at_once() -> None:
    out, inbox, records = outlet(Listener(PROTO_UDP, "127.0.0.1", free_port()))
    await out.open(inbox)
    for to in (
        Endpoint(PROTO_UDP, "::1", 5060),
        Endpoint(PROTO_TLS, "127.0.0.1", 5061),
        Endpoint(PROTO_UDP, "127.0.0.1", 5060, 0, Listener(PROTO_UDP, "127.0.0.9", 5060)),
    ):
        records.clear()
        assert not out.send(MESSAGE, to)
        assert records[0].text == f"cannot send to {to}: no listening socket for it"
    await out.close()


async def test_opens_all_or_nothing() -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        out, inbox, _ = outlet(Listener(PROTO_UDP, "127.0.0.1", port), Listener(PROTO_TCP, "127.0.0.1", port))
        with pytest.raises(OperatorError, match="cannot listen on tcp"):
            await out.open(inbox)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))
    out, inbox, _ = outlet(Listener(PROTO_WSS, "127.0.0.1", port))
    with pytest.raises(OperatorError, match="TLS needs its module"):
        await out.open(inbox)
