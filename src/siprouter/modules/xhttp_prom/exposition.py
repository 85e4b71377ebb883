"""The text format of Prometheus, version 0.0.4: families of samples with HELP and TYPE lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"

_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BAD = re.compile(r"[^A-Za-z0-9_:]")


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; `suffix` is put behind the name of the family (_bucket, _sum, _count)."""

    value: float
    labels: tuple[tuple[str, str], ...] = ()
    suffix: str = ""


@dataclass(slots=True)
class Family:
    """All samples of one name."""

    name: str
    kind: str
    help: str
    samples: list[Sample] = field(default_factory=list)


def is_metric_name(text: str) -> bool:
    """Whether it may be the name of a metric."""
    return _NAME.fullmatch(text) is not None


def is_label_name(text: str) -> bool:
    """Whether it may be the name of a label; those with two underscores are Prometheus's own."""
    return _LABEL.fullmatch(text) is not None and not text.startswith("__")


def metric_name(text: str) -> str:
    """A name made of what a statistic is called: other characters become underscores."""
    name = _BAD.sub("_", text)
    return name if name and not name[0].isdigit() else f"_{name}"


def render(families: Iterable[Family]) -> bytes:
    """The text of all families; of two with the same name only the first is there."""
    lines: list[str] = []
    seen: set[str] = set()
    for family in families:
        if family.name in seen or not family.samples:
            continue
        seen.add(family.name)
        if family.help:
            lines.append(f"# HELP {family.name} {_escape_help(family.help)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        for sample in family.samples:
            labels = ",".join(f'{name}="{_escape_value(value)}"' for name, value in sample.labels)
            shown = f"{{{labels}}}" if labels else ""
            lines.append(f"{family.name}{sample.suffix}{shown} {number(sample.value)}")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace") if lines else b""


def number(value: float) -> str:
    """A number as Prometheus writes it."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _escape_help(text: str) -> str:
    return _readable(text).replace("\\", "\\\\").replace("\n", "\\n").replace("\r", " ")


def _escape_value(text: str) -> str:
    return _readable(text).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _readable(text: str) -> str:
    """Text that is UTF-8: octets that are not become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
