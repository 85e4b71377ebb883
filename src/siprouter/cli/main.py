"""The `siprouter` command: finds the subcommand and hands it its arguments."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

COMMANDS = {
    "run": "run the server",
    "check": "check a configuration file",
    "build": "compile the routes of a configuration file to C",
    "modules": "list the modules, or show what one offers",
    "db": "make, check, copy and remove databases",
    "user": "add, remove and list accounts",
    "rpc": "call an RPC command of a running server",
    "demo": "run the server with two simulated phones that call each other",
    "gaps": "what SIP Router 3.1 has and is missing here",
}

USAGE = """usage: siprouter COMMAND [OPTION]...

{commands}

`siprouter COMMAND --help` tells more. Options without a command are those of `siprouter run`.
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs one subcommand; its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage(), end="")
        return 0 if words else 2
    if words[0] in ("-V", "--version", "version"):
        from siprouter.rpc.version import build_flags, full_version

        print(f"version: {full_version()}\nflags: {build_flags()}")
        return 0
    if words[0].startswith("-"):
        words = ["run", *words]
    if words[0] not in COMMANDS:
        print(f"siprouter: unknown command '{words[0]}'\n\n{usage()}", end="", file=sys.stderr)
        return 2
    run: Callable[[list[str]], int] = importlib.import_module(f"siprouter.cli.{words[0]}").main
    try:
        return run(words[1:])
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def usage() -> str:
    """The list of commands."""
    return USAGE.format(commands="\n".join(f"  {name:<9} {text}" for name, text in COMMANDS.items()))


if __name__ == "__main__":
    sys.exit(main())
