"""Tables of the benchmark's figures, and what changed between two runs."""

from __future__ import annotations

from typing import Any

from benchmarks.compare import changes
from benchmarks.report import Results, add, table


def document(ours: float, theirs: float) -> dict[str, Any]:
    results: Results = {}
    for cpu in (0.9, 1.0, 5.0):
        add(results, "call", "kamailio-tlsf", {"cpu_us": theirs * cpu, "max_rate": 8000 / cpu})
        add(results, "call", "siprouter", {"cpu_us": ours * cpu, "max_rate": 6000 / cpu})
    return {"machine": {"cpu": "2 x something"}, "rounds": 3, "results": results}


def test_table_has_medians_and_ratios() -> None:
    text = table(document(150, 120))
    assert "record-routed call" in text
    row = next(line for line in text.splitlines() if line.startswith("CPU us"))
    assert row.split() == ["CPU", "us", "120.0", "150.0", "(1.25)"]


def test_changes_are_relative_to_kamailio() -> None:
    """A machine twice as slow for both is no change; half the cost of ours is one."""
    same = changes(document(150, 120), document(300, 240))
    assert all(line.split()[-3] == "same" for line in same if "siprouter" in line)
    better = next(line for line in changes(document(150, 120), document(75, 120)) if "siprouter" in line)
    assert "better" in better
    assert "-50.0 %" in better


def test_more_a_second_is_better() -> None:
    before, after = document(150, 120), document(150, 120)
    after["results"]["call"]["kamailio-tlsf"]["max_rate"] = [9000.0]
    line = next(line for line in changes(before, after) if "kamailio-tlsf" in line and "most a second" in line)
    assert line.split()[-1] == "better"
