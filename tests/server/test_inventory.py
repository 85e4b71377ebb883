"""The gap list only shrinks: tests/gaps.json holds how many gaps each module, and the core, may still have."""

import json
from pathlib import Path

import pytest

from siprouter.server.inventory import report_gaps
from siprouter.util.errors import OperatorError

RECORD = Path(__file__).parents[1] / "gaps.json"


def recorded() -> dict[str, int]:
    counts: dict[str, int] = json.loads(RECORD.read_text())
    return counts


def test_no_gap_comes_back() -> None:
    allowed = recorded()
    grown = {
        report.label: f"{len(report.gaps)} gaps, {allowed.get(report.label, 0)} allowed: {report.gaps[:5]}"
        for report in report_gaps([])
        if len(report.gaps) > allowed.get(report.label, 0)
    }
    assert grown == {}


def test_closed_gaps_are_taken_off_the_list() -> None:
    allowed = recorded()
    closed = [report.label for report in report_gaps([]) if not report.gaps and report.label in allowed]
    assert closed == [], "run tools/shrink_gaps.py"
    assert set(allowed) <= {report.label for report in report_gaps([])}


def test_one_module() -> None:
    [report] = report_gaps(["path"])
    assert (report.label, report.names) == ("path", 3)
    assert [report.label for report in report_gaps(["nathelper"])] == ["nathelper (kamailio)", "nathelper (ser)"]
    assert [report.label for report in report_gaps(["nathelper (ser)", "core"])] == ["core", "nathelper (ser)"]


def test_unknown_module() -> None:
    with pytest.raises(OperatorError, match="did you mean usrloc"):
        report_gaps(["usrlok"])
