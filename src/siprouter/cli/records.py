"""`siprouter alias|domain|address|… add|rm|show|list|import`: the tables that operators keep by hand."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from siprouter.cli.user import DOMAIN_VARIABLE
from siprouter.db.accounts import parse_account
from siprouter.db.interface import Database
from siprouter.db.record_kinds import kinds
from siprouter.db.records import (
    Kind,
    Record,
    add_record,
    find_records,
    import_records,
    missing_account,
    remove_records,
)
from siprouter.db.terminal import (
    EXIT_FAILED,
    URL_HELP,
    confirm,
    database_url,
    open_url,
    progress,
    run,
    table_lines,
)
from siprouter.rpc.addresses import parse_address
from siprouter.rpc.binrpc import BinrpcError
from siprouter.rpc.client import SOCKET_VARIABLE, call, usual_address
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.util.errors import OperatorError

CHANGES = ("add", "rm", "import")
SHOWN_IN_QUESTIONS = 10
ID = "id"


def command(name: str) -> Callable[[list[str]], int]:
    """The `main` of one command. `name` is one of `kinds()`."""

    def main(arguments: list[str]) -> int:
        kind = kinds(os.environ.get(DOMAIN_VARIABLE, ""))[name]
        return run(name, work(kind, parser(kind).parse_args(arguments)))

    return main


def parser(kind: Kind) -> argparse.ArgumentParser:
    """The command line."""
    epilog = f"Users without @domain have that of the environment variable {DOMAIN_VARIABLE}." if kind.account else None
    top = argparse.ArgumentParser(prog=f"siprouter {kind.command}", description=f"Table {kind.table}.", epilog=epilog)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.add_argument("-d", "--db", metavar="URL", help=URL_HELP)
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
        if name in CHANGES and kind.reload:
            sub.add_argument("--reload", action="store_true", help="make the running server read the table again")
            sub.add_argument("-s", "--socket", help=f"its control socket (default: {SOCKET_VARIABLE}, or a usual one)")
        return sub

    sub = add("add", f"make one {kind.what}")
    for field in kind.fields:
        if field.default is None:
            sub.add_argument(field.name, metavar=field.name.upper(), help=field.help)
        else:
            sub.add_argument(f"--{field.name}", default=field.default, help=f"{field.help} ({field.default or 'none'})")
    _add_search(add("show", "show what matches, in full"), kind)
    _add_search(add("list", "list all, or what matches"), kind)
    sub = add("rm", "remove what matches, after a question")
    _add_search(sub, kind)
    sub.add_argument("-y", "--yes", action="store_true", help="do not ask")
    sub = add("import", "store many: JSON as `list --json` prints it, or CSV with the names of the fields in line 1")
    sub.add_argument("file", metavar="FILE", help="- is standard input")
    sub.add_argument("--skip-existing", action="store_true", help="leave out what is there already")
    return top


def _add_search(sub: argparse.ArgumentParser, kind: Kind) -> None:
    """The fields that every record gives by position, and all by name."""
    for field in kind.required:
        sub.add_argument(field.name, metavar=field.name.upper(), nargs="?", help=field.help)
    for field in kind.fields:
        sub.add_argument(f"--{field.name}", dest=f"--{field.name}", help=f"look for this {field.name}")
    sub.add_argument("--id", type=int, help="number of the row")


def wanted(kind: Kind, options: argparse.Namespace) -> dict[str, str]:
    """The fields that the command line looks for. Raises OperatorError."""
    values = vars(options)
    found: dict[str, str] = {}
    for field in kind.fields:
        both = [value for value in (values.get(field.name), values[f"--{field.name}"]) if value is not None]
        if len(both) > 1:
            raise OperatorError(f"{field.name} is given twice")
        if both:
            found[field.name] = both[0]
    return found


async def work(kind: Kind, options: argparse.Namespace) -> int:
    """One command."""
    database = open_url(database_url(options.db))
    try:
        if options.command == "add":
            status = await add_one(database, kind, options)
        elif options.command == "import":
            status = await add_many(database, kind, options)
        else:
            status = await search(database, kind, options)
    finally:
        database.close()
    if status == 0 and options.command in CHANGES and kind.reload:
        return tell_server(kind, options)
    return status


async def add_one(database: Database, kind: Kind, options: argparse.Namespace) -> int:
    """`add`"""
    values = vars(options)
    given = {field.name: values[field.name] for field in kind.fields}
    if kind.account:
        owner = parse_account(given[kind.account], os.environ.get(DOMAIN_VARIABLE, ""))
        if await missing_account(database, owner.user, owner.domain):
            print(f"note: table subscriber has no account {owner}", file=sys.stderr)
    record = await add_record(database, kind, given, time.time())
    print(json.dumps(record) if options.json else f"{describe(kind, record)}: added")
    return 0


async def add_many(database: Database, kind: Kind, options: argparse.Namespace) -> int:
    """`import`"""
    given = read_records(options.file)
    done = await import_records(database, kind, given, options.skip_existing, time.time(), progress)
    if options.json:
        print(json.dumps({"added": done.added, "skipped": done.skipped}))
    else:
        print(f"{done.added} added" + f", {done.skipped} were there already" * bool(done.skipped))
    return 0


def read_records(name: str) -> list[Mapping[str, str]]:
    """The records of a file. Raises OperatorError."""
    try:
        content = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
        if content.lstrip()[:1] in ("[", "{"):
            return _json_records(name, json.loads(content))
        rows = csv.DictReader(io.StringIO(content), restkey="", restval=None, strict=True)
        found: list[Mapping[str, str]] = [dict(row) for row in rows]
    except OSError as error:
        raise OperatorError(f"{name}: {error.strerror}") from None
    except (ValueError, csv.Error) as error:
        raise OperatorError(f"{name} is neither JSON nor CSV: {error}") from None
    for index, row in enumerate(found, 1):
        if "" in row or None in row.values():
            raise OperatorError(f"{name}: record {index} has not as many values as line 1 has names")
    return found


def _json_records(name: str, data: object) -> list[Mapping[str, str]]:
    found: list[Mapping[str, str]] = []
    for item in data if isinstance(data, list) else [data]:
        if not isinstance(item, dict) or not all(isinstance(value, (str, int)) for value in item.values()):
            raise OperatorError(f"{name} must have objects of texts and numbers")
        found.append({str(key): str(value) for key, value in item.items()})
    return found


async def search(database: Database, kind: Kind, options: argparse.Namespace) -> int:
    """`rm`, `show`, `list`"""
    given = wanted(kind, options)
    if options.command != "list" and not given and options.id is None:
        raise OperatorError(f"which {kind.what}?", suggestion=f"its {kind.required[0].name}, or --id")
    keys = kind.find(given)
    if options.id is not None:
        keys.append((ID, options.id))
    found = await find_records(database, kind, keys, progress)
    if options.command == "list":
        print_list(kind, found, options.json)
        return 0
    if not found:
        raise OperatorError(f"there is no such {kind.what}", suggestion=f"siprouter {kind.command} list")
    if options.command == "show":
        print_full(found, options.json)
        return 0
    if not confirm(question(kind, found), options.yes):
        return EXIT_FAILED
    gone = await remove_records(database, kind, found, progress)
    if options.json:
        print(json.dumps({"removed": gone}))
    else:
        print(f"{describe(kind, found[0])}: removed" if len(found) == 1 else f"{gone} removed")
    return 0


def print_list(kind: Kind, found: Sequence[Record], as_json: bool) -> None:
    """Rows below their names, or a JSON array with a line for each."""
    if as_json:
        print("[" + ",\n ".join(json.dumps(record) for record in found) + "]")
        return
    names = [ID, *[field.name for field in kind.fields]]
    for line in table_lines(names, [tuple(record[name] for name in names) for record in found]):
        print(line)


def print_full(found: Sequence[Record], as_json: bool) -> None:
    """A line for each field."""
    if as_json:
        print(json.dumps(found))
        return
    print("\n\n".join("\n".join(f"{name}: {value}" for name, value in record.items()) for record in found))


def describe(kind: Kind, record: Record) -> str:
    """What tells a record apart, in a line."""
    return " ".join(str(record[field.name]) for field in kind.required)


def question(kind: Kind, found: Sequence[Record]) -> str:
    """What is asked before rows are removed."""
    if len(found) == 1:
        return f"Remove the {kind.what} {describe(kind, found[0])}?"
    lines = [f"  {describe(kind, record)}" for record in found[:SHOWN_IN_QUESTIONS]]
    if len(found) > SHOWN_IN_QUESTIONS:
        lines.append(f"  … and {len(found) - SHOWN_IN_QUESTIONS} more")
    return "\n".join([*lines, f"Remove these {len(found)} rows of table {kind.table}?"])


def tell_server(kind: Kind, options: argparse.Namespace) -> int:
    """Make the running server read the table again, or say how."""
    words = " ".join(kind.reload)
    if not options.reload:
        print(f"a running server reads it after: siprouter rpc {words}", file=sys.stderr)
        return 0
    try:
        call_server(options.socket, kind.reload)
    except OperatorError as error:
        raise OperatorError(f"the table is changed, but the running server has not read it: {error}") from None
    return 0


def call_server(socket: str | None, words: Sequence[str]) -> list[RpcValue]:
    """An RPC command of the running server. Raises OperatorError."""
    name = socket or usual_address(dict(os.environ))
    try:
        return call(parse_address(name, "unix_stream"), words[0], list(words[1:]))
    except ValueError as error:
        raise OperatorError(f"bad socket '{name}': {error}") from None
    except RpcError as error:
        hint = 'loadmodule "mi_rpc.so"' if error.message == "command mi not found" else ""
        text = f"the server refused '{' '.join(words)}': {error.code} {error.message}"
        raise OperatorError(text, suggestion=hint) from None
    except (OSError, BinrpcError) as error:
        raise OperatorError(f"no reply from {name}: {error}") from None
