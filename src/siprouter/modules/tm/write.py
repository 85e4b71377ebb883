"""t_write_req() and t_write_unix(): hand the request to an application by FIFO or Unix socket, which answers by RPC.

The application gets 20 lines: version, `sip_request.` and the action, method, user and host of the request URI, our
address and port, the request URI as received, the one for later requests, From, To, Call-ID, From tag, To tag, CSeq
number, `hash:label` of the transaction, Routes for later requests, next hop, header lines up to a full stop, body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from siprouter.core.avp_names import parse_avp_name
from siprouter.core.values import to_text
from siprouter.modules.tm.hints import FORWARDED
from siprouter.sip.names import H_FROM, H_RECORD_ROUTE, H_TO, M_INFO, M_INVITE
from siprouter.transport.applications import WriteError, send_datagram, write_fifo
from siprouter.transport.endpoint import SIP_PORT
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.text import to_bytes, to_str

if TYPE_CHECKING:
    from siprouter.core.avp import AvpKey
    from siprouter.core.context import Context
    from siprouter.modules.tm.state import Tm
    from siprouter.sip.message import Message

VERSION = "0.3"
NO_VALUE = "."
MAX_SIZE = 65000

_ELEMENT = re.compile(r"(?:([^\s\[\]=;]+)\s*=\s*)?(avp|hdr|msg)\[([^\s\[\];]+)\]", re.IGNORECASE)


@dataclass
class Append:
    """What a tw_append adds: (title, AVP) and (title, header field), and whether the body is wanted."""

    lines: list[tuple[str, AvpKey | None, str]] = field(default_factory=list)
    body: bool = False


def parse_append(text: str) -> tuple[str, Append]:
    """`name:element;element…` as the parameter tw_append takes it. Raises OperatorError.

    An element is `avp[name]`, `hdr[name]` or `msg[body]`, with `title=` in front if it is not to be called that.
    """
    name, colon, rest = text.partition(":")
    if not colon or not name.strip() or not rest.strip():
        raise OperatorError(f"parameter tw_append of module tm: expected name:elements, found {text!r}")
    found = Append()
    for part in (piece.strip() for piece in rest.split(";")):
        match = _ELEMENT.fullmatch(part)
        if match is None:
            raise OperatorError(
                f"parameter tw_append of module tm: bad element {part!r}",
                suggestion="[title=]avp[name]|hdr[name]|msg[body]",
            )
        title, kind, inner = match.group(1), match.group(2).lower(), match.group(3)
        if kind == "avp":
            try:
                found.lines.append((title or inner.rpartition(":")[2], parse_avp_name(inner), ""))
            except ValueError as error:
                raise OperatorError(f"parameter tw_append of module tm: {error}") from None
        elif kind == "hdr":
            found.lines.append((title or inner, None, inner))
        elif inner.lower() == "body":
            found.body = True
        else:
            raise OperatorError(f"parameter tw_append of module tm: unknown {part!r}", suggestion="msg[body]")
    return name.strip().lower(), found


def append_lines(ctx: Context, append: Append) -> str:
    """The header lines of a tw_append for this request; what is not there is left out."""
    text = ""
    for title, key, header in append.lines:
        if key is not None:
            value = None if ctx.avp_store is None else ctx.avp_store.get(key[1], 0, key[0])
            if value is not None:
                text += f"{title}: {to_text(value)}\n"
        else:
            found = ctx.msg.find(header)
            if found:
                text += f"{title}: {ctx.msg.value(found[0])}\n"
    return text


def routes_for_later(msg: Message) -> tuple[str, str, str]:
    """(request URI, Routes, next hop) for later requests of the dialog, from Contact and Record-Route."""
    contacts = msg.contacts()
    target = str(contacts[0].uri) if contacts else str(msg.from_.uri)
    addresses = msg.addresses(H_RECORD_ROUTE)
    if not addresses:
        return target, "", NO_VALUE
    uris = [str(address.uri) for address in addresses]
    if addresses[0].parsed_uri.param("lr") is not None:
        return target, ",".join(f"<{uri}>" for uri in uris), uris[0]
    return uris[0], ",".join(f"<{uri}>" for uri in [*uris[1:], target]), NO_VALUE


def request_text(ctx: Context, action: str, append: Append) -> bytes:
    """The lines for the application. Raises PeerError for a request with a malformed header."""
    msg: Message = ctx.msg
    uri = ctx.parsed_uri
    listener = ctx.source.listener
    port = 0 if listener is None else listener.port
    target, routes, hop = routes_for_later(msg)
    label = ctx.transaction.label
    from_header, to_header = msg.get(H_FROM), msg.get(H_TO)
    assert from_header is not None and to_header is not None
    wants_body = append.body or msg.method_id in (M_INVITE, M_INFO)
    lines = [
        VERSION,
        f"sip_request.{action}",
        msg.method,
        uri.user,
        uri.host,
        "" if listener is None else listener.address,
        NO_VALUE if port == SIP_PORT else str(port),
        msg.uri,
        target,
        msg.value(from_header),
        msg.value(to_header),
        msg.call_id,
        msg.from_.tag,
        msg.to.tag,
        str(msg.cseq.number),
        f"{label & 0xFFFF}:{label}",
        routes or NO_VALUE,
        hop,
        f"P-MsgFlags: 0\n{append_lines(ctx, append)}.",
        to_str(msg.body) if wants_body else NO_VALUE,
    ]
    return to_bytes("\n".join(lines) + "\n")


def prepare(tm: Tm, ctx: Context, action: str) -> bytes | None:
    """What both functions do before they write; None, logged, when it cannot be done."""
    name, _, append = action.partition("/")
    if append and append.lower() not in tm.write_lines:
        tm.log.error("no tw_append is called %s", append, source="tm")
        return None
    if ctx.transaction is None:
        tm.log.error("t_write: no transaction", source="tm")
        return None
    try:
        data = request_text(ctx, name, tm.write_lines.get(append.lower(), Append()))
    except PeerError as error:
        tm.log.error("t_write: %s", error.reason, source="tm")
        return None
    return data if len(data) <= MAX_SIZE else None


def written(tm: Tm, ctx: Context) -> int:
    """The application has the request: wait for its answer as for that of a branch."""
    transaction: Any = ctx.transaction
    hints = tm.hints(ctx)
    tm.hints(transaction.context).save(ctx)
    transaction.add_blind_branch(tm.worker.now())
    hints.done |= FORWARDED
    return 1


def t_write_req(tm: Tm, ctx: Context, path: str, action: str) -> int:
    """Write the request to a FIFO."""
    data = prepare(tm, ctx, action)
    if data is None:
        return -1
    try:
        write_fifo(path, data)
    except WriteError as error:
        tm.log.error("%s", error, source="tm")
        return -1
    return written(tm, ctx)


async def t_write_unix(tm: Tm, ctx: Context, path: str, action: str) -> int:
    """Send the request to a Unix datagram socket, within unix_tx_timeout."""
    data = prepare(tm, ctx, action)
    if data is None:
        return -1
    try:
        await send_datagram(path, data, tm.cfg.unix_tx_timeout / 1000, tm.worker.sleep)
    except WriteError as error:
        tm.log.error("%s", error, source="tm")
        return -1
    return written(tm, ctx)
