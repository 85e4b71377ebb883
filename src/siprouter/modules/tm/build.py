"""Requests that tm builds for a branch: forwarded ones, ACK and CANCEL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.late_edits import settle_edits
from siprouter.core.outgoing import route_lines, user_agent_line, via_line, via_notes
from siprouter.core.send_flags import ADD_LOCAL_RPORT, as_advertised
from siprouter.sip.build import build_ack, build_cancel, build_forward
from siprouter.sip.message import parse_message
from siprouter.sip.names import (
    H_CALL_ID,
    H_CONTENT_LENGTH,
    H_CSEQ,
    H_FROM,
    H_MAX_FORWARDS,
    H_RECORD_ROUTE,
    H_ROUTE,
    H_TO,
    H_USER_AGENT,
    H_VIA,
)
from siprouter.transport.endpoint import is_stream

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.tm.state import Tm
    from siprouter.sip.message import Message
    from siprouter.transaction.branch import Branch
    from siprouter.transport.endpoint import Endpoint

# Fields with a meaning of their own in ACK and CANCEL: ac_extra_hdrs does not copy them
_OWN_FIELDS = frozenset(
    (H_VIA, H_FROM, H_TO, H_CALL_ID, H_CSEQ, H_ROUTE, H_RECORD_ROUTE, H_MAX_FORWARDS, H_CONTENT_LENGTH, H_USER_AGENT)
)


class BranchInfo:
    """What tm keeps with a branch: how to build its request again for another target.

    `uri`, `path` and `edits` shape the request; `flags` are the branch flags; `forced` is the socket it must leave by;
    `send_flags` are those of the context when the branch was made; `msg` is what `edits` belong to, where that is not
    the request as received.
    """

    __slots__ = ("edits", "flags", "forced", "instance", "msg", "path", "send_flags", "uri")

    def __init__(
        self,
        uri: str | None,
        path: str | None,
        edits: list[Any],
        flags: int,
        forced: Any,
        instance: str | None,
        send_flags: int,
    ) -> None:
        self.uri = uri
        self.path = path
        self.edits = edits
        self.flags = flags
        self.forced = forced
        self.instance = instance
        self.send_flags = send_flags
        self.msg: Message | None = None


def build_branch(tm: Tm, ctx: Context, branch: Branch, info: BranchInfo, to: Endpoint) -> bytes:
    """The request as it leaves on a branch."""
    assert to.listener is not None
    msg = info.msg or ctx.msg
    listener = as_advertised(ctx, to.listener)
    received, rport = via_notes(tm.worker, msg, ctx.source, ctx.force_rport)
    return build_forward(
        msg,
        info.uri,
        via_line(listener, branch.via_branch, 0, info.send_flags & ADD_LOCAL_RPORT),
        settle_edits(ctx, info.edits, listener),
        received,
        rport,
        route_lines(info.path),
        is_stream(to.proto),
    )


def sent_request(tm: Tm, branch: Branch) -> Message:
    """The request that ACK and CANCEL are modelled on: as it went out, or (reparse_invite = 0) with the Routes that it
    came with."""
    assert branch.data is not None
    sent = parse_message(branch.data)
    owner: Any = branch.owner
    if tm.cfg.reparse_invite or owner is None or owner.context is None or branch.info is None:
        return sent
    request = owner.request
    via = sent.get(H_VIA)
    assert via is not None
    uri = None if branch.info.uri is None else branch.info.uri
    return parse_message(build_forward(request, uri, sent.line(via), []))


def extra_lines(tm: Tm, sent: Message) -> bytes:
    """User-Agent, and the header lines of the request that modules and ac_extra_hdrs ask for."""
    lines = user_agent_line(tm.worker) if getattr(tm.worker.settings, "server_signature", 1) else b""
    for name in tm.carried_headers:
        lines += b"".join(sent.line(header) for header in sent.find(name))
    prefix = tm.cfg.ac_extra_hdrs
    if prefix and tm.cfg.reparse_invite:
        wanted = str(prefix).lower()
        for header in sent.headers:
            if header.id not in _OWN_FIELDS and sent.name(header).lower().startswith(wanted):
                lines += sent.line(header)
    return lines


def build_hop_ack(tm: Tm, branch: Branch, reply: Message) -> bytes:
    """The ACK for a final reply other than 2xx."""
    sent = sent_request(tm, branch)
    return build_ack(sent, reply, extra_lines(tm, sent))


def build_hop_cancel(tm: Tm, branch: Branch, reason: bytes) -> bytes:
    """The CANCEL of a branch, with Reason lines."""
    sent = sent_request(tm, branch)
    return build_cancel(sent, extra_lines(tm, sent) + reason)
