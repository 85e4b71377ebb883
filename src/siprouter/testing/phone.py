"""Scripted phones: small user agents that register, call, ring, answer, cancel and hang up through a node under test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.sip.message import Message
from siprouter.testing.messages import SDP, Headers, build_message, reply_to, unique
from siprouter.testing.network import Sent, parse_address
from siprouter.transport.endpoint import PROTO_NAMES

if TYPE_CHECKING:
    from siprouter.testing.node import Node


class Call:
    """One side of a call. `status` is the last status seen (caller) or given (callee)."""

    def __init__(self, phone: Phone, outgoing: bool, call_id: str, local_tag: str) -> None:
        self.phone = phone
        self.outgoing = outgoing
        self.call_id = call_id
        self.local_tag = local_tag
        self.remote_tag: str | None = None
        self.local_uri = phone.uri
        self.remote_uri = ""
        self.target = ""
        self.route_set: list[str] = []
        self.cseq = 1
        self.invite: bytes = b""
        self.invite_branch = ""
        self.status = 0
        self.statuses: list[int] = []
        self.ended = False
        self.requests: list[Sent] = []
        """requests that came within the dialog"""

    # ---- what the caller does

    def cancel(self, headers: Headers | None = None) -> None:
        """Give up before an answer (RFC 3261 9.1)."""
        self._again("CANCEL", self.invite_branch, headers)

    def ack(self) -> None:
        """Acknowledge the 2xx answer (RFC 3261 13.2.2.4)."""
        self.send("ACK", cseq=self._invite_cseq())

    def hang_up(self) -> None:
        """Send BYE."""
        self.send("BYE")
        self.ended = True

    def send(
        self, method: str, *, cseq: int | None = None, body: str | bytes = b"", headers: Headers | None = None
    ) -> bytes:
        """Send a request within the dialog and give its bytes."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        data = build_message(
            method,
            self.target,
            from_=self.local_uri,
            to=self.remote_uri,
            from_tag=self.local_tag,
            to_tag=self.remote_tag,
            call_id=self.call_id,
            cseq=cseq,
            route=self.route_set,
            contact=self.phone.contact if method in ("INVITE", "UPDATE", "SUBSCRIBE") else None,
            headers=headers,
            body=body,
            sent_by=self.phone.sent_by,
            transport=self.phone.transport,
        )
        self.phone.transmit(data)
        return data

    # ---- what the callee does

    def ring(self, status: int = 180) -> None:
        """Answer provisionally."""
        self._reply(status)

    def answer(self, status: int = 200) -> None:
        """Accept the call."""
        self._reply(status, body=self.phone.sdp)

    def reject(self, status: int = 486, reason: str = "", headers: Headers | None = None) -> None:
        """Refuse the call."""
        self._reply(status, reason=reason, headers=headers)
        self.ended = True

    def _reply(self, status: int, reason: str = "", body: str = "", headers: Headers | None = None) -> None:
        self.status = status
        self.statuses.append(status)
        contact = self.phone.contact if 100 < status < 300 else None
        self.phone.transmit(
            reply_to(self.invite, status, reason, to_tag=self.local_tag, contact=contact, body=body, headers=headers)
        )

    # ---- what comes in

    def receive_reply(self, msg: Message) -> None:
        """A reply to one of our requests."""
        if msg.cseq.method != "INVITE":
            return
        self.status = msg.status
        self.statuses.append(msg.status)
        if msg.status < 200:
            return
        self.remote_tag = msg.to.tag or None
        if msg.status >= 300:
            self._again("ACK", self.invite_branch, None)
            self.ended = True
            return
        contacts = msg.contacts()
        if contacts:
            self.target = contacts[0].uri
        self.route_set = [msg.value(header) for header in msg.find("Record-Route")][::-1]
        if self.phone.auto_ack:
            self.ack()

    def receive_request(self, sent: Sent) -> None:
        """A request within the dialog: BYE and the rest are answered with 200, ACK is noted."""
        self.requests.append(sent)
        if sent.method == "ACK":
            return
        if sent.method == "CANCEL":
            self.phone.transmit(reply_to(sent.data, 200))
            if not any(status >= 200 for status in self.statuses):
                self.reject(487, "Request Terminated")
            return
        if sent.method == "BYE":
            self.ended = True
        self.phone.transmit(reply_to(sent.data, 200, to_tag=self.local_tag))

    def _again(self, method: str, branch: str, headers: Headers | None) -> None:
        """A request of the INVITE's own transaction: CANCEL, or ACK to a final error."""
        data = build_message(
            method,
            self.target,
            from_=self.local_uri,
            to=self.remote_uri,
            from_tag=self.local_tag,
            to_tag=self.remote_tag if method == "ACK" else None,
            call_id=self.call_id,
            cseq=self._invite_cseq(),
            branch=branch,
            headers=headers,
            sent_by=self.phone.sent_by,
            transport=self.phone.transport,
        )
        self.phone.transmit(data)

    def _invite_cseq(self) -> int:
        return self.cseq if not self.invite else self._cseq_of_invite

    _cseq_of_invite = 1


