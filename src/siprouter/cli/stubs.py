"""`siprouter stubs`: what editors and type checkers need to know of the object KSR."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from siprouter.server.logsinks import StderrSink
from siprouter.server.options import RunOptions, parse_define
from siprouter.server.stubs import stub_for
from siprouter.util.errors import OperatorError
from siprouter.util.log import L_ERR, Log

DESCRIPTION = "Write the stub KSR.pyi for routes in Python: functions and variables of all modules, or of those loaded."


def main(arguments: list[str]) -> int:
    """Prints the stub, or writes it; 1 where the configuration cannot be loaded, 2 for wrong options."""
    parser = argparse.ArgumentParser(prog="siprouter stubs", description=DESCRIPTION)
    parser.add_argument("-f", "--file", type=Path, help="configuration or Python file whose modules count")
    parser.add_argument("-D", "--define", action="append", default=[], metavar="NAME[=VALUE]", help="define NAME")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there instead of standard output")
    found = parser.parse_args(arguments)
    try:
        options = None
        if found.file is not None:
            defines = dict(parse_define(text) for text in found.define)
            options = RunOptions(found.file, defines, check_only=True)
        text = asyncio.run(stub_for(options, Log(StderrSink(), L_ERR)))
        if found.output is None:
            sys.stdout.write(text)
        else:
            found.output.write_text(text, encoding="utf-8")
    except (OperatorError, OSError) as error:
        print(f"siprouter stubs: {error}", file=sys.stderr)
        return 1
    return 0
