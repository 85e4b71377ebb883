"""``python -m benchmarks micro``: microseconds of CPU of each hot function, best of many short runs.

Compiled modules are timed where they are built, pure Python with SIPROUTER_PURE=1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

RUN_SECONDS = 0.002
GROUPS = ("sip", "transaction", "script", "watch", "state", "shared", "location", "python", "lua", "features", "trees")

Case = Callable[[], object]
"""what is timed: does one operation a call"""


def cases(group: str, stack: ExitStack) -> dict[str, Case | float]:
    """What is timed in a group, by name, until ``stack`` is closed. Each group is a file: ``micro_<group>.py``.

    A number is a figure that was taken on the way: microseconds of something that is done once.
    """
    found: dict[str, Case | float] = import_module(f"benchmarks.micro_{group}").cases(stack)
    return found


def best_of(case: Case, repeats: int) -> float:
    """Microseconds of CPU for one call: the best of ``repeats`` runs of some milliseconds."""
    number = 1
    while run(case, number) < RUN_SECONDS and number < 1 << 20:
        number *= 2
    return min(run(case, number) for _ in range(repeats)) / number * 1e6


def run(case: Case, number: int) -> float:
    begin = time.process_time()
    for _ in range(number):
        case()
    return time.process_time() - begin


def measure(repeats: int, chosen: list[str] | None = None) -> dict[str, dict[str, float]]:
    """The figures by group and name; prints each as it comes."""
    figures: dict[str, dict[str, float]] = {}
    for group in chosen or GROUPS:
        figures[group] = {}
        with ExitStack() as stack:
            for name, case in cases(group, stack).items():
                best = case if isinstance(case, float) else best_of(case, repeats)
                figures[group][name] = best
                print(f"{group:12} {name:44} {best:9.2f}", flush=True)
    return figures


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks micro", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--repeats", type=int, default=50, help="runs of each function; the best counts (default 50)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    from siprouter.sip import message

    options = parse(arguments)
    unknown = [name for name in options.groups if name not in GROUPS]
    if unknown:
        print(f"there is no group {unknown[0]}, but {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    compiled = not str(message.__file__).endswith(".py")
    print(f"{'compiled' if compiled else 'pure Python'}; microseconds of CPU")
    figures = measure(options.repeats, options.groups)
    if options.json is not None:
        options.json.write_text(json.dumps({"compiled": compiled, "micro": figures}, indent=1) + "\n")
    return 0
