"""A small SIP phone on a UDP socket, driven step by step. It does what the demonstration needs, and no more."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, cast

from siprouter.core.outgoing import reason_phrase
from siprouter.sip.build import build_reply, build_request
from siprouter.sip.errors import MessageError
from siprouter.sip.message import Message, parse_message
from siprouter.sip.names import H_RECORD_ROUTE

SDP = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
MEDIA_PORT = 40000
STEP_TIMEOUT = 5.0

Address = tuple[str, int]
Note = Callable[["DemoPhone", bool, bytes], None]
"""called with the phone, whether it sends, and the octets"""


class DemoError(Exception):
    """A step of the demonstration did not end as it must."""


class DemoPhone(asyncio.DatagramProtocol):
    """A phone of one user at `server`. `note` sees every message."""

    def __init__(self, name: str, server: Address, note: Note) -> None:
        self.name = name
        self.server = server
        self.local: Address = ("", 0)
        self._note = note
        self._transport: asyncio.DatagramTransport | None = None
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._cseq = 0

    # --- the socket

    @classmethod
    async def open(cls, name: str, server: Address, note: Note) -> DemoPhone:
        """A phone on a free port of the server's host."""
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(lambda: cls(name, server, note), (server[0], 0))
        return phone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.local = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """See asyncio. What is no SIP message is passed over."""
        try:
            message = parse_message(data)
        except MessageError:
            return
        self._note(self, False, data)
        self._inbox.put_nowait(message)

    def close(self) -> None:
        """Closes the socket."""
        if self._transport is not None:
            self._transport.close()

    def _send(self, data: bytes) -> None:
        if self._transport is None:
            raise DemoError(f"{self.name} has no socket")
        self._note(self, True, data)
        self._transport.sendto(data, self.server)

    async def wait_for(self, method: str, status: int = 0) -> Message:
        """The next request with this method, or the next reply to it with this status. Raises DemoError.

        What comes before it is passed over, unless it is another final reply to the same method.
        """
        what = f"{status} ({method})" if status else method
        try:
            async with asyncio.timeout(STEP_TIMEOUT):
                while True:
                    message = await self._inbox.get()
                    if message.method != method or message.is_request != (status == 0):
                        continue
                    if message.status == status:
                        return message
                    if message.status >= 200:
                        raise DemoError(f"{self.name} got {message.status} {message.reason} in place of {what}")
        except TimeoutError:
            raise DemoError(f"{self.name} got no {what} within {STEP_TIMEOUT:g} seconds") from None

    # --- what it says

    def uri_of(self, name: str) -> str:
        """The URI of a user of the server."""
        return f"sip:{name}@{self.server[0]}:{self.server[1]}"

    @property
    def contact(self) -> str:
        """Our Contact value."""
        return f"<sip:{self.name}@{self.local[0]}:{self.local[1]}>"

    @property
    def sdp(self) -> bytes:
        """A session description."""
        return SDP.format(host=self.local[0], port=MEDIA_PORT).encode()

    def _via(self) -> bytes:
        branch = "z9hG4bK" + secrets.token_hex(8)
        return f"Via: SIP/2.0/UDP {self.local[0]}:{self.local[1]};branch={branch};rport\r\n".encode()

    def register(self) -> None:
        """REGISTER for ten minutes."""
        me = f"<{self.uri_of(self.name)}>"
        lines = f"Contact: {self.contact}\r\nExpires: 600\r\n".encode()
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        self._send(build_request("REGISTER", uri, self._via(), f"{me};tag={tag()}", me, new_call_id(), 1, lines))

    def invite(self, name: str) -> Dialog:
        """INVITE for another user; the dialog that may come of it."""
        dialog = Dialog(self, self.uri_of(name), new_call_id())
        lines = f"Contact: {self.contact}\r\nContent-Type: application/sdp\r\n".encode()
        self._send(
            build_request(
                "INVITE",
                dialog.target,
                self._via(),
                dialog.local,
                dialog.remote,
                dialog.call_id,
                dialog.cseq,
                lines,
                self.sdp,
            )
        )
        return dialog

    def reply(self, request: Message, status: int, to_tag: str = "", with_media: bool = False) -> None:
        """A reply; the body is our session description where `with_media` is set."""
        lines = f"Contact: {self.contact}\r\n".encode() if request.method == "INVITE" else b""
        if with_media:
            lines += b"Content-Type: application/sdp\r\n"
        body = self.sdp if with_media else b""
        self._send(build_reply(request, status, reason_phrase(status), to_tag, lines, body))


class Dialog:
    """The caller's side of a call."""

    def __init__(self, phone: DemoPhone, target: str, call_id: str) -> None:
        self.phone = phone
        self.target = target
        self.call_id = call_id
        self.cseq = 1
        self.local = f"<{phone.uri_of(phone.name)}>;tag={tag()}"
        self.remote = f"<{target}>"
        self.routes = b""

    def answered(self, reply: Message) -> None:
        """The 2xx reply tells the remote tag, the target and the route (RFC 3261 12.1.2)."""
        self.remote = f"<{reply.to.uri}>;tag={reply.to.tag}"
        contacts = reply.contacts()
        if contacts:
            self.target = contacts[0].uri
        values = [reply.value(header) for header in reply.all(H_RECORD_ROUTE)]
        self.routes = "".join(f"Route: {value}\r\n" for value in reversed(values)).encode()

    def acknowledge(self) -> None:
        """ACK for the 2xx."""
        self._send("ACK")

    def hang_up(self) -> None:
        """BYE."""
        self.cseq += 1
        self._send("BYE")

    def _send(self, method: str) -> None:
        phone = self.phone
        data = build_request(
            method, self.target, phone._via(), self.local, self.remote, self.call_id, self.cseq, self.routes
        )
        phone._send(data)


def tag() -> str:
    """A new tag."""
    return secrets.token_hex(4)


def new_call_id() -> str:
    """A new Call-ID."""
    return secrets.token_hex(8)
