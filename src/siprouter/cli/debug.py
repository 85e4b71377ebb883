"""`siprouter debug`: the server with a debug adapter, for editors."""

from __future__ import annotations

import argparse
import ipaddress
import sys

from siprouter.cli.run import build_parser, run_options
from siprouter.debug.server import DebugOptions
from siprouter.server.debugging import debug
from siprouter.util.errors import OperatorError

DEFAULT_PORT = 4711
DESCRIPTION = (
    "Run the server, with one worker and in the foreground, and let an editor debug its script over the Debug Adapter"
    " Protocol. The other options are those of `siprouter run`."
)


def main(arguments: list[str]) -> int:
    """Runs the server; 0 when it was stopped, 1 when it could not run, 2 for wrong options."""
    parser = argparse.ArgumentParser(prog="siprouter debug", description=DESCRIPTION, allow_abbrev=False)
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--listen",
        metavar="[ADDRESS:]PORT",
        help=f"where editors connect; 127.0.0.1:{DEFAULT_PORT} where nothing is said, port 0 takes a free one",
    )
    where.add_argument("--stdio", action="store_true", help="speak over standard input and output, as editors start it")
    found, rest = parser.parse_known_args(arguments)
    run, unknown = build_parser().parse_known_args(rest)
    try:
        options = run_options(run, unknown)
        if options.check_only:
            raise OperatorError("-c does not go with debug", suggestion="siprouter check FILE")
        host, port = parse_listen(found.listen or str(DEFAULT_PORT))
    except OperatorError as error:
        print(f"siprouter debug: {error}", file=sys.stderr)
        return 2
    if not is_loopback(host):
        options.warnings.append(f"whoever reaches {host}:{port} can run any command as this user")
    if options.workers not in (None, "1"):
        options.warnings.append("debug runs one worker")
    options.workers, options.background = "1", False
    options.log_stderr = True
    return debug(options, DebugOptions(str(options.file.absolute()), host, port, found.stdio, options.defines))


def parse_listen(text: str) -> tuple[str, int]:
    """`PORT` or `ADDRESS:PORT`, IPv6 in brackets. Raises OperatorError."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise OperatorError(f"'{text}' is no port", suggestion="write --listen 4711 or --listen 127.0.0.1:4711")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