class Phone:
    """A user agent at `address` ("10.0.0.1:5060", "tcp:10.0.0.1:5070").

    `on_invite` decides what happens to a call that comes in: None leaves it unanswered, else it is called with the Call.
    """

    def __init__(self, node: Node, user: str, address: str, domain: str = "example.org") -> None:
        self.node = node
        self.user = user
        self.domain = domain
        self.address = address
        self.proto, self.ip, self.port = parse_address(address)
        self.transport = PROTO_NAMES[self.proto].upper()
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        self.sent_by = f"{host}:{self.port}"
        self.uri = f"sip:{user}@{domain}"
        suffix = "" if self.transport == "UDP" else f";transport={self.transport.lower()}"
        self.contact_uri = f"sip:{user}@{self.sent_by}{suffix}"
        self.contact = f"<{self.contact_uri}>"
        self.sdp = SDP.format(ip=self.ip)
        self.auto_ack = True
        self.on_invite: Callable[[Call], Any] | None = None
        self.received: list[Sent] = []
        self.keep_alives = 0
        """datagrams that only keep the way open: zero octets, line ends"""
        self.calls: dict[str, Call] = {}
        self.incoming: list[Call] = []
        self._register_call_id = unique("reg-")
        self._register_cseq = 0
        node.network.listeners[self.ip, self.port] = self._receive

    def transmit(self, data: bytes) -> None:
        """Send bytes to the node, from this phone's address."""
        self.node.enqueue(data, self.address)

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
        replies = [sent for sent in self.received[before:] if sent.status]
        assert replies, f"no reply to {data.split(b' ', 1)[0].decode()}"
        return replies[-1]

    def call(self, to: str, *, body: str | None = None, headers: Headers | None = None) -> Call:
        """Send INVITE to a URI or a user of the own domain; replies arrive as the node and the other phone act."""
        uri = to if ":" in to else f"sip:{to}@{self.domain}"
        call = Call(self, True, unique("call-"), unique("tag-"))
        call.remote_uri = call.target = uri
        call.invite_branch = unique("z9hG4bK-phone-")
        call.invite = build_message(
            "INVITE",
            uri,
            from_=self.uri,
            from_tag=call.local_tag,
            call_id=call.call_id,
            contact=self.contact,
            body=self.sdp if body is None else body,
            branch=call.invite_branch,
            headers=headers,
            sent_by=self.sent_by,
            transport=self.transport,
        )
        self.calls[call.call_id] = call
        self.transmit(call.invite)
        self.node.settle()
        return call

    def _receive(self, sent: Sent) -> None:
        if not sent.data.strip(b"\0\r\n"):
            self.keep_alives += 1
            return
        self.received.append(sent)
        msg = sent.message
        call = self.calls.get(msg.call_id.removesuffix("@test"))
        if not msg.is_request:
            if call is not None:
                call.receive_reply(msg)
        elif msg.method == "INVITE" and not msg.to.tag:
            self._receive_call(sent, call)
        elif call is not None:
            call.receive_request(sent)
        elif msg.method != "ACK":
            self.transmit(reply_to(sent.data, 200 if msg.method in ("OPTIONS", "NOTIFY", "MESSAGE") else 481))

    def _receive_call(self, sent: Sent, known: Call | None) -> None:
        if known is not None and not known.outgoing:
            return  # a retransmission
        msg = sent.message
        call = Call(self, False, msg.call_id.removesuffix("@test"), unique("tag-"))
        call.invite = sent.data
        call.remote_tag = msg.from_.tag
        call.remote_uri = msg.from_.uri
        call.local_uri = msg.to.uri
        contacts = msg.contacts()
        call.target = contacts[0].uri if contacts else msg.from_.uri
        call.route_set = [msg.value(header) for header in msg.find("Record-Route")]
        self.calls[call.call_id] = call
        self.incoming.append(call)
        if self.on_invite is not None:
            self.on_invite(call)
