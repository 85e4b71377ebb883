"""What stands around the cursor, from the text before it alone: it may be half typed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from siprouter.script.keywords import ROUTE_KEYWORDS

MAX_BACK = 200_000  # characters that are looked at
_START = re.compile(rf"^(?:{'|'.join(ROUTE_KEYWORDS)})[ \t]*[{{\[]|^[ \t]*(?:loadmodule|modparam)\b", re.MULTILINE)
_PIECE = re.compile(
    r"""(?P<comment>(?:\#(?!!)|//)[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z))
      | (?P<string>"(?:[^"\\\n]|\\.)*(?P<close>"|(?=\n)|\Z)|'[^'\n]*(?:'|(?=\n)|\Z))
      | (?P<word>[A-Za-z_]\w*)
      | (?P<variable>\$\((?:[^()\n]|\([^()\n]*\))*\)|\$\w+\([^()\n]*\)|\$\(?\w*)
      | (?P<sign>[(){}\[\],;])
      | (?P<other>\s+|[^\s])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class Cursor:
    """`depth` of braces (0: top level); `calls`: open parentheses as (word before, number of the argument).

    `string`: the part of a string that stands before the cursor, None outside of strings. `before`: the last word or
    sign before the word that is being typed.
    """

    line: str
    depth: int = 0
    calls: list[tuple[str, int]] = field(default_factory=list)
    arguments: list[list[str]] = field(default_factory=list)
    string: str | None = None
    comment: bool = False
    before: str = ""

    @property
    def call(self) -> tuple[str, int]:
        """The innermost call: its name and the number of the argument, from 0; ("", 0) for none."""
        return self.calls[-1] if self.calls else ("", 0)


def look(text: str, offset: int) -> Cursor:
    """The surroundings of an offset in `text`."""
    begin = text.rfind("\n", 0, offset) + 1
    cursor = Cursor(text[begin:offset])
    start = max(0, offset - MAX_BACK)
    for found in _START.finditer(text, start, offset):
        start = found.start()
    pos = start
    last = ""
    while pos < offset:
        found_piece = _PIECE.match(text, pos, offset)
        if found_piece is None:
            break
        pos = found_piece.end()
        kind = found_piece.lastgroup or ""
        piece = found_piece[0]
        if kind == "comment":
            cursor.comment = pos == offset and not piece.endswith("*/")
        elif kind in ("string", "close"):
            last = _string(cursor, piece, pos == offset)
        elif kind == "word":
            cursor.before, last = (last, piece) if pos == offset else (cursor.before, piece)
        elif kind == "sign":
            _sign(cursor, piece, last)
            last = piece
        elif not piece.isspace():
            last = piece
        if not piece.isspace() and not (kind == "word" and pos == offset) and cursor.string is None:
            cursor.before = last
    return cursor


def _string(cursor: Cursor, piece: str, at_end: bool) -> str:
    closed = len(piece) > 1 and piece[-1] == piece[0] and not piece.endswith('\\"')
    if at_end and not closed:
        cursor.string = piece[1:]
    if cursor.arguments:
        cursor.arguments[-1].append(piece[1:-1] if closed else piece[1:])
    return piece


def _sign(cursor: Cursor, sign: str, last: str) -> None:
    if sign == "{":
        cursor.depth += 1
        cursor.calls.clear()
        cursor.arguments.clear()
    elif sign == "}":
        cursor.depth = max(0, cursor.depth - 1)
        cursor.calls.clear()
        cursor.arguments.clear()
    elif sign == "(":
        cursor.calls.append((last if last.isidentifier() else "", 0))
        cursor.arguments.append([])
    elif sign == ")" and cursor.calls:
        cursor.calls.pop()
        cursor.arguments.pop()
    elif sign == "," and cursor.calls:
        name, number = cursor.calls[-1]
        cursor.calls[-1] = (name, number + 1)
    elif sign == ";":
        cursor.calls.clear()
        cursor.arguments.clear()
