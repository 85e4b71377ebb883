"""`siprouter run`: the server, with the options of Kamailio's command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from siprouter.server.main import run
from siprouter.server.options import RunOptions, parse_define, usual_file
from siprouter.state.factory import DEFAULT_LIMIT, KINDS, LOCAL, SHARED, StateOptions
from siprouter.util.errors import OperatorError

VIA = "RFC 3261 asks for received wherever Via has a name, looked up or not"
IGNORED = {
    "m": "shared memory is not a pool here",
    "M": "memory is managed by Python",
    "x": "memory is managed by Python",
    "X": "memory is managed by Python",
    "L": "modules are part of the program",
    "O": "scripts are compiled, at one level",
    "W": "the event loop knows how to wait",
    "N": "one event loop serves all connections",
    "Q": "one event loop serves all associations",
    "Y": "no runtime directory is used",
    "s": "statistics are read over RPC",
    "r": VIA,
    "R": VIA,
}
"""options of Kamailio that mean nothing here"""

FLAGS = "rR"
"""those of them without a value"""

DESCRIPTION = (
    "Run the server. It stays in the foreground unless --background or fork=yes in the configuration says else."
)
EPILOG = """-D alone, or -DD, keeps the server in the foreground whatever the configuration says.
These options of Kamailio are accepted and change nothing: """ + " ".join(f"-{name}" for name in IGNORED)


def build_parser() -> argparse.ArgumentParser:
    """All options."""
    parser = argparse.ArgumentParser(
        prog="siprouter run",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-f", "--file", metavar="FILE", help="configuration file")
    add("-c", "--check", action="store_true", help="check the configuration and exit")
    add("-l", "--listen", action="append", default=[], metavar="[PROTO:]ADDRESS[:PORT]", help="listen here too")
    add("-D", "--define", action="append", nargs="?", const="", default=[], metavar="NAME[=VALUE]", help="define NAME")
    add("-A", dest="define", action="append", metavar="NAME[=VALUE]", help="the same")
    add("-E", "--stderr", action="store_true", help="log to standard error, in the foreground")
    add("-d", "--debug", action="count", help="more log messages; repeat for more")
    add("--log-json", action="store_true", help="log records as JSON")
    add("-B", "--background", action="store_true", help="go to the background")
    add("--watch", action="store_true", help="load the routes again whenever a configuration file changes")
    add("-P", "--pid-file", metavar="FILE", help="file for the process id")
    add("-G", "--group-pid-file", metavar="FILE", help="file for the process group id")
    add("--state", choices=KINDS, help="where location, hash tables and the like are kept (see the manual)")
    add("--state-directory", metavar="DIRECTORY", help="keep shared state there, so that location outlasts a restart")
    add("--state-size", type=int, metavar="MIB", help=f"how large shared state may become ({DEFAULT_LIMIT})")
    add("-u", "--user", metavar="USER", help="user to run as, name or number")
    add("-g", "--group", metavar="GROUP", help="group to run as, name or number")
    add("-w", "--workdir", metavar="DIRECTORY", help="working directory")
    add("-t", "--chroot", metavar="DIRECTORY", help="root directory")
    add("-n", "--children", type=int, metavar="NUMBER", help="Kamailio's processes for a socket; see --workers")
    add("--workers", metavar="N|auto", help="worker processes; auto: one for each processor. Default 1")
    add("-b", "--max-buffer", type=int, metavar="BYTES", help="receive buffer of a UDP socket")
    add("-a", "--auto-aliases", choices=("on", "yes", "off", "no"), help="names of the addresses count as ourselves")
    add("-v", "--check-via", action="store_true", help="drop replies whose top Via is not ours")
    add("-T", "--disable-tcp", action="store_true", help="no TCP")
    add("-S", "--disable-sctp", action="store_true", help="no SCTP")
    for name in IGNORED:
        add(f"-{name}", dest="ignored", action=Ignored, help=argparse.SUPPRESS, nargs=0 if name in FLAGS else None)
    return parser


class Ignored(argparse.Action):
    """Remembers options that change nothing."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        """See argparse."""
        namespace.ignored = [*(namespace.ignored or []), option]


def main(arguments: list[str]) -> int:
    """Runs the server; 0 when it was stopped by a signal, 1 when it could not run, 2 for wrong options."""
    parser = build_parser()
    found, unknown = parser.parse_known_args(arguments)
    try:
        options = run_options(found, unknown)
    except OperatorError as error:
        print(f"siprouter run: {error}", file=sys.stderr)
        return 2
    return run(options)


def run_options(found: argparse.Namespace, unknown: list[str]) -> RunOptions:
    """The options in the terms of the server. Raises OperatorError."""
    bare = [text for text in found.define if not text or set(text) == {"D"}]
    defines = dict(parse_define(text) for text in found.define if text not in bare)
    options = RunOptions(
        file=Path(found.file) if found.file else usual_file(),
        defines=defines,
        settings=core_settings_of(found),
        listen=found.listen,
        check_only=found.check,
        log_stderr=found.stderr,
        log_json=found.log_json,
        debug=found.debug,
        background=False if bare or found.stderr else True if found.background else None,
        pid_file=found.pid_file,
        group_pid_file=found.group_pid_file,
        watch=found.watch,
        state=state_options(found),
        workers=found.workers,
    )
    options.warnings += [
        f"option {name} changes nothing: {IGNORED[name[1:]]}" for name in dict.fromkeys(found.ignored or [])
    ]
    if found.state == LOCAL and found.workers not in (None, "1"):
        options.warnings.append("--state local is for one worker: several of them use shared state")
    if unknown:
        options.warnings.append(f"unknown options are passed over: {' '.join(unknown)}")
    return options


def state_options(found: argparse.Namespace) -> StateOptions:
    """Where state is kept. Raises OperatorError."""
    named = found.state_directory is not None or found.state_size is not None
    if named and found.state == LOCAL:
        raise OperatorError("--state-directory and --state-size are for --state shared")
    if found.state_directory == "":
        raise OperatorError("--state-directory needs the name of a directory")
    return StateOptions(
        found.state or (SHARED if named else LOCAL),
        found.state_directory or "",
        DEFAULT_LIMIT if found.state_size is None else found.state_size,
    )


def core_settings_of(found: argparse.Namespace) -> dict[str, Any]:
    """Core parameters that options set."""
    settings: dict[str, Any] = {}
    for name, value in (
        ("user", found.user),
        ("group", found.group),
        ("workdir", found.workdir),
        ("chroot", found.chroot),
        ("children", found.children),
        ("maxbuffer", found.max_buffer),
        ("auto_aliases", None if found.auto_aliases is None else int(found.auto_aliases in ("on", "yes"))),
        ("check_via", 1 if found.check_via else None),
        ("disable_tcp", 1 if found.disable_tcp else None),
        ("disable_sctp", 1 if found.disable_sctp else None),
    ):
        if value is not None:
            settings[name] = value
    return settings
