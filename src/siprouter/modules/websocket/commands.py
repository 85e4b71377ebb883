"""RPC commands of websocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.rpc.values import Pairs, RpcError, RpcValue

if TYPE_CHECKING:
    from siprouter.modules.websocket.state import WebSocket
    from siprouter.transport.stream import StreamConnection

ORDERS = ("id_hash", "used_desc", "used_asc")
MAX_LISTED = 50
NORMAL_CLOSURE = 1000


def dump(ws: WebSocket, _call: object, order: str = "id_hash") -> RpcValue:
    """ws.dump: the connections, 50 at most, in the order of their numbers or of their last use."""
    if order not in ORDERS:
        raise RpcError(400, f"order must be one of {', '.join(ORDERS)}")
    found = list(ws.connections.values())
    if order != "id_hash":
        found.sort(key=lambda connection: connection.idle_for(), reverse=order == "used_asc")
    lines: list[RpcValue] = [describe(connection) for connection in found[:MAX_LISTED]]
    info = Pairs([("wscounter", len(found)), ("truncated", "yes" if len(found) > MAX_LISTED else "no")])
    return Pairs([("connections", lines), ("info", info)])


def describe(connection: StreamConnection) -> str:
    """One line on a connection."""
    source, listener = connection.source, connection.listener
    where = "" if listener is None else f"{listener.name}"
    return f"{connection.id}: {source} -> {where} (state: {connection.state}, idle {int(connection.idle_for())} s)"


def find(ws: WebSocket, number: int) -> StreamConnection:
    """The connection with this number. Raises RpcError."""
    found = ws.find(number)
    if found is None:
        raise RpcError(500, f"no WebSocket with number {number}")
    return found


def close(ws: WebSocket, _call: object, number: int) -> None:
    """ws.close"""
    ws.close(find(ws, number), NORMAL_CLOSURE, "Normal Closure")


def ping(ws: WebSocket, _call: object, number: int) -> None:
    """ws.ping"""
    send(ws, number, True)


def pong(ws: WebSocket, _call: object, number: int) -> None:
    """ws.pong"""
    send(ws, number, False)


def send(ws: WebSocket, number: int, is_ping: bool) -> None:
    """A keep-alive now. Raises RpcError."""
    if not ws.keep_alive(find(ws, number), is_ping):
        raise RpcError(500, f"WebSocket {number} is about to close")


def enable(ws: WebSocket, _call: object) -> None:
    """ws.enable"""
    ws.enabled = True


def disable(ws: WebSocket, _call: object) -> None:
    """ws.disable"""
    ws.enabled = False
