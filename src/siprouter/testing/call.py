"""One side of a call: what a scripted phone has said and heard in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.message import Message, parse_message
from siprouter.testing.messages import CALL_HOST, Headers, build_message, reply_to, unique
from siprouter.testing.network import Messages, Sent

if TYPE_CHECKING:
    from siprouter.testing.phone import Phone

TARGET_REFRESH = ("INVITE", "UPDATE", "SUBSCRIBE")


class Call:
    """A dialog, or the attempt to make one.

    `status` is the last status seen (caller) or given (callee) for the INVITE, `statuses` are all of them. `requests`
    came within the dialog, `replies` came to what this side sent. `others` are further dialogs that a forked call made:
    each 2xx with another To tag is one.
    """

    def __init__(self, phone: Phone, outgoing: bool, call_id: str) -> None:
        self.phone = phone
        self.outgoing = outgoing
        self.call_id = call_id
        self.call_host = CALL_HOST
        self.local_tag = unique("tag-")
        self.remote_tag: str | None = None
        self.local_uri = phone.uri
        self.remote_uri = ""
        self.target = ""
        self.route_set: list[str] = []
        self.cseq = 1
        self.invite: bytes = b""
        self.status = 0
        self.statuses: list[int] = []
        self.ended = False
        self.requests = Messages()
        self.replies = Messages()
        self.others: list[Call] = []
        self.last_sent: bytes = b""
        self._invites: dict[int, Message] = {}

    @property
    def established(self) -> bool:
        """Whether the INVITE was accepted and nobody has hung up."""
        return 200 <= self.status < 300 and not self.ended

    # ---- what either side does

    def hang_up(self) -> None:
        """Send BYE."""
        self.send("BYE")
        self.ended = True

    def reinvite(self, body: str | None = None, headers: Headers | None = None) -> bytes:
        """Send an INVITE within the dialog (RFC 3261 14.1); the 2xx is acknowledged as `auto_ack` of the phone says."""
        return self.send("INVITE", body=self.phone.sdp if body is None else body, headers=headers)

    def send(
        self,
        method: str,
        *,
        cseq: int | None = None,
        body: str | bytes = b"",
        content_type: str | None = None,
        headers: Headers | None = None,
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
            call_host=self.call_host,
            cseq=cseq,
            route=self.route_set,
            contact=self.phone.contact if method in TARGET_REFRESH else None,
            headers=headers,
            body=body,
            content_type=content_type,
            sent_by=self.phone.sent_by,
            transport=self.phone.transport,
        )
        if method == "INVITE":
            self._invites[cseq] = parse_message(data)
        self._transmit(data)
        return data

    def resend(self) -> None:
        """Send the last message of this call once more, as a retransmission. AssertionError where there was none."""
        assert self.last_sent, "nothing was sent yet"
        self.phone.transmit(self.last_sent)

    def _transmit(self, data: bytes) -> None:
        self.last_sent = data
        self.phone.transmit(data)

    # ---- what the caller does

    def begin(self, uri: str, body: str, headers: Headers | None) -> None:
        """Send the INVITE."""
        self.remote_uri = self.target = uri
        self.invite = build_message(
            "INVITE",
            uri,
            from_=self.local_uri,
            from_tag=self.local_tag,
            call_id=self.call_id,
            call_host=self.call_host,
            contact=self.phone.contact,
            body=body,
            headers=headers,
            sent_by=self.phone.sent_by,
            transport=self.phone.transport,
        )
        self._invites[1] = parse_message(self.invite)
        self._transmit(self.invite)

    def cancel(self, headers: Headers | None = None) -> None:
        """Give up before an answer (RFC 3261 9.1)."""
        self._same_hop("CANCEL", parse_message(self.invite), None, headers)

    def ack(self, cseq: int | None = None) -> None:
        """Acknowledge a 2xx answer (RFC 3261 13.2.2.4), that of the newest INVITE where no CSeq number is given."""
        self.send("ACK", cseq=max(self._invites) if cseq is None else cseq)

    def _same_hop(self, method: str, invite: Message, to_tag: str | None, headers: Headers | None = None) -> None:
        """A request of the INVITE's own transaction: CANCEL, or ACK to a final error."""
        data = build_message(
            method,
            invite.uri,
            from_=self.local_uri,
            to=self.remote_uri,
            from_tag=self.local_tag,
            to_tag=to_tag,
            call_id=self.call_id,
            call_host=self.call_host,
            cseq=invite.cseq.number,
            branch=invite.via.branch,
            route=[invite.value(header) for header in invite.find("Route")],
            headers=headers,
            sent_by=self.phone.sent_by,
            transport=self.phone.transport,
        )
        self._transmit(data)

    # ---- what the callee does

    def ring(self, status: int = 180) -> None:
        """Answer provisionally."""
        self._reply(status)

    def progress(self, status: int = 183) -> None:
        """Answer provisionally with a session description: early media."""
        self._reply(status, body=self.phone.sdp)

    def answer(self, status: int = 200) -> None:
        """Accept the call."""
        self._reply(status, body=self.phone.sdp)

    def reject(self, status: int = 486, reason: str = "", headers: Headers | None = None) -> None:
        """Refuse the call."""
        self._reply(status, reason=reason, headers=headers)
        self.ended = True

    def redirect(self, *contacts: str, status: int = 302) -> None:
        """Send the caller elsewhere: Contact values, as "<sip:bob@10.0.0.9>;q=0.5"."""
        self.reject(status, headers={"Contact": contacts})

    def _reply(self, status: int, reason: str = "", body: str = "", headers: Headers | None = None) -> None:
        self.status = status
        self.statuses.append(status)
        contact = self.phone.contact if 100 < status < 300 else None
        self._transmit(
            reply_to(self.invite, status, reason, to_tag=self.local_tag, contact=contact, body=body, headers=headers)
        )

    # ---- what comes in

    def accept_invite(self, sent: Sent) -> None:
        """The INVITE of a call that comes in."""
        msg = sent.message
        self.invite = sent.data
        self.call_host = CALL_HOST if msg.call_id.endswith(CALL_HOST) else ""
        self.remote_tag = msg.from_.tag
        self.remote_uri = msg.from_.uri
        self.local_uri = msg.to.uri
        contacts = msg.contacts()
        self.target = contacts[0].uri if contacts else msg.from_.uri
        self.route_set = [msg.value(header) for header in msg.find("Record-Route")]

    def receive_reply(self, sent: Sent) -> None:
        """A reply to one of our requests."""
        self.replies.append(sent)
        msg = sent.message
        invite = self._invites.get(msg.cseq.number)
        if msg.cseq.method != "INVITE" or invite is None:
            return
        if msg.cseq.number == 1 and self.outgoing:
            self.status = msg.status
            self.statuses.append(msg.status)
        if msg.status >= 300:
            self._same_hop("ACK", invite, msg.to.tag or None)
            self.ended = self.ended or msg.cseq.number == 1
        elif msg.status >= 200:
            self._receive_success(sent, msg.cseq.number)

    def _receive_success(self, sent: Sent, cseq: int) -> None:
        msg = sent.message
        tag = msg.to.tag or None
        if self.remote_tag not in (None, tag) and cseq == 1:
            self._other_dialog(tag).receive_reply(sent)
            return
        self.remote_tag = tag
        contacts = msg.contacts()
        if contacts:
            self.target = contacts[0].uri
        if cseq == 1:
            self.route_set = [msg.value(header) for header in msg.find("Record-Route")][::-1]
        if self.phone.auto_ack:
            self.ack(cseq)

    def _other_dialog(self, tag: str | None) -> Call:
        """The dialog with this remote tag beside the first one (RFC 3261 13.2.2.4), a new one if there is none yet."""
        for other in self.others:
            if other.remote_tag == tag:
                return other
        other = Call(self.phone, True, self.call_id)
        other.local_tag = self.local_tag
        other.remote_tag = tag
        other.remote_uri, other.target, other.invite = self.remote_uri, self.target, self.invite
        other._invites[1] = self._invites[1]
        self.others.append(other)
        return other

    def receive_request(self, sent: Sent) -> None:
        """A request within the dialog, or the CANCEL of the INVITE. Answered as `on_request` of the phone says."""
        self.requests.append(sent)
        method = sent.method
        if method == "ACK":
            return
        if method == "CANCEL":
            self._transmit(reply_to(sent.data, 200))
            if self.phone.obeys_cancel and not any(status >= 200 for status in self.statuses):
                self.reject(487)
            return
        if method == "BYE":
            self.ended = True
        status = 200 if self.phone.on_request is None else self.phone.on_request(sent)
        if not status:
            return
        accepted = method in TARGET_REFRESH and 200 <= status < 300
        body = self.phone.sdp if method == "INVITE" and accepted else ""
        contact = self.phone.contact if accepted else None
        self._transmit(reply_to(sent.data, status, to_tag=self.local_tag, contact=contact, body=body))

    def matches(self, msg: Message) -> bool:
        """Whether a message belongs to this side of the call: Call-ID and our tag, or the branch of the INVITE."""
        if msg.call_id.removesuffix(CALL_HOST) != self.call_id:
            return False
        if not msg.is_request:
            return msg.from_.tag == self.local_tag
        if msg.to.tag:
            return msg.to.tag == self.local_tag
        return not self.outgoing and msg.via.branch == parse_message(self.invite).via.branch
