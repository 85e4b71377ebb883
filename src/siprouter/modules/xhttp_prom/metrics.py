"""Metrics that the configuration defines, kept for all workers together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from siprouter.modules.xhttp_prom.exposition import (
    COUNTER,
    HISTOGRAM,
    Family,
    Sample,
    is_label_name,
    is_metric_name,
    number,
)
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.state.interface import State, Table

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MAX_LABELS = 3
MAX_BUCKETS = 100
MAX_LABEL_LENGTH = 120  # characters of a value
MAX_SERIES = 10_000
SEPARATOR = "\x1f"
EXAMPLE = "name=calls; label=method:direction"


class MetricError(PeerError):
    """A metric cannot be used like this."""

    def __init__(self, reason: str) -> None:
        super().__init__(500, reason)


@dataclass(frozen=True, slots=True)
class Metric:
    """One definition."""

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    help: str = ""


def parse_metric(text: str, kind: str) -> Metric:
    """`name=…; label=a:b; buckets=1:2; help=…`. Raises OperatorError."""
    fields: dict[str, str] = {}
    for part in filter(str.strip, text.split(";")):
        name, sign, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if not sign or name not in ("name", "label", "help", *(["buckets"] if kind == HISTOGRAM else [])):
            raise OperatorError(f"xhttp_prom: '{part.strip()}' in the definition of a {kind}", suggestion=EXAMPLE)
        if name in fields:
            raise OperatorError(f"xhttp_prom: {name} is given twice in '{text}'", suggestion=EXAMPLE)
        fields[name] = value
    name = fields.get("name", "")
    if not is_metric_name(name):
        raise OperatorError(f"xhttp_prom: '{name}' cannot be the name of a {kind}", suggestion=EXAMPLE)
    labels = tuple(label for label in fields.get("label", "").split(":") if label)
    bad = [label for label in labels if not is_label_name(label) or (kind == HISTOGRAM and label == "le")]
    if bad or len(set(labels)) < len(labels) or len(labels) > MAX_LABELS:
        raise OperatorError(f"xhttp_prom: bad labels of {kind} {name}: '{fields['label']}'", suggestion=EXAMPLE)
    buckets = _parse_buckets(name, fields.get("buckets", "")) if kind == HISTOGRAM else ()
    return Metric(name, kind, labels, buckets, fields.get("help", ""))


def _parse_buckets(name: str, text: str) -> tuple[float, ...]:
    if not text:
        return DEFAULT_BUCKETS
    try:
        buckets = tuple(float(item) for item in text.split(":") if item.strip() != "+Inf")
    except ValueError:
        buckets = ()
    rising = all(low < high for low, high in pairwise(buckets))
    if not buckets or not rising or len(buckets) > MAX_BUCKETS or not all(map(math.isfinite, buckets)):
        message = f"xhttp_prom: the buckets of {name} must be rising numbers, found '{text}'"
        raise OperatorError(message, suggestion="buckets=0.1:0.5:1")
    return buckets


class Metrics:
    """The values, in a table that all workers share. Keys are the name and the label values."""

    def __init__(self, state: State, seconds: float) -> None:
        """`seconds`: how long a value is kept that nobody changes; 0: for ever."""
        self.defined: dict[str, Metric] = {}
        self._state = state
        self._table: Table[Any] = state.table("xhttp_prom", ttl=seconds)

    def inc(self, name: str, amount: int, values: tuple[str, ...]) -> None:
        """Add to a counter. Raises MetricError."""
        if amount < 0:
            raise MetricError(f"counter {name} cannot be counted by {amount}")
        self._table.add(self._key(name, COUNTER, values), amount)

    def put(self, name: str, kind: str, value: float, values: tuple[str, ...]) -> None:
        """Set a gauge, or a counter to 0. Raises MetricError."""
        if not math.isfinite(value):
            raise MetricError(f"{kind} {name} cannot be {value}")
        self._table.put(self._key(name, kind, values), int(value) if kind == COUNTER else float(value))

    def observe(self, name: str, value: float, values: tuple[str, ...]) -> None:
        """Count a value in a histogram. Raises MetricError."""
        if not math.isfinite(value):
            raise MetricError(f"histogram {name} cannot count {value}")
        key = self._key(name, HISTOGRAM, values)
        buckets = self.defined[name].buckets
        with self._state.atomic():
            row = self._table.get(key) or (*(0 for _ in buckets), 0, 0.0)
            counts = [count + (value <= bound) for count, bound in zip(row, buckets, strict=False)]
            self._table.put(key, (*counts, row[-2] + 1, row[-1] + value))

    def _key(self, name: str, kind: str, values: tuple[str, ...]) -> str:
        metric = self.defined.get(name)
        if metric is None or metric.kind != kind:
            raise MetricError(f"there is no {kind} {name}")
        if len(values) != len(metric.labels):
            raise MetricError(f"{kind} {name} has {len(metric.labels)} labels, {len(values)} values were given")
        key = SEPARATOR.join((name, *(value.replace(SEPARATOR, " ")[:MAX_LABEL_LENGTH] for value in values)))
        if self._table.get(key) is None and len(self._table) >= MAX_SERIES:
            raise MetricError(f"more than {MAX_SERIES} combinations of label values")
        return key

    def families(self, beginning: str) -> Iterator[Family]:
        """All values as families, in the order of definition and of the label values."""
        found: dict[str, list[tuple[tuple[str, ...], Any]]] = {}
        for key, value in self._table.items():
            name, *values = key.split(SEPARATOR)
            found.setdefault(name, []).append((tuple(values), value))
        for metric in self.defined.values():
            family = Family(beginning + metric.name, metric.kind, metric.help)
            for given, value in sorted(found.get(metric.name, ())):
                labels = tuple(zip(metric.labels, given, strict=False))
                if metric.kind == HISTOGRAM:
                    family.samples.extend(_histogram(metric, labels, value))
                else:
                    family.samples.append(Sample(value, labels))
            yield family


def _histogram(metric: Metric, labels: tuple[tuple[str, str], ...], row: tuple[Any, ...]) -> Iterator[Sample]:
    """Cumulative buckets, sum and count; a row of other buckets (of another version) is left out."""
    if len(row) != len(metric.buckets) + 2:
        return
    count, total = row[-2], row[-1]
    for bound, seen in zip(metric.buckets, row, strict=False):
        yield Sample(seen, (*labels, ("le", number(bound))), "_bucket")
    yield Sample(count, (*labels, ("le", "+Inf")), "_bucket")
    yield Sample(total, labels, "_sum")
    yield Sample(count, labels, "_count")
