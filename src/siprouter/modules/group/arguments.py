"""Whose group is asked for: Request-URI, To, From, Credentials, or a variable that holds a URI."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.route_info import AUTHORIZED
from siprouter.core.values import Value, to_text
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

User = tuple[str, str]
"""(user, domain)"""
Reader = Callable[["Context"], User]


def _of_uri(ctx: Context) -> User:
    return ctx.parsed_uri.user, ctx.parsed_uri.host


def _of_to(ctx: Context) -> User:
    uri = ctx.msg.to.parsed_uri
    return uri.user, uri.host


def _of_from(ctx: Context) -> User:
    uri = ctx.msg.from_.parsed_uri
    return uri.user, uri.host


def _of_credentials(ctx: Context) -> User:
    credentials = ctx.vars.get(AUTHORIZED)
    if credentials is None:
        raise PeerError(403, "no credentials were accepted")
    return credentials.user, credentials.domain or credentials.realm


READERS: dict[str, Reader] = {
    "request-uri": _of_uri,
    "to": _of_to,
    "from": _of_from,
    "credentials": _of_credentials,
}


class Whose(ArgType):
    """One of the words above, or a variable; the function gets a reader of (user, domain), which raises PeerError."""

    kind = "Request-URI, To, From, Credentials or a variable"

    def __init__(self) -> None:
        super().__init__("user")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if not text.startswith("$"):
            reader = READERS.get(text.lower())
            if reader is None:
                raise self.bad(value, location)
            return Constant(reader)
        access = env.parse_pvar(text, location)

        def of_variable(ctx: Context) -> User:
            uri = parse_uri(to_text(access.get(ctx)))
            return uri.user, uri.host

        return Constant(of_variable)

    def convert(self, ctx: Context, value: Value) -> Reader:
        raise OperatorError(f"argument '{self.name}' must be a constant")
