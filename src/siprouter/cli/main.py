"""The `siprouter` command: finds the subcommand and hands it its arguments."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

COMMANDS = {
    "run": "run the server",
    "check": "check a configuration file",
    "debug": "run the server with a debug adapter, for editors",
    "build": "compile the routes of a configuration file to C",
    "stubs": "write the stub KSR.pyi for routes in Python",
    "modules": "list the modules, or show what one offers",
    "db": "make, check, copy and remove databases",
    "user": "add, remove and list accounts",
    "location": "show, add and remove contacts in a running server",
    "rpc": "call an RPC command of a running server",
    "demo": "run the server with two simulated phones that call each other",
    "trace": "record calls of a running server, line by line",
    "lsp": "language server for editors",
    "gaps": "what SIP Router 3.1 has and is missing here",
}

TABLES = {
    "alias": "other names of accounts",
    "domain": "domains that the server is responsible for",
    "address": "trusted addresses and networks, by group",
    "trusted": "trusted peers",
    "dispatcher": "destinations of the dispatcher",
    "group": "groups that accounts are in",
    "uri": "user parts that accounts may use",
    "speeddial": "short numbers of accounts",
    "dialplan": "rules of the dialplan",
    "avp": "attributes of accounts, as avpops and others load them",
}
"""the tables that `cli/records.py` keeps: add, rm, show, list, import"""

OTHER_NAMES = {"acl": "group", "ul": "location"}
"""what kamctl calls them"""

USAGE = """usage: siprouter COMMAND [OPTION]...

{commands}

Tables (add, rm, show, list, import):

{tables}

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
    name = OTHER_NAMES.get(words[0], words[0])
    if name not in COMMANDS and name not in TABLES:
        print(f"siprouter: unknown command '{words[0]}'\n\n{usage()}", end="", file=sys.stderr)
        return 2
    run: Callable[[list[str]], int]
    if name in TABLES:
        run = importlib.import_module("siprouter.cli.records").command(name)
    else:
        run = importlib.import_module(f"siprouter.cli.{name}").main
    try:
        return run(words[1:])
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def usage() -> str:
    """The list of commands."""
    return USAGE.format(commands=_lines(COMMANDS), tables=_lines(TABLES))


def _lines(names: dict[str, str]) -> str:
    return "\n".join(f"  {name:<10} {text}" for name, text in names.items())


if __name__ == "__main__":
    sys.exit(main())
