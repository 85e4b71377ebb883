"""The instance of xhttp_prom: definitions, and which statistics are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from siprouter.core.counters import Counter
from siprouter.modules.xhttp_prom.exposition import COUNTER, GAUGE, HISTOGRAM, Family, Sample, metric_name, render
from siprouter.modules.xhttp_prom.metrics import Metric, Metrics, parse_metric
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

SOURCE = "xhttp_prom"
DEFAULT_TIMEOUT = 60
DEFAULT_BEGINNING = "kamailio_"
ALL = "all"
MAX_METRICS = 1000


class PromState:
    """One instance per worker."""

    xhttp_prom_buf_size: int
    xhttp_prom_timeout: int
    xhttp_prom_stats: str
    xhttp_prom_beginning: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.metrics: Metrics
        self._definitions: dict[str, Metric] = {}

    def add_counter(self, text: str) -> None:
        """modparam prom_counter."""
        self._define(text, COUNTER)

    def add_gauge(self, text: str) -> None:
        """modparam prom_gauge."""
        self._define(text, GAUGE)

    def add_histogram(self, text: str) -> None:
        """modparam prom_histogram."""
        self._define(text, HISTOGRAM)

    def _define(self, text: str, kind: str) -> None:
        metric = parse_metric(text, kind)
        if metric.name in self._definitions:
            raise OperatorError(f"xhttp_prom: {metric.name} is defined already")
        if len(self._definitions) >= MAX_METRICS:
            raise OperatorError(f"xhttp_prom: more than {MAX_METRICS} metrics")
        self._definitions[metric.name] = metric

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.xhttp_prom_timeout < 0 or self.xhttp_prom_buf_size < 0:
            raise OperatorError("xhttp_prom: xhttp_prom_timeout and xhttp_prom_buf_size cannot be negative")
        if self.xhttp_prom_beginning and metric_name(self.xhttp_prom_beginning) != self.xhttp_prom_beginning:
            message = f"xhttp_prom: no metric can begin with '{self.xhttp_prom_beginning}'"
            raise OperatorError(message, suggestion='"kamailio_"')
        self.metrics = Metrics(self.worker.state, self.xhttp_prom_timeout * 60.0)
        self.metrics.defined = self._definitions

    def start(self) -> None:
        """Say so where there are no such statistics."""
        wanted = self.xhttp_prom_stats
        if wanted and self.worker.index == 0 and not list(self.chosen()):
            self.worker.log.warning("xhttp_prom_stats: there is no statistic '%s'", wanted, source=SOURCE)

    def chosen(self) -> Iterator[Counter]:
        """The statistics that parameter xhttp_prom_stats names."""
        wanted, counters = self.xhttp_prom_stats, self.worker.counters
        if wanted == ALL:
            yield from counters
        elif wanted.endswith(":"):
            yield from counters.in_group(wanted[:-1])
        elif wanted:
            found = counters.find_by_name(wanted)
            if found is not None:
                yield found

    def statistics(self) -> Iterator[Family]:
        """The chosen statistics, sums over all workers as far as they were gathered."""
        cumulative = self.worker.registry.cumulative
        for counter in self.chosen():
            key = (counter.group, counter.name)
            kind = COUNTER if counter.getter is None or key in cumulative else GAUGE
            name = self.xhttp_prom_beginning + metric_name(f"{counter.group}_{counter.name}")
            yield Family(metric_name(name), kind, counter.help, [Sample(counter.total())])

    def text(self) -> bytes:
        """Everything, metrics of the script first."""
        return render((*self.metrics.families(self.xhttp_prom_beginning), *self.statistics()))
