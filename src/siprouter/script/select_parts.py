"""Parts of URIs and addresses for selects: what may follow `@from.uri` or `@msg.header["X"].nameaddr`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from siprouter.core.context import Context
from siprouter.core.declare import Select, select
from siprouter.core.worker import Worker
from siprouter.sip.uri import U_SIP, U_SIPS, U_TEL, Uri, parse_uri
from siprouter.util.errors import PeerError

TextGetter = Callable[..., str | None]
"""f(worker, ctx, *names) -> text, or None where there is none"""

_VISUAL_SEPARATORS = str.maketrans("", "", "-.()")
_PROTOS = {"": "", "udp": "udp", "tcp": "tcp", "tls": "tls", "sctp": "sctp", "ws": "ws", "wss": "wss"}
URI_PARTS = ("type", "user", "rn_user", "pwd", "host", "port", "hostport", "transport", "params")


def parse(text: str | None) -> Uri | None:
    """The URI, None where it cannot be parsed."""
    if not text:
        return None
    try:
        return parse_uri(text.strip())
    except PeerError:
        return None


def is_secure(uri: Uri) -> bool:
    """sips and tels."""
    return uri.kind == U_SIPS or uri.scheme == "tels"


def plain_number(worker: Worker, uri: Uri) -> str:
    """The user; of a telephone number without visual separators."""
    is_number = uri.kind == U_TEL
    if not is_number and uri.params and (uri.param("user") or "").lower() == "phone":
        is_number = bool(getattr(worker.settings, "phone2tel", 1))
    return uri.user.translate(_VISUAL_SEPARATORS) if is_number else uri.user


def routing_number(worker: Worker, uri: Uri) -> str:
    """The rn parameter (of the number, or of the URI), else the user."""
    for params in (uri.user.partition(";")[2], uri.params):
        found = find_param(params, "rn")
        if found is not None:
            return found.translate(_VISUAL_SEPARATORS)
    return plain_number(worker, uri)


def host_and_port(uri: Uri) -> str | None:
    """`host:port` with the usual port where none is given."""
    if not uri.host:
        return None
    return f"{uri.host}:{uri.port or (5061 if is_secure(uri) else 5060)}"


def uri_part(worker: Worker, text: str | None, part: str, param: str | None = None) -> str | None:
    """One part of a URI; `param` names one of its parameters."""
    uri = parse(text)
    if uri is None or uri.kind not in (U_SIP, U_SIPS, U_TEL):
        return None
    if part == "type":
        return uri.scheme
    if part == "user":
        return plain_number(worker, uri)
    if part == "rn_user":
        return routing_number(worker, uri)
    if part == "pwd":
        return uri.password
    if part == "host":
        return uri.host
    if part == "port":
        return str(uri.port) if uri.port else ""
    if part == "hostport":
        return host_and_port(uri)
    if part == "transport":
        return _PROTOS.get(uri.transport) or ("tls" if is_secure(uri) else "udp")
    return uri.params if param is None else find_param(uri.params, param) or None


def find_param(params: str, name: str) -> str | None:
    """The value of a parameter in `a=b;c`; names in any case, `_` in `name` stands for `-` too."""
    wanted = {name.lower(), name.lower().replace("_", "-")}
    for part in split_params(params):
        key, _, value = part.partition("=")
        if key.strip().lower() in wanted:
            value = value.strip()
            return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return None


def split_params(params: str) -> list[str]:
    """Split at semicolons outside quotes."""
    parts: list[str] = []
    start = 0
    quoted = False
    for pos, char in enumerate(params):
        if char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            parts.append(params[start:pos])
            start = pos + 1
    parts.append(params[start:])
    return parts


def find_unquoted(text: str, char: str) -> int:
    """Index of the first `char` outside quotes, -1 for none."""
    quoted = False
    for pos, found in enumerate(text):
        if found == '"':
            quoted = not quoted
        elif found == char and not quoted:
            return pos
    return -1


def nameaddr_part(worker: Worker, text: str | None, part: str, param: str | None = None) -> str | None:
    """A part of `"Name" <uri>;params`: name, uri or params."""
    if text is None:
        return None
    opening = find_unquoted(text, "<")
    if part == "name":
        return text[:opening].rstrip() if opening >= 0 else None
    rest, uri = text, ""
    if opening >= 0:
        closing = text.find(">", opening)
        if closing < 0:
            return None
        uri, rest = text[opening + 1 : closing], text[closing + 1 :]
    else:
        uri = text.partition(";")[0]
    if part == "uri":
        return uri
    start = find_unquoted(rest, ";")
    if start < 0 or not rest[start + 1 :]:
        return None
    params = rest[start + 1 :]
    return params if param is None else find_param(params, param) or None


def _then(
    worker: Worker, ctx: Context, *names: str | int | None, get: TextGetter, take: TextGetter, part: str
) -> str | None:
    """`part` of what `get` gives; the last of `names` is the parameter that `part` ends with, if it takes one."""
    if part == "params":
        *names_before, param = names
        return take(worker, get(worker, ctx, *names_before), part, param)
    return take(worker, get(worker, ctx, *names), part)


def uri_selects(path: str, get: TextGetter) -> Iterable[Select]:
    """The selects below a URI."""
    for part in URI_PARTS:
        below = f"{path}.{part}(.%s)" if part == "params" else f"{path}.{part}"
        yield select(below, partial(_then, get=get, take=uri_part, part=part), f"{part} of the URI")


def nameaddr_selects(path: str, get: TextGetter) -> Iterable[Select]:
    """The selects below an address."""
    for part in ("name", "uri", "params"):
        below = f"{path}.{part}(.%s)" if part == "params" else f"{path}.{part}"
        yield select(below, partial(_then, get=get, take=nameaddr_part, part=part), f"{part} of the address")

    def get_uri(worker: Worker, ctx: Context, *names: str | int | None) -> str | None:
        return nameaddr_part(worker, get(worker, ctx, *names), "uri")

    yield from uri_selects(f"{path}.uri", get_uri)
