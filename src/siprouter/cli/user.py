"""`siprouter user add|rm|passwd|show|list`: the accounts of table subscriber."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys

from siprouter.db import accounts
from siprouter.db.interface import Database
from siprouter.db.terminal import EXIT_FAILED, URL_HELP, confirm, database_url, open_url, run
from siprouter.util.errors import OperatorError

DOMAIN_VARIABLE = "SIP_DOMAIN"
HELP = {
    "add": "make an account",
    "passwd": "change the password of an account",
    "rm": "remove an account",
    "show": "show an account, without its password",
    "list": "list the accounts, or those of a domain",
}


def main(arguments: list[str]) -> int:
    """Runs the command; 0 done, 1 failed, 2 wrong usage."""
    return run("user", work(parser().parse_args(arguments)))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="siprouter user",
        description="Accounts of table subscriber.",
        epilog=f"USER is user@domain; without @domain that of the environment variable {DOMAIN_VARIABLE}.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in HELP.items():
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("-d", "--db", metavar="URL", help=URL_HELP)
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
        if name == "list":
            sub.add_argument("domain", nargs="?", default="", metavar="DOMAIN")
            continue
        sub.add_argument("account", metavar="USER")
        if name in ("add", "passwd"):
            sub.add_argument(
                "--password-stdin", action="store_true", help="read the password from standard input, not the terminal"
            )
            sub.add_argument("--hash-only", action="store_true", help="store hashes, not the password itself")
        if name == "add":
            sub.add_argument("--email", default="", help="mail address")
        if name == "rm":
            sub.add_argument("-y", "--yes", action="store_true", help="do not ask")
    return top


async def work(options: argparse.Namespace) -> int:
    """One command."""
    database = open_url(database_url(options.db))
    try:
        if options.command == "list":
            found = await accounts.list_accounts(database, options.domain)
            print(json.dumps(found) if options.json else "\n".join(found))
            return 0
        account = accounts.parse_account(options.account, os.environ.get(DOMAIN_VARIABLE, ""))
        return await one_account(database, account, options)
    finally:
        database.close()


async def one_account(database: Database, account: accounts.Account, options: argparse.Namespace) -> int:
    """A command about one account."""
    if options.command == "show":
        shown = await accounts.show_account(database, account)
        lines = [f"{name}: {value}" for name, value in shown.items()]
        print(json.dumps(shown) if options.json else "\n".join(lines))
        return 0
    if options.command == "rm":
        await accounts.show_account(database, account)
        if not confirm(f"Remove the account {account}?", options.yes):
            return EXIT_FAILED
        await accounts.remove_account(database, account)
    elif options.command == "add":
        password = read_password(options.password_stdin)
        await accounts.add_account(database, account, password, options.email, not options.hash_only)
    else:
        await accounts.change_password(database, account, read_password(options.password_stdin), not options.hash_only)
    done = {"add": "added", "rm": "removed", "passwd": "password changed"}[options.command]
    print(json.dumps({"account": str(account), "result": done}) if options.json else f"{account}: {done}")
    return 0


def read_password(stdin: bool) -> str:
    """A password, twice from the terminal or once from standard input. Raises OperatorError."""
    if stdin or not sys.stdin.isatty():
        if not stdin:
            raise OperatorError("there is no terminal to ask for a password", suggestion="--password-stdin")
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise OperatorError("these were two different passwords")
    return password
