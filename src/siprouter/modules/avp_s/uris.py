"""Attributes as request URIs and destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core import rewrite
from siprouter.core.values import str_to_int, to_text
from siprouter.modules.avp_s.arguments import newest
from siprouter.script.attributes import Attribute
from siprouter.script.select_parts import nameaddr_part
from siprouter.script.xl_format import XlFormat
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.avp_s.state import Avp

TEXTS = {
    "prefix": rewrite.prefix,
    "user": rewrite.set_user,
    "userpass": rewrite.set_user_password,
    "host": rewrite.set_host,
    "hostport": rewrite.set_host_port,
    "port": rewrite.set_port,
}
COUNTS = {"strip": rewrite.strip, "strip_tail": rewrite.strip_tail}


def to_uri(inst: Avp, ctx: Context, attribute: Attribute, part: str = "uri") -> int:
    """attr2uri(attribute[, part])"""
    value = newest(attribute, ctx)
    if value is None:
        return inst.fail("attr2uri(): attribute %s has no value", attribute.name)
    text = to_text(value)
    if part == "uri":
        if len(text) > rewrite.MAX_URI_SIZE:
            return inst.fail("attr2uri(): the URI is too long")
        ctx.set_uri(text)
        return 1
    if part in COUNTS:
        count = str_to_int(text)
        return (
            1
            if count is not None and count >= 0 and COUNTS[part](ctx, count)
            else inst.fail("attr2uri(): cannot %s %r", part, text[:64])
        )
    return 1 if TEXTS[part](ctx, text) else inst.fail("attr2uri(): no %s: %r", part, text[:64])


def to_destination(inst: Avp, ctx: Context, attribute: Attribute) -> int:
    """attr_destination(attribute): a URI, or an address with a name."""
    value = newest(attribute, ctx)
    return _send_to(inst, ctx, value) if isinstance(value, str) else -1


def format_destination(inst: Avp, ctx: Context, format: XlFormat) -> int:
    """xlset_destination(format)"""
    text = inst.expand(ctx, format)
    return -1 if text is None else _send_to(inst, ctx, text)


def _send_to(inst: Avp, ctx: Context, text: str) -> int:
    uri = (nameaddr_part(inst.worker, text, "uri") or "") if "<" in text else text
    try:
        parse_uri(uri)
    except PeerError:
        return inst.fail("no destination: %r", text[:64])
    ctx.dst_uri = uri
    ctx.uri_consumed = False
    return 1
