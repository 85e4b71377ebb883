"""Selects on the message as a whole, where it came from and goes to, its branches, and the system."""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Iterable
from functools import partial

from siprouter.core.context import Context
from siprouter.core.declare import Select, select
from siprouter.core.outgoing import q_text
from siprouter.core.settings import SERVER_GROUPS
from siprouter.core.worker import Worker
from siprouter.script.select_headers import any_header, any_header_param
from siprouter.script.select_parts import nameaddr_selects, parse, uri_selects
from siprouter.sip.multipart import find_body
from siprouter.transport.endpoint import PROTO_IDS, PROTO_NAMES, PROTO_TLS, PROTO_UDP
from siprouter.util.address import normalize_ip
from siprouter.util.errors import PeerError
from siprouter.util.text import to_str

SIP_REQUEST = 1
SIP_REPLY = 2
MESSAGE_ID = "script.message_id"


# --- start line and message


def _request_uri(worker: Worker, ctx: Context) -> str | None:
    return ctx.uri if ctx.msg.is_request else None


def _received_uri(worker: Worker, ctx: Context) -> str | None:
    return str(ctx.msg.uri) if ctx.msg.is_request else None


def _dst_uri(worker: Worker, ctx: Context) -> str | None:
    return (ctx.dst_uri or "") if ctx.msg.is_request else None


def _next_hop(worker: Worker, ctx: Context) -> str | None:
    if not ctx.msg.is_request:
        return None
    return ctx.dst_uri or ctx.uri


def _next_hop_source(worker: Worker, ctx: Context) -> str | None:
    """The address of ours that the message would leave from; a next hop that is a name counts as our default one."""
    if not ctx.msg.is_request:
        return None
    if ctx.force_socket is not None:
        return str(ctx.force_socket.address)
    uri = parse(ctx.dst_uri or ctx.uri)
    if uri is None:
        return None
    proto = PROTO_TLS if uri.scheme == "sips" else PROTO_IDS.get(uri.transport, PROTO_UDP) or PROTO_UDP
    ip = normalize_ip(uri.host) or "0.0.0.0"
    listener = worker.listeners.choose(proto, ip, None, ctx.source.listener)
    return None if listener is None else str(listener.address)


def _message(worker: Worker, ctx: Context, *, part: str = "whole") -> str | None:
    msg = ctx.msg
    if part == "first_line":
        return str(msg.first_line)
    if part == "headers":
        return to_str(msg.buf[msg.headers_start : msg.body_start])
    if part == "body":
        return to_str(msg.body)
    if part == "sdp":
        return _sdp(ctx)
    if part == "len":
        return str(len(msg.buf))
    if part == "type":
        return str(SIP_REQUEST if msg.is_request else SIP_REPLY)
    if part == "flags":
        return str(ctx.flags)
    return to_str(msg.buf)


def _sdp(ctx: Context) -> str | None:
    try:
        span = find_body(ctx.msg, "application/sdp")
    except PeerError:
        return None
    return None if span is None else to_str(ctx.msg.buf[span[0] : span[1]])


def _sdp_line(worker: Worker, ctx: Context, name: str) -> str | None:
    """The first line of a type, such as "c" or "c="."""
    text = _sdp(ctx)
    if text is None:
        return None
    for line in text.split("\n"):
        if line.startswith(f"{name[:1]}="):
            return line[2:].rstrip("\r") or None
    return None


def message_id(worker: Worker, ctx: Context) -> int:
    """A number that is this message's own; that of `$mi` where the module pv is loaded."""
    pv = worker.modules.get("pv")
    if pv is not None:
        own: int = pv.message_id(ctx)
        return own
    number: int = ctx.vars.setdefault(MESSAGE_ID, worker.services.get(MESSAGE_ID, 0) + 1)
    worker.services[MESSAGE_ID] = max(number, worker.services.get(MESSAGE_ID, 0))
    return number


def _message_id(worker: Worker, ctx: Context, *, base: int) -> str | None:
    number = message_id(worker, ctx)
    return f"{number & 0xFFFFFFFF:08x}" if base == 16 else str(number)


def _request_part(worker: Worker, ctx: Context, *, part: str) -> str | None:
    msg = ctx.msg
    if not msg.is_request:
        return None
    if part == "method":
        return str(msg.method)
    return str(msg.first_line).rpartition(" ")[2] if part == "version" else to_str(msg.buf)


