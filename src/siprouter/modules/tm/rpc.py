"""RPC commands of tm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.declare import ANY_WORKER, SUM_VALUES, Rpc, rpc
from siprouter.core.outgoing import reason_phrase
from siprouter.modules.tm.uac import LocalRequest, Wanted, dialog_route, start_request
from siprouter.rpc.later import Later
from siprouter.rpc.values import RpcError
from siprouter.sip.call_id import find_call_id
from siprouter.sip.message import Message, parse_message
from siprouter.sip.names import H_CALL_ID, H_CONTENT_LENGTH, H_CONTENT_TYPE, H_CSEQ, H_FROM, H_MAX_FORWARDS, H_TO, H_VIA
from siprouter.sip.uri import parse_uri
from siprouter.transport.endpoint import PROTO_IDS, PROTO_NONE, Listener
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes, to_str

if TYPE_CHECKING:
    from siprouter.modules.tm.state import Tm
    from siprouter.transaction.transaction import Transaction

NO_VALUE = ("", ".")
# Fields that we write ourselves: what a caller gives for them is taken into account, not copied
_OURS = (H_FROM, H_TO, H_CALL_ID, H_CSEQ, H_VIA, H_CONTENT_LENGTH, H_MAX_FORWARDS)
HASH_SIZE = 65536


# --- requests of our own


def find_listener(tm: Tm, text: str) -> Listener | None:
    """The listener that `[proto:]address[:port]` names; None for "" and ".". Raises RpcError."""
    if text in NO_VALUE:
        return None
    proto = PROTO_NONE
    head, colon, rest = text.partition(":")
    if colon and head.lower() in PROTO_IDS:
        proto, text = PROTO_IDS[head.lower()], rest
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, "0"
    if not port.isdigit():
        raise RpcError(400, f'Invalid send socket "{text}"')
    found: Listener | None = tm.worker.listeners.find(host.strip("[]"), int(port), proto)
    if found is None:
        raise RpcError(400, f'No local socket for "{text}"')
    return found


def check_uri(text: str, what: str) -> str:
    """`text` if it is a SIP URI. Raises RpcError."""
    try:
        if parse_uri(text).is_sip:
            return text
    except PeerError:
        pass
    raise RpcError(400, f'Invalid {what} uri "{text}"')


def scan_headers(method: str, headers: str) -> Message:
    """The given header lines as a message, with what they lack filled in. Raises RpcError."""
    lines = headers.replace("\r\n", "\n").replace("\n", "\r\n").strip("\r\n")
    names = {line.partition(":")[0].strip().lower() for line in lines.split("\r\n")}
    for long, short in (("To", "t"), ("From", "f")):
        if long.lower() not in names and short not in names:
            raise RpcError(400, f"{long} missing")
    text = f"{method} sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n{lines}\r\n"
    if "call-id" not in names and "i" not in names:
        text += "Call-ID: none\r\n"
    if "cseq" not in names:
        text += f"CSeq: 0 {method}\r\n"
    try:
        return parse_message(to_bytes(text + "\r\n"))
    except PeerError as error:
        raise RpcError(400, f"Invalid headers: {error.reason}") from None


def wanted_from(tm: Tm, method: str, uri: str, hop: str, socket: str, headers: str, body: str) -> Wanted:
    """The request that the six arguments of t_uac describe. Raises RpcError."""
    if not method or not method.replace("-", "").replace(".", "").isalnum():
        raise RpcError(400, "Invalid method")
    check_uri(uri, "request")
    if hop not in NO_VALUE:
        check_uri(hop, "next-hop")
    msg = scan_headers(method, headers)
    if body and msg.get(H_CONTENT_TYPE) is None:
        raise RpcError(400, "Content-Type missing")
    if body and msg.get(H_CONTENT_LENGTH) is not None:
        raise RpcError(400, "Content-Length disallowed")
    from_header, to_header = msg.get(H_FROM), msg.get(H_TO)
    assert from_header is not None and to_header is not None
    given = {header.id for header in msg.headers}
    call_id = msg.call_id if "\ncall-id:" in f"\n{headers.lower()}" or "\ni:" in f"\n{headers.lower()}" else ""
    kept = b"".join(msg.line(header) for header in msg.headers if header.id not in _OURS)
    return Wanted(
        method=method,
        uri=uri,
        from_=msg.value(from_header),
        to=msg.value(to_header),
        headers=kept,
        body=to_bytes(body),
        call_id=call_id,
        cseq=msg.cseq.number if H_CSEQ in given else 0,
        next_hop="" if hop in NO_VALUE else hop,
        socket=find_listener(tm, socket),
    )


def send(tm: Tm, wanted: Wanted) -> LocalRequest:
    """Start the request. Raises RpcError."""
    try:
        return start_request(tm, wanted)
    except PeerError as error:
        raise RpcError(error.status, error.reason) from None


def t_uac_start(tm: Tm, _call: Any, method: str, uri: str, hop: str, socket: str, headers: str, body: str = "") -> None:
    """tm.t_uac_start: send and do not wait."""
    send(tm, wanted_from(tm, method, uri, hop, socket, headers, body))


async def t_uac_wait(
    tm: Tm, _call: Any, method: str, uri: str, hop: str, socket: str, headers: str, body: str = ""
) -> list[int | str]:
    """tm.t_uac_wait: send, and give status, reason, request URI, next hop, Routes and the rest of the reply."""
    status, reply = await request_and_wait(tm, wanted_from(tm, method, uri, hop, socket, headers, body))
    return describe_result(tm, status, reply)


async def request_and_wait(tm: Tm, wanted: Wanted) -> tuple[int, Message | None]:
    """Send a request of ours and wait for its final reply (None: we made the status up). Raises RpcError."""
    done: Later[tuple[int, Message | None]] = Later()

    def finished(_local: LocalRequest, status: int, reply: Message | None) -> None:
        if status >= 200:
            done.supply((status, reply))

    wanted.on_reply = finished
    send(tm, wanted)
    return await done


def describe_result(tm: Tm, status: int, reply: Message | None) -> list[int | str]:
    """The six values of tm.t_uac_wait."""
    if reply is None:
        return [status, reason_phrase(status), "", "", "", ""]
    rest = reply.buf[reply.headers_start :].decode("utf-8", "surrogateescape")
    try:
        uri, hop, routes = dialog_route(reply) if 200 <= status < 300 else ("", "", [])
    except PeerError:
        uri, hop, routes = "", "", []
    return [status, reply.reason, uri, hop, f"Route: {', '.join(routes)}" if routes else "", rest]


# --- transactions that there are


def parse_ident(text: str) -> tuple[int, int]:
    """`hash:label`. Raises RpcError."""
    index, _, label = text.partition(":")
    if not index.isdigit() or not label.isdigit():
        raise RpcError(400, "Invalid transaction ID")
    return int(index), int(label)


def reply_in(tm: Tm, transaction: Transaction, status: int, reason: str, tag: str, headers: str, body: str) -> bool:
    """Reply in a transaction found by its identifier, with the given To tag, header lines and body."""
    ctx = transaction.context
    if ctx is None or transaction.request is None or not 100 <= status <= 699:
        return False
    if tag not in NO_VALUE:
        transaction.to_tag = tag
    lines = "" if headers in NO_VALUE else headers.replace("\r\n", "\n").strip("\n").replace("\n", "\r\n") + "\r\n"
    return tm.user.reply_locally(transaction, ctx, status, reason, tm.worker.now(), to_bytes(lines), to_bytes(body))


def reply(
    tm: Tm, _call: Any, status: int, reason: str, ident: str, tag: str, headers: str = "", body: str = ""
) -> None:
    """tm.reply"""
    transaction = tm.table.find_label(*parse_ident(ident))
    if transaction is None:
        raise RpcError(481, "No such transaction")
    if not reply_in(tm, transaction, status, reason, tag, headers, body):
        raise RpcError(500, "Reply failed")


def cancel(tm: Tm, _call: Any, call_id: str, cseq: str) -> list[int | str]:
    """tm.cancel"""
    transaction = tm.table.find_call(call_id, cseq)
    if transaction is None:
        raise RpcError(400, "Transaction not found")
    left = transaction.cancel_branches(b"", None, tm.worker.now())
    return [left, "branches remaining (waiting for timeout)"]


def stats(tm: Tm, _call: Any) -> dict[str, int]:
    """tm.stats"""
    counts = tm.table.stats
    return {
        "current": counts.current,
        "waiting": counts.waiting,
        "total": counts.created,
        "total_local": counts.local,
        "replied_locally": counts.generated,
        "6xx": counts.by_class[6],
        "5xx": counts.by_class[5],
        "4xx": counts.by_class[4],
        "3xx": counts.by_class[3],
        "2xx": counts.by_class[2],
    }


def bucket_counts(tm: Tm) -> tuple[dict[int, int], int]:
    """Present transactions by hash index (the lower half of the label), and how many there ever were."""
    present: dict[int, int] = {}
    for label in tm.table.by_label:
        index = label % HASH_SIZE
        present[index] = present.get(index, 0) + 1
    return present, tm.table.stats.created


def spread(prefix: str, counts: list[int], total: int) -> dict[str, int | float]:
    """Statistics of how `total` entries are spread over HASH_SIZE cells, `counts` being those that are not empty."""
    average = total / HASH_SIZE
    empty = HASH_SIZE - len(counts)
    most = max(counts, default=0)
    deviations = [abs(count - average) for count in counts]
    return {
        f"{prefix}_transactions": total,
        f"{prefix}_target_per_cell": average,
        f"{prefix}_min": 0 if empty else min(counts),
        f"{prefix}_max": most,
        f"{prefix}_worst_case_extra_cells": most - int(average),
        f"{prefix}_no_zero_cells": empty,
        f"{prefix}_no_deviating_cells": sum(1 for value in deviations if value > 1) + (empty if average > 1 else 0),
        f"{prefix}_deviation_sq_sum": sum(value * value for value in deviations) + empty * average * average,
    }


def hash_stats(tm: Tm, _call: Any) -> dict[str, int | float]:
    """tm.hash_stats"""
    present, ever = bucket_counts(tm)
    full, rest = divmod(ever, HASH_SIZE)
    accumulated = [full + 1] * rest + ([full] * (HASH_SIZE - rest) if full else [])
    return {
        "hash_size": HASH_SIZE,
        **spread("crt", list(present.values()), len(tm.table)),
        **spread("acc", accumulated, ever),
    }


def first_argument(call_id: str, *_: str) -> str:
    """The call that a command is about, where its first argument is the Call-ID."""
    return call_id


def given_call_id(method: str, uri: str, hop: str, socket: str, headers: str, *_: str) -> str:
    """The call that a request of the t_uac commands belongs to; "" where it is new."""
    lines = headers.replace("\r\n", "\n").strip("\n")
    return to_str(find_call_id(to_bytes(f"{method}\n{lines}\n\n")))


_UAC = 'method, request URI, next hop or ".", socket or ".", header lines, body'

RPCS: list[Rpc] = [
    rpc(
        "tm.cancel", cancel, "ss", help="cancel the branches of an INVITE: Call-ID, CSeq number", call_id=first_argument
    ),
    rpc(
        "tm.reply",
        reply,
        "dsss*ss",
        help="reply: status, reason, hash:label, To tag, header lines, body",
        workers=ANY_WORKER,
    ),
    rpc("tm.stats", stats, help="numbers of transactions", workers=SUM_VALUES),
    rpc("tm.hash_stats", hash_stats, help="how transactions are spread over hash indexes"),
    rpc("tm.t_uac_start", t_uac_start, "sssss*s", help=f"send a request: {_UAC}", call_id=given_call_id),
    rpc(
        "tm.t_uac_wait",
        t_uac_wait,
        "sssss*s",
        help=f"send a request and wait: {_UAC}",
        returns_array=True,
        call_id=given_call_id,
    ),
]
