"""What every message that leaves has in common: where replies go, our Via line, next hops, the reply phrases."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from siprouter.core.route_info import REPLY_BODY, SENDING, Sending
from siprouter.core.routes import ONSEND
from siprouter.core.send_flags import large_message_proto
from siprouter.sip.build import build_reply
from siprouter.sip.uri import U_SIPS, Uri, parse_uri
from siprouter.transport.endpoint import (
    PROTO_IDS,
    PROTO_NONE,
    PROTO_TCP,
    PROTO_TLS,
    PROTO_UDP,
    SIP_PORT,
    Endpoint,
    Listener,
    default_port,
    is_stream,
)
from siprouter.util.address import normalize_ip, same_ip
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.sip.message import Message
    from siprouter.sip.via import Via

REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
    199: "Early Dialog Terminated", 200: "OK", 202: "Accepted", 204: "No Notification",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
    410: "Gone", 412: "Conditional Request Failed", 413: "Request Entity Too Large", 414: "Request-URI Too Long",
    415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 417: "Unknown Resource-Priority",
    420: "Bad Extension", 421: "Extension Required", 422: "Session Interval Too Small", 423: "Interval Too Brief",
    424: "Bad Location Information", 428: "Use Identity Header", 429: "Provide Referrer Identity",
    430: "Flow Failed", 433: "Anonymity Disallowed", 436: "Bad Identity-Info", 437: "Unsupported Certificate",
    438: "Invalid Identity Header", 439: "First Hop Lacks Outbound Support", 440: "Max-Breadth Exceeded",
    469: "Bad Info Package", 470: "Consent Needed", 477: "Next Hop Not Reached", 478: "Unresolvable Destination",
    479: "Bad Next Hop URI", 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist",
    482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete", 485: "Ambiguous", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    493: "Undecipherable", 494: "Security Agreement Required",
    500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large", 580: "Precondition Failure",
    600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}  # fmt: skip
CLASS_REASONS = ("", "Provisional", "Success", "Redirection", "Request Failure", "Server Failure", "Global Failure")


MAX_WARNING = 256
"""octets of a Warning line"""


def setting(worker: Worker, name: str, default: Any) -> Any:
    """A core parameter, or `default` where the worker knows none of that name."""
    return worker.core.get(name, default)


def reason_phrase(status: int) -> str:
    """The usual reason phrase of a status."""
    return REASONS.get(status) or CLASS_REASONS[status // 100 if status < 700 else 6]


class NextHop:
    """Where a request is to go before any look-up. `host` is a name or an address without brackets; port 0: unknown."""

    __slots__ = ("host", "port", "proto", "secure")

    def __init__(self, host: str, port: int, proto: int, secure: bool) -> None:
        self.host = host
        self.port = port
        self.proto = proto
        self.secure = secure


class Target:
    """One address to try."""

    __slots__ = ("ip", "port", "proto")

    def __init__(self, proto: int, ip: str, port: int) -> None:
        self.proto = proto
        self.ip = ip
        self.port = port


class SingleTarget:
    """The plan of a next hop that needs no look-up."""

    __slots__ = ("target",)

    def __init__(self, target: Target) -> None:
        self.target: Target | None = target

    def next(self) -> Target | None:
        """The target, once."""
        target = self.target
        self.target = None
        return target


def next_hop(uri: str | Uri, proto: int = PROTO_NONE) -> NextHop:
    """The next hop that a sip or sips URI names (RFC 3263 4.1); `proto` overrides its transport.

    Raises PeerError(479) for a URI that is malformed or no SIP URI.
    """
    try:
        parsed = parse_uri(uri) if isinstance(uri, str) else uri
    except PeerError as error:
        raise PeerError(479, "Bad Next Hop URI") from error
    if not parsed.is_sip or not parsed.host:
        raise PeerError(479, "Bad Next Hop URI")
    host = parsed.host
    if parsed.params:
        if proto == PROTO_NONE:
            transport = parsed.transport
            proto = PROTO_IDS.get(transport, PROTO_NONE) if transport else PROTO_NONE
            if transport and proto == PROTO_NONE:
                raise PeerError(478, "Unknown Transport")
        host = parsed.param("maddr") or host
    return NextHop(without_brackets(host), parsed.port, proto, parsed.kind == U_SIPS)


def without_brackets(host: str) -> str:
    """An IPv6 reference as address, any other host as it is."""
    return host.strip("[]") if host.startswith("[") else host


def next_hop_of_via(via: Via) -> NextHop:
    """Where a Via says that replies go (RFC 3261 18.2.2, RFC 3581): `received` and `rport` before the sent-by."""
    proto = PROTO_IDS.get(via.transport.lower(), PROTO_UDP)
    host = via.maddr or via.received or via.host
    port = via.rport if via.rport > 0 and not via.maddr else via.port
    return NextHop(without_brackets(host), port, proto, False)


def literal_target(hop: NextHop) -> Target | None:
    """The target of a next hop that is an address, None for a name."""
    ip = normalize_ip(hop.host)
    if ip is None:
        return None
    proto = hop.proto or PROTO_UDP
    if hop.secure and proto in (PROTO_UDP, PROTO_TCP):
        proto = PROTO_TLS
    return Target(proto, ip, hop.port or default_port(proto))


def endpoint_for(
    worker: Worker, target: Target, forced: Listener | None, received: Listener | None, flags: int = 0
) -> Endpoint | None:
    """The endpoint to send to, with the listener to send from and endpoint flags; None where no listener fits."""
    listeners = worker.listeners
    listener = listeners.choose(target.proto, target.ip, forced, received)
    if listener is None:
        return None
    return Endpoint(target.proto, target.ip, target.port, 0, listener, flags)


def endpoint_for_large(
    worker: Worker, to: Endpoint, size: int, send_flags: int, forced: Listener | None
) -> Endpoint | None:
    """The endpoint for a request of `size` octets that is too large for the UDP endpoint `to` (RFC 3261 18.1.1), as
    udp_mtu and udp_mtu_try_proto say; `send_flags` are those of the context. None: `to` is right."""
    if to.proto != PROTO_UDP:
        return None
    limit = setting(worker, "udp_mtu", 0)
    if not limit or size <= limit:
        return None
    proto = large_message_proto(send_flags) or setting(worker, "udp_mtu_try_proto", PROTO_NONE)
    if not is_stream(proto):
        return None
    return endpoint_for(worker, Target(proto, to.ip, to.port), forced, None, to.flags)


def reply_target(worker: Worker, msg: Message, source: Endpoint, force_rport: bool, flags: int = 0) -> Endpoint:
    """Where the replies to a received request go (RFC 3261 18.2.2, RFC 3581): the connection it came by, or the
    source address with the port of the Via, or of the source where rport or `force_rport` say so.

    A connection that is gone is opened again to the port of the Via: nothing listens where the old one came from.
    `flags` are endpoint flags to put in.
    """
    via = msg.via
    if is_stream(source.proto):
        port = via.port or default_port(source.proto)
        if port == source.port or source.proto not in (PROTO_TCP, PROTO_TLS):
            return flagged(source, flags)
        return Endpoint(source.proto, source.ip, port, source.connection, source.listener, source.flags | flags)
    ip = source.ip
    if force_rport or via.rport >= 0 or setting(worker, "force_rport", 0):
        port = source.port
    else:
        port = via.port or SIP_PORT
    if via.maddr or setting(worker, "reply_to_via", 0):
        ip = normalize_ip(via.maddr or via.host) or ip
        port = via.port or SIP_PORT
    if ip == source.ip and port == source.port:
        return source
    return Endpoint(source.proto, ip, port, source.connection, source.listener)


def flagged(to: Endpoint, flags: int) -> Endpoint:
    """`to` with endpoint flags added."""
    if to.flags | flags == to.flags:
        return to
    return Endpoint(to.proto, to.ip, to.port, to.connection, to.listener, to.flags | flags)


def via_notes(worker: Worker, msg: Message, source: Endpoint, force_rport: bool) -> tuple[str, int]:
    """What to note in the sender's Via: (received, rport); "" and 0 for nothing."""
    via = msg.via
    if force_rport or via.rport >= 0 or setting(worker, "force_rport", 0):
        # RFC 3581 section 4: with rport goes received, be it the same address
        return source.ip, source.port
    if via.received or (via.host != source.ip and not same_ip(via.host, source.ip)):
        return source.ip, 0
    return "", 0


