"""`siprouter location show|list|add|rm`: the contacts in the memory of a running server."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence

from siprouter.cli.records import call_server
from siprouter.cli.user import DOMAIN_VARIABLE
from siprouter.db.accounts import parse_account
from siprouter.db.terminal import EXIT_FAILED, confirm
from siprouter.rpc.client import SOCKET_VARIABLE
from siprouter.rpc.values import RpcValue
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError

DEFAULT_Q = "1.00"
# INVITE, ACK, CANCEL, BYE and the others that kamctl names
METHODS = "4294967295"
PERMANENT = "0"
_CONTACT = re.compile(r"Contact:: <(?P<contact>[^>]*)>(?P<rest>.*)", re.DOTALL)
_PARAMETER = re.compile(r";(?P<name>[\w-]+)=(?:<(?P<quoted>[^>]*)>|(?P<plain>[^;]*))")


def main(arguments: list[str]) -> int:
    """Runs the command; 0 done, 1 failed, 2 wrong usage."""
    options = parser().parse_args(arguments)
    try:
        return work(options)
    except OperatorError as error:
        print(f"siprouter location: {error}", file=sys.stderr)
        return EXIT_FAILED


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="siprouter location",
        description="Contacts in the memory of a running server (modules usrloc, ctl and mi_rpc).",
        epilog=f"USER is user@domain; without @domain that of the environment variable {DOMAIN_VARIABLE}.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    helps = {
        "show": "the contacts of a user",
        "list": "all users with contacts",
        "add": "add a contact that does not expire, or does so after --expires seconds",
        "rm": "remove a contact of a user, or all of them",
    }
    for name, text in helps.items():
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("-s", "--socket", help=f"control socket (default: {SOCKET_VARIABLE}, or a usual one)")
        sub.add_argument("--table", default="location", help="table of the contacts (location)")
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
        if name != "list":
            sub.add_argument("user", metavar="USER")
        if name == "add":
            sub.add_argument("contact", metavar="URI")
            sub.add_argument("--expires", default=PERMANENT, type=_seconds, help="seconds; 0: never (0)")
        if name == "rm":
            sub.add_argument("contact", metavar="URI", nargs="?")
            sub.add_argument("-y", "--yes", action="store_true", help="do not ask")
    return top


def _seconds(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError("seconds")
    return text


def work(options: argparse.Namespace) -> int:
    """One command. Raises OperatorError."""
    if options.command == "list":
        return list_users(options)
    user = str(parse_account(options.user, os.environ.get(DOMAIN_VARIABLE, "")))
    if options.command == "show":
        return show(options, user)
    if options.command == "rm":
        wanted = f"the contact {options.contact} of {user}" if options.contact else f"all contacts of {user}"
        contacts(options, user)
        if not confirm(f"Remove {wanted}?", options.yes):
            return EXIT_FAILED
        command = ["ul_rm_contact", options.table, user, options.contact] if options.contact else []
        call_server(options.socket, ["mi", *(command or ["ul_rm", options.table, user])])
    else:
        uri = check_contact(options.contact)
        words = ["ul_add", options.table, user, uri, options.expires, DEFAULT_Q, "0", "0", "0", METHODS]
        call_server(options.socket, ["mi", *words])
    done = {"add": "added", "rm": "removed"}[options.command]
    result = {"user": user, "contact": options.contact, "result": done}
    print(json.dumps(result) if options.json else f"{options.contact or user}: {done}")
    return 0


def check_contact(text: str) -> str:
    """A URI that can be a contact. Raises OperatorError."""
    try:
        parse_uri(text)
    except PeerError as error:
        raise OperatorError(f"'{text}' is no URI: {error}", suggestion="sip:alice@192.0.2.1:5060") from None
    return text


def contacts(options: argparse.Namespace, user: str) -> list[dict[str, str]]:
    """What a user has. Raises OperatorError."""
    return parse_contacts(call_server(options.socket, ["mi", "ul_show_contact", options.table, user]))


def parse_contacts(values: Sequence[RpcValue]) -> list[dict[str, str]]:
    """The lines of ul_show_contact: `contact`, and its parameters by name."""
    found = []
    for value in values:
        match = _CONTACT.match(str(value))
        if match is None:
            raise OperatorError(f"the server's answer is not understood: {str(value)[:80]}")
        contact = {"contact": match["contact"]}
        for parameter in _PARAMETER.finditer(match["rest"]):
            plain = parameter["plain"]
            contact[parameter["name"]] = parameter["quoted"] if plain is None else plain
        found.append(contact)
    return found


def show(options: argparse.Namespace, user: str) -> int:
    """`show`"""
    found = contacts(options, user)
    if options.json:
        print(json.dumps(found))
        return 0
    print("\n\n".join("\n".join(f"{name}: {value}" for name, value in contact.items()) for contact in found))
    return 0


def list_users(options: argparse.Namespace) -> int:
    """`list`"""
    lines = [str(value).strip() for value in call_server(options.socket, ["mi", "ul_dump", "brief"])]
    table, found = "", []
    for line in lines:
        name, _, value = line.partition(":: ")
        if name == "Domain":
            table = value.partition(" ")[0]
        elif name == "AOR" and table == options.table:
            found.append(value)
    print(json.dumps(found) if options.json else "\n".join(sorted(found)))
    return 0