def _reply_part(worker: Worker, ctx: Context, *, part: str) -> str | None:
    msg = ctx.msg
    if msg.is_request:
        return None
    if part == "status":
        return str(msg.status)
    if part == "reason":
        return str(msg.reason)
    return str(msg.first_line).partition(" ")[0] if part == "version" else to_str(msg.buf)


def _version(worker: Worker, ctx: Context) -> str | None:
    part = _request_part if ctx.msg.is_request else _reply_part
    return part(worker, ctx, part="version")


def message_selects() -> Iterable[Select]:
    """@msg, @ruri, @next_hop, @method, @status …"""
    yield from _uri_and_below("ruri", _request_uri, "the present request URI")
    yield from _uri_and_below("request_uri", _request_uri, "the present request URI")
    yield from _uri_and_below("dst_uri", _dst_uri, "the destination URI")
    yield from _uri_and_below("next_hop", _next_hop, "where the request goes next")
    yield select("next_hop.src_ip", _next_hop_source, "the address that the request would leave from")
    yield select("method", partial(_request_part, part="method"), "the method of a request")
    yield select("version", _version, "the SIP version")
    for name in ("status", "code"):
        yield select(name, partial(_reply_part, part="status"), "the status of a reply")
    yield select("reason", partial(_reply_part, part="reason"), "the reason phrase of a reply")
    for root in ("msg", "message"):
        yield from _message_tree(root)


def _message_tree(root: str) -> Iterable[Select]:
    yield select(root, _message, "the whole message")
    for part in ("first_line", "flags", "len", "type"):
        yield select(f"{root}.{part}", partial(_message, part=part), f"{part} of the message")
    yield select(f"{root}.id", partial(_message_id, base=10), "a number that is this message's own")
    yield select(f"{root}.id.hex", partial(_message_id, base=16), "the same in hexadecimal")
    for body in ("body", "content"):
        yield select(f"{root}.{body}", partial(_message, part="body"), "the body")
        yield select(f"{root}.{body}.sdp", partial(_message, part="sdp"), "the session description")
        yield select(f"{root}.{body}.sdp.line.%s", _sdp_line, "a line of the session description")
    for header in ("header", "h"):
        yield select(f"{root}.{header}", partial(_message, part="headers"), "all headers")
        one = f"{root}.{header}.%s([%i])"
        yield select(one, any_header, "a header by name and number")
        yield select(f"{one}.params.%s", any_header_param, "a parameter of a header")
        yield from nameaddr_selects(f"{one}.nameaddr", any_header)
    for request in ("request", "req"):
        yield select(f"{root}.{request}", partial(_request_part, part="whole"), "the message, if it is a request")
        yield select(f"{root}.{request}.method", partial(_request_part, part="method"), "the method")
        yield select(f"{root}.{request}.version", partial(_request_part, part="version"), "the SIP version")
        yield from _uri_and_below(f"{root}.{request}.uri", _received_uri, "the request URI as received")
    for reply in ("response", "res"):
        yield select(f"{root}.{reply}", partial(_reply_part, part="whole"), "the message, if it is a reply")
        yield select(f"{root}.{reply}.version", partial(_reply_part, part="version"), "the SIP version")
        yield select(f"{root}.{reply}.reason", partial(_reply_part, part="reason"), "the reason phrase")
        for name in ("status", "code"):
            yield select(f"{root}.{reply}.{name}", partial(_reply_part, part="status"), "the status")


def _uri_and_below(path: str, get: object, help: str) -> Iterable[Select]:
    yield select(path, get, help)  # type: ignore[arg-type]
    yield from uri_selects(path, get)  # type: ignore[arg-type]


# --- addresses


def _address(worker: Worker, ctx: Context, *, side: str, parts: str) -> str | None:
    """`parts`: "proto", "ip", "port", or several of them joined by colons."""
    source, listener = ctx.source, ctx.source.listener
    if side != "src" and listener is None:
        return None
    values = {
        "proto": PROTO_NAMES[source.proto] if source.proto else "",
        "ip": source.ip if side == "src" else listener.address,
        "port": str(source.port if side == "src" else listener.port),
    }
    return ":".join(values[part] for part in parts.split("_") if values[part]) or None


