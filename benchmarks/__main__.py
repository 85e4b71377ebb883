"""``python -m benchmarks``: alternating rounds of each server over each scenario; a table, and JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import report, scenarios, servers
from benchmarks.build import build

RESULTS = Path(__file__).resolve().parent.parent / "build" / "benchmarks" / "results.json"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [kind.name for kind in servers.KINDS]
    parser.add_argument("--servers", nargs="+", choices=names, default=names[:3], metavar="NAME", help=f"of {names}")
    titles = [scenario.name for scenario in scenarios.SCENARIOS]
    parser.add_argument("--scenarios", nargs="+", choices=titles, default=titles, metavar="NAME", help=f"of {titles}")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the table shows medians (default 5)")
    parser.add_argument("--seconds", type=float, default=4.0, help="seconds a phase, three phases a round (default 4)")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where the figures go")
    return parser.parse_args()


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    found = {
        "cpu": f"{len(cpu)} x {cpu[0].partition(':')[2].strip()}" if cpu else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
    }
    if servers.have_kamailio():
        version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, check=False).stdout
        found["kamailio"] = version.splitlines()[0].removeprefix("version: ") if version else "unknown"
    return found


def run(options: argparse.Namespace) -> report.Results:
    results: report.Results = {}
    chosen = [kind for kind in servers.KINDS if kind.name in options.servers]
    for kind in [kind for kind in chosen if not kind.available()]:
        print(f"{kind.name}: not installed, left out", file=sys.stderr)
        chosen.remove(kind)
    scenarios.pin_load()
    with tempfile.TemporaryDirectory(prefix="siprouter-bench-") as folder:
        for number in range(1, options.rounds + 1):
            for scenario in [scenario for scenario in scenarios.SCENARIOS if scenario.name in options.scenarios]:
                for kind in list(chosen):
                    try:
                        with servers.Server(kind, scenario.config, Path(folder)) as server:
                            found = scenarios.measure(scenario, server, options.seconds)
                    except (RuntimeError, scenarios.Unfit) as error:
                        print(f"round {number}: {error}", file=sys.stderr)
                        continue
                    print(f"round {number}: {report.one_line(scenario, kind.name, found)}", file=sys.stderr, flush=True)
                    report.add(results, scenario.name, kind.name, found)
    return results


def main() -> int:
    options = arguments()
    build()
    results = run(options)
    document = {"machine": machine(), "rounds": options.rounds, "seconds": options.seconds, "results": results}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n")
    print(report.table(document))
    print(f"figures of each round: {options.json}")
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