def via_line(listener: Listener, branch: str, connection: int = 0, rport: int = 0) -> bytes:
    """Our Via line for a request that leaves by `listener`; `connection` is the one that replies go back by; where
    `rport` is not 0, it asks for the port that the request comes from (RFC 3581)."""
    line = listener.via_start + branch.encode()
    if connection:
        line = b"%b;i=%x" % (line, connection)
    return line + b";rport\r\n" if rport else line + b"\r\n"


def route_lines(path: str | None) -> bytes:
    """The Route line for a path vector."""
    return b"Route: %b\r\n" % path.encode("utf-8", "surrogateescape") if path else b""


def server_line(worker: Worker) -> bytes:
    """The Server line of our replies; empty where it is switched off."""
    if not setting(worker, "server_signature", 1):
        return b""
    line = setting(worker, "server_header", None)
    return (str(line) if line else "Server: siprouter").encode("utf-8", "surrogateescape") + b"\r\n"


def user_agent_line(worker: Worker) -> bytes:
    """The User-Agent line of our requests."""
    line = setting(worker, "user_agent_header", None)
    return (str(line) if line else "User-Agent: siprouter").encode("utf-8", "surrogateescape") + b"\r\n"


def build_own_reply(
    ctx: Context, msg: Message, status: int, reason: str | None, to_tag: str, headers: bytes = b"", body: bytes = b""
) -> bytes:
    """A reply of ours to the request `msg` of `ctx`: with its reply headers, Server, and what a redirect lists.

    `to_tag` is put in from status 180 on, where To has none. Without `body` the one of set_reply_body() counts.
    """
    received, rport = via_notes(ctx.worker, msg, ctx.source, ctx.force_rport)
    lines = [headers]
    if ctx.reply_headers:
        lines.extend(ctx.reply_headers)
    if 300 <= status < 400:
        lines.append(contact_line(ctx))
    lines.append(server_line(ctx.worker))
    if setting(ctx.worker, "sip_warning", 0):
        lines.append(warning_line(ctx, msg))
    text = reason_phrase(status) if reason is None else reason.replace("\r", " ").replace("\n", " ")
    tag = to_tag if status >= 180 else ""
    if not body and ctx.var_map is not None:
        body = ctx.var_map.get(REPLY_BODY, b"")
    return build_reply(msg, status, text, tag, b"".join(lines), body, received, rport)


