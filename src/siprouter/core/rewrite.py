"""Rewriting parts of the request URI: what `$rU = …`, `rewritehost()`, `strip()` and their kin do.

Each function returns whether the URI was rewritten; a URI that cannot be parsed, or would get too long, stays.
A tel URI whose host is set becomes a sip URI with `user=phone` (RFC 3261 section 19.1.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.uri import U_TEL, Uri, build_uri
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context

MAX_URI_SIZE = 4096
USER_PHONE = "user=phone"


def present_uri(ctx: Context) -> Uri | None:
    """The parsed request URI where it is a sip, sips or tel URI, else None."""
    try:
        uri = ctx.parsed_uri
    except PeerError:
        return None
    return uri if uri.is_sip or uri.kind == U_TEL else None


def _store(ctx: Context, text: str) -> bool:
    if len(text) > MAX_URI_SIZE:
        return False
    ctx.set_uri(text)
    return True


def set_user(ctx: Context, user: str) -> bool:
    """Another user part; "" removes it. The password stays as long as there is a user."""
    uri = present_uri(ctx)
    return uri is not None and _store(ctx, uri.replaced(user=user, password=None if user else ""))


def set_user_password(ctx: Context, text: str) -> bool:
    """Another `user:password`."""
    uri = present_uri(ctx)
    return uri is not None and _store(ctx, uri.replaced(user=text, password=""))


def prefix(ctx: Context, text: str) -> bool:
    """`text` before the user part."""
    uri = present_uri(ctx)
    return uri is not None and _store(ctx, uri.replaced(user=text + uri.user))


def strip(ctx: Context, count: int) -> bool:
    """The user part without its first `count` characters; all of it goes where it is shorter."""
    uri = present_uri(ctx)
    return uri is not None and set_user(ctx, uri.user[count:] if count > 0 else uri.user)


def strip_tail(ctx: Context, count: int) -> bool:
    """The user part without its last `count` characters."""
    uri = present_uri(ctx)
    return uri is not None and set_user(ctx, uri.user[:-count] if count > 0 else uri.user)


def set_host(ctx: Context, host: str) -> bool:
    """Another host; the port stays."""
    uri = present_uri(ctx)
    return uri is not None and _store(ctx, _with_host(uri, host, uri.port, uri.params))


def set_host_port(ctx: Context, text: str) -> bool:
    """Another `host` or `host:port`; the old port goes."""
    uri = present_uri(ctx)
    return uri is not None and _store(ctx, _with_host(uri, text, 0, uri.params))


def set_host_port_transport(ctx: Context, text: str) -> bool:
    """Another `host:port;transport=…`; the old port and transport go, other parameters stay."""
    uri = present_uri(ctx)
    if uri is None:
        return False
    kept = [part for part in uri.params.split(";") if part.partition("=")[0].strip().lower() != "transport"]
    return _store(ctx, _with_host(uri, text, 0, ";".join(kept)))


def set_host_all(ctx: Context, text: str) -> bool:
    """`text` in place of the host and all that follows it."""
    uri = present_uri(ctx)
    return uri is not None and _store(ctx, build_uri(_sip_scheme(uri), _sip_user(uri), uri.password, text))


def set_port(ctx: Context, port: str) -> bool:
    """Another port; "" removes it. Not for tel URIs."""
    uri = present_uri(ctx)
    if uri is None or not uri.is_sip or (port and not _is_port(port)):
        return False
    return _store(ctx, uri.replaced(port=int(port) if port else 0))


def set_user_phone(ctx: Context) -> bool:
    """`user=phone` added to a sip URI that lacks it; nothing to do for a tel URI."""
    uri = present_uri(ctx)
    if uri is None:
        return False
    if not uri.is_sip or (uri.param("user") or "").lower() == "phone":
        return True
    return _store(ctx, uri.replaced(params=f"{uri.params};{USER_PHONE}" if uri.params else USER_PHONE))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535


def _sip_scheme(uri: Uri) -> str:
    return "sip" if uri.scheme == "tel" else "sips" if uri.scheme == "tels" else uri.scheme


def _sip_user(uri: Uri) -> str:
    """The user part in a sip URI: the parameters of a tel URI belong to it."""
    return uri.user if uri.is_sip or not uri.params else f"{uri.user};{uri.params}"


def _with_host(uri: Uri, host: str, port: int, params: str) -> str:
    """`uri` as a sip URI with another host."""
    if not uri.is_sip:
        params = USER_PHONE
    return build_uri(_sip_scheme(uri), _sip_user(uri), uri.password, host, port, params, uri.headers)
