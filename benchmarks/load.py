"""The load: caller and callee in one busy loop, paced by the clock (``rate``) or by answers (``window``).

A load sends numbered requests and counts those that came to their end; what is not answered when nothing has come for
``patience`` seconds is lost.
"""

from __future__ import annotations

from array import array
from time import monotonic

from benchmarks.messages import in_dialog, invite, names, runs
from benchmarks.mmsg import DatagramLink, Link
from benchmarks.stream import StreamLink

RING = 1 << 18  # start times are kept for this many numbers
PATIENCE = 1.0
MOST_SAMPLES = 2_000_000


class Load:
    """One kind of load against one server. Subclasses say what a request is and what ends it."""

    def __init__(self, server: tuple[str, int], first: int, transport: str = "udp") -> None:
        self.server = server
        self.transport = transport
        self.uac = make_link(server, transport, False)
        self.uas = make_link(server, transport, True)
        self.number = first
        self.patience = PATIENCE
        self.started = 0
        self.finished = 0
        self.lost = 0
        self.bad = 0
        self.example = b""
        self.now = 0.0
        self.times = array("d", bytes(8 * RING))
        self.latencies: list[float] = []

    def run(self, seconds: float, rate: float, window: int, limit: int = 1_000_000_000_000) -> float:
        """Loads for ``seconds`` with ``rate`` requests a second (0: as many as can be), never more than ``window``
        unanswered at a time nor more than ``limit`` in all.

        Returns the seconds until the last answer; the counters say the rest.
        """
        self.started = self.finished = self.lost = self.bad = 0
        self.latencies = []
        begin = self.now = monotonic()
        end = begin + seconds
        last = begin
        seen = 0
        going = True
        while going or (self.finished + self.lost < self.started):
            if going:
                due = min(self.finished + self.lost + window, limit)
                if rate > 0:
                    due = min(due, int((self.now - begin) * rate))
                while self.started < due:
                    self.start()
                    self.started += 1
                self.uac.flush()
            self.poll()
            self.now = monotonic()
            going = self.now < end and self.started < limit
            if self.finished != seen:
                seen = self.finished
                last = self.now
            elif self.now - last > self.patience:
                self.lost = self.started - self.finished
                last = self.now
        return last - begin

    def poll(self) -> None:
        """Takes what has arrived at both ends, and sends what that asks for."""
        for slot in range(self.uas.receive()):
            self.at_uas(slot)
        self.uas.flush()
        for slot in range(self.uac.receive()):
            self.at_uac(slot)
        self.uac.flush()

    def start(self) -> None:
        """Sends the first message of the next request."""

    def at_uas(self, slot: int) -> None:
        """A message has come to the callee."""

    def at_uac(self, slot: int) -> None:
        """A message has come to the caller."""

    def begun(self) -> int:
        """The number of the request that begins now."""
        self.number += 1
        at = self.number & (RING - 1)
        self.times[at] = self.now
        return self.number

    def answered(self, number: int) -> bool:
        """Notes the latency of the request; False where it was answered before (retransmissions of a busy server)."""
        at = number & (RING - 1)
        begun = self.times[at]
        if begun == 0.0:
            return False
        self.times[at] = 0.0
        if len(self.latencies) < MOST_SAMPLES:
            self.latencies.append(monotonic() - begun)
        return True

    def unexpected(self, message: bytes) -> None:
        if not self.bad:
            self.example = message
        self.bad += 1

    def close(self) -> None:
        self.uac.close()
        self.uas.close()


def make_link(server: tuple[str, int], transport: str, listens: bool) -> Link:
    """An end of the load; of a stream transport one that ``listens`` waits for the server to connect."""
    return DatagramLink(server) if transport == "udp" else StreamLink(server, listens, transport == "tls")


class Forward(Load):
    """INVITEs that the server forwards without state; latency is from caller to callee."""

    def __init__(self, server: tuple[str, int], first: int, transport: str = "udp") -> None:
        super().__init__(server, first, transport)
        self.invite = bytearray(invite(self.uac.port, self.uas.port, transport))
        self.places = runs(bytes(self.invite), b"#")

    def start(self) -> None:
        stamp(self.invite, self.places, self.begun())
        self.uac.put(bytes(self.invite))

    def at_uas(self, slot: int) -> None:
        message = self.uas.message(slot)
        if self.answered(number_after(message, b"Call-ID: b")):
            self.finished += 1

    def at_uac(self, slot: int) -> None:
        self.unexpected(self.uac.message(slot))


