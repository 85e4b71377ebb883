"""RPC commands about streams: core.tcp_info, core.tcp_options, core.tcp_list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.declare import JOIN_LISTS, Rpc, rpc
from siprouter.core.outgoing import setting
from siprouter.rpc.values import Pairs, RpcError, RpcValue
from siprouter.transport.endpoint import PROTO_NAMES

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall
    from siprouter.transport.connections import ConnectionTable
    from siprouter.transport.stream import StreamConnection

GROUP = "tcp"
OPTIONS = (
    "connect_timeout",
    "send_timeout",
    "connection_lifetime",
    "max_connections",
    "no_connect",
    "fd_cache",
    "async",
    "connect_wait",
    "conn_wq_max",
    "wq_max",
    "defer_accept",
    "delayed_ack",
    "syncnt",
    "linger2",
    "keepalive",
    "keepidle",
    "keepintvl",
    "keepcnt",
    "crlf_ping",
    "accept_aliases",
    "alias_flags",
    "new_conn_alias_flags",
    "accept_no_cl",
    "rd_buf_size",
    "wq_blk_size",
)
LABELS = {"max_connections": "max_connections(soft)"}


def streams(worker: Worker) -> ConnectionTable[StreamConnection]:
    """The connections of a running server. RpcError where it has none."""
    table: Any = getattr(worker.outlet, "table", None)
    if setting(worker, "disable_tcp", 0) or table is None:
        raise RpcError(500, "tcp support disabled")
    found: ConnectionTable[StreamConnection] = table
    return found


def tcp_info(worker: Worker, _call: RpcCall) -> RpcValue:
    """core.tcp_info: connections and what waits in their write queues."""
    table = streams(worker)
    return {
        "readers": 1,
        "max_connections": int(worker.cfg.get(GROUP, "max_connections") or 0),
        "opened_connections": len(table) + table.elsewhere,
        "write_queued_bytes": worker.outlet.stats.queued,
    }


def tcp_options(worker: Worker, _call: RpcCall) -> RpcValue:
    """core.tcp_options: the settings of the group `tcp` as they are now."""
    streams(worker)
    return {LABELS.get(name, name): worker.cfg.get(GROUP, name) for name in OPTIONS}


def tcp_list(worker: Worker, _call: RpcCall) -> list[RpcValue]:
    """core.tcp_list: one structure a connection; `timeout` in seconds, -1 for none."""
    return [
        Pairs(
            [
                ("id", connection.id),
                ("type", PROTO_NAMES[connection.proto]),
                ("state", connection.state),
                ("initiator", "local" if connection.outgoing else "remote"),
                ("timeout", connection.seconds_left()),
                ("lifetime", int(connection.lifetime())),
                ("src_ip", connection.remote[0]),
                ("src_port", connection.remote[1]),
                ("dst_ip", connection.local[0]),
                ("dst_port", connection.local[1]),
                ("write_queued_bytes", connection.queued),
            ]
        )
        for connection in streams(worker)
    ]


TCP_RPCS: tuple[Rpc, ...] = (
    rpc("core.tcp_info", tcp_info, help="How many connections there are, and how much waits to be written."),
    rpc("core.tcp_options", tcp_options, help="The tcp settings as they are now."),
    rpc("core.tcp_list", tcp_list, help="All connections.", returns_array=True, workers=JOIN_LISTS),
)
