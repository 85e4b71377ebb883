"""The metrics of a worker, or of all workers together, in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from siprouter.core.http import http_exchange
from siprouter.rpc.everywhere import gather_counters
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.counters import Counter
    from siprouter.core.worker import Worker

ALL = "all"
PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*", re.ASCII)
_NO_NAME = re.compile(r"[^A-Za-z0-9_:]", re.ASCII)


class XHttpProm:
    """One instance per worker."""

    xhttp_prom_stats: str
    xhttp_prom_beginning: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        begin = self.xhttp_prom_beginning
        if begin and not _NAME.fullmatch(begin):
            raise OperatorError(f"xhttp_prom: no metric can begin with '{begin}'")

    def check_uri(self, ctx: Context) -> int:
        """prom_check_uri(): 1 for an HTTP request to /metrics."""
        exchange = http_exchange(ctx)
        return 1 if exchange is not None and exchange.path.partition("?")[0].rstrip("/") == PATH else -1

    async def dispatch(self, ctx: Context) -> int:
        """prom_dispatch(): answers with the sums of all workers; -1 where there is nothing (more) to answer."""
        exchange = http_exchange(ctx)
        if exchange is None:
            self.worker.log.error("prom_dispatch: %s is no HTTP request", ctx.msg.method, source="xhttp_prom")
            return -1
        team = self.worker.services.get("team")
        if team is not None:
            await gather_counters(self.worker, team)
        body = render(self.wanted(), self.xhttp_prom_beginning).encode()
        return 1 if exchange.reply_from(ctx, 200, "OK", CONTENT_TYPE, body) else -1

    def wanted(self) -> list[Counter]:
        """What xhttp_prom_stats names; what is not declared (yet) is left out."""
        which, counters = self.xhttp_prom_stats, self.worker.counters
        if which == ALL:
            return list(counters)
        if which.endswith(":"):
            return counters.in_group(which[:-1])
        found = counters.find_by_name(which)
        return [] if found is None else [found]


def render(counters: Iterable[Counter], begin: str) -> str:
    """The text; of two counters whose names become the same the first counts."""
    lines: dict[str, str] = {}
    for counter in counters:
        name = metric_name(begin, counter.group, counter.name)
        if name in lines:
            continue
        text = f"# HELP {name} {escape_help(counter.help)}\n" if counter.help else ""
        lines[name] = f"{text}# TYPE {name} untyped\n{name} {counter.total()}\n"
    return "".join(lines.values())


def metric_name(begin: str, group: str, name: str) -> str:
    """A name that Prometheus takes: other characters than its own become `_`."""
    text = _NO_NAME.sub("_", f"{begin}{group}_{name}")
    return f"_{text}" if text[:1].isdigit() else text


def escape_help(text: str) -> str:
    """Help in one line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")
