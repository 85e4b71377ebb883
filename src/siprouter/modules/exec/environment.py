"""What programs find in their environment about the message."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from siprouter.modules.exec.command import ARGUMENT, Command
from siprouter.sip.names import (
    H_CALL_ID,
    H_CONTACT,
    H_CONTENT_ENCODING,
    H_CONTENT_LENGTH,
    H_CONTENT_TYPE,
    H_EVENT,
    H_FROM,
    H_REFER_TO,
    H_REFERRED_BY,
    H_SESSION_EXPIRES,
    H_SUBJECT,
    H_SUPPORTED,
    H_TO,
    H_VIA,
)
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.sip.message import Message

HEADER = "SIP_HF_"
NAMES = {
    H_CALL_ID: "CALLID",
    H_CONTACT: "CONTACT",
    H_CONTENT_ENCODING: "CONTENT_ENCODING",
    H_CONTENT_LENGTH: "CONTENT_LENGTH",
    H_CONTENT_TYPE: "CONTENT_TYPE",
    H_EVENT: "EVENT",
    H_FROM: "FROM",
    H_REFER_TO: "REFER_TO",
    H_REFERRED_BY: "REFERRED_BY",
    H_SESSION_EXPIRES: "SESSION_EXPIRES",
    H_SUBJECT: "SUBJECT",
    H_SUPPORTED: "SUPPORTED",
    H_TO: "TO",
    H_VIA: "VIA",
}
"""headers that are found under one name, however they are written"""
MAX_VALUE = 65536
"""octets of one variable; the system takes no more than twice as much"""


def variables(ctx: Context) -> dict[str, str]:
    """The variables about a message."""
    msg = ctx.msg
    found = {
        "SIP_SRCIP": ctx.source.ip,
        "SIP_RURI": ctx.uri,
        "SIP_ORURI": msg.uri,
        "SIP_TID": transaction_id(msg),
        "SIP_DID": msg.to.tag,
    }
    for name, uri in (("SIP_USER", ctx.uri), ("SIP_OUSER", msg.uri)):
        try:
            found[name] = parse_uri(uri).user
        except PeerError:
            continue
    for name, values in headers(msg).items():
        found.setdefault(HEADER + name, ",".join(values))
    return {name: harmless(value) for name, value in found.items()}


def arguments(command: Command) -> dict[str, str]:
    """The variables that a command refers to."""
    return {f"{ARGUMENT}{number}": harmless(value) for number, value in enumerate(command.values, 1)}


def headers(msg: Message) -> dict[str, list[str]]:
    """Values of the headers by their names as variables have them."""
    found: dict[str, list[str]] = {}
    for header in msg.headers:
        name = NAMES.get(header.id) or variable_name(msg.name(header))
        found.setdefault(name, []).append(msg.value(header))
    return found


def variable_name(name: str) -> str:
    """The name of a header in capital letters, everything but letters and digits as "_"."""
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in name.upper())


def transaction_id(msg: Message) -> str:
    """The same for a request, its retransmissions, its CANCEL, and the ACK for a failure."""
    parts = (msg.via.branch or "", msg.call_id, str(msg.cseq.number), msg.from_.tag)
    return hashlib.md5(to_bytes("\n".join(parts)), usedforsecurity=False).hexdigest()


def harmless(value: str) -> str:
    """`value` as the environment can hold it."""
    return value.replace("\0", "")[:MAX_VALUE]
