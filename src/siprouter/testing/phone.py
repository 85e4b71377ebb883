"""Scripted phones: user agents that register, call, ring, answer, cancel and hang up through a node under test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.testing.call import Call
from siprouter.testing.messages import CALL_HOST, SDP, Headers, build_message, reply_to, unique
from siprouter.testing.network import Messages, Sent, parse_address
from siprouter.transport.endpoint import PROTO_NAMES, describe, url_host

if TYPE_CHECKING:
    from siprouter.testing.node import Node

ANSWERED_ANYWHERE = ("OPTIONS", "NOTIFY", "MESSAGE", "INFO", "PUBLISH")


class Phone:
    """A user agent at `address` ("10.0.0.1:5060", "tcp:10.0.0.1:5070").

    It does what the test tells it, and no more than a phone must: it acknowledges (`auto_ack`), answers CANCEL, BYE and
    other requests, and never sends anything again by itself (`Call.resend` does). `on_invite` decides what happens to a
    call that comes in: None leaves it unanswered, else it is called with the Call. `on_request` gives the status for
    any other request; 0 leaves it unanswered. With `obeys_cancel` False an INVITE stays open after its CANCEL.
    """

    def __init__(self, node: Node, user: str, address: str, domain: str = "example.org", server: str = "") -> None:
        """`server` names the listener that the phone talks to where there are several ("udp:127.0.0.1:5060")."""
        self.node = node
        self.user = user
        self.domain = domain
        self.address = address
        self.server = server
        self.proto, self.ip, self.port = parse_address(address)
        self.transport = PROTO_NAMES[self.proto].upper()
        self.sent_by = f"{url_host(self.ip)}:{self.port}"
        self.uri = f"sip:{user}@{domain}"
        suffix = "" if self.transport == "UDP" else f";transport={self.transport.lower()}"
        self.contact_uri = f"sip:{user}@{self.sent_by}{suffix}"
        self.contact = f"<{self.contact_uri}>"
        self.sdp = SDP.format(ip=self.ip)
        self.auto_ack = True
        self.obeys_cancel = True
        self.on_invite: Callable[[Call], Any] | None = None
        self.on_request: Callable[[Sent], int] | None = None
        self.received = Messages()
        self.keep_alives = 0
        """datagrams that only keep the way open: zero octets, line ends"""
        self.calls: list[Call] = []
        self.incoming: list[Call] = []
        self._register_call_id = unique("reg-")
        self._register_cseq = 0
        node.network.listeners[self.proto, self.ip, self.port] = self._receive
        node.network.names[describe(self.proto, self.ip, self.port)] = user

    def transmit(self, data: bytes) -> None:
        """Send bytes to the node, from this phone's address; they arrive with the next `settle` or `advance`."""
        self.node.enqueue(data, self.address, self.server)

    def register(self, expires: int = 3600, contact: str | None = None, headers: Headers | None = None) -> Sent:
        """Send REGISTER and give the reply to it. AssertionError where none came."""
        self._register_cseq += 1
        data = build_message(
            "REGISTER",
            f"sip:{self.domain}",
            from_=self.uri,
            to=self.uri,
            call_id=self._register_call_id,
            cseq=self._register_cseq,
            contact=self.contact if contact is None else contact,
            headers=[("Expires", str(expires)), *(headers.items() if isinstance(headers, dict) else headers or [])],
            sent_by=self.sent_by,
            transport=self.transport,
        )
        return self.ask(data)

    def unregister(self) -> Sent:
        """Remove this phone's contact."""
        return self.register(expires=0)

    def ask(self, data: bytes) -> Sent:
        """Send a request and give the last reply that came at once. AssertionError where none came."""
        before = len(self.received)
        self.transmit(data)
        self.node.settle()
        replies = self.received[before:].replies()
        assert replies, f"no reply to {data.split(b' ', 1)[0].decode()}"
        return replies[-1]

    def request(self, method: str, uri: str, **fields: Any) -> bytes:
        """A request from this phone outside of a call, built but not sent; fields as for `build_message`."""
        fields = {"from_": self.uri, "sent_by": self.sent_by, "transport": self.transport, **fields}
        return build_message(method, self._target(uri), **fields)

    def call(self, to: str, *, body: str | None = None, headers: Headers | None = None) -> Call:
        """Send INVITE to a URI or a user of the own domain; replies arrive as the node and the other phones act."""
        call = Call(self, True, unique("call-"))
        self.calls.append(call)
        call.begin(self._target(to), self.sdp if body is None else body, headers)
        self.node.settle()
        return call

    def _target(self, to: str) -> str:
        return to if ":" in to else f"sip:{to}@{self.domain}"

    def _receive(self, sent: Sent) -> None:
        if not sent.is_sip:
            self.keep_alives += 1
            return
        self.received.append(sent)
        msg = sent.message
        call = next((call for call in reversed(self.calls) if call.matches(msg)), None)
        if not msg.is_request:
            if call is not None:
                call.receive_reply(sent)
        elif msg.method == "INVITE" and not msg.to.tag:
            if call is None:  # else a retransmission
                self._receive_call(sent)
        elif call is not None:
            call.receive_request(sent)
        elif msg.method != "ACK":
            status = self.on_request(sent) if self.on_request else 200 if msg.method in ANSWERED_ANYWHERE else 481
            if status:
                self.transmit(reply_to(sent.data, status, to_tag=unique("tag-")))

    def _receive_call(self, sent: Sent) -> None:
        call = Call(self, False, sent.message.call_id.removesuffix(CALL_HOST))
        call.accept_invite(sent)
        self.calls.append(call)
        self.incoming.append(call)
        if self.on_invite is not None:
            self.on_invite(call)
