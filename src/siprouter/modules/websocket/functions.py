"""Script functions and the variable of websocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.http import http_exchange
from siprouter.transport.endpoint import PROTO_WS, PROTO_WSS

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.values import Value
    from siprouter.modules.websocket.state import WebSocket

NORMAL_CLOSURE = 1000


def ws_handle_handshake(ws: WebSocket, ctx: Context) -> int:
    """Answer the handshake: 1 where the connection is a WebSocket now; else it is refused, and the script stops."""
    exchange = http_exchange(ctx)
    if exchange is None:
        ws.worker.log.error("ws_handle_handshake: %s is no HTTP request", ctx.msg.method, source="websocket")
        return -1
    return 1 if ws.handshake(exchange) else 0


def ws_close(
    ws: WebSocket, ctx: Context, code: int = NORMAL_CLOSURE, reason: Value = "", connection: int | None = None
) -> int:
    """Close the WebSocket that the message came by, or another one: 1, or -1 where there is none."""
    number = ctx.source.connection if connection is None else connection
    found = ws.find(number)
    if found is None:
        ws.worker.log.error("ws_close: connection %d is no WebSocket", number, source="websocket")
        return -1
    try:
        ws.close(found, code, "" if reason is None else str(reason))
    except ValueError as error:
        ws.worker.log.error("ws_close: %s", error, source="websocket")
        return -1
    return 1


def connection_id(_ws: WebSocket, ctx: Context) -> Value:
    """$ws_conid: null where the message did not come by a WebSocket."""
    source = ctx.source
    return source.connection if source.proto in (PROTO_WS, PROTO_WSS) else None
