"""`siprouter lsp`: the language server that editors start."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from siprouter.server.options import parse_define
from siprouter.util.errors import OperatorError


def main(arguments: list[str]) -> int:
    """Speaks the Language Server Protocol over standard input and output; 2 for wrong options."""
    parser = argparse.ArgumentParser(
        prog="siprouter lsp", description="Language server for configuration files, over standard input and output."
    )
    parser.add_argument(
        "-f", "--file", type=Path, metavar="FILE", help="main file of the configuration (found out otherwise)"
    )
    parser.add_argument("-D", "--define", action="append", default=[], metavar="NAME[=VALUE]", help="define NAME")
    parser.add_argument("--trust", action="store_true", help="run Python and Lua files that configurations name")
    parser.add_argument("--stdio", action="store_true", help="what it does anyway; some editors add it")
    found = parser.parse_args(arguments)
    try:
        defines = dict(parse_define(text) for text in found.define)
    except OperatorError as error:
        print(f"siprouter lsp: {error}", file=sys.stderr)
        return 2
    try:
        from siprouter.lsp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("siprouter"):
            raise
        print(f"siprouter lsp: needs the Python package {error.name}: pip install 'siprouter[lsp]'", file=sys.stderr)
        return 2
    serve(found.file, defines, found.trust)
    return 0
