"""UDP sockets to name servers, shared by questions where there are very many of them."""

import asyncio
import secrets
import socket

from siprouter.dns.hosts import Server
from siprouter.dns.wire import OtherAnswer, Response, WireError, parse_response

MAX_SOCKETS = 256  # to one server; questions beyond share them
MAX_OTHERS = 1000  # datagrams of a socket that answer none of its questions, before its questions are given up
MAX_BATCH = 64  # datagrams taken in one turn of the loop
MAX_UDP = 65535


class Channel:
    """A connected socket: the system picks its port at random and drops what comes from elsewhere.

    Each question on it has a random id of its own.
    """

    def __init__(self, channels: "Channels", server: Server) -> None:
        """Raises OSError."""
        self._channels = channels
        self.server = server
        self._loop = asyncio.get_running_loop()
        self._questions: dict[int, tuple[str, int, asyncio.Future[Response]]] = {}
        self._others = 0
        self._socket = socket.socket(socket.AF_INET6 if ":" in server[0] else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(server)
            self._loop.add_reader(self._socket.fileno(), self._readable)
        except BaseException:
            self._socket.close()
            raise

    def expect(self, name: str, type: int) -> tuple[int, "asyncio.Future[Response]"]:
        """A new id, and what will be the answer to a question with it."""
        number = secrets.randbelow(1 << 16)
        while number in self._questions:
            number = secrets.randbelow(1 << 16)
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._questions[number] = (name, type, answer)
        return number, answer

    def send(self, query: bytes) -> None:
        """Raises OSError; a full buffer loses the datagram as the network may."""
        try:
            self._socket.send(query)
        except BlockingIOError:
            pass

    def forget(self, number: int) -> None:
        """The question is answered or given up; without questions the socket is closed."""
        self._questions.pop(number, None)
        if not self._questions:
            self.close()

    def close(self) -> None:
        """Close the socket. Questions that are left hear of it."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._channels.closed(self)
            self._fail(ConnectionError("closed"))

    def _readable(self) -> None:
        for _ in range(MAX_BATCH):
            try:
                data = self._socket.recv(MAX_UDP)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:  # nothing listens there: an ICMP error came back
                self._fail(error)
                return
            self._take(data)
            if self._socket.fileno() < 0:
                return

    def _take(self, data: bytes) -> None:
        number = int.from_bytes(data[:2], "big")
        name, type, answer = self._questions.get(number, ("", 0, None)) if len(data) > 1 else ("", 0, None)
        if answer is not None and not answer.done():
            try:
                answer.set_result(parse_response(data, number, name, type))
                return
            except OtherAnswer:
                pass  # somebody guesses: the right answer may still come
            except WireError as error:
                answer.set_exception(error)
                return
        self._others += 1
        if self._others >= MAX_OTHERS:
            self._fail(OtherAnswer("too many forged answers"))

    def _fail(self, error: Exception) -> None:
        for _, _, answer in self._questions.values():
            if not answer.done():
                answer.set_exception(error)


class Channels:
    """The open channels of a client: one for each question, until there are very many of them."""

    def __init__(self) -> None:
        self._open: dict[Server, list[Channel]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    def open(self, server: Server) -> Channel:
        """A channel for one more question to a server. Raises OSError."""
        present = self._open.setdefault(server, [])
        if len(present) >= MAX_SOCKETS:
            return secrets.choice(present)
        try:
            channel = Channel(self, server)
        except OSError:
            if present:  # out of descriptors: share
                return secrets.choice(present)
            raise
        present.append(channel)
        return channel

    def closed(self, channel: Channel) -> None:
        """A channel has closed its socket."""
        present = self._open.get(channel.server, [])
        if channel in present:
            present.remove(channel)
        if not present:
            self._open.pop(channel.server, None)
