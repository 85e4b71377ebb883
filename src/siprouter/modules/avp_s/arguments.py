"""Arguments of SER's avp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.avp import CLASS_DOMAIN, CLASS_GLOBAL, CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.core.values import Value, to_text
from siprouter.script.attributes import Attribute
from siprouter.script.core_args import parse_attribute
from siprouter.script.xl_format import XlFormat, parse_xl_format
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

CLASSES = {
    "$g": CLASS_GLOBAL,
    "$fd": TRACK_FROM | CLASS_DOMAIN,
    "$td": TRACK_TO | CLASS_DOMAIN,
    "$fu": TRACK_FROM | CLASS_USER,
    "$tu": TRACK_TO | CLASS_USER,
    "$fr": TRACK_FROM | CLASS_URI,
    "$tr": TRACK_TO | CLASS_URI,
}
PARTS = ("uri", "prefix", "user", "userpass", "host", "hostport", "port", "strip", "strip_tail")
_SYNONYMS = {
    "": "uri",
    "username": "user",
    "usernamepassword": "userpass",
    "domain": "host",
    "domainport": "hostport",
}


class _Named(ArgType):
    def convert(self, ctx: Context, value: Value) -> object:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class AttributeArg(_Named):
    """The name of an attribute."""

    kind = "an attribute such as $name"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        named = parse_attribute(text) if text.startswith("$") else None
        if named is None:
            raise self.bad(value, location)
        return Constant(named)


class ClassesArg(_Named):
    """`$fu`, `$tr`, `$g` …: all attributes of a class."""

    kind = "one of " + ", ".join(CLASSES)

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        klass = CLASSES.get(to_text(value).lower())
        if klass is None:
            raise self.bad(value, location)
        return Constant(klass)


class PartArg(_Named):
    """A part of the request URI."""

    kind = "one of " + ", ".join((*PARTS, *filter(None, _SYNONYMS)))

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value).lower()
        part = _SYNONYMS.get(text, text)
        if part not in PARTS:
            raise self.bad(value, location)
        return Constant(part)


@dataclass(frozen=True, slots=True)
class HeaderFields:
    """The name of a header, and which values in it count."""

    name: str
    numbers: bool
    texts: bool


class HeaderArg(_Named):
    """`name`, `name/i` (numbers alone) or `name/s` (texts alone)."""

    kind = "name, name/i or name/s"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name, slash, letter = to_text(value).partition("/")
        letter = letter.lower()
        if not name or (slash and letter not in ("i", "s")):
            raise self.bad(value, location)
        return Constant(HeaderFields(name, letter != "s", letter != "i"))


class XlArg(ArgType):
    """A format as xlog takes it."""

    kind = "a format"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        return Constant(parse_xl_format(to_text(value), env, location))

    def convert(self, ctx: Context, value: Value) -> XlFormat:
        return XlFormat([to_text(value)])


def newest(attribute: Attribute, ctx: Context) -> Value:
    """The value that an attribute with an index means, else its newest one; null for none."""
    if attribute.index is not None:
        return attribute.get(ctx)
    values = attribute.values(ctx)
    return values[0] if values else None


def named(text: str | None) -> Attribute | None:
    """The attribute that a name says, with or without its class; None for no name."""
    return parse_attribute(f"${text}") if text else None