def warning_line(ctx: Context, msg: Message) -> bytes:
    """A Warning (392) that tells what the request looked like here; nothing where that would be too long."""
    source = ctx.source
    agent = source.listener.sent_by.decode("ascii") if source.listener is not None else "localhost"
    try:
        hops = f"=={len(msg.vias())}"
    except PeerError:
        hops = ">=1"
    text = (
        f"Noisy feedback tells:  pid={os.getpid()} req_src_ip={source.ip} req_src_port={source.port}"
        f" in_uri={msg.uri} out_uri={ctx.uri} via_cnt{hops}"
    )
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    line = f'Warning: 392 {agent} "{quoted}"'.encode("utf-8", "surrogateescape")
    return line + b"\r\n" if len(line) <= MAX_WARNING else b""


def contact_line(ctx: Context) -> bytes:
    """The Contact line of a redirect: the request URI where it was rewritten, and the additional branches."""
    entries: list[tuple[str, int]] = []
    if ctx.new_uri is not None:
        entries.append((ctx.new_uri, ctx.q))
    if ctx.branch_list:
        entries.extend((branch.uri, branch.q) for branch in ctx.branch_list)
    if not entries:
        return b""
    values = [f"<{uri}>" if q < 0 else f"<{uri}>;q={q_text(q)}" for uri, q in entries]
    return f"Contact: {', '.join(values)}\r\n".encode("utf-8", "surrogateescape")


def q_text(q: int) -> str:
    """Thousandths as a q value: 0, 0.5, 0.123, 1."""
    if q >= 1000:
        return "1"
    return f"{q / 1000:.3f}".rstrip("0").rstrip(".") if q > 0 else "0"


def passes_onsend(ctx: Context, data: bytes, to: Endpoint) -> bool:
    """Run the onsend route for a request about to leave; False: the script dropped it."""
    script = ctx.script
    route = None if script is None else script.onsend_route
    if route is None:
        return True
    saved = (ctx.route_type, ctx.dropped, ctx.vars.get(SENDING))
    ctx.route_type = ONSEND
    ctx.dropped = False
    ctx.vars[SENDING] = Sending(data, to)
    try:
        route.run(ctx)
        return not ctx.dropped
    finally:
        ctx.route_type, ctx.dropped, ctx.vars[SENDING] = saved
