"""`siprouter build FILE`: the routes of a configuration as C, used from the next start on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from siprouter.script.load import ScriptError
from siprouter.server.logsinks import StderrSink
from siprouter.server.native import build_routes
from siprouter.server.options import RunOptions, parse_define
from siprouter.util.errors import OperatorError
from siprouter.util.log import L_ERR, Log


def main(arguments: list[str]) -> int:
    """0 where the module was built, 1 where the configuration is wrong or nothing can be compiled."""
    parser = argparse.ArgumentParser(
        prog="siprouter build",
        description="Compile the routes of a configuration file to an extension module beside it (FILE.built/). "
        "siprouter run uses it as long as the file, what it includes, the defines and siprouter itself stay the same.",
    )
    parser.add_argument("-D", "--define", action="append", default=[], metavar="NAME[=VALUE]", help="define NAME")
    parser.add_argument("file", type=Path, metavar="FILE")
    found = parser.parse_args(arguments)
    try:
        options = RunOptions(found.file, dict(parse_define(text) for text in found.define), check_only=True)
        print(build_routes(options, Log(StderrSink(), L_ERR)))
    except ScriptError as error:
        for item in error.diagnostics.in_order():
            print(item.render(), file=sys.stderr)
        return 1
    except OperatorError as error:
        print(f"siprouter build: {error}", file=sys.stderr)
        return 1
    return 0
