"""What the commands for databases share: the URL, confirmation, errors, tables and progress on the terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from siprouter.db.admin import connect
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import Row, to_text
from siprouter.util.errors import OperatorError
from siprouter.util.log import L_CRIT, Log

URL_VARIABLE = "SIPROUTER_DB_URL"
URL_HELP = f"such as sqlite:///var/lib/siprouter/siprouter.db (default: the environment variable {URL_VARIABLE})"
EXIT_FAILED = 1
EXIT_USAGE = 2
BAR = 30


def database_url(given: str | None) -> str:
    """The URL as given or from the environment. Raises OperatorError."""
    url = given or os.environ.get(URL_VARIABLE, "")
    if not url:
        raise OperatorError("which database?", suggestion=f"give its URL, or set {URL_VARIABLE}")
    return url


def quiet_log() -> Log:
    """For databases that the command line opens: it tells itself what fails."""
    return Log(lambda record: None, L_CRIT)


def open_url(url: str, create: bool = False) -> Database:
    """A database to work with. Raises OperatorError."""
    return connect(url, quiet_log(), create=create)


def confirm(question: str, yes: bool) -> bool:
    """Ask on the terminal; without one only `yes` counts."""
    if yes:
        return True
    if not sys.stdin.isatty():
        print(f"{question} Not done: confirm with --yes.", file=sys.stderr)
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def run(command: str, work: Coroutine[Any, Any, int]) -> int:
    """Run a command; what fails is printed."""
    try:
        return asyncio.run(work)
    except (OperatorError, DbError) as error:
        print(f"siprouter {command}: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130


def progress(what: str, done: int, total: int) -> None:
    """Show on a terminal how far long work is."""
    if total and sys.stderr.isatty():
        filled = BAR * done // total
        bar = "#" * filled + "-" * (BAR - filled)
        end = "\n" if done >= total else ""
        print(f"\r{what} [{bar}] {done} of {total} rows", end=end, file=sys.stderr, flush=True)


def table_lines(names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Rows below their names, in columns."""
    if not names:
        return []
    texts = [list(names), *[["NULL" if value is None else to_text(value) for value in row] for row in rows]]
    widths = [max(len(row[index]) for row in texts) for index in range(len(names))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in texts]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