class Calls(Load):
    """INVITE 180 200 ACK BYE 200 through the server; latency is from the INVITE to its 200."""

    def __init__(
        self, server: tuple[str, int], first: int, transport: str = "udp", target: str = "", users: int = 1
    ) -> None:
        """The calls go to the ``users`` of the URI ``target`` in turn (``@`` runs), or straight to the callee."""
        super().__init__(server, first, transport)
        uac, uas = self.uac.port, self.uas.port
        self.users = users
        self.invite = bytearray(invite(uac, uas, transport, target))
        self.places = runs(bytes(self.invite), b"#")
        self.user_places = runs(bytes(self.invite), b"@")
        self.ack = in_dialog("ACK", uac, uas, transport)
        self.bye = in_dialog("BYE", uac, uas, transport)
        self.contact = b"Contact: <sip:bob@127.0.0.1:%d%s>\r\n" % (uas, names(transport)["param"].encode())
        body = bytes(self.invite)[bytes(self.invite).index(b"\r\n\r\n") + 4 :]
        self.answer = b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def start(self) -> None:
        number = self.begun()
        stamp(self.invite, self.places, number)
        if self.user_places:
            stamp(self.invite, self.user_places, number % self.users)
        self.uac.put(bytes(self.invite))

    def at_uas(self, slot: int) -> None:
        message = self.uas.message(slot)
        if message.startswith(b"INVITE "):
            head = reply_head(message, b";tag=t%010d" % number_after(message, b"Call-ID: b"), True)
            self.uas.put(b"SIP/2.0 180 Ringing\r\n" + head + self.contact + b"Content-Length: 0\r\n\r\n")
            self.uas.put(b"SIP/2.0 200 OK\r\n" + head + self.contact + self.answer)
        elif message.startswith(b"BYE "):
            self.uas.put(b"SIP/2.0 200 OK\r\n" + reply_head(message, b"", False) + b"Content-Length: 0\r\n\r\n")
        elif not message.startswith(b"ACK "):
            self.unexpected(message)

    def at_uac(self, slot: int) -> None:
        message = self.uac.message(slot)
        if message.startswith(b"SIP/2.0 1"):
            return
        if not message.startswith(b"SIP/2.0 200 "):
            self.unexpected(message)
            return
        number = number_after(message, b"Call-ID: b")
        if message.find(b" BYE\r\n") >= 0:
            self.finished += 1
            return
        to = line(message, b"\r\nTo: ")
        routes = route_set(message)
        self.uac.put(numbered(self.ack, routes, to, number))
        if self.answered(number):
            self.uac.put(numbered(self.bye, routes, to, number))


class Ringing(Load):
    """INVITEs that ring for ever; latency is from the INVITE to its 180, where the request counts as done."""

    def __init__(self, server: tuple[str, int], first: int, transport: str = "udp") -> None:
        super().__init__(server, first, transport)
        self.invite = bytearray(invite(self.uac.port, self.uas.port, transport))
        self.places = runs(bytes(self.invite), b"#")

    def start(self) -> None:
        stamp(self.invite, self.places, self.begun())
        self.uac.put(bytes(self.invite))

    def at_uas(self, slot: int) -> None:
        message = self.uas.message(slot)
        if message.startswith(b"INVITE "):
            self.uas.put(
                b"SIP/2.0 180 Ringing\r\n" + reply_head(message, b";tag=t", True) + b"Content-Length: 0\r\n\r\n"
            )

    def at_uac(self, slot: int) -> None:
        message = self.uac.message(slot)
        if message.startswith(b"SIP/2.0 180 "):
            if self.answered(number_after(message, b"Call-ID: b")):
                self.finished += 1
        elif not message.startswith(b"SIP/2.0 100 "):
            self.unexpected(message)


def stamp(template: bytearray, places: list[int], number: int) -> None:
    """Writes the ten digits of ``number`` at each place."""
    first = places[0]
    for digit in range(9, -1, -1):
        template[first + digit] = 48 + number % 10
        number //= 10
    for place in places:
        if place != first:
            template[place : place + 10] = template[first : first + 10]


def numbered(pieces: tuple[bytes, bytes, bytes], routes: bytes, to: bytes, number: int) -> bytes:
    """An in-dialog request of its pieces, with the digits of its call."""
    message: bytes = pieces[0] + routes + pieces[1] + to + pieces[2]
    return message.replace(b"##########", b"%010d" % number)


def number_after(message: bytes, label: bytes) -> int:
    """The ten digits after ``label``."""
    at = message.find(label) + len(label)
    number = 0
    for digit in range(at, at + 10):
        number = number * 10 + message[digit] - 48
    return number


def line(message: bytes, start: bytes) -> bytes:
    """The header line that begins with ``start`` (CRLF and name), with its own CRLF."""
    at = message.find(start) + 2
    return message[at : message.find(b"\r\n", at) + 2]


def route_set(message: bytes) -> bytes:
    """Route lines for a dialog made by this reply: its Record-Route lines in reverse order (RFC 3261 12.1.2)."""
    routes = b""
    at = message.find(b"\r\nRecord-Route: ")
    while at >= 0:
        end = message.find(b"\r\n", at + 2)
        routes = b"Route: " + message[at + 16 : end + 2] + routes
        at = message.find(b"\r\nRecord-Route: ", end)
    return routes


def reply_head(message: bytes, tag: bytes, dialog: bool) -> bytes:
    """The lines that a reply copies from its request (RFC 3261 8.2.6.2), ``tag`` added to To."""
    head = b""
    at = message.find(b"\r\n") + 2
    while True:
        end = message.find(b"\r\n", at)
        if end <= at:
            return head
        first = message[at]
        if first == 84 and message.startswith(b"To: ", at):
            head += message[at:end] + tag + b"\r\n"
        elif (
            (first == 86 and message.startswith(b"Via: ", at))
            or (first == 70 and message.startswith(b"From: ", at))
            or (first == 67 and message.startswith((b"Call-ID: ", b"CSeq: "), at))
            or (first == 82 and dialog and message.startswith(b"Record-Route: ", at))
        ):
            head += message[at : end + 2]
        at = end + 2
