"""Where a request came from and by which socket, as one URI: what the location tables of SER keep.

``sip:192.0.2.1:1024;transport=TCP;dstip=192.0.2.10;dstport=5060``: the source, and the address and port that got it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.uri import parse_uri
from siprouter.transport.endpoint import PROTO_IDS, PROTO_NAMES, PROTO_NONE, PROTO_UDP, Endpoint, Listener, url_host
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker


def received_with_socket(source: Endpoint) -> str:
    """The URI for a source; there is no ``transport`` with UDP, and no ``dstip`` without a listener."""
    uri = f"sip:{url_host(source.ip)}:{source.port}"
    if source.proto not in (PROTO_UDP, PROTO_NONE):
        uri += f";transport={PROTO_NAMES[source.proto].upper()}"
    listener = source.listener
    if listener is not None:
        uri += f";dstip={url_host(listener.address)};dstport={listener.port}"
    return uri


def receiving_socket(worker: Worker, uri: str) -> Listener | None:
    """The listener of ours that such a URI names; None where it names none."""
    try:
        parsed = parse_uri(uri)
    except PeerError:
        return None
    address = parsed.param("dstip")
    port = parsed.param("dstport") or "0"
    if not address or not (port.isascii() and port.isdigit() and len(port) <= 5):
        return None
    proto = PROTO_IDS.get(parsed.transport.lower(), PROTO_UDP)
    found: Listener | None = worker.listeners.find(address, int(port), proto or PROTO_UDP)
    return found
