"""The instance of the kex module: counts what is received."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.routes import CORE_ONREPLY
from siprouter.sip.names import M_OTHER

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import ModuleStats, Worker


class Kex:
    """Sees each request and reply before any other module, so that absorbed retransmissions are counted too."""

    stats: ModuleStats

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """Join the hooks at the front."""
        hooks = self.worker.hooks
        hooks.request_in.insert(0, self._count_request)
        hooks.script_start.insert(0, self._count_reply_with_route)
        hooks.reply_in.insert(0, self._count_reply_without_route)
        self._requests = self.stats["rcv_requests"]
        self._replies = self.stats["rcv_replies"]
        self._unsupported = self.stats["unsupported_methods"]

    def _count_request(self, ctx: Context) -> bool:
        self._requests.value += 1
        if ctx.msg.method_id == M_OTHER:
            self._unsupported.value += 1
        return False

    def _count_reply_with_route(self, ctx: Context) -> None:
        if ctx.route_type == CORE_ONREPLY:
            self._replies.value += 1

    def _count_reply_without_route(self, ctx: Context) -> bool:
        if ctx.script is None or ctx.script.reply_route is None:
            self._replies.value += 1
        return False
