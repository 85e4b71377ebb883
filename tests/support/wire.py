"""A second, plain reading of SIP for the tests that look at real sockets: it shares no code with the product."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass

COMPACT = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
    "k": "supported", "s": "subject", "e": "content-encoding",
}  # fmt: skip


@dataclass
class Message:
    """A message as lines: start line, (lower-case name, value) pairs with lists split at commas, body."""

    start: str
    headers: list[tuple[str, str]]
    body: str = ""

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        """Of the request, or of the CSeq of a reply."""
        return self.start.split()[0] if self.is_request else self.value("cseq").split()[-1]

    @property
    def status(self) -> int:
        return 0 if self.is_request else int(self.start.split()[1])

    def all(self, name: str) -> list[str]:
        return [value for header, value in self.headers if header == name]

    def value(self, name: str) -> str:
        values = self.all(name)
        return values[0] if values else ""

    def tag(self, name: str) -> str:
        """The tag of From or To."""
        return self.value(name).partition(";tag=")[2].partition(";")[0]


LISTS = {"via", "route", "record-route", "contact", "path"}


def parse(data: bytes) -> Message:
    head, _, body = data.decode("utf-8", "surrogateescape").partition("\r\n\r\n")
    lines = head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        name = COMPACT.get(name, name)
        values = split_list(value) if name in LISTS else [value.strip()]
        headers += [(name, item) for item in values]
    return Message(lines[0], headers, body)


def split_list(value: str) -> list[str]:
    """Splits at the commas that stand neither in quotes nor in angle brackets."""
    found, depth, quoted, start = [], 0, False, 0
    for at, character in enumerate(value):
        if character == '"' and value[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted and character in "<>":
            depth += 1 if character == "<" else -1
        elif not quoted and not depth and character == ",":
            found.append(value[start:at].strip())
            start = at + 1
    return [*found, value[start:].strip()]


class Endpoint:
    """A SIP endpoint: one UDP socket, or one TCP or TLS connection to the router. Keeps what it receives, in order."""

    def __init__(
        self, name: str, router: tuple[str, int], proto: str = "udp", certificate: str = "", own: str = "127.0.0.1"
    ) -> None:
        """``certificate``: a file with the one to show, and its key; ``own``: the address to come from."""
        self.name = name
        self.proto = proto
        self.router = router
        kind = socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET6 if ":" in own else socket.AF_INET, kind)
        self.socket.bind((own, 0))
        if proto != "udp":
            self.socket.settimeout(5)
            self.socket.connect(router)
        if proto == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if certificate:
                context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_hostname="sip.test")
        self.host, self.port = self.socket.getsockname()[:2]
        self.received: list[Message] = []
        self.taken = 0
        self.pings = 0
        self.pending = b""

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def send(self, data: str | bytes) -> None:
        """Sends lines (ended by LF or CRLF) to the router."""
        if isinstance(data, str):
            data = data.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "surrogateescape")
        if self.proto == "udp":
            self.socket.sendto(data, self.router)
        else:
            self.socket.sendall(data)

    def next(self, seconds: float = 5.0) -> Message:
        """The next message not yet taken; fails where none comes."""
        while self.taken == len(self.received):
            self.socket.settimeout(seconds)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                history = "\n".join(message.start for message in self.received)
                text = f"{self.name} received nothing more within {seconds:.1f} s, after:\n{history}"
                raise AssertionError(text) from None
            self.take_in(data)
        self.taken += 1
        return self.received[self.taken - 1]

    def take_in(self, data: bytes) -> None:
        if self.proto == "udp":
            self.received.append(parse(data))
            return
        if not data:
            raise AssertionError(f"{self.name}: the router closed the connection")
        self.pending += data
        while b"\r\n\r\n" in self.pending:
            head, _, rest = self.pending.partition(b"\r\n\r\n")
            length = int(parse(head + b"\r\n\r\n").value("content-length") or 0)
            if len(rest) < length:
                return
            self.received.append(parse(head + b"\r\n\r\n" + rest[:length]))
            self.pending = rest[length:]

    def expect(self, what: str | int, seconds: float = 5.0, call: str = "", cseq: str = "") -> Message:
        """The next message that is this method (request) or status (reply); others before it stay in ``received``.

        ``call`` and ``cseq`` leave out those of another Call-ID or CSeq: late repetitions of what came before.
        """
        end = time.monotonic() + seconds
        while True:
            message = self.next(max(0.01, end - time.monotonic()))
            if (call and message.value("call-id") != call) or (cseq and message.value("cseq") != cseq):
                continue
            if (message.is_request and message.method == what) or message.status == what:
                return message

    def close(self) -> None:
        self.socket.close()
