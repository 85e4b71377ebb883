"""A server of several workers, endpoints whose packets reach any of them, and calls in great numbers."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import sys
from pathlib import Path
from typing import Any, Self
from zlib import crc32

from siprouter.rpc.addresses import parse_address
from siprouter.rpc.client import call
from siprouter.rpc.values import plain
from tests.support.ports import Ports
from tests.support.process import Process
from tests.support.wire import Endpoint

T1 = 0.5


def owner(call_id: str, count: int) -> int:
    """The worker that owns a call; the test's own reckoning."""
    return crc32(call_id.encode()) % count


def call_ids(index: int, count: int, prefix: str = "c") -> Any:
    """Call-IDs that belong to one worker."""
    return (name for number in itertools.count() if owner(name := f"{prefix}{number}@test", count) == index)


class Workers(Process):
    """A running server; ``text`` may say @PORT@ and @DIR@."""

    def __init__(self, text: str, folder: Path, ports: Ports, count: int | str = 2, *options: str) -> None:
        self.port = ports.take()
        self.config = folder / "router.cfg"
        self.folder = folder
        self.write(text)
        listen = [f"udp:127.0.0.1:{self.port}", f"tcp:127.0.0.1:{self.port}"]
        command = [sys.executable, "-m", "siprouter", "run", "-E", "-f", str(self.config)]
        command += [word for item in listen for word in ("-l", item)]
        super().__init__([*command, "--workers", str(count), *options], folder, "siprouter")

    def write(self, text: str) -> None:
        """Another configuration, for the next reload."""
        self.config.write_text(text.replace("@PORT@", str(self.port)).replace("@DIR@", str(self.folder)))

    def ready(self) -> None:
        self.wait_for("started with ", 60)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def rpc(self, name: str, *params: Any) -> Any:
        """The values of a command's reply as JSON types."""
        return plain(call(parse_address(f"unix:{self.folder}/ctl", "unix_stream"), name, list(params), 30.0))

    def rpc_value(self, name: str, *params: Any) -> Any:
        return self.rpc(name, *params)[0]

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [row["pid"] for row in self.rpc("core.workers")]

    def counter(self, group: str, name: str) -> int:
        return int(self.rpc_value("cnt.get", group, name))


class Scattered(Endpoint):
    """A UDP endpoint that sends each packet from another port: the system gives them to different workers."""

    def __init__(self, name: str, router: tuple[str, int], width: int = 8) -> None:
        super().__init__(name, router)
        self.others = []
        for _ in range(width):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind(("127.0.0.1", 0))
            self.others.append(sock)
        self.turn = itertools.cycle(self.others)

    def send(self, data: str | bytes) -> None:
        self.send_from(next(self.turn), data)

    def send_from(self, sock: socket.socket, data: str | bytes) -> None:
        if isinstance(data, str):
            data = data.replace("\r\n", "\n").replace("\n", "\r\n").encode()
        sock.sendto(data, self.router)

    def send_from_all(self, data: str | bytes) -> None:
        """The same packet from every port."""
        for sock in self.others:
            self.send_from(sock, data)

    def close(self) -> None:
        for sock in self.others:
            sock.close()
        super().close()


REQUEST = """\
{method} {uri} SIP/2.0
Via: SIP/2.0/UDP {address};branch=z9hG4bK{branch}
{routes}Max-Forwards: 70
From: <sip:caller@test>;tag={tag}
To: <sip:called@test>{to}
Call-ID: {call}
CSeq: {number} {method}
Contact: <sip:caller@{address}>
Content-Length: 0

"""


class Datagrams(asyncio.DatagramProtocol):
    """One socket of a traffic end."""

    def __init__(self, deliver: Any) -> None:
        self.deliver = deliver

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.deliver(data)


