"""Arguments of the functions: LDAP URLs with variables, and `attribute/destination`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.args import ArgType, Constant, Dynamic, Folded, Parsed
from siprouter.core.format import NULL_TEXT, Format
from siprouter.core.pvars import is_name_char, parse_pvar_at
from siprouter.core.values import Value, to_text
from siprouter.modules.ldap.urls import encode, encode_filter_value, escape_dn
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

SCRIPT_VARIABLES = frozenset(("avp", "var", "shv", "xavp", "sht", "dbr", "mct"))
"""what the script itself has filled: parts of URLs may be in them, so they are taken as they are"""

Escape = Callable[[str], str]
DN, FILTER = 0, 3


def _escape_dn(text: str) -> str:
    return encode(escape_dn(text))


def escape_for(part: int) -> Escape:
    """How a value is written in a part of a URL: 0 the name, 1 attributes, 2 the scope, 3 the filter."""
    return {DN: _escape_dn, FILTER: encode_filter_value}.get(part, encode)


class LdapUrl(ArgType):
    """A URL with variables. What comes out of the message can only be a value in it, never more of the URL."""

    kind = "an LDAP URL"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if not text:
            raise self.bad(value, location)
        parts: list[str | tuple[PvAccess, Escape | None]] = []
        pos = part = 0
        while pos < len(text):
            dollar = text.find("$", pos)
            while dollar >= 0 and not _begins_variable(text, dollar):
                dollar = text.find("$", dollar + 1)
            literal = text[pos:] if dollar < 0 else text[pos:dollar]
            parts.append(literal)
            part += literal.count("?")
            if dollar < 0:
                break
            access, pos = parse_pvar_at(text, dollar, env, location)
            parts.append((access, None if access.name in SCRIPT_VARIABLES else escape_for(part)))
        if all(isinstance(item, str) for item in parts):
            return Constant(text)
        return Dynamic(partial(_text, parts))

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value)


def _begins_variable(text: str, pos: int) -> bool:
    following = text[pos + 1 : pos + 2]
    return following == "(" or (bool(following) and is_name_char(following))


def _text(parts: list[str | tuple[PvAccess, Escape | None]], ctx: Context) -> str:
    found = []
    for part in parts:
        if isinstance(part, str):
            found.append(part)
            continue
        access, escape = part
        value = access.get(ctx)
        text = NULL_TEXT if value is None else str(value)
        found.append(text if escape is None else escape(text))
    return "".join(found)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the values of an attribute go."""

    attribute: str
    avp: PvAccess
    integer: bool


def parse_avp(text: str, env: LoadEnv, location: SourceLocation) -> PvAccess:
    """An AVP as destination. Raises OperatorError."""
    access = env.parse_pvar(text.strip(), location) if text.strip().startswith("$") else None
    if access is None or access.name != "avp" or access.transformed or access.set is None:
        raise OperatorError(f"expected an AVP, found '{text}'", location, "$avp(s:name)")
    return access


def parse_destination(text: str, env: LoadEnv, location: SourceLocation) -> Destination:
    """`attribute/$avp(…)[/str|/int]`. Raises OperatorError."""
    attribute, slash, rest = text.partition("/")
    spec, _, kind = rest.partition("/")
    if not attribute.strip() or not slash or kind not in ("", "str", "int"):
        raise OperatorError(f"expected attribute/AVP[/int], found '{text}'", location, "telephoneNumber/$avp(s:tel)")
    return Destination(attribute.strip(), parse_avp(spec, env, location), kind == "int")


class DestinationArg(Parsed):
    """A constant `attribute/AVP`."""

    def __init__(self, name: str = "attribute/AVP") -> None:
        super().__init__(name, parse_destination, "attribute/$avp(name)")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the values of an attribute are compared with."""

    attribute: str
    wanted: Format


def parse_comparison(text: str, env: LoadEnv, location: SourceLocation) -> Comparison:
    """`attribute/text with variables`. Raises OperatorError."""
    attribute, slash, wanted = text.partition("/")
    if not attribute.strip() or not slash:
        raise OperatorError(f"expected attribute/text, found '{text}'", location, "sn/$rU")
    return Comparison(attribute.strip(), env.parse_format(wanted, location))


class ComparisonArg(Parsed):
    """A constant `attribute/text`, with variables in the text."""

    def __init__(self, name: str = "attribute/text") -> None:
        super().__init__(name, parse_comparison, "attribute/text")


class AvpArg(Parsed):
    """An AVP to write to."""

    def __init__(self, name: str = "AVP") -> None:
        super().__init__(name, parse_avp, "$avp(name)")
