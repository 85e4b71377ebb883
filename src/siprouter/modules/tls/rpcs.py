"""The RPC commands tls.reload, tls.list, tls.info and tls.options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.modules.tls.tls import Tls
from siprouter.rpc.values import Pairs, RpcError, RpcValue
from siprouter.transport.tls import TlsConnection
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.rpc.call import RpcCall

OPTIONS = (
    ("force_run", "force_run"),
    ("method", "method"),
    ("verify_certificate", "verify_certificate"),
    ("verify_depth", "verify_depth"),
    ("require_certificate", "require_certificate"),
    ("private_key", "private_key"),
    ("ca_list", "ca_list"),
    ("certificate", "certificate"),
    ("cipher_list", "cipher_list"),
    ("session_cache", "session_cache"),
    ("session_id", "session_id"),
    ("config", "config"),
    ("log", "log"),
    ("debug", "debug"),
    ("connection_timeout", "connection_timeout"),
    ("disable_compression", "disable_compression"),
    ("ssl_release_buffers", "ssl_release_buffers"),
    ("ssl_freelist_max", "ssl_free_list_max"),
    ("ssl_max_send_fragment", "ssl_max_send_fragment"),
    ("ssl_read_ahead", "ssl_read_ahead"),
    ("send_close_notify", "send_close_notify"),
    ("low_mem_threshold1", "low_mem_threshold1"),
    ("low_mem_threshold2", "low_mem_threshold2"),
    ("ct_wq_max", "ct_wq_max"),
    ("con_ct_wq_max", "con_ct_wq_max"),
    ("ct_wq_blk_size", "ct_wq_blk_size"),
    ("renegotiation", "renegotiation"),
    ("handshake_timeout", "handshake_timeout"),
    ("max_handshakes", "max_handshakes"),
)


def connections(tls: Tls) -> list[TlsConnection]:
    """All TLS connections of the worker."""
    table: Any = getattr(tls.worker.outlet, "table", ())
    return [connection for connection in table if isinstance(connection, TlsConnection)]


def reload(tls: Tls, _call: RpcCall) -> str:
    """tls.reload: present connections keep what they have."""
    try:
        tls.reload()
    except OperatorError as error:
        tls.worker.log.error("tls.reload: %s", error, source="tls")
        raise RpcError(500, f"Error while reloading TLS configuration, nothing has changed: {error}") from None
    return f"{len(tls.domains.all)} domains loaded"


def list_connections(tls: Tls, _call: RpcCall) -> list[RpcValue]:
    """tls.list: one structure a connection."""
    return [_row(connection) for connection in connections(tls)]


def _row(connection: TlsConnection) -> Pairs:
    pairs: list[tuple[str, RpcValue]] = [
        ("id", connection.id),
        ("timeout", connection.seconds_left()),
        ("src_ip", connection.remote[0]),
        ("src_port", connection.remote[1]),
        ("dst_ip", connection.local[0]),
        ("dst_port", connection.local[1]),
        ("cipher", _cipher(connection)),
        ("ct_wq_size", connection.clear_queued),
        ("enc_rd_buf", connection.unread),
        ("flags", 0),
        ("state", _state(connection)),
        ("domain", str(connection.domain.key) if connection.domain is not None else "none"),
        ("server_name", connection.server_name),
    ]
    return Pairs(pairs)


def _cipher(connection: TlsConnection) -> str:
    found = connection.session.cipher() if connection.session is not None else None
    return " ".join(str(part) for part in found) if found else "unknown"


def _state(connection: TlsConnection) -> str:
    """In the words of SIP Router."""
    if connection.state == "established":
        return "established"
    if connection.state == "handshake":
        return "tls_connect" if connection.outgoing else "tls_accept"
    return "pre-init" if connection.state == "connecting" else "none/init"


def info(tls: Tls, _call: RpcCall) -> RpcValue:
    """tls.info: what waits, and what happened so far."""
    counts = tls.counts
    return {
        "clear_text_write_queued_bytes": counts.clear_queued,
        "opened_connections": len(connections(tls)),
        "accepted": counts.accepted,
        "connected": counts.connected,
        "handshake_failed": counts.handshake_failed,
        "handshake_dropped": counts.handshake_dropped,
        "low_memory": counts.low_memory,
        "domains": len(tls.domains.all),
    }


def options(tls: Tls, _call: RpcCall) -> RpcValue:
    """tls.options: the settings as they are now."""
    return {label: getattr(tls.cfg, name) for label, name in OPTIONS}
