"""Questions about requests and URIs, and changes of the request URI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.rewrite import MAX_URI_SIZE, present_uri
from siprouter.core.route_info import AUTHORIZED
from siprouter.core.values import Value, to_text
from siprouter.sip.auth import AuthParams
from siprouter.sip.message import Message
from siprouter.sip.nameaddr import parse_nameaddr
from siprouter.sip.names import M_OPTIONS
from siprouter.sip.uri import U_TEL, Uri, parse_uri
from siprouter.sip.uri_compare import uris_equal
from siprouter.transport.endpoint import SIP_PORT
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.siputils.state import SipUtils

_SEPARATORS = str.maketrans("", "", "-.()")


def has_totag(inst: SipUtils, ctx: Context) -> int:
    """has_totag()"""
    return 1 if ctx.msg.to.tag else -1


def is_user(inst: SipUtils, ctx: Context, name: str) -> int:
    """is_user(name)"""
    found: AuthParams | None = ctx.vars.get(AUTHORIZED)
    if found is None:
        inst.log.error("is_user(): the request has no checked credentials", source="siputils")
        return -1
    return 1 if name and found.user == name else -1


def uri_param(inst: SipUtils, ctx: Context, name: str, value: str = "") -> int:
    """uri_param(name[, value]): of several the last counts"""
    uri = present_uri(ctx)
    if uri is None:
        return -1
    for part in reversed(uri.params.split(";")):
        key, _, found = part.partition("=")
        if key.strip() == name:
            return 1 if found.strip() == value else -1
    return -1


def add_uri_param(inst: SipUtils, ctx: Context, param: str) -> int:
    """add_uri_param(param)"""
    if not param:
        return 1
    uri = present_uri(ctx)
    if uri is None:
        return -1
    changed = uri.replaced(params=f"{uri.params};{param}" if uri.params else param)
    if len(changed) > MAX_URI_SIZE:
        inst.log.error("request URI would be too long", source="siputils")
        return -1
    ctx.set_uri(changed)
    return 1


def tel2sip(inst: SipUtils, ctx: Context) -> int:
    """tel2sip(): the number with its parameters becomes the user, the domain is that of From"""
    uri = present_uri(ctx)
    if uri is None or uri.kind != U_TEL:
        return 1
    try:
        host: str = ctx.msg.from_.parsed_uri.host
    except PeerError:
        host = ""
    if not host:
        inst.log.error("tel2sip(): From has no domain", source="siputils")
        return -1
    params = f";{uri.params}" if uri.params else ""
    ctx.set_uri(f"sip:{uri.user.translate(_SEPARATORS)}{params}".lower() + f"@{host};user=phone")
    return 1


def check_e164(text: str) -> int:
    """1 for `+` and 2 to 15 digits, else -1."""
    digits = text[1:]
    return 1 if text[:1] == "+" and 2 <= len(digits) <= 15 and digits.isascii() and digits.isdigit() else -1


def is_e164(inst: SipUtils, ctx: Context, variable: PvAccess) -> int:
    """is_e164(variable)"""
    return check_e164(to_text(variable.get(ctx)))


def is_uri_user_e164(inst: SipUtils, ctx: Context, variable: PvAccess) -> int:
    """is_uri_user_e164(variable)"""
    uri = _parse(to_text(variable.get(ctx)))
    return -1 if uri is None else check_e164(uri.user)


def _parse(text: str) -> Uri | None:
    try:
        return parse_uri(text)
    except PeerError:
        return None


def cmp_uri(inst: SipUtils, ctx: Context, first: str, second: str) -> int:
    """cmp_uri(a, b): 1 equal, -1 not, -2 one is no URI"""
    a, b = _parse(first), _parse(second)
    if a is None or b is None:
        return -2
    return 1 if uris_equal(a, b) else -1


def cmp_aor(inst: SipUtils, ctx: Context, first: str, second: str) -> int:
    """cmp_aor(a, b): by user, host and port alone"""
    a, b = _parse(first), _parse(second)
    if a is None or b is None:
        return -2
    same_port = (a.port or SIP_PORT) == (b.port or SIP_PORT)
    return 1 if a.user == b.user and a.host.lower() == b.host.lower() and same_port else -1


# Remote-Party-ID


def _rpid_text(inst: SipUtils, value: Value) -> str:
    """The value where it is a text."""
    return value if isinstance(value, str) else ""


def append_rpid_hf(inst: SipUtils, ctx: Context, prefix: str | None = None, suffix: str | None = None) -> int:
    """append_rpid_hf([prefix, suffix])"""
    rpid = _rpid_text(inst, inst.rpid(ctx))
    if not rpid:
        return -1
    before = inst.rpid_prefix if prefix is None else prefix
    behind = inst.rpid_suffix if suffix is None else suffix
    msg: Message = ctx.msg
    msg.append_header(b"Remote-Party-ID: %b\r\n" % to_bytes(f"{before}{rpid}{behind}"))
    return 1


def is_rpid_user_e164(inst: SipUtils, ctx: Context) -> int:
    """is_rpid_user_e164()"""
    data = to_bytes(_rpid_text(inst, inst.rpid(ctx)))
    if not data:
        return -1
    try:
        return check_e164(parse_nameaddr(data, 0, len(data), False).parsed_uri.user)
    except PeerError:
        return -1


def options_reply(inst: SipUtils, ctx: Context) -> int:
    """options_reply(): 200 with what we understand; 0, so that the script ends"""
    uri = present_uri(ctx)
    if ctx.msg.method_id != M_OPTIONS or uri is None or uri.user:
        inst.log.error("options_reply(): not an OPTIONS to the server itself", source="siputils")
        return -1
    lines = (
        f"Accept: {inst.options_accept}\r\nAccept-Encoding: {inst.options_accept_encoding}\r\n"
        f"Accept-Language: {inst.options_accept_language}\r\nSupported: {inst.options_support}\r\n"
    )
    return 0 if inst.sl.send_reply(ctx, 200, "OK", to_bytes(lines)) > 0 else -1
