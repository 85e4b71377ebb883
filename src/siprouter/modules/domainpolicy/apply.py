"""dp_apply_policy(): the destination that AVPs describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.sockets import parse_socket
from siprouter.sip.uri import Uri, parse_uri
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.domainpolicy.state import DomainPolicy

CHANGED, UNCHANGED, FAILED = 1, 2, -1
MAX_URI = 1024


class _BadValueError(Exception):
    """An AVP that cannot be used."""


def apply_policy(inst: DomainPolicy, ctx: Context) -> int:
    """dp_apply_policy(): 1; 2: no AVP is set; -1: one is bad."""
    try:
        uri = ctx.parsed_uri
        _choose_socket(inst, ctx)
        text = _destination(inst, ctx, uri)
        if text is None:
            return UNCHANGED
        host = parse_uri(text).host
        if len(text) > MAX_URI or not host:
            raise _BadValueError(f"bad destination {text[:64]!r}")
    except (_BadValueError, PeerError) as error:
        inst.worker.log.error("dp_apply_policy(): %s", error, source="domainpolicy")
        return FAILED
    ctx.dst_uri = text
    ctx.uri_consumed = False
    return CHANGED


def _value(inst: DomainPolicy, ctx: Context, name: str) -> str | None:
    key = inst.keys[name]
    values = ctx.avps.all(key[1], key[0])
    if not values:
        return None
    value = values[0]
    if not isinstance(value, str) or not value or any(char in value for char in "\r\n<> ;@?"):
        raise _BadValueError(f"bad value of AVP {key[1]}: {value!r}")
    return value


def _choose_socket(inst: DomainPolicy, ctx: Context) -> None:
    text = _value(inst, ctx, "send_socket")
    if text is None:
        return
    wanted = parse_socket(text)
    if wanted is None:
        raise _BadValueError(f"bad socket {text!r}")
    proto, host, port = wanted
    listener = inst.worker.listeners.find(host, port, proto)
    if listener is None:
        inst.worker.log.warning("dp_apply_policy(): there is no socket %s", text, source="domainpolicy")
    else:
        ctx.force_socket = listener


def _destination(inst: DomainPolicy, ctx: Context, uri: Uri) -> str | None:
    """None where no AVP is set."""
    prefix, domain, suffix, port, transport = [
        _value(inst, ctx, name)
        for name in ("domain_prefix", "domain_replacement", "domain_suffix", "port_override", "transport_override")
    ]
    if prefix is domain is suffix is port is transport is None:
        return None
    host = (f"{prefix}." if prefix else "") + (domain or uri.host) + (f".{suffix}" if suffix else "")
    port = port or (str(uri.port) if uri.port else None)
    transport = transport or uri.param("transport")
    return f"sip:{host}" + (f":{port}" if port else "") + (f";transport={transport}" if transport else "")
