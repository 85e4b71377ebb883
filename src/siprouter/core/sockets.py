"""Sockets as configurations and dumps write them: ``udp:192.0.2.1:5060``."""

from __future__ import annotations

from siprouter.transport.endpoint import PROTO_IDS


def parse_socket(text: str) -> tuple[int, str, int] | None:
    """``[proto:]host[:port]`` as (protocol, host, port), 0 for what is absent; None for anything else."""
    proto = 0
    head, colon, rest = text.partition(":")
    if colon and head.lower() in PROTO_IDS:
        proto, text = PROTO_IDS[head.lower()], rest
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return (proto, text, 0) if text else None
    if not (host and port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        return None
    return proto, host, int(port)
