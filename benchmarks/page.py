"""``python -m benchmarks page RESULTS.json [--to docs]``: the figures of a run as a page with plots."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.plots import Group, bar_chart
from benchmarks.report import BASES, ROUTERS, median, table_rows
from benchmarks.scenarios import SCENARIOS

PAGE = "benchmark-results.md"
PLOTS = "benchmark-plots"

# file name -> (title, metric, unit)
CHARTS = {
    "cpu": ("CPU for one request at full speed", "max_cpu_us", "µs"),
    "rate": ("Requests a second without loss, one core", "lossless_rate", "/s"),
    "p50": ("Latency at half of that rate, median", "p50_us", "µs"),
    "p99": ("Latency at half of that rate, 99th percentile", "p99_us", "µs"),
    "contact": ("Memory for one contact", "bytes_per_contact", "octets"),
    "transaction": ("Memory for one transaction", "bytes_per_transaction", "octets"),
    "start": ("From the command to the first answer, 10,000 lines", "start_s", "s"),
}
INTRODUCTION = """\
# Benchmark results

Taken with `make bench-page` ([what is measured, and how](benchmark.md)). Each server had one core, the load another;
medians of up to {rounds} rounds. In brackets: the ratio to {bases}.

"""


def shown(value: float, unit: str) -> str:
    """A value with its unit, in three digits or more."""
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f} {unit}".replace(" /", "/")


def chart(results: Any, title: str, metric: str, unit: str) -> str:
    """The chart of one metric; "" where no scenario has it."""
    groups: list[Group] = []
    for scenario in SCENARIOS:
        bars = []
        for server in ROUTERS:
            value = median(results, scenario.name, server, metric)
            if value:
                bars.append((server, value, shown(value, unit)))
        if bars:
            groups.append((scenario.title, bars))
    return bar_chart(title, groups) if groups else ""


def markdown(rows: list[list[str]]) -> list[str]:
    """A table whose first row is the heading."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "| --- |" + " ---: |" * (len(rows[0]) - 1))
    return lines


def text(document: dict[str, Any], plots: list[str]) -> str:
    """The page; `plots` are the charts that exist."""
    results = document["results"]
    lines = [INTRODUCTION.format(rounds=document["rounds"], bases=" and to ".join(f"`{name}`" for name in BASES))]
    lines += [f"- {name}: {value.strip()}" for name, value in document["machine"].items()]
    lines.append("")
    lines += [f"![{CHARTS[name][0]}]({PLOTS}/{name}.svg)\n" for name in plots]
    for scenario in SCENARIOS:
        if scenario.name in results:
            head, *rest = table_rows(results, scenario)
            lines += [f"## {head[0]}", "", *markdown([["", *head[1:]], *rest]), ""]
    for group, figures in document.get("micro", {}).items():
        rows = [["", "µs of CPU"], *[[f"`{name}`", f"{value:.2f}"] for name, value in figures.items()]]
        lines += [f"## Functions: {group}", "", *markdown(rows), ""]
    return "\n".join(lines)


def write(document: dict[str, Any], folder: Path) -> Path:
    """Writes the page and its plots below `folder`; where the page is."""
    plots = folder / PLOTS
    plots.mkdir(parents=True, exist_ok=True)
    names = []
    for name, (title, metric, unit) in CHARTS.items():
        svg = chart(document["results"], title, metric, unit)
        if svg:
            (plots / f"{name}.svg").write_text(svg)
            names.append(name)
    page = folder / PAGE
    page.write_text(text(document, names))
    return page


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks page", description=__doc__)
    parser.add_argument("results", type=Path, help="JSON of a run")
    parser.add_argument("--to", type=Path, default=Path("docs"), metavar="FOLDER", help="where it goes (default docs)")
    options = parser.parse_args(arguments)
    try:
        document = json.loads(options.results.read_text())
    except (OSError, ValueError) as error:
        print(f"cannot read {options.results}: {error}", file=sys.stderr)
        return 2
    print(write(document, options.to))
    return 0
