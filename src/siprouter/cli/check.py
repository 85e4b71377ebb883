"""`siprouter check FILE`: everything that is wrong with a configuration, or might be."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from siprouter.server.logsinks import StderrSink
from siprouter.server.options import RunOptions, parse_define
from siprouter.server.startup import check
from siprouter.util.errors import OperatorError
from siprouter.util.log import L_ERR, Log


def main(arguments: list[str]) -> int:
    """Prints what it finds; 0 where the configuration can run, 1 where it cannot, 2 for wrong options."""
    parser = argparse.ArgumentParser(
        prog="siprouter check", description="Check a configuration file without running it: all errors and warnings."
    )
    parser.add_argument("-D", "--define", action="append", default=[], metavar="NAME[=VALUE]", help="define NAME")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("file", type=Path, metavar="FILE")
    found = parser.parse_args(arguments)
    try:
        options = RunOptions(found.file, dict(parse_define(text) for text in found.define), check_only=True)
        diagnostics = asyncio.run(check(options, Log(StderrSink(), L_ERR)))
    except OperatorError as error:
        print(f"siprouter check: {error}", file=sys.stderr)
        return 2
    shown = [item for item in diagnostics.in_order() if not (found.quiet and item in diagnostics.warnings)]
    for item in shown:
        print(item.render())
    errors, warnings = len(diagnostics.errors), len(diagnostics.warnings)
    if errors:
        print(f"{found.file}: {errors} error{'s'[: errors != 1]}, {warnings} warning{'s'[: warnings != 1]}")
    elif not found.quiet:
        print(f"{found.file}: ok, {warnings} warning{'s'[: warnings != 1]}")
    return 1 if errors else 0
