"""The `uri.`, `param.`, `nameaddr.` and `tobody.` transformations.

Null, an empty or a malformed text give null; a part that is absent reads "".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.values import Value
from siprouter.modules.pv.strings import octets
from siprouter.sip.nameaddr import NameAddr, parse_nameaddr
from siprouter.sip.uri import Uri
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv


class NoPort(int):
    """The port that a URI does not have: 0 as a number, "" as text."""

    __slots__ = ()

    def __str__(self) -> str:
        return ""


def _uri(inst: Pv, value: Value) -> Uri | None:
    return inst.uri(value) if isinstance(value, str) and value else None


def uri_user(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.user}"""
    uri = _uri(inst, value)
    return None if uri is None else uri.user


def uri_host(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.host}, {uri.domain}"""
    uri = _uri(inst, value)
    return None if uri is None else uri.host


def uri_password(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.passwd}"""
    uri = _uri(inst, value)
    return None if uri is None else uri.password


def uri_port(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.port}: a number"""
    uri = _uri(inst, value)
    return None if uri is None else uri.port or NoPort(0)


def uri_params(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.params}"""
    uri = _uri(inst, value)
    return None if uri is None else uri.params


def uri_headers(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.headers}"""
    uri = _uri(inst, value)
    return None if uri is None else uri.headers


def uri_param(inst: Pv, ctx: Context, value: Value, name: str) -> Value:
    """{uri.param,name}"""
    uri = _uri(inst, value)
    return None if uri is None else uri.param(name.lower()) or ""


def _known_param(inst: Pv, value: Value, name: str) -> Value:
    uri = _uri(inst, value)
    return None if uri is None else uri.param(name) or ""


def uri_transport(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.transport}"""
    return _known_param(inst, value, "transport")


def uri_ttl(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.ttl}"""
    return _known_param(inst, value, "ttl")


def uri_user_param(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.uparam}: the parameter "user" """
    return _known_param(inst, value, "user")


def uri_maddr(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.maddr}"""
    return _known_param(inst, value, "maddr")


def uri_method(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.method}"""
    return _known_param(inst, value, "method")


def uri_lr(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.lr}: its value, which is mostly empty"""
    return _known_param(inst, value, "lr")


def uri_r2(inst: Pv, ctx: Context, value: Value) -> Value:
    """{uri.r2}"""
    return _known_param(inst, value, "r2")


# parameter lists


def _params(inst: Pv, value: Value) -> list[tuple[str, str]] | None:
    return inst.param_list(value) if isinstance(value, str) and value else None


def param_value(inst: Pv, ctx: Context, value: Value, name: str) -> Value:
    """{param.value,name}: of several the last"""
    params = _params(inst, value)
    if params is None:
        return None
    wanted = name.lower()
    for key, text in reversed(params):
        if key.lower() == wanted:
            return text
    return ""


def param_value_at(inst: Pv, ctx: Context, value: Value, index: int) -> Value:
    """{param.valueat,index}: negative indexes count from the last"""
    params = _params(inst, value)
    if params is None:
        return None
    return params[index][1] if -len(params) <= index < len(params) else ""


def param_name(inst: Pv, ctx: Context, value: Value, index: int) -> Value:
    """{param.name,index}"""
    params = _params(inst, value)
    if params is None:
        return None
    return params[index][0] if -len(params) <= index < len(params) else ""


def param_count(inst: Pv, ctx: Context, value: Value) -> Value:
    """{param.count}"""
    params = _params(inst, value)
    return None if params is None else len(params)


# name-addr: split at the angle brackets, nothing else is looked at


def _brackets(value: Value) -> tuple[int, int] | None:
    """Where "<" and ">" are; (-1, -1) where there is no "<"; None where ">" is missing or there is no text."""
    if not isinstance(value, str) or not value:
        return None
    opening = _find_unquoted(value, "<", 0)
    if opening < 0:
        return -1, -1
    closing = _find_unquoted(value, ">", opening + 1)
    return None if closing < 0 else (opening, closing)


def _find_unquoted(text: str, wanted: str, start: int) -> int:
    quoted = False
    pos = start
    while pos < len(text):
        char = text[pos]
        if quoted:
            if char == "\\":
                pos += 1
            elif char == '"':
                quoted = False
        elif char == wanted:
            return pos
        elif char == '"':
            quoted = True
        pos += 1
    return -1


def nameaddr_name(inst: Pv, ctx: Context, value: Value) -> Value:
    """{nameaddr.name}: what stands before the "<", blanks and quotes included"""
    found = _brackets(value)
    if found is None:
        return None
    return str(value)[: found[0]] if found[0] >= 0 else ""


def nameaddr_uri(inst: Pv, ctx: Context, value: Value) -> Value:
    """{nameaddr.uri}: what stands between the angle brackets, or the whole text"""
    found = _brackets(value)
    if found is None:
        return None
    return str(value)[found[0] + 1 : found[1]] if found[0] >= 0 else value


def nameaddr_len(inst: Pv, ctx: Context, value: Value) -> Value:
    """{nameaddr.len}: octets up to the ">" """
    found = _brackets(value)
    if found is None:
        return None
    text = str(value)
    return len(octets(text[: found[1] + 1] if found[0] >= 0 else text))


# bodies of To, From and their like


def _address(inst: Pv, value: Value) -> NameAddr | None:
    """`value` parsed as To is, its URI included; the last one is kept."""
    if not isinstance(value, str) or not value:
        return None
    if inst.last_address[0] != value:
        data = to_bytes(value)
        address: NameAddr | None = None
        try:
            address = parse_nameaddr(data, 0, len(data), False)
            _ = address.parsed_uri
        except PeerError:
            address = None
        inst.last_address = (value, address)
    return inst.last_address[1]


def tobody_uri(inst: Pv, ctx: Context, value: Value) -> Value:
    """{tobody.uri}"""
    address = _address(inst, value)
    return None if address is None else address.uri


def tobody_tag(inst: Pv, ctx: Context, value: Value) -> Value:
    """{tobody.tag}"""
    address = _address(inst, value)
    return None if address is None else address.tag


def tobody_display(inst: Pv, ctx: Context, value: Value) -> Value:
    """{tobody.display}: with its quotes"""
    address = _address(inst, value)
    return None if address is None else address.display


def tobody_user(inst: Pv, ctx: Context, value: Value) -> Value:
    """{tobody.user}"""
    address = _address(inst, value)
    return None if address is None else address.parsed_uri.user


def tobody_host(inst: Pv, ctx: Context, value: Value) -> Value:
    """{tobody.host}"""
    address = _address(inst, value)
    return None if address is None else address.parsed_uri.host


def tobody_params(inst: Pv, ctx: Context, value: Value) -> Value:
    """{tobody.params}: the header parameters without the first semicolon"""
    address = _address(inst, value)
    if address is None:
        return None
    tail = to_bytes(str(value))[address.params_start :].decode("utf-8", "surrogateescape")
    return tail.lstrip(" \t;")
