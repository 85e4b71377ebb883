"""The place a message came from, as URIs and as the alias parameter."""

from __future__ import annotations

from siprouter.transport.endpoint import PROTO_NAMES, PROTO_NONE, PROTO_UDP, Endpoint, url_host


def received_uri(source: Endpoint) -> str:
    """``sip:192.0.2.1:5060``, with ``;transport=TCP`` for anything but UDP: what registrars keep as `received`."""
    uri = f"sip:{url_host(source.ip)}:{source.port}"
    if source.proto in (PROTO_UDP, PROTO_NONE):
        return uri
    return f"{uri};transport={PROTO_NAMES[source.proto].upper()}"


def alias_param(source: Endpoint) -> str:
    """``;alias=192.0.2.1~5060~1``: address, port, and number of the protocol."""
    return f";alias={url_host(source.ip)}~{source.port}~{source.proto or PROTO_UDP}"


def alias_destination(value: str) -> str:
    """The URI for the value of an alias parameter. Raises ValueError where it is malformed."""
    address, _, rest = value.partition("~")
    port, _, number = rest.partition("~")
    if not (address and port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise ValueError(f"no address and port in alias {value!r}")
    if not (number.isascii() and number.isdigit() and 0 < int(number) < len(PROTO_NAMES)):
        raise ValueError(f"no protocol in alias {value!r}")
    uri = f"sip:{address}:{port}"
    return uri if int(number) == PROTO_UDP else f"{uri};transport={PROTO_NAMES[int(number)]}"
