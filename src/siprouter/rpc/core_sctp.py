"""RPC commands about SCTP: core.sctp_info, core.sctp_options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.declare import SUM_VALUES, Rpc, rpc
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.transport.endpoint import PROTO_NONE, PROTO_SCTP
from siprouter.transport.listen import parse_listen
from siprouter.transport.sctp_wire import SCTP_SETTINGS
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall


def _sockets(worker: Worker) -> list[Any]:
    """The SCTP sockets. RpcError where there are none."""
    found = list(getattr(worker.outlet, "sctp_sockets", ()))
    if not found:
        raise RpcError(500, "sctp support disabled")
    return found


def info(worker: Worker, _call: RpcCall) -> dict[str, RpcValue]:
    """core.sctp_info: associations open, remembered, and made so far."""
    stats = _sockets(worker)[0].stats
    return {
        "opened_connections": stats.opened,
        "tracked_connections": stats.tracked,
        "total_connections": stats.established,
    }


def options(worker: Worker, _call: RpcCall, name: str = "") -> dict[str, RpcValue]:
    """core.sctp_options: the settings, or what is in force on a socket: `default`, `first`, or its address."""
    sockets = _sockets(worker)
    if not name:
        chosen = sockets[0].options
        return {f"sctp_{one}": getattr(chosen, one) or 0 for one in SCTP_SETTINGS}
    sctp = sockets[0]
    if name.lower() not in ("default", "first"):
        try:
            wanted = parse_listen(name)
        except OperatorError:
            raise RpcError(500, "bad param (use address, address:port, default or first)") from None
        if wanted.proto not in (PROTO_NONE, PROTO_SCTP):
            raise RpcError(500, "bad protocol in param (only SCTP allowed)")
        listener = worker.listeners.find(wanted.host, wanted.port, PROTO_SCTP)
        sctp = next((one for one in sockets if one.listener is listener), None)
        if sctp is None:
            raise RpcError(500, f"not listening on sctp {name}")
    try:
        return {f"sctp_{one}": value for one, value in sctp.read_options().items()}
    except OSError:
        raise RpcError(500, "failed to get socket options") from None


SCTP_RPCS: tuple[Rpc, ...] = (
    rpc("core.sctp_info", info, help="SCTP associations: open, remembered, made so far.", workers=SUM_VALUES),
    rpc("core.sctp_options", options, "*s", help="SCTP settings; of a socket: default, first or its address."),
)
