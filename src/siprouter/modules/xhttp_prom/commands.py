"""What the script and RPC do with metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.http import http_exchange
from siprouter.core.values import str_to_int
from siprouter.modules.xhttp_prom.exposition import CONTENT_TYPE, COUNTER, GAUGE, render
from siprouter.modules.xhttp_prom.metrics import MetricError
from siprouter.modules.xhttp_prom.state import SOURCE, PromState
from siprouter.rpc.everywhere import gather_counters, team_of
from siprouter.rpc.values import RpcError
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.rpc.call import RpcCall

PATH = "/metrics"


class XhttpProm(PromState):
    """One instance per worker. Script functions give 1, or -1 where the metric cannot be used like this (logged)."""

    # --- script functions

    def counter_reset(self, ctx: Context, name: str, *values: str) -> int:
        """prom_counter_reset(name, labels)."""
        return self._try(lambda: self.metrics.put(name, COUNTER, 0, values))

    def counter_inc(self, ctx: Context, name: str, amount: str, *values: str) -> int:
        """prom_counter_inc(name, number, labels)."""
        return self._try(lambda: self.metrics.inc(name, whole(amount), values))

    def gauge_reset(self, ctx: Context, name: str, *values: str) -> int:
        """prom_gauge_reset(name, labels)."""
        return self._try(lambda: self.metrics.put(name, GAUGE, 0.0, values))

    def gauge_set(self, ctx: Context, name: str, value: str, *values: str) -> int:
        """prom_gauge_set(name, number, labels)."""
        return self._try(lambda: self.metrics.put(name, GAUGE, decimal(value), values))

    def histogram_observe(self, ctx: Context, name: str, value: str, *values: str) -> int:
        """prom_histogram_observe(name, number, labels)."""
        return self._try(lambda: self.metrics.observe(name, decimal(value), values))

    def _try(self, work: Callable[[], None]) -> int:
        try:
            work()
        except PeerError as error:
            self.worker.log.error("%s", error.reason, source=SOURCE)
            return -1
        return 1

    def check_uri(self, ctx: Context) -> int:
        """prom_check_uri()."""
        exchange = http_exchange(ctx)
        return 1 if exchange is not None and exchange.path.partition("?")[0].rstrip("/") == PATH else -1

    async def dispatch(self, ctx: Context) -> int:
        """prom_dispatch()."""
        exchange = http_exchange(ctx)
        log = self.worker.log
        if exchange is None:
            log.error("prom_dispatch: %s is no HTTP request", ctx.msg.method, source=SOURCE)
            return -1
        team = team_of(self.worker)
        try:
            if team is not None and self.xhttp_prom_stats:
                await gather_counters(self.worker, team)
        except RpcError as error:
            log.error("prom_dispatch: %s", error.message, source=SOURCE)
            exchange.reply_from(ctx, 500, "Server Internal Error")
            return -1
        body = self.text()
        if self.xhttp_prom_buf_size and len(body) > self.xhttp_prom_buf_size:
            log.error("prom_dispatch: %d octets, more than xhttp_prom_buf_size", len(body), source=SOURCE)
            exchange.reply_from(ctx, 500, "Server Internal Error")
            return -1
        return 1 if exchange.reply_from(ctx, 200, "OK", CONTENT_TYPE, body) else -1

    # --- RPC commands

    def rpc_counter_reset(self, call: RpcCall, name: str, *values: str) -> None:
        """xhttp_prom.counter_reset."""
        self._ask(lambda: self.metrics.put(name, COUNTER, 0, values))

    def rpc_counter_inc(self, call: RpcCall, name: str, amount: int, *values: str) -> None:
        """xhttp_prom.counter_inc."""
        self._ask(lambda: self.metrics.inc(name, amount, values))

    def rpc_gauge_reset(self, call: RpcCall, name: str, *values: str) -> None:
        """xhttp_prom.gauge_reset."""
        self._ask(lambda: self.metrics.put(name, GAUGE, 0.0, values))

    def rpc_gauge_set(self, call: RpcCall, name: str, value: float, *values: str) -> None:
        """xhttp_prom.gauge_set."""
        self._ask(lambda: self.metrics.put(name, GAUGE, value, values))

    def rpc_histogram_observe(self, call: RpcCall, name: str, value: float, *values: str) -> None:
        """xhttp_prom.histogram_observe."""
        self._ask(lambda: self.metrics.observe(name, value, values))

    def _ask(self, work: Callable[[], None]) -> None:
        try:
            work()
        except PeerError as error:
            raise RpcError(400 if isinstance(error, MetricError) else 500, error.reason) from None

    def rpc_list(self, call: RpcCall) -> str:
        """xhttp_prom.metric_list_print."""
        return render(self.metrics.families(self.xhttp_prom_beginning)).decode("utf-8")


def whole(text: str) -> int:
    """A whole number. Raises MetricError."""
    found = str_to_int(text.strip())
    if found is None:
        raise MetricError(f"'{text[:40]}' is no whole number")
    return found


def decimal(text: str) -> float:
    """A number with or without decimals. Raises MetricError."""
    try:
        return float(text)
    except ValueError:
        raise MetricError(f"'{text[:40]}' is no number") from None
