"""The one function of jsonrpcs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.http import http_exchange
from siprouter.rpc.answer import answer_jsonrpc

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

CONTENT_TYPE = "application/json"


class JsonRpcs:
    """One instance per worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker


async def jsonrpc_dispatch(jsonrpcs: JsonRpcs, ctx: Context) -> int:
    """Run the calls in the body: 1, or -1 where this is no HTTP request or its client is gone.

    Notifications are answered with 204.
    """
    exchange = http_exchange(ctx)
    if exchange is None:
        jsonrpcs.worker.log.error("jsonrpc_dispatch: %s is no HTTP request", ctx.msg.method, source="jsonrpcs")
        return -1
    body = await answer_jsonrpc(jsonrpcs.worker, ctx.msg.body)
    if not body:
        return 1 if exchange.reply_from(ctx, 204, "No Content") else -1
    return 1 if exchange.reply_from(ctx, 200, "OK", CONTENT_TYPE, body) else -1
