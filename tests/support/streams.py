"""What tests of stream transports share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from siprouter.sip.errors import MessageError
from siprouter.transport.endpoint import Endpoint, ErrorCallback
from siprouter.transport.http import HttpRequest
from siprouter.transport.tcp import StreamTransport
from siprouter.util.log import Log, Record

MESSAGE = b"OPTIONS sip:test SIP/2.0\r\nContent-Length: 0\r\n\r\n"
BODY = b"MESSAGE sip:test SIP/2.0\r\nContent-Length: 5\r\n\r\nhello"


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


class Inbox:
    """Collects what a transport delivers."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Endpoint]] = asyncio.Queue()
        self.requests: asyncio.Queue[tuple[HttpRequest, Endpoint]] = asyncio.Queue()
        self.rejected: list[tuple[bytes, int]] = []
        self.failures: asyncio.Queue[tuple[Endpoint, Exception]] = asyncio.Queue()
        self.records: list[Record] = []
        self.log = Log(self.records.append)
        self.transport: StreamTransport | None = None

    def receive(self, data: bytes, source: Endpoint) -> None:
        self.messages.put_nowait((data, source))

    def receive_http(self, request: HttpRequest, source: Endpoint) -> None:
        self.requests.put_nowait((request, source))

    def reject(self, rest: bytes, source: Endpoint, error: MessageError) -> None:
        self.rejected.append((rest, error.status))
        if self.transport is not None:
            self.transport.send(b"SIP/2.0 400 Bad\r\n\r\n", source)

    async def next(self) -> tuple[bytes, Endpoint]:
        return await asyncio.wait_for(self.messages.get(), 5)

    def failed(self) -> ErrorCallback:
        return lambda to, error: self.failures.put_nowait((to, error))

    async def next_failure(self) -> tuple[Endpoint, Exception]:
        return await asyncio.wait_for(self.failures.get(), 5)


async def read(reader: asyncio.StreamReader, size: int = 9999) -> bytes:
    return await asyncio.wait_for(reader.read(size), 5)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        pass


async def until(condition: Callable[[], bool]) -> None:
    """Returns once something is so. AssertionError where it is not after 5 seconds."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come to be so")
