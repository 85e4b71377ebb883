"""`siprouter rpc [-s SOCKET] [--json] COMMAND [ARG…]`: calls an RPC command of a running server."""

from __future__ import annotations

import argparse
import json
import os
import sys

from siprouter.rpc.addresses import parse_address
from siprouter.rpc.binrpc import BinrpcError
from siprouter.rpc.client import SOCKET_VARIABLE, call, usual_address
from siprouter.rpc.render import parse_argument, reply_lines
from siprouter.rpc.values import RpcError, plain

EXIT_FAULT = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3

DESCRIPTION = "Call an RPC command of a running server over its binrpc control socket."
EPILOG = f"""An argument that looks like a number is one; s:1 is the string "1".
Exit status: 0 the command succeeded, 1 it gave a fault, 2 wrong usage, 3 the server could not be reached.
Without -s the socket is that of the environment variable {SOCKET_VARIABLE}, else the first usual one that exists.
`siprouter rpc system.listMethods` lists the commands."""


def main(arguments: list[str]) -> int:
    """Calls the command and prints its reply; see EPILOG for the exit status."""
    parser = argparse.ArgumentParser(
        prog="siprouter rpc",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-s", "--socket", help="control socket: path, unix:path, unixd:path, tcp:host:port, udp:host:port"
    )
    parser.add_argument("-t", "--timeout", type=float, default=10.0, help="seconds to wait for the reply (10)")
    parser.add_argument("--json", action="store_true", help="print the values of the reply as a JSON array")
    parser.add_argument("command", help="name of the RPC command")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARG", help="its arguments")
    options = parser.parse_args(arguments)
    text = options.socket or usual_address(dict(os.environ))
    try:
        address = parse_address(text, "unix_stream")
    except ValueError as error:
        print(f"siprouter rpc: bad socket '{text}': {error}", file=sys.stderr)
        return EXIT_USAGE
    try:
        values = call(address, options.command, [parse_argument(word) for word in options.arguments], options.timeout)
    except RpcError as error:
        return _print_fault(error, options.json)
    except (OSError, BinrpcError) as error:
        reason = error.reason if isinstance(error, BinrpcError) else error
        print(f"siprouter rpc: no reply from {address}: {reason}", file=sys.stderr)
        return EXIT_UNREACHABLE
    if options.json:
        print(json.dumps(plain(values), indent=1))
    else:
        for line in reply_lines(values):
            print(line.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    return 0


def _print_fault(error: RpcError, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": {"code": error.code, "message": error.message}}))
    else:
        print(f"error: {error.code} - {error.message}", file=sys.stderr)
    return EXIT_FAULT
