"""Tables of the benchmark's figures, and what changed between two runs."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.compare import changes
from benchmarks.page import write
from benchmarks.plots import bar_chart
from benchmarks.report import Results, add, table
from benchmarks.run import in_turn, machine
from benchmarks.servers import KINDS


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


def test_page_with_plots(tmp_path: Path) -> None:
    made = document(150, 120)
    made["results"]["call"]["siprouter"]["max_cpu_us"] = [100.0, 110.0]
    made["results"]["call"]["kamailio-tlsf"]["max_cpu_us"] = [50.0]
    made["micro"] = {"sip": {"parse_uri": 0.5}}
    page = write(made, tmp_path).read_text()
    assert "2 x something" in page
    assert "| CPU us | 120.0 | 150.0 (1.25) |" in page
    assert "| `parse_uri` | 0.50 |" in page
    assert "](benchmark-plots/cpu.svg)" in page
    assert "](benchmark-plots/contact.svg)" not in page
    assert [path.name for path in (tmp_path / "benchmark-plots").iterdir()] == ["cpu.svg"]
    drawing = ET.parse(tmp_path / "benchmark-plots" / "cpu.svg").getroot()
    bars = [float(bar.get("width") or 0) for bar in drawing.iter("{http://www.w3.org/2000/svg}rect")][2:]
    assert bars[1] / bars[0] == pytest.approx(105 / 50, rel=0.01)


def test_page_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps(document(150, 120)))
    assert main(["page", str(results), "--to", str(tmp_path)]) == 0
    assert (tmp_path / "benchmark-results.md").exists()
    assert main(["page", str(tmp_path / "none.json")]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_charts_escape_what_they_show() -> None:
    drawn = bar_chart("a < b", [("<&>", [("siprouter", 0.0, "0 µs"), ("other", 2.0, '"2"')])])
    ET.fromstring(drawn)
    assert "a &lt; b" in drawn


def test_each_round_begins_with_another_server() -> None:
    assert [in_turn(number, list(KINDS[:3]))[0].name for number in (1, 2, 3, 4)] == [
        "kamailio-tlsf",
        "siprouter",
        "kamailio",
        "kamailio-tlsf",
    ]


def test_compare_reads_files(tmp_path: Path) -> None:
    for name, ours in (("a", 150.0), ("b", 75.0)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document(ours, 120)))
    command = [sys.executable, "benchmarks/compare.py", str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert "-50.0 %  better" in done.stdout


def test_machine_is_named_without_its_name() -> None:
    found = machine()
    assert found["cpu"]
    assert re.fullmatch(r"\d+(\.\d+)*", found["kernel"])
    assert platform.node() not in json.dumps(found)
