"""When tm blacklists a destination, and when it heeds the blacklist (parameters blst_*)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.blacklist import ERR_CONNECT, ERR_TIMEOUT, ICMP_RECEIVED, REPLY_503, blacklist_of
from siprouter.core.send_flags import forward_flags
from siprouter.sip.headers import parse_number
from siprouter.sip.names import H_RETRY_AFTER
from siprouter.transaction.base import NO_ANSWER, TRANSPORT_ERROR
from siprouter.transport.endpoint import PROTO_UDP

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.tm.state import Tm
    from siprouter.transaction.branch import Branch
    from siprouter.transaction.transaction import Transaction
    from siprouter.transport.endpoint import Endpoint

_METHODS = (
    "INVITE", "CANCEL", "ACK", "BYE", "INFO", "REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "OPTIONS", "PRACK",
    "UPDATE", "REFER", "PUBLISH",
)  # fmt: skip
METHOD_BITS = {name: 1 << number for number, name in enumerate(_METHODS)}
_OUR_VIA = re.compile(
    rb"([A-Z]+) [^\r\n]*\r\n(?:[^\r\n]*\r\n)*?Via: [^\r\n;]*;(?:[^\r\n;]*;)*?branch=([0-9A-Za-z.]+)", re.ASCII
)
OTHER_METHOD = 1 << len(_METHODS)


def method_bit(method: str) -> int:
    """The bit of a method in blst_methods_add and blst_methods_lookup."""
    return METHOD_BITS.get(method, OTHER_METHOD)


def is_avoided(tm: Tm, method: str, to: Endpoint, now: float) -> bool:
    """Whether a request should not be sent there."""
    blacklist = blacklist_of(tm.worker)
    if not blacklist.entries:
        return False
    return bool(tm.cfg.blst_methods_lookup & method_bit(method)) and blacklist.avoids(to, now)


def note_failure(tm: Tm, transaction: Transaction, branch: Branch, why: int, now: float) -> None:
    """A branch got no answer, or the transport reported an error."""
    if branch.target is None:
        return
    if why == TRANSPORT_ERROR:
        reason = ICMP_RECEIVED if branch.target.proto == PROTO_UDP else ERR_CONNECT
        blacklist_of(tm.worker).add(reason, branch.target, now)
    elif why == NO_ANSWER and tm.cfg.blst_methods_add & method_bit(transaction.method):
        blacklist_of(tm.worker).add(ERR_TIMEOUT, branch.target, now)


def note_undelivered(tm: Tm, data: bytes, to: Endpoint) -> bool:
    """ICMP says that a datagram did not arrive: the branch that sent this request has failed (RFC 3261 18.4).

    True where it was the request of a branch. Its identifier, which nobody else knows, must have come back.
    """
    found = _OUR_VIA.match(data)
    if found is None:
        return False
    branch = tm.table.find_branch(found[2].decode("ascii"))
    if branch is None or branch.owner is None or branch.owner.method != found[1].decode("ascii"):
        return False
    target = branch.target
    if target is None or (target.proto, target.ip, target.port) != (PROTO_UDP, to.ip, to.port):
        return False
    branch.on_send_error(to, ConnectionRefusedError("unreachable"))
    return True


def note_503(tm: Tm, branch: Branch, reply: Context) -> None:
    """A 503 came and blst_503 is on: its source is listed for as long as Retry-After and the settings say.

    Not where the request was sent with an ignore flag for that, or the reply route has set one.
    """
    cfg = tm.cfg
    header = reply.msg.get(H_RETRY_AFTER)
    seconds = cfg.blst_503_def_timeout
    if header is not None:
        end = header.start
        while end < header.end and 48 <= reply.msg.buf[end] <= 57:
            end += 1
        wanted = parse_number(reply.msg.buf, header.start, end)
        seconds = min(max(wanted, cfg.blst_503_min_timeout), cfg.blst_503_max_timeout)
    blacklist = blacklist_of(tm.worker)
    source = reply.source
    flags = forward_flags(reply.send_flags) | (branch.target.flags if branch.target is not None else 0)
    if seconds > 0 and blacklist.counts(REPLY_503, source.proto, flags):
        blacklist.force(REPLY_503, source.proto, source.ip, source.port, seconds, tm.worker.now())
