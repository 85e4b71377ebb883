"""Figures as text: a line a round, a table of medians with ratios."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.scenarios import ROUTERS, SCENARIOS, Scenario

# scenario -> server -> metric -> one figure a round
Results = dict[str, dict[str, dict[str, list[float]]]]

# metric: (heading, format, whether less is better)
METRICS = {
    "cpu_us": ("CPU us", "{:.1f}", True),
    "max_cpu_us": ("CPU us at full speed", "{:.1f}", True),
    "max_rate": ("most a second", "{:.0f}", False),
    "lossless_rate": ("without loss a second", "{:.0f}", False),
    "p50_us": ("p50 us", "{:.0f}", True),
    "p99_us": ("p99 us", "{:.0f}", True),
    "memory_mb": ("memory MB", "{:.1f}", True),
    "contacts": ("contacts", "{:.0f}", False),
    "bytes_per_contact": ("bytes a contact", "{:.0f}", True),
    "register_us": ("CPU us a REGISTER", "{:.1f}", True),
    "register_rate": ("REGISTERs a second", "{:.0f}", False),
    "lookup_few_us": ("CPU us a look-up, 1,000 users", "{:.1f}", True),
    "lookup_us": ("CPU us a look-up, all users", "{:.1f}", True),
    "transactions": ("transactions", "{:.0f}", False),
    "bytes_per_transaction": ("bytes a transaction", "{:.0f}", True),
    "start_s": ("seconds to the first answer", "{:.2f}", True),
    "start_cpu_s": ("CPU seconds until then", "{:.2f}", True),
    "lost": ("lost", "{:.0f}", True),
    "max_lost": ("lost at full speed", "{:.0f}", True),
}
# figures that say how much was done, or that have no ratio
COUNTS = ("lost", "max_lost", "contacts", "transactions")
BASES = ("kamailio-tlsf", "kamailio")


def add(results: Results, scenario: str, server: str, found: dict[str, float]) -> None:
    metrics = results.setdefault(scenario, {}).setdefault(server, {})
    for metric, value in found.items():
        metrics.setdefault(metric, []).append(value)


def one_line(scenario: Scenario, server: str, found: dict[str, float]) -> str:
    figures = ", ".join(f"{METRICS[name][0]} {METRICS[name][1].format(value)}" for name, value in found.items())
    return f"{scenario.title}, {server}: {figures}"


def median(results: Results, scenario: str, server: str, metric: str) -> float | None:
    values = results.get(scenario, {}).get(server, {}).get(metric)
    return statistics.median(values) if values else None


def cell(results: Results, scenario: str, server: str, metric: str) -> str:
    """The median, and in brackets its ratio to each Kamailio for servers that are not."""
    value = median(results, scenario, server, metric)
    if value is None:
        return "-"
    text = METRICS[metric][1].format(value)
    if server in BASES or metric in COUNTS:
        return text
    ratios = [f"{value / base:.2f}" for name in BASES if (base := median(results, scenario, name, metric))]
    return f"{text} ({' '.join(ratios)})" if ratios else text


def table(document: dict[str, Any]) -> str:
    """A table for each scenario: servers across, metrics down; ratios are to tlsf and to as packaged, in that order."""
    results: Results = document["results"]
    lines = [", ".join(f"{name} {value}" for name, value in document["machine"].items())]
    lines.append(f"medians of {document['rounds']} rounds; in brackets the ratio to {' and to '.join(BASES)}")
    for scenario in [scenario for scenario in SCENARIOS if scenario.name in results]:
        rows = table_rows(results, scenario)
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines.append("")
        for row in rows:
            cells = [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  ".join([row[0].ljust(widths[0]), *cells]))
    return "\n".join(lines)


def table_rows(results: Results, scenario: Scenario) -> list[list[str]]:
    """The heading (title and servers) and a row for each metric."""
    servers = [name for name in ROUTERS if name in results[scenario.name]]
    metrics = [name for name in METRICS if any(name in results[scenario.name][server] for server in servers)]
    rate = f" ({scenario.rate} {scenario.unit}s/s)" if scenario.rate > 1 else ""
    rows = [[scenario.title + rate, *servers]]
    for name in metrics:
        rows.append([METRICS[name][0], *[cell(results, scenario.name, server, name) for server in servers]])
    return rows