class Traffic:
    """Calls through the server: INVITE, 180, 200, ACK, BYE, 200, requests and replies repeated as RFC 3261 says.

    Every packet leaves from one of ``width`` ports. ``finished`` and ``lost`` hold Call-IDs.
    """

    def __init__(self, router: tuple[str, int], width: int = 8, patience: float = 8.0) -> None:
        self.router = router
        self.width = width
        self.patience = patience
        self.finished: list[str] = []
        self.lost: list[str] = []
        self.replies: dict[tuple[str, str], asyncio.Queue[bytes]] = {}
        self.acked: dict[str, asyncio.Event] = {}
        self.answered: dict[str, bytes] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.ends: list[Datagrams] = []
        self.numbers = itertools.count()
        self.prefix = os.urandom(4).hex()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self.caller = await self.socket(loop, self.at_caller)
        self.called = await self.socket(loop, self.at_called)
        self.spare = itertools.cycle([await self.socket(loop, lambda data: None) for _ in range(self.width)])
        self.caller_address = "{}:{}".format(*self.caller.transport.get_extra_info("sockname"))
        self.called_address = "{}:{}".format(*self.called.transport.get_extra_info("sockname"))
        return self

    async def socket(self, loop: asyncio.AbstractEventLoop, deliver: Any) -> Datagrams:
        _, end = await loop.create_datagram_endpoint(lambda: Datagrams(deliver), local_addr=("127.0.0.1", 0))
        self.ends.append(end)
        return end

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for end in self.ends:
            end.transport.close()

    def send(self, data: bytes) -> None:
        next(self.spare).transport.sendto(data, self.router)

    # --- the called side

    def at_called(self, data: bytes) -> None:
        method = data.split(b" ", 1)[0].decode()
        call = value(data, b"Call-ID")
        if method == "ACK":
            if call in self.acked:
                self.acked[call].set()
        elif method == "INVITE":
            if call not in self.acked:
                self.acked[call] = asyncio.Event()
                self.spawn(self.answer(data, call))
        else:
            self.send(reply(data, "200 OK", self.called_address))

    async def answer(self, invite: bytes, call: str) -> None:
        self.send(reply(invite, "180 Ringing", self.called_address))
        good = reply(invite, "200 OK", self.called_address)
        wait = T1
        while not self.acked[call].is_set() and wait < self.patience:
            self.send(good)
            try:
                async with asyncio.timeout(wait):
                    await self.acked[call].wait()
            except TimeoutError:
                wait *= 2

    # --- the calling side

    def at_caller(self, data: bytes) -> None:
        if not data.startswith(b"SIP/2.0 ") or data[8:9] == b"1":
            return
        queue = self.replies.get((value(data, b"Call-ID"), value(data, b"CSeq")))
        if queue is not None:
            queue.put_nowait(data)

    async def call(self, call: str) -> None:
        """One call; it is in ``finished`` or ``lost`` afterwards."""
        try:
            answer = await self.transaction(call, "INVITE", f"sip:called@{self.called_address}", 1)
            self.request(call, "ACK", f"sip:called@{self.called_address}", 1, answer)
            self.replies[call, "1 INVITE"] = again = asyncio.Queue()
            self.spawn(self.ack_again(call, again, answer))
            await self.transaction(call, "BYE", f"sip:called@{self.called_address}", 2, answer)
        except TimeoutError:
            self.lost.append(call)
        else:
            self.finished.append(call)

    async def ack_again(self, call: str, queue: asyncio.Queue[bytes], answer: bytes) -> None:
        while True:
            await queue.get()
            self.request(call, "ACK", f"sip:called@{self.called_address}", 1, answer)

    async def transaction(self, call: str, method: str, uri: str, number: int, answer: bytes = b"") -> bytes:
        """The 200 that comes back. TimeoutError where none does."""
        queue = self.replies[call, f"{number} {method}"] = asyncio.Queue()
        async with asyncio.timeout(self.patience):
            wait = T1
            while True:
                self.request(call, method, uri, number, answer)
                try:
                    async with asyncio.timeout(wait):
                        found = await queue.get()
                except TimeoutError:
                    wait *= 2
                    continue
                if found.startswith(b"SIP/2.0 200"):
                    return found
                raise TimeoutError

    def request(self, call: str, method: str, uri: str, number: int, answer: bytes) -> None:
        routes = "".join(f"Route: {line}\r\n" for line in reversed(values(answer, b"Record-Route")))
        to = value(answer, b"To").partition(">")[2] if answer else ""
        branch = f"{method}{number}{call}" if method != "ACK" else f"ack{call}"
        text = REQUEST.format(
            method=method,
            uri=uri,
            address=self.caller_address,
            branch=branch,
            routes=routes,
            call=call,
            tag=call.partition("@")[0],
            to=to,
            number=number,
        )
        self.send(text.replace("\r\n", "\n").replace("\n", "\r\n").encode())

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def run(self, rate: float, seconds: float) -> None:
        """Begins calls at a rate, and waits for the end of all."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        calls = []
        for number in range(int(rate * seconds)):
            delay = begin + number / rate - loop.time()
            if delay > 0:
                await asyncio.sleep(delay)
            calls.append(loop.create_task(self.call(f"{self.prefix}-{next(self.numbers)}@test")))
        await asyncio.gather(*calls)


def values(data: bytes, name: bytes) -> list[str]:
    """Values of a header, in order."""
    start = name.lower() + b":"
    lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line[len(start) :].strip().decode() for line in lines if line.lower().startswith(start)]


def value(data: bytes, name: bytes) -> str:
    """The first value of a header."""
    return (values(data, name) or [""])[0]


def reply(request: bytes, status: str, contact: str) -> bytes:
    """A reply to a request, To with a tag."""
    kept = list(request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:])
    lines = [f"SIP/2.0 {status}".encode()]
    for line in kept:
        name = line.partition(b":")[0].lower()
        if name in (b"via", b"from", b"call-id", b"cseq", b"record-route"):
            lines.append(line)
        elif name == b"to":
            lines.append(line if b"tag=" in line else line + b";tag=called")
    lines += [f"Contact: <sip:called@{contact}>".encode(), b"Content-Length: 0", b"", b""]
    return b"\r\n".join(lines)
