"""Management commands of tmx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.tm import rpc as tm_rpc
from siprouter.rpc.mi import MiReply
from siprouter.rpc.values import RpcError

if TYPE_CHECKING:
    from siprouter.modules.tmx.state import Tmx

NO_VALUE = "."


async def t_uac_dlg(tmx: Tmx, method: str, uri: str, hop: str, socket: str, headers: str, body: str = "") -> MiReply:
    """Send a request and wait: `status reason`, request URI, next hop, Routes and the rest of the reply."""
    try:
        wanted = tm_rpc.wanted_from(tmx.tm, method, uri, hop, socket, headers, body)
    except RpcError as error:
        return MiReply(error.code, error.message)
    result = MiReply()
    try:
        status, reply = await tm_rpc.request_and_wait(tmx.tm, wanted)
    except RpcError as error:
        result.add(None, f"{error.code} {error.message}")
        return result
    values = tm_rpc.describe_result(tmx.tm, status, reply)
    result.add(None, f"{values[0]} {values[1]}")
    for value in values[2:]:
        result.add(None, value or NO_VALUE)
    return result


def t_uac_cancel(tmx: Tmx, call_id: str, cseq: str) -> MiReply:
    """Cancel the INVITE with this Call-ID and CSeq number."""
    transaction = tmx.tm.table.find_call(call_id, cseq)
    if transaction is None:
        return MiReply(481, "No such transaction")
    transaction.cancel_branches(b"", None, tmx.worker.now())
    return MiReply()


def t_hash(tmx: Tmx) -> MiReply:
    """For each hash index in use: transactions now (Current) and so far (Total)."""
    present, ever = tm_rpc.bucket_counts(tmx.tm)
    first = tmx.tm.table.first_label
    full, rest = divmod(ever, tm_rpc.HASH_SIZE)
    result = MiReply()
    for index in sorted(present):
        total = full + (1 if (index - first) % tm_rpc.HASH_SIZE < rest else 0)
        result.add(None, index).attribute("Current", present[index]).attribute("Total", total)
    return result


def t_reply(tmx: Tmx, code: str, reason: str, ident: str, tag: str, headers: str, body: str = "") -> MiReply:
    """Reply in a transaction found by its identifier."""
    if not code.isdigit() or not 100 <= int(code) <= 699:
        return MiReply(400, "Invalid reply code")
    try:
        index, label = tm_rpc.parse_ident(ident)
    except RpcError:
        return MiReply(400, "Invalid trans_id")
    transaction = tmx.tm.table.find_label(index, label)
    if transaction is None:
        return MiReply(404, "Transaction not found")
    if not tm_rpc.reply_in(tmx.tm, transaction, int(code), reason, tag, headers, body):
        return MiReply(500, "Reply failed")
    return MiReply()
