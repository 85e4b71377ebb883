"""Format strings of SER (`"method <%rm> from %@from.uri"`), as its xlog and the modules that build on it take them.

    %ru             one of the specifiers of `xl_values`
    %{Via[1]}       a header by name and number (from 0; -1 the last; * all)
    %<name[1]>      an attribute; %$name, %$f.name[1] too
    %@from.uri      a select; `% ` and `%|` end it and stand for nothing
    %Crx            a terminal colour
    %[0-3]ru        the octets 0 to 3 of what follows
    %%              a percent sign; and \\n \\r \\t \\\\ as in C

A value that is null reads `<null>`.
"""

from __future__ import annotations

import re
from functools import partial

from siprouter.core.access import Getter
from siprouter.core.context import Context
from siprouter.core.env import LoadEnv
from siprouter.core.format import NULL_TEXT
from siprouter.core.values import Value
from siprouter.script.core_args import parse_attribute
from siprouter.script.ser_args import select_getter
from siprouter.script.xl_values import ALL, LAST, VALUES, header_value
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.text import to_bytes, to_str

MAX_PARTS = 1024
COLORS = {"x": 9, "s": 0, "r": 1, "g": 2, "y": 3, "b": 4, "p": 5, "c": 6, "w": 7}
RESET_COLOR = "\033[0m"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_PLAIN = re.compile(r"[^%\\]+")
_HEADER = re.compile(r"\{([A-Za-z][^}\[]*)(?:\[(\d*|-1|\*)\])?\}", re.ASCII)
_ATTRIBUTE = re.compile(r"<([A-Za-z][^>\[]*)(\[(?:\d+|-1)\])?>", re.ASCII)
_DOLLAR = re.compile(r"\$([\w+\-\[\].]+)", re.ASCII)
_SELECT_NAME = r"[A-Za-z]\w*(?:\[(?:-?\d+|\\?\"[^\"]*\")\])?"
_SELECT = re.compile(rf"@({_SELECT_NAME}(?:\.{_SELECT_NAME})*)", re.ASCII)
_RANGE = re.compile(r"\[(\d*)(-?)(\d*)\]", re.ASCII)
_COLOR = re.compile(r"C([xsrgybpcwSRGYBPCW])([xsrgybpcw])")
_GROUPS = {name[0] for name in VALUES}


class XlFormat:
    """A parsed format string. `constant` is the whole text where nothing depends on the message."""

    __slots__ = ("constant", "parts")

    def __init__(self, parts: list[str | Getter]) -> None:
        self.parts = parts
        fixed = [part for part in parts if isinstance(part, str)]
        self.constant: str | None = "".join(fixed) if len(fixed) == len(parts) else None

    def text(self, ctx: Context) -> str:
        """The string for this message."""
        out: list[str] = []
        for part in self.parts:
            value = part if isinstance(part, str) else part(ctx)
            out.append(NULL_TEXT if value is None else str(value))
        return "".join(out)


def parse_xl_format(text: str, env: LoadEnv, location: SourceLocation) -> XlFormat:
    """Parse `text`. An unknown specifier is null, as in SER, and warned about. Raises OperatorError."""
    return _Parser(text, env, location).parse()


class _Parser:
    def __init__(self, text: str, env: LoadEnv, location: SourceLocation) -> None:
        self.source = text
        self.env = env
        self.location = location
        self.pos = 0
        self.parts: list[str | Getter] = []
        self.colored = False

    def parse(self) -> XlFormat:
        while self.pos < len(self.source):
            plain = _PLAIN.match(self.source, self.pos)
            if plain is not None:
                self.pos = plain.end()
                self.parts.append(plain.group())
            elif self.source[self.pos] == "\\":
                following = self.source[self.pos + 1 : self.pos + 2]
                self.parts.append(_ESCAPES.get(following, following or "\\"))
                self.pos += 2
            else:
                self.pos += 1
                self.parts.append(self.specifier())
            if len(self.parts) > MAX_PARTS:
                raise self.error(f"more than {MAX_PARTS} specifiers in one string")
        if self.colored:
            self.parts.append(RESET_COLOR)
        return XlFormat(self.parts)

    def error(self, message: str) -> OperatorError:
        return OperatorError(f"{message} in format {self.source!r}", self.location)

    def take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        found = pattern.match(self.source, self.pos)
        if found is None:
            raise self.error(f"bad {what} '%{self.source[self.pos :][:20]}'")
        self.pos = found.end()
        return found

    def specifier(self) -> str | Getter:
        """What the specifier at the present place, behind its percent sign, stands for."""
        first = self.source[self.pos : self.pos + 1]
        if first == "[":
            return self.part_of(self.take(_RANGE, "range"))
        if first == "{":
            return self.header(self.take(_HEADER, "header"))
        if first == "<":
            found = self.take(_ATTRIBUTE, "attribute")
            return self.attribute(found.group(1) + (found.group(2) or ""))
        if first == "$":
            return self.attribute(self.take(_DOLLAR, "attribute").group(1))
        if first == "@":
            path = self.take(_SELECT, "select").group(1).replace("\\", "")
            return select_getter(path, self.env, self.location)
        if first == "C":
            return self.color(self.take(_COLOR, "colour"))
        if first in ("%", " ", "|"):
            self.pos += 1
            return "%" if first == "%" else ""
        return self.named()

    def named(self) -> str | Getter:
        name = self.source[self.pos : self.pos + 2]
        # one letter that begins no specifier is one by itself
        self.pos += 2 if name[:1] in _GROUPS else 1
        get = VALUES.get(name)
        if get is None:
            self.env.worker.log.warning(
                "unknown specifier %%%s in format %r", name, self.source, location=self.location
            )
            return NULL_TEXT
        return get

    def header(self, found: re.Match[str]) -> Getter:
        name, index = found.groups()
        number = ALL if index == "*" else LAST if index == "-1" else int(index or 0)
        return partial(header_value, name=name, index=number)

    def attribute(self, name: str) -> Getter:
        attribute = parse_attribute(name)
        if attribute is None:
            raise self.error(f"bad attribute name '{name}'")
        return attribute.get

    def color(self, found: re.Match[str]) -> str:
        self.colored = True
        front, back = found.groups()
        return f"\033[{int(front.isupper())};3{COLORS[front.lower()]};4{COLORS[back]}m"

    def part_of(self, found: re.Match[str]) -> str | Getter:
        """Some octets of the specifier that follows the range without a percent sign of its own."""
        least, dash, most = found.groups()
        first = int(least or 0)
        last = first if not dash else int(most) if most else None
        if last is not None and last < first:
            raise self.error("bad range")
        if self.pos == len(self.source):
            return ""
        part = self.specifier()
        if isinstance(part, str):
            return _octets(part, first, last)

        def read(ctx: Context) -> Value:
            value = part(ctx)
            return _octets(NULL_TEXT if value is None else str(value), first, last)

        return read


def _octets(text: str, first: int, last: int | None) -> str:
    stop = None if last is None else last + 1
    return text[first:stop] if text.isascii() else to_str(to_bytes(text)[first:stop])
