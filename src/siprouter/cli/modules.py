"""`siprouter modules [show NAME]`: the modules, and what one of them offers."""

from __future__ import annotations

import argparse
import sys

from siprouter.server.describe import describe_module, list_modules, two_columns
from siprouter.util.errors import OperatorError


def main(arguments: list[str]) -> int:
    """Prints them; 2 for wrong options or an unknown module."""
    parser = argparse.ArgumentParser(prog="siprouter modules", description="List the modules, or show what one offers.")
    actions = parser.add_subparsers(dest="action")
    actions.add_parser("list", help="names and what they are for (the default)")
    show = actions.add_parser("show", help="parameters, functions, variables, commands of modules")
    show.add_argument("names", nargs="+", metavar="NAME")
    found = parser.parse_args(arguments)
    if found.action != "show":
        print("\n".join(two_columns(list_modules())))
        return 0
    try:
        print("\n\n".join(describe_module(name) for name in found.names))
    except OperatorError as error:
        print(f"siprouter modules: {error}", file=sys.stderr)
        return 2
    return 0