def address_selects() -> Iterable[Select]:
    """@src, @dst, @received."""
    for side in ("src", "dst"):
        for parts in ("ip", "port", "ip_port"):
            yield select(f"{side}.{parts}", partial(_address, side=side, parts=parts), f"{parts} of the {side} address")
    for parts in ("proto", "ip", "port", "ip_port", "proto_ip_port"):
        get = partial(_address, side="received", parts=parts)
        yield select(f"received.{parts}", get, f"{parts} of the socket that the message came to")


# --- branches


def _branch_count(worker: Worker, ctx: Context) -> str | None:
    return str(len(ctx.branch_list or ()))


def _branch(worker: Worker, ctx: Context, index: int | None, *, part: str) -> str | None:
    """One branch, or all of them with commas where there is no index and more than one."""
    branches = ctx.branch_list or []
    if index is None and len(branches) > 1:
        return ",".join(_branch_text(branch.uri, branch.dst_uri, branch.q, part) for branch in branches) or None
    number = index or 0
    if not 0 <= number < len(branches):
        return None
    branch = branches[number]
    return _branch_text(branch.uri, branch.dst_uri, branch.q, part)


def _branch_text(uri: str, dst_uri: str | None, q: int, part: str) -> str:
    if part == "q":
        return q_text(q) if q >= 0 else ""
    if part == "dst_uri":
        return dst_uri or ""
    return f"<{uri}>;q={q_text(q)}" if part == "uriq" and q >= 0 else uri


def branch_selects() -> Iterable[Select]:
    """@branch."""
    yield select("branch.count", _branch_count, "number of additional branches")
    for part in ("uri", "dst_uri", "uriq", "q"):
        yield select(f"branch.{part}([%i])", partial(_branch, part=part), f"{part} of a branch, or of all")
    for part in ("uri", "dst_uri"):
        yield from uri_selects(f"branch.{part}([%i])", partial(_branch, part=part))
    yield from nameaddr_selects("branch.uriq([%i])", partial(_branch, part="uriq"))


# --- system


def _now(worker: Worker, ctx: Context) -> str | None:
    return str(int(worker.wall_clock()))


def _now_text(worker: Worker, ctx: Context, form: str | None, *, local: bool) -> str | None:
    seconds = worker.wall_clock()
    moment = time.localtime(seconds) if local else time.gmtime(seconds)
    return time.asctime(moment) if form is None else time.strftime(form, moment)[:79]


def _server_id(worker: Worker, ctx: Context) -> str | None:
    return str(getattr(worker.settings, "server_id", 0))


def _pid(worker: Worker, ctx: Context) -> str | None:
    return str(os.getpid())


def _unique(worker: Worker, ctx: Context) -> str | None:
    return f"{os.getpid():04x}-{int(worker.wall_clock()):08x}-{worker.random_bytes(4).hex()}"


def _setting(worker: Worker, ctx: Context, parts: tuple[str | int, ...]) -> str | None:
    """@cfg_get.group.name: a run-time setting."""
    if (str(parts[0]), str(parts[1])) not in worker.cfg.vars:
        return None
    value = worker.cfg.get(str(parts[0]), str(parts[1]))
    return None if value is None else str(value)


def _check_setting(worker: Worker, parts: tuple[str | int, ...]) -> str:
    """Whether there is such a setting, now or once the modules that bring more have started."""
    if len(parts) != 2:
        return "expected @cfg_get.group.name"
    group, name = str(parts[0]), str(parts[1])
    cfg = worker.cfg
    if (group, name) in cfg.vars or group in SERVER_GROUPS:
        return ""
    if cfg.grows:
        cfg.awaited.add((group, name))
        return ""
    return f"there is no setting {group}.{name}{_similar(cfg.vars, group, name)}"


def _similar(known: Iterable[tuple[str, str]], group: str, name: str) -> str:
    near = difflib.get_close_matches(f"{group}.{name}", [f"{one}.{other}" for one, other in known], 1)
    return f", did you mean {near[0]}?" if near else ""


def system_selects() -> Iterable[Select]:
    """@sys, @cfg_get."""
    yield select("sys.pid", _pid, "process id")
    yield select("sys.unique", _unique, "a text that no other message gets")
    yield select("sys.server_id", _server_id, "the core parameter server_id")
    yield select("sys.now", _now, "seconds since 1970")
    for name in ("local", "gmt", "utc"):
        yield select(f"sys.now.{name}(.%s)", partial(_now_text, local=name == "local"), "the time, or in a given form")
    yield select("cfg_get.*", _setting, "a run-time setting", _check_setting)
