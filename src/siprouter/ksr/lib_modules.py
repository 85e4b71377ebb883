"""Functions of modules that KEMI calls by other names, or with other parameters, than a configuration does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from siprouter.core.routes import BRANCH, FAILURE, ONREPLY, REQUEST
from siprouter.core.values import Value
from siprouter.ksr.library import INT, LibraryFunction, entry
from siprouter.ksr.values import CallError
from siprouter.sip.uri import parse_uri
from siprouter.transport.endpoint import SIP_PORT
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.ksr.api import HostApi

Call = Callable[..., Any]

AUTH_USER_MISMATCH = -8
CHECK_USER = 1

ALIASES: dict[tuple[str, str], tuple[str, str]] = {
    ("alias_db", "lookup"): ("alias_db", "alias_db_lookup"),
    ("corex", "append_branch"): ("core", "append_branch"),
    ("corex", "append_branch_uri"): ("core", "append_branch"),
    ("corex", "append_branch_uri_q"): ("core", "append_branch"),
    ("counters", "add"): ("counters", "cnt_add"),
    ("counters", "inc"): ("counters", "cnt_inc"),
    ("counters", "reset"): ("counters", "cnt_reset"),
    ("jsonrpcs", "dispatch"): ("jsonrpcs", "jsonrpc_dispatch"),
    ("maxfwd", "process_maxfwd"): ("maxfwd", "mf_process_maxfwd_header"),
    ("nathelper", "set_contact_alias"): ("nathelper", "add_contact_alias"),
    ("path", "add_path_received_user"): ("path", "add_path_received"),
    ("path", "add_path_user"): ("path", "add_path"),
    ("rr", "record_route_params"): ("rr", "record_route"),
    ("rr", "record_route_preset_one"): ("rr", "record_route_preset"),
    ("siputils", "uri_param_value"): ("siputils", "uri_param"),
    ("speeddial", "lookup"): ("speeddial", "sd_lookup"),
    ("textops", "has_body_type"): ("textops", "has_body"),
    ("tm", "t_drop_replies_all"): ("tm", "t_drop_replies"),
    ("tm", "t_lookup_cancel_flags"): ("tm", "t_lookup_cancel"),
    ("tm", "t_relay_to_flags"): ("tm", "t_relay_to"),
    ("tm", "t_relay_to_proxy"): ("tm", "t_relay_to"),
    ("tm", "t_relay_to_proxy_flags"): ("tm", "t_relay_to"),
    ("tm", "t_send_reply"): ("tm", "t_reply"),
    ("tm", "t_set_fr_inv"): ("tm", "t_set_fr"),
    ("websocket", "close"): ("websocket", "ws_close"),
    ("websocket", "handle_handshake"): ("websocket", "ws_handle_handshake"),
}
"""names of KEMI that stand for a declared function as it is"""

EXPANDING = frozenset({("xlog", ""), ("kex", "pv_printf")})
"""functions (of a whole module where no name is given) whose text is meant to hold variables"""


# --- authentication


async def _awaited(result: int | Awaitable[int]) -> int:
    return result if isinstance(result, int) else await result


async def _auth_check(api: HostApi, ctx: Context, realm: str, table: str, flags: int) -> int:
    is_register = ctx.msg.method == "REGISTER"
    name = "www_authenticate" if is_register else "proxy_authenticate"
    code = await _awaited(api.call(ctx, "auth_db", name, (realm, table)))
    return _checked(api, ctx, code, flags, is_register)


async def _pv_auth_check(api: HostApi, ctx: Context, realm: str, password: str, flags: int, checks: int) -> int:
    is_register = ctx.msg.method == "REGISTER"
    name = "pv_www_authenticate" if is_register else "pv_proxy_authenticate"
    code = await _awaited(api.call(ctx, "auth", name, (realm, password, flags)))
    return _checked(api, ctx, code, checks, is_register)


def _checked(api: HostApi, ctx: Context, code: int, checks: int, is_register: bool) -> int:
    """The outcome of authentication; with CHECK_USER the user must be that of From, of To where it registers."""
    if code <= 0 or not checks & CHECK_USER or ctx.msg.method in ("ACK", "CANCEL", "PRACK"):
        return code
    named = ctx.msg.to if is_register else ctx.msg.from_
    return code if named.parsed_uri.user == api.get(ctx, "$au") else AUTH_USER_MISMATCH


def _auth_challenge(api: HostApi, ctx: Context, realm: str, flags: int) -> Any:
    name = "www_challenge" if ctx.msg.method == "REGISTER" else "proxy_challenge"
    return api.call(ctx, "auth", name, (realm, flags))


# --- transactions


def _t_is_set(api: HostApi, ctx: Context, what: str) -> int:
    attributes = {"failure_route": "on_failure", "branch_route": "on_branch", "onreply_route": "on_reply"}
    attribute = attributes.get(what)
    if attribute is None:
        raise CallError(f"unknown route {what!r}", suggestion=", ".join(attributes))
    holder = ctx.transaction or api.worker.module("tm").hints(ctx)
    return 1 if getattr(holder, attribute) is not None else -1


def _is_route(kind: int) -> Call:
    return lambda api, ctx: 1 if ctx.route_type & kind else -1


def _t_relay_to_proto(api: HostApi, ctx: Context, proto: str) -> Any:
    return api.call(ctx, "tm", f"t_relay_to_{proto.lower()}")


def _t_relay_to_proto_addr(api: HostApi, ctx: Context, proto: str, host: str, port: int) -> Any:
    return api.call(ctx, "tm", f"t_relay_to_{proto.lower()}", (host, port))


def _t_precheck_trans(api: HostApi, ctx: Context) -> int:
    """Retransmissions never come as far as the script, and all messages of a call are handled by one worker."""
    return -1


# --- the message


def _sanity_check(api: HostApi, ctx: Context, *args: Value) -> int:
    """What fails is answered, and the script goes on with -1: KEMI has no code that ends it."""
    if ctx.msg.is_request:
        code = api.call(ctx, "sanity", "sanity_check", args)
    else:
        code = api.worker.module("sanity").check(ctx, *args)
    return -1 if code == 0 else int(code)  # type: ignore[arg-type]  # it does not wait


def _has_ruri_user(api: HostApi, ctx: Context) -> int:
    try:
        return 1 if ctx.parsed_uri.user else -1
    except PeerError:
        return -1


def _has_user_agent(api: HostApi, ctx: Context) -> int:
    return 1 if any(ctx.msg.value(header) for header in ctx.msg.find("User-Agent")) else -1


def _is_first_hop(api: HostApi, ctx: Context) -> int:
    """Requests with one Via; replies whose top Record-Route is ours and which do not come from ourselves."""
    if ctx.msg.is_request:
        return 1 if len(ctx.msg.vias()) == 1 else -1
    routes = ctx.msg.record_routes()
    if not routes:
        return 1
    try:
        uri = parse_uri(routes[0].uri)
    except PeerError:
        return -1
    ours = ctx.worker.is_myself(uri.host, uri.port or SIP_PORT)
    return 1 if ours and (uri.host, uri.port or SIP_PORT) != (ctx.source.ip, ctx.source.port) else -1


def _xlog(level: str) -> Call:
    return lambda api, ctx, text: api.call(ctx, "xlog", "xlog", (level, text), True)


FUNCTIONS: tuple[LibraryFunction, ...] = (
    entry(
        "sanity.sanity_check", _sanity_check, "checks:i uris:i", INT, "check the request and answer it where it fails"
    ),
    entry("sanity.sanity_check_defaults", _sanity_check, "", INT, "the same with the checks of the parameters"),
    entry(
        "auth_db.auth_check",
        _auth_check,
        "realm:s table:s flags:i",
        INT,
        "check the credentials of the request; flags 1: the user must be that of From (To of REGISTER)",
        waits=True,
    ),
    entry(
        "auth.pv_auth_check",
        _pv_auth_check,
        "realm:s password:s flags:i checks:i",
        INT,
        "compare the credentials of the request with a password; checks 1: as flags of auth_check",
        waits=True,
    ),
    entry("auth.auth_challenge", _auth_challenge, "realm:s flags:i", INT, "challenge: 401 to REGISTER, else 407"),
    entry("tm.t_is_set", _t_is_set, "route:s", INT, "whether a failure_route, branch_route or onreply_route is set"),
    entry("tm.t_get_status_code", lambda api, ctx: ctx.code, "", INT, "in failure routes, the status that failed"),
    entry("tm.t_get_branch_index", lambda api, ctx: ctx.branch_index, "", INT, "the number of the branch"),
    entry("tm.t_relay_to_proto", _t_relay_to_proto, "proto:s", INT, "relay over a protocol"),
    entry("tm.t_relay_to_proto_addr", _t_relay_to_proto_addr, "proto:s host:s port:i", INT, "relay to an address"),
    entry("tmx.t_precheck_trans", _t_precheck_trans, "", INT, "whether another process handles the same: never"),
    entry("tmx.t_is_request_route", _is_route(REQUEST), "", INT, "whether this is a request route"),
    entry("tmx.t_is_failure_route", _is_route(FAILURE), "", INT, "whether this is a failure route"),
    entry("tmx.t_is_branch_route", _is_route(BRANCH), "", INT, "whether this is a branch route"),
    entry("tmx.t_is_reply_route", _is_route(ONREPLY), "", INT, "whether this is a reply route"),
    entry("corex.has_ruri_user", _has_ruri_user, "", INT, "whether the request URI has a user"),
    entry("corex.has_user_agent", _has_user_agent, "", INT, "whether there is a User-Agent"),
    entry("siputils.is_first_hop", _is_first_hop, "", INT, "whether the message comes from a client, not a proxy"),
    entry("siputils.is_request", lambda api, ctx: 1 if ctx.msg.is_request else -1, "", INT, "whether it is a request"),
    entry("siputils.is_reply", lambda api, ctx: -1 if ctx.msg.is_request else 1, "", INT, "whether it is a reply"),
    *(
        entry(f"xlog.{name}", _xlog(level), "text:s", INT, f"log a text with variables at level {level}")
        for name, level in (
            ("xalert", "L_ALERT"),
            ("xcrit", "L_CRIT"),
            ("xerr", "L_ERR"),
            ("xwarn", "L_WARN"),
            ("xnotice", "L_NOTICE"),
            ("xinfo", "L_INFO"),
            ("xdbg", "L_DBG"),
        )
    ),
)
