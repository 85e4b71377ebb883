"""Selects of tm: `@tm.uas.status`, `@tm.uac[0].uri` and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.declare import Select, select
from siprouter.sip.names import M_ACK
from siprouter.util.text import to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.tm.state import Tm
    from siprouter.transaction.branch import Branch

Text = str | None


def present(_tm: Tm, ctx: Context) -> Text:
    """@tm: `hash:label` of the transaction."""
    found = ctx.transaction
    return None if found is None else f"{found.label & 0xFFFF}:{found.label}"


def method(_tm: Tm, ctx: Context) -> Text:
    """@tm.method"""
    return None if ctx.transaction is None else str(ctx.transaction.method)


def uas_status(_tm: Tm, ctx: Context) -> Text:
    """@tm.uas.status"""
    return None if ctx.transaction is None else str(ctx.transaction.status)


def uas_request(_tm: Tm, ctx: Context) -> Text:
    """@tm.uas.request: the request as received."""
    found = ctx.transaction
    return None if found is None or found.request is None else to_str(found.request.buf)


def uas_response(_tm: Tm, ctx: Context) -> Text:
    """@tm.uas.response: the last reply sent."""
    found = ctx.transaction
    return None if found is None or found.data is None else to_str(found.data)


def uas_local_to_tag(_tm: Tm, ctx: Context) -> Text:
    """@tm.uas.local_to_tag"""
    return None if ctx.transaction is None else ctx.transaction.to_tag or None


def uas_neg_ack_retransmission(_tm: Tm, ctx: Context) -> Text:
    """@tm.uas.request.neg_ack_retransmission: "1" for a repeated ACK to a negative reply, else "-1"."""
    found = ctx.transaction
    if found is None:
        return None
    again = ctx.msg.is_request and ctx.msg.method_id == M_ACK and found.status >= 300 and found.retransmit_at > ctx.now
    return "1" if again else "-1"


def uac_count(_tm: Tm, ctx: Context) -> Text:
    """@tm.uac.count"""
    return None if ctx.transaction is None else str(len(ctx.transaction.branches))


def uac_relayed(_tm: Tm, ctx: Context) -> Text:
    """@tm.uac.relayed: the branch whose reply was relayed, -1 none, -2 a reply of our own."""
    return None if ctx.transaction is None else str(ctx.transaction.relayed_branch)


def branch_at(ctx: Context, index: int) -> Branch | None:
    """A branch of the transaction by its number."""
    found = ctx.transaction
    if found is None or not 0 <= index < len(found.branches):
        return None
    branch: Branch = found.branches[index]
    return branch


def uac_last_status(_tm: Tm, ctx: Context) -> Text:
    """@tm.uac.last_status: of the branch that the present reply belongs to."""
    branch = branch_at(ctx, ctx.branch_index)
    return None if branch is None else str(branch.status)


def uac_response_retransmission(_tm: Tm, ctx: Context) -> Text:
    """@tm.uac.response_retransmission: "1" where the branch had this status or a higher one already, else "-1"."""
    branch = branch_at(ctx, ctx.branch_index)
    if branch is None or ctx.msg.is_request:
        return None
    return "1" if ctx.msg.status <= branch.status else "-1"


def uac_status(_tm: Tm, ctx: Context, index: int) -> Text:
    """@tm.uac[n].status"""
    branch = branch_at(ctx, index)
    return None if branch is None else str(branch.status)


def uac_uri(_tm: Tm, ctx: Context, index: int) -> Text:
    """@tm.uac[n].uri"""
    branch = branch_at(ctx, index)
    return None if branch is None else branch.uri


def uac_request(_tm: Tm, ctx: Context, index: int) -> Text:
    """@tm.uac[n].request: as it went out."""
    branch = branch_at(ctx, index)
    return None if branch is None or branch.data is None else to_str(branch.data)


def uac_response(_tm: Tm, ctx: Context, index: int) -> Text:
    """@tm.uac[n].response: the final reply that was kept."""
    branch = branch_at(ctx, index)
    return None if branch is None or branch.reply is None else to_str(branch.reply.msg.buf)


SELECTS: list[Select] = [
    select("tm", present, "identifier of the transaction"),
    select("tm.method", method, "its method"),
    select("tm.uas.status", uas_status, "status sent last"),
    select("tm.uas.req", uas_request, "request as received"),
    select("tm.uas.request", uas_request, "request as received"),
    select("tm.uas.resp", uas_response, "reply sent last"),
    select("tm.uas.response", uas_response, "reply sent last"),
    select("tm.uas.local_to_tag", uas_local_to_tag, "To tag of our own replies"),
    select("tm.uas.req.neg_ack_retransmission", uas_neg_ack_retransmission, "whether a negative ACK came again"),
    select("tm.uas.request.neg_ack_retransmission", uas_neg_ack_retransmission, "whether a negative ACK came again"),
    select("tm.uac.count", uac_count, "number of branches"),
    select("tm.uac.relayed", uac_relayed, "branch whose reply was relayed"),
    select("tm.uac.last_status", uac_last_status, "last status of the present branch"),
    select("tm.uac.response_retransmission", uac_response_retransmission, "whether the present reply came before"),
    select("tm.uac[%i].status", uac_status, "last status of a branch"),
    select("tm.uac[%i].uri", uac_uri, "request URI of a branch"),
    select("tm.uac[%i].req", uac_request, "request sent on a branch"),
    select("tm.uac[%i].request", uac_request, "request sent on a branch"),
    select("tm.uac[%i].resp", uac_response, "final reply of a branch"),
    select("tm.uac[%i].response", uac_response, "final reply of a branch"),
]
