"""``python -m benchmarks [run]``: alternating rounds of each server over each scenario; a table, JSON and a page."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import micro, page, report, scenarios, servers
from benchmarks.build import build
from benchmarks.phases import QUICK, Plan, Unfit

RESULTS = Path(__file__).resolve().parent.parent / "build" / "benchmarks" / "results.json"
ROUNDS = 5


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [kind.name for kind in servers.KINDS]
    parser.add_argument(
        "--servers",
        nargs="+",
        choices=names,
        metavar="NAME",
        help=f"of {names}; all by default, pure only where it tells something",
    )
    titles = [scenario.name for scenario in scenarios.SCENARIOS]
    parser.add_argument("--scenarios", nargs="+", choices=titles, default=titles, metavar="NAME", help=f"of {titles}")
    parser.add_argument(
        "--rounds", type=int, help=f"most rounds of a scenario; the table shows medians (default {ROUNDS})"
    )
    parser.add_argument("--seconds", type=float, help=f"seconds a phase (default {Plan.seconds:g})")
    parser.add_argument("--quick", action="store_true", help="one short round of all, with smaller numbers")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where the figures go")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="write the page with the figures there, too (docs)")
    return parser.parse_args(arguments)


def plan_of(options: argparse.Namespace) -> Plan:
    base = QUICK if options.quick else Plan()
    seconds = base.seconds if options.seconds is None else options.seconds
    return Plan(seconds, base.contacts, base.contact_seconds, base.transactions, base.lines)


def machine() -> dict[str, str]:
    """What the figures were taken on; no names of it."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    found = {
        "cpu": f"{len(cpu)} x {cpu[0].partition(':')[2].strip()}" if cpu else platform.machine(),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
    }
    if servers.have_kamailio():
        version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, check=False).stdout
        found["kamailio"] = version.split()[2] if version else "unknown"
    return found


def chosen_servers(scenario: scenarios.Scenario, named: list[str] | None) -> list[servers.Kind]:
    """Those asked for, or by default those that tell something in this scenario."""
    names = named if named is not None else scenario.servers
    return [kind for kind in servers.KINDS if kind.name in names and kind.available()]


def run(options: argparse.Namespace) -> report.Results:
    results: report.Results = {}
    plan = plan_of(options)
    rounds = options.rounds or (1 if options.quick else ROUNDS)
    if not servers.have_kamailio():
        print("kamailio is not installed, and left out", file=sys.stderr)
    scenarios.pin_load()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="siprouter-bench-") as folder:
        for number in range(1, rounds + 1):
            for scenario in scenarios.SCENARIOS:
                if scenario.name in options.scenarios and number <= scenario.most_rounds:
                    one_round(results, scenario, chosen_servers(scenario, options.servers), plan, Path(folder), number)
    print(f"took {time.monotonic() - begin:.0f} seconds", file=sys.stderr)
    return results


def in_turn(number: int, kinds: list[servers.Kind]) -> list[servers.Kind]:
    """Another one first in each round."""
    first = number % len(kinds) if kinds else 0
    return kinds[first:] + kinds[:first]


def one_round(
    results: report.Results,
    scenario: scenarios.Scenario,
    kinds: list[servers.Kind],
    plan: Plan,
    folder: Path,
    number: int,
) -> None:
    """Each server once."""
    text = scenario.config(plan)
    if not text:
        return
    for kind in in_turn(number, kinds):
        try:
            with servers.Server(kind, scenario.name, text, folder) as server:
                found = scenario.measure(scenario, server, plan)
        except (RuntimeError, OSError, Unfit) as error:
            print(f"round {number}: {error}", file=sys.stderr)
            continue
        print(f"round {number}: {report.one_line(scenario, kind.name, found)}", file=sys.stderr, flush=True)
        report.add(results, scenario.name, kind.name, found)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    build()
    results = run(options)
    document: dict[str, Any] = {
        "machine": machine(),
        "rounds": options.rounds or (1 if options.quick else ROUNDS),
        "results": results,
    }
    if set(options.scenarios) == {scenario.name for scenario in scenarios.SCENARIOS}:
        document["micro"] = micro.measure(5 if options.quick else 30)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n")
    print(report.table(document))
    print(f"figures of each round: {options.json}")
    if options.page is not None:
        print(f"the page: {page.write(document, options.page)}")
    return 0 if results else 1
