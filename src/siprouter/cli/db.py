"""`siprouter db create|upgrade|check|drop|copy|shell`: whole databases."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from siprouter.db import admin
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.schema import EXTRA, PRESENCE, STANDARD
from siprouter.db.terminal import (
    EXIT_FAILED,
    URL_HELP,
    confirm,
    database_url,
    open_url,
    progress,
    quiet_log,
    run,
    table_lines,
)
from siprouter.db.url import parse_url
from siprouter.db.values import to_text

PARTS = (STANDARD, EXTRA, PRESENCE)
HELP = {
    "create": "make the database and its tables, as far as they are missing",
    "upgrade": "make missing tables and note the versions of tables that have all columns",
    "check": "compare the tables with what modules expect; exit status 1 where something is missing",
    "drop": "remove the tables",
    "shell": "run SQL: one statement, or those that standard input has, a line each",
}


def main(arguments: list[str]) -> int:
    """Runs the command; 0 done, 1 failed, 2 wrong usage."""
    options = parser().parse_args(arguments)
    commands = {
        "create": create,
        "upgrade": upgrade,
        "check": check,
        "drop": drop,
        "copy": copy,
        "shell": shell,
    }
    return run("db", commands[options.command](options))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="siprouter db", description="Make, check, copy and remove databases.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in HELP.items():
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("url", nargs="?", help=URL_HELP)
        if name == "shell":
            sub.add_argument("sql", nargs="?", help="one statement")
        else:
            _add_parts(sub)
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
        if name == "drop":
            sub.add_argument("-y", "--yes", action="store_true", help="do not ask")
    sub = commands.add_parser("copy", help="copy all rows into an empty database of any kind")
    sub.add_argument("source", metavar="FROM", help="URL")
    sub.add_argument("target", metavar="TO", help="URL; its tables are made where they are missing")
    _add_parts(sub)
    sub.add_argument("--json", action="store_true", help="print the result as JSON")
    return top


def _add_parts(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--tables",
        default=",".join(PARTS),
        metavar="PARTS",
        type=_parts,
        help=f"some of {', '.join(PARTS)}, with commas (all)",
    )


def _parts(text: str) -> list[str]:
    found = [part.strip() for part in text.split(",")]
    if not set(found) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"parts are {', '.join(PARTS)}")
    return found


def report(options: argparse.Namespace, key: str, lines: Sequence[str], nothing: str) -> None:
    """Print what was done."""
    if options.json:
        print(json.dumps({key: list(lines)}))
    else:
        print("\n".join(lines) if lines else nothing)


async def create(options: argparse.Namespace) -> int:
    """`siprouter db create`"""
    url = parse_url(database_url(options.url))
    await admin.ensure_database(url, quiet_log())
    database = open_url(database_url(options.url), create=True)
    try:
        await admin.use_write_ahead_log(database)
        made = await admin.create_tables(database, admin.wanted_tables(options.tables))
    finally:
        database.close()
    lines = [f"{url.safe}: made {len(made)} tables"] if made and not options.json else made
    report(options, "made", lines, f"{url.safe}: all tables are there")
    return 0


async def upgrade(options: argparse.Namespace) -> int:
    """`siprouter db upgrade`"""
    database = open_url(database_url(options.url))
    specs = admin.wanted_tables(options.tables)
    try:
        done = await admin.upgrade_tables(database, specs)
        left = [item for item in await admin.check_tables(database, specs) if item.state != admin.OK]
    finally:
        database.close()
    report(options, "done", done, f"{database.url.safe}: nothing to do")
    for item in left:
        print(f"left alone: {describe(item)}", file=sys.stderr)
    return EXIT_FAILED if left else 0


def describe(item: admin.Finding) -> str:
    """A finding as text."""
    if item.state == admin.MISSING_COLUMNS:
        return f"{item.table} lacks {', '.join(item.columns)}"
    if item.state == admin.WRONG_VERSION:
        return f"{item.table} has version {item.version}, {item.wanted} is needed"
    return f"{item.table} is missing"


async def check(options: argparse.Namespace) -> int:
    """`siprouter db check`"""
    database = open_url(database_url(options.url))
    try:
        findings = await admin.check_tables(database, admin.wanted_tables(options.tables))
    finally:
        database.close()
    wrong = [item for item in findings if item.state != admin.OK]
    if options.json:
        print(json.dumps({item.table: {"state": item.state, "version": item.version} for item in findings}, indent=1))
    else:
        for item in wrong:
            print(describe(item))
        print(f"{database.url.safe}: {len(findings) - len(wrong)} of {len(findings)} tables are as expected")
    return EXIT_FAILED if wrong else 0


async def drop(options: argparse.Namespace) -> int:
    """`siprouter db drop`"""
    database = open_url(database_url(options.url))
    try:
        if not confirm(f"Remove all tables of {database.url.safe}, with all that is in them?", options.yes):
            return EXIT_FAILED
        gone = await admin.drop_tables(database, admin.wanted_tables(options.tables))
    finally:
        database.close()
    report(options, "removed", gone, f"{database.url.safe}: there were no tables")
    return 0


async def copy(options: argparse.Namespace) -> int:
    """`siprouter db copy`"""
    source = open_url(options.source)
    await admin.ensure_database(parse_url(options.target), quiet_log())
    target = open_url(options.target, create=True)
    specs = admin.wanted_tables(options.tables)
    try:
        await admin.use_write_ahead_log(target)
        await admin.create_tables(target, specs)
        copied = await admin.copy_tables(source, target, specs, progress)
    finally:
        source.close()
        target.close()
    print(json.dumps({"rows": copied}) if options.json else f"{target.url.safe}: copied {copied} rows")
    return 0


async def shell(options: argparse.Namespace) -> int:
    """`siprouter db shell`"""
    url, sql = options.url, options.sql
    if sql is None and url is not None and "://" not in url:
        url, sql = None, url
    database = open_url(database_url(url))
    status = 0
    try:
        for line in [sql] if sql is not None else sys.stdin:
            if line.strip():
                status |= await statement(database, line.strip().rstrip(";"), options.json)
    finally:
        database.close()
    return status


async def statement(database: Database, sql: str, as_json: bool) -> int:
    """Run one statement and print its rows; what fails does not keep the next one from running."""
    try:
        names, rows = await database.raw(sql)
    except DbError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    if as_json:
        print(json.dumps([dict(zip(names, map(_plain, row), strict=True)) for row in rows]))
    else:
        for line in table_lines(names, rows):
            print(line)
    return 0


def _plain(value: object) -> str | int | float | None:
    return value if value is None or isinstance(value, (int, float)) else to_text(value)
