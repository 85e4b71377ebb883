"""`KSR.…` and `KSR.x.…`: logging, the method, addresses, flags, destinations, the end of the script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from siprouter.core.rewrite import set_host, set_user
from siprouter.ksr.errors import LeaveScript
from siprouter.ksr.library import BOOL, INT, NONE, LibraryFunction, entry
from siprouter.ksr.values import CallError
from siprouter.script import conditions
from siprouter.sip.uri import parse_uri
from siprouter.transport.endpoint import (
    PROTO_IDS,
    PROTO_NONE,
    PROTO_SCTP,
    PROTO_TCP,
    PROTO_TLS,
    PROTO_UDP,
    PROTO_WS,
    PROTO_WSS,
    SIP_PORT,
)
from siprouter.util.errors import PeerError
from siprouter.util.log import L_CRIT, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.ksr.api import HostApi

Call = Callable[..., Any]
LEVELS = {"dbg": L_DBG, "info": L_INFO, "notice": L_NOTICE, "warn": L_WARN, "err": L_ERR, "crit": L_CRIT}
LETTERS = {
    "I": "INVITE", "A": "ACK", "B": "BYE", "C": "CANCEL", "M": "MESSAGE", "R": "REGISTER", "E": "PRACK",
    "P": "PUBLISH", "S": "SUBSCRIBE", "N": "NOTIFY", "O": "OPTIONS", "F": "REFER", "U": "UPDATE", "K": "KDMQ",
    "G": "GET", "T": "POST", "V": "PUT", "D": "DELETE",
}  # fmt: skip
PROTO_LETTERS = {
    "u": PROTO_UDP, "t": PROTO_TCP, "e": PROTO_TLS, "s": PROTO_SCTP, "v": PROTO_WS, "w": PROTO_WSS
}  # fmt: skip
METHODS = (*LETTERS.values(), "INFO")
MAX_BRANCH_FLAG = 31
SOURCE = "script"


# --- logging


def write(api: HostApi, level: int, text: str) -> None:
    """One log record; the line end that scripts put there is not part of it."""
    api.worker.log.write(level, "%s", text.rstrip("\r\n"), source=SOURCE)


def _logger(level: int) -> Call:
    return lambda api, ctx, text: write(api, level, text)


def _log(api: HostApi, ctx: Context, level: str, text: str) -> None:
    found = LEVELS.get(level)
    if found is None:
        raise CallError(f"unknown log level {level!r}", suggestion=", ".join(LEVELS))
    write(api, found, text)


# --- the message


def _has_method(name: str) -> Call:
    return lambda api, ctx: ctx.msg.method == name


def _is_method(api: HostApi, ctx: Context, methods: str) -> bool:
    method: str = ctx.msg.method
    return method.lower() in methods.lower().split("|")


def _is_method_in(api: HostApi, ctx: Context, letters: str) -> bool:
    method = ctx.msg.method
    return any(LETTERS.get(letter) == method for letter in letters.upper())


def _has_proto(*numbers: int) -> Call:
    return lambda api, ctx: ctx.source.proto in numbers


def _is_proto(api: HostApi, ctx: Context, names: str) -> bool:
    """Letters or names: "u" or "udp"."""
    proto: int = ctx.source.proto
    known = PROTO_IDS.get(names.lower(), PROTO_NONE)
    if known != PROTO_NONE:
        return known == proto
    return any(PROTO_LETTERS.get(letter) == proto for letter in names.lower())


def _is_ipv4(api: HostApi, ctx: Context) -> bool:
    return ":" not in ctx.source.ip


def _is_ipv6(api: HostApi, ctx: Context) -> bool:
    return ":" in ctx.source.ip


def _is_src_port(api: HostApi, ctx: Context, port: int) -> bool:
    found: bool = ctx.source.port == port
    return found


def _is_dst_port(api: HostApi, ctx: Context, port: int) -> bool:
    listener = ctx.source.listener
    return listener is not None and listener.port == port


def _uri_is_mine(ctx: Context, text: str | None) -> bool:
    if not text:
        return False
    try:
        uri = parse_uri(text)
    except PeerError:
        return False
    return ctx.worker.is_myself(uri.host, uri.port or SIP_PORT) is True


def _is_myself(api: HostApi, ctx: Context, uri: str) -> bool:
    return _uri_is_mine(ctx, uri)


def _is_myself_srcip(api: HostApi, ctx: Context) -> bool:
    return ctx.worker.is_myself(ctx.source.ip) is True


def _is_myself_duri(api: HostApi, ctx: Context) -> bool:
    return _uri_is_mine(ctx, ctx.dst_uri)


def _is_myself_nhuri(api: HostApi, ctx: Context) -> bool:
    return _uri_is_mine(ctx, ctx.dst_uri or ctx.uri)


def _is_myself_suri(api: HostApi, ctx: Context) -> bool:
    return ctx.worker.is_myself(ctx.source.ip, ctx.source.port, ctx.source.proto) is True


# --- flags, destinations


def _flag(flag: int) -> int:
    if not 0 <= flag <= MAX_BRANCH_FLAG:
        raise CallError(f"flags are numbered from 0 to {MAX_BRANCH_FLAG}, not {flag}")
    return 1 << flag


def _set(attribute: str) -> Call:
    def change(api: HostApi, ctx: Context, flag: int) -> bool:
        setattr(ctx, attribute, getattr(ctx, attribute) | _flag(flag))
        return True

    return change


def _reset(attribute: str) -> Call:
    def change(api: HostApi, ctx: Context, flag: int) -> bool:
        setattr(ctx, attribute, getattr(ctx, attribute) & ~_flag(flag))
        return True

    return change


def _is_set(attribute: str) -> Call:
    return lambda api, ctx, flag: getattr(ctx, attribute) & _flag(flag) != 0


def _branch(ctx: Context, number: int) -> Any:
    if number == 0:
        return None
    branches = ctx.branches
    if not 0 < number <= len(branches):
        raise CallError(f"there is no branch {number}")
    return branches[number - 1]


def _change_branch_flag(on: bool) -> Call:
    def change(api: HostApi, ctx: Context, flag: int, number: int) -> bool:
        bit, branch = _flag(flag), _branch(ctx, number)
        if branch is None:
            ctx.branch_flags = ctx.branch_flags | bit if on else ctx.branch_flags & ~bit
        else:
            branch.flags = branch.flags | bit if on else branch.flags & ~bit
        return True

    return change


def _is_branch_flag_set(api: HostApi, ctx: Context, flag: int, number: int) -> bool:
    branch = _branch(ctx, number)
    flags: int = ctx.branch_flags if branch is None else branch.flags
    return flags & _flag(flag) != 0


def _set_dst_uri(api: HostApi, ctx: Context, uri: str) -> bool:
    ctx.dst_uri = uri or None
    return True


def _reset_dst_uri(api: HostApi, ctx: Context) -> bool:
    ctx.dst_uri = None
    return True


def _set_uri(api: HostApi, ctx: Context, uri: str) -> bool:
    ctx.set_uri(uri)
    return True


def _forward_uri(api: HostApi, ctx: Context, uri: str) -> Any:
    ctx.dst_uri = uri or None
    return api.call(ctx, "core", "forward")


def _as_bool(name: str) -> Call:
    """A core function whose return code is told as True or False."""
    return lambda api, ctx, *args: api.call(ctx, "core", name, args) > 0


# --- the script


def _exit(api: HostApi, ctx: Context) -> NoReturn:
    raise LeaveScript


def _drop(api: HostApi, ctx: Context) -> NoReturn:
    ctx.dropped = True
    raise LeaveScript


def _set_drop(api: HostApi, ctx: Context) -> None:
    ctx.dropped = True


def _modf(api: HostApi, ctx: Context, name: str, *args: Any) -> Any:
    return api.call(ctx, "", name, args, True)


def _route(api: HostApi, ctx: Context, name: str) -> Any:
    route = None if ctx.script is None else ctx.script.routes.get("" if name == "0" else name)
    if route is None:
        known = [] if ctx.script is None else [item for item in ctx.script.routes if item]
        raise CallError(f"there is no route[{name}]", suggestion=f"there are {', '.join(known[:20])}" if known else "")
    return route.run(ctx)


def _get_debug(api: HostApi, ctx: Context) -> int:
    level: int = api.worker.log.level
    return level


_LETTERS = ", ".join(f"{letter} {name}" for letter, name in LETTERS.items())
_MINE = "whether {} is one of our addresses or aliases"

FUNCTIONS: tuple[LibraryFunction, ...] = (
    *(entry(n, _logger(level), "text:s", NONE, f"log at level {n}", anywhere=True) for n, level in LEVELS.items()),
    entry("log", _log, "level:s text:s", NONE, "log at the level of this name", anywhere=True),
    *(entry(f"is_{name}", _has_method(name), "", BOOL, f"whether the method is {name}") for name in METHODS),
    entry("is_method", _is_method, "methods:s", BOOL, 'whether the method is one of these, "INVITE|BYE"'),
    entry("is_method_in", _is_method_in, "letters:s", BOOL, f"whether the method is one of these letters: {_LETTERS}"),
    entry("is_UDP", _has_proto(PROTO_UDP), "", BOOL, "whether it came over UDP"),
    entry("is_TCP", _has_proto(PROTO_TCP), "", BOOL, "whether it came over TCP"),
    entry("is_TLS", _has_proto(PROTO_TLS), "", BOOL, "whether it came over TLS"),
    entry("is_SCTP", _has_proto(PROTO_SCTP), "", BOOL, "whether it came over SCTP"),
    entry("is_WS", _has_proto(PROTO_WS), "", BOOL, "whether it came over WebSocket"),
    entry("is_WSS", _has_proto(PROTO_WSS), "", BOOL, "whether it came over secure WebSocket"),
    entry("is_WSX", _has_proto(PROTO_WS, PROTO_WSS), "", BOOL, "whether it came over any WebSocket"),
    entry("is_proto", _is_proto, "names:s", BOOL, 'whether it came over this, "udp", or one of these letters, "ut"'),
    entry("is_IPv4", _is_ipv4, "", BOOL, "whether it came over IPv4"),
    entry("is_IPv6", _is_ipv6, "", BOOL, "whether it came over IPv6"),
    entry("is_src_port", _is_src_port, "port:i", BOOL, "whether it came from this port"),
    entry("is_dst_port", _is_dst_port, "port:i", BOOL, "whether it came to this port of ours"),
    entry("is_myself", _is_myself, "uri:s", BOOL, _MINE.format("the host of a URI")),
    entry("is_myself_ruri", lambda api, ctx: conditions.uri_is_mine(ctx), "", BOOL, _MINE.format("the request URI")),
    entry("is_myself_furi", lambda api, ctx: conditions.from_is_mine(ctx), "", BOOL, _MINE.format("From")),
    entry("is_myself_turi", lambda api, ctx: conditions.to_is_mine(ctx), "", BOOL, _MINE.format("To")),
    entry("is_myself_duri", _is_myself_duri, "", BOOL, _MINE.format("the destination URI")),
    entry("is_myself_nhuri", _is_myself_nhuri, "", BOOL, _MINE.format("the next hop")),
    entry("is_myself_suri", _is_myself_suri, "", BOOL, _MINE.format("the source")),
    entry("is_myself_srcip", _is_myself_srcip, "", BOOL, _MINE.format("the source address")),
    *(
        item
        for letter, attribute, what in (("", "flags", "message"), ("b", "branch_flags", "branch"),
                                        ("s", "script_flags", "script"))
        for item in (
            entry(f"set{letter}flag", _set(attribute), "flag:i", BOOL, f"set a {what} flag"),
            entry(f"reset{letter}flag", _reset(attribute), "flag:i", BOOL, f"reset a {what} flag"),
            entry(f"is{letter}flagset", _is_set(attribute), "flag:i", BOOL, f"whether a {what} flag is set"),
        )
    ),
    entry("setbiflag", _change_branch_flag(True), "flag:i branch:i", BOOL, "set a flag of a branch, 0 the request URI"),
    entry("resetbiflag", _change_branch_flag(False), "flag:i branch:i", BOOL, "reset a flag of a branch"),
    entry("isbiflagset", _is_branch_flag_set, "flag:i branch:i", BOOL, "whether a flag of a branch is set"),
    entry("setdsturi", _set_dst_uri, "uri:s", BOOL, "set the destination URI"),
    entry("resetdsturi", _reset_dst_uri, "", BOOL, "remove the destination URI"),
    entry("isdsturiset", lambda api, ctx: ctx.dst_uri is not None, "", BOOL, "whether there is a destination URI"),
    entry("seturi", _set_uri, "uri:s", BOOL, "set the request URI"),
    entry("setuser", lambda api, ctx, user: set_user(ctx, user), "user:s", BOOL, "set the user of the request URI"),
    entry("sethost", lambda api, ctx, host: set_host(ctx, host), "host:s", BOOL, "set the host of the request URI"),
    entry("forward_uri", _forward_uri, "uri:s", INT, "forward statelessly to a URI"),
    *(
        entry(name, _as_bool(name), "", BOOL, text)
        for name, text in (
            ("force_rport", "reply to the port that the request came from"),
            ("add_local_rport", "put rport into our own Via"),
            ("set_forward_close", "close the connection after forwarding"),
            ("set_forward_no_connect", "forward only over an open connection"),
            ("set_reply_close", "close the connection after the reply"),
            ("set_reply_no_connect", "reply only over an open connection"),
        )
    ),
    entry("set_drop", _set_drop, "", NONE, "do not forward the message after the route"),
    entry("route", _route, "name:s", INT, "run route[name] of the configuration"),
    entry("get_debug", _get_debug, "", INT, "the log level", anywhere=True),
    entry("x.exit", _exit, "", NONE, "end the script"),
    entry("x.drop", _drop, "", NONE, "end the script, and do not forward the message"),
    entry("x.modf", _modf, "name:s *args:v", INT, "call any function, its arguments as in a configuration"),
)
