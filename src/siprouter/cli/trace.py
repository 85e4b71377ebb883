"""`siprouter trace CALLID|FILTER`: records calls of a running server and prints what happened to them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from siprouter.rpc.addresses import ControlAddress, parse_address
from siprouter.rpc.binrpc import BinrpcError
from siprouter.rpc.client import SOCKET_VARIABLE, call, usual_address
from siprouter.rpc.values import RpcError, plain
from siprouter.trace.commands import FORMATS, OTLP, TEXT
from siprouter.trace.otlp import send_otlp

EXIT_NOTHING = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
STEP = 0.5  # seconds between two looks

EPILOG = f"""examples:
  siprouter trace 3c26700c1adb@phone          a call by its Call-ID
  siprouter trace '$fU == "alice"'            the next call from alice
  siprouter trace 'method == "REGISTER" && src_ip == 192.0.2.0/24' --calls 5
  siprouter trace --list; siprouter trace --show CALL-ID --format json

It records until so many calls were seen (and nothing more happens to them for --idle seconds), --seconds are over, or
Ctrl-C. Exit status: 0 there is a record, 1 there is none, 2 wrong usage, 3 the server could not be reached.
Without -s the socket is that of the environment variable {SOCKET_VARIABLE}, else the first usual one that exists."""


class Server:
    """The server at the other end of the control socket."""

    def __init__(self, address: ControlAddress) -> None:
        self.address = address

    def ask(self, command: str, *arguments: Any) -> list[Any]:
        """The values of a reply. Raises RpcError, OSError, BinrpcError."""
        values: Any = plain(call(self.address, command, list(arguments), 30.0))
        return list(values)


def main(arguments: list[str]) -> int:
    """Records and prints; see EPILOG for the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not (options.what or options.list or options.show):
        parser.print_usage(sys.stderr)
        return EXIT_USAGE
    text = options.socket or usual_address(dict(os.environ))
    try:
        server = Server(parse_address(text, "unix_stream"))
    except ValueError as error:
        return _fail(EXIT_USAGE, f"bad socket '{text}': {error}")
    try:
        if options.list:
            return _list(server)
        calls = [options.show] if options.show else _record(server, options)
        return _print(server, calls, options)
    except RpcError as error:
        return _fail(EXIT_NOTHING, error.message)
    except BinrpcError as error:
        return _fail(EXIT_UNREACHABLE, f"no reply from {server.address}: {error.reason}")
    except (OSError, ValueError) as error:
        return _fail(EXIT_UNREACHABLE, str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="siprouter trace",
        description="Record calls of a running server: messages, lines of the script, timers, DNS and SQL.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", default="", metavar="CALLID|FILTER", help="a Call-ID, or an expression")
    kinds = parser.add_mutually_exclusive_group()
    for kind, text in (("call", "take it for a Call-ID"), ("filter", "take it for an expression")):
        kinds.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind, default="auto", help=text)
    parser.add_argument("-s", "--socket", help="control socket: path, unix:path, tcp:host:port")
    parser.add_argument("--seconds", type=int, default=60, help="how long to wait for calls (60)")
    parser.add_argument("--calls", type=int, default=1, help="how many calls to record (1)")
    parser.add_argument("--idle", type=float, default=5.0, help="seconds without news that end the recording (5)")
    parser.add_argument("--format", choices=FORMATS, default=TEXT, help="how to print it (text)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there instead of standard output")
    parser.add_argument("--send", metavar="URL", help="send it as spans to an OpenTelemetry collector (OTLP/HTTP)")
    parser.add_argument("--list", action="store_true", help="list the calls of which there is a record")
    parser.add_argument("--show", metavar="CALLID", help="print a record that is there already")
    return parser


def _record(server: Server, options: argparse.Namespace) -> list[str]:
    """Record as the options say; the Call-IDs."""
    before = {row["call_id"]: row["events"] for row in server.ask("trace.calls")}
    server.ask("trace.start", options.what, options.seconds, options.calls, options.kind)
    deadline = time.monotonic() + options.seconds
    print("recording; Ctrl-C ends it", file=sys.stderr)
    known: dict[str, int] = {}
    changed = time.monotonic()
    try:
        while time.monotonic() < deadline:
            rows = [row for row in server.ask("trace.calls") if row["filter"] == options.what]
            seen = {row["call_id"]: row["events"] + row["dropped"] for row in rows}
            if seen != known:
                known, changed = seen, time.monotonic()
            elif len(_new(seen, before)) >= options.calls and time.monotonic() - changed >= options.idle:
                break
            time.sleep(STEP)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    finally:
        server.ask("trace.stop", options.what)
    return _new(known, before)


def _new(seen: dict[str, int], before: dict[str, int]) -> list[str]:
    """The calls of which there is more than there was."""
    return [call_id for call_id, events in seen.items() if events > before.get(call_id, 0)]


def _print(server: Server, calls: list[str], options: argparse.Namespace) -> int:
    if not calls:
        return _fail(EXIT_NOTHING, "no call was seen")
    if options.send:
        for call_id in calls:
            record = server.ask("trace.show", call_id, OTLP)[0]
            status = send_otlp(record.encode(), options.send)
            print(f"{call_id}: sent, {status}", file=sys.stderr)
        return 0
    records = [server.ask("trace.show", call_id, options.format)[0] for call_id in calls]
    text = ("\n\n" if options.format == TEXT else "\n").join(records) + "\n"
    data = text.encode("utf-8", "surrogateescape")
    if options.output is not None:
        options.output.write_bytes(data)
    else:
        sys.stdout.write(data.decode("utf-8", "replace"))
    return 0


def _list(server: Server) -> int:
    rows = server.ask("trace.calls")
    for row in rows:
        dropped = f", {row['dropped']} dropped" if row["dropped"] else ""
        print(f"{row['call_id']}  {row['title']}  ({row['events']} events{dropped}, worker {row['worker']})")
    return 0 if rows else _fail(EXIT_NOTHING, "nothing was recorded")


def _fail(status: int, message: str) -> int:
    print(f"siprouter trace: {message}", file=sys.stderr)
    return status
