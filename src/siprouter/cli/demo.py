"""`siprouter demo`: the router and two simulated phones that register and call each other."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

from siprouter.rpc.version import full_version
from siprouter.server.demo.phone import DemoError
from siprouter.server.demo.play import DEFAULT_CONFIG, ROUTER, Outcome, play
from siprouter.server.main import loop_factory
from siprouter.util.errors import OperatorError
from siprouter.util.ladder import draw_ladder

WIDEST = 100
NARROWEST = 72

DESCRIPTION = """Start the router and two phones on free ports of 127.0.0.1; the phones register, one calls the
other and hangs up. Prints the messages as a ladder, with seconds. The exit status is 0 only when every step
succeeded."""


def main(arguments: list[str]) -> int:
    """Plays the demonstration; 0: all went well, 1: a step failed or the configuration cannot run."""
    parser = argparse.ArgumentParser(prog="siprouter demo", description=DESCRIPTION)
    parser.add_argument(
        "-f", "--file", type=Path, default=DEFAULT_CONFIG, help="another configuration than the one that comes along"
    )
    parser.add_argument("-w", "--width", type=int, help="columns of the ladder")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the log of the router too")
    options = parser.parse_args(arguments)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            outcome = runner.run(play(options.file))
    except (OperatorError, DemoError, OSError) as error:
        print(f"siprouter demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    print(report(outcome, options.width or terminal_width(), options.verbose))
    if not outcome.failure:
        print(f"To serve phones of your own: siprouter run -f {options.file.resolve()}")
    return 1 if outcome.failure else 0


def terminal_width() -> int:
    """Columns to draw in."""
    return max(min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST), NARROWEST)


def report(outcome: Outcome, width: int, verbose: bool = False) -> str:
    """All that is printed."""
    ports = ", ".join(f"{name} on port {port}" for name, port in outcome.ports.items())
    lines = [f"{full_version()} on {outcome.router}, {ports}", ""]
    lines += [draw_ladder(outcome.arrows, middle=ROUTER, parties=["alice", ROUTER, "bob"], width=width), ""]
    if outcome.steps:
        lines.append(f"{', '.join(outcome.steps)}: {len(outcome.arrows)} messages.")
    if outcome.failure:
        lines.append(f"FAILED: {outcome.failure}.")
    if outcome.log and (verbose or outcome.failure):
        lines += ["", "The router's log:", *(f"  {line}" for line in outcome.log)]
    return "\n".join(lines)
