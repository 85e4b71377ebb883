"""SQL of the configuration with variables in it: their values are bound, whatever they contain.

A string of SQL with variables in it (`'%$rU%'`) becomes one bound value. A variable that stands for itself is bound,
too; as part of a name, or where SQL wants a name, its value must be a name. A statement that begins with a variable has
that variable's text as it is: the script has put the statement together itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from siprouter.core.access import Getter, PvAccess
from siprouter.core.context import Context
from siprouter.core.env import LoadEnv
from siprouter.core.format import NULL_TEXT
from siprouter.core.pvars import is_name_char, parse_pvar_at
from siprouter.core.values import INT_MAX, INT_MIN, Value, str_to_int
from siprouter.core.values import to_text as value_text
from siprouter.db.errors import DbRefusedError
from siprouter.db.interface import Database
from siprouter.db.server import ServerDatabase
from siprouter.db.sql import Dialect
from siprouter.db.sqlite import SqliteDatabase
from siprouter.db.values import Row, to_epoch, to_text
from siprouter.db.values import Value as DbValue
from siprouter.util.errors import OperatorError, SourceLocation

MAX_STATEMENT = 65536
ESCAPED = "{s.escape.common}"
"""a transformation that would quote a value for SQL: not needed where values are bound, and taken off"""

WORD = 0  # part of a name
NAME = 1  # where SQL wants names
VALUE = 2
COUNT = 3  # behind LIMIT and OFFSET
STATEMENT = 4

_NAME_WORDS = frozenset(("from", "join", "into", "update", "table", "by", "select", "distinct", "set", "view", "index"))
_COUNT_WORDS = frozenset(("limit", "offset"))
_TYPED = frozenset(("interval", "date", "time", "timestamp", "timestamptz"))
_PREFIXES = frozenset(("e", "b", "x", "n"))
_LAST_WORD = re.compile(r"([A-Za-z_][A-Za-z0-9_$]*)\s*\Z")
_PART = re.compile(r"[A-Za-z0-9_$]{1,64}\Z", re.ASCII)
_ONE_NAME = r"[A-Za-z_][A-Za-z0-9_$]{0,63}(\.[A-Za-z_][A-Za-z0-9_$]{0,63})?(\s+(asc|desc))?"
_NAMES = re.compile(rf"\s*(\*|{_ONE_NAME}(\s*,\s*{_ONE_NAME})*)\s*\Z", re.ASCII | re.IGNORECASE)
_NUMBERS = re.compile(r"\s*-?\d{1,18}(\s*,\s*-?\d{1,18})*\s*\Z", re.ASCII)
_STRING_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "Z": "\x1a"}


@dataclass(frozen=True, slots=True)
class _Plain:
    """A variable outside strings, and what it stands for there."""

    get: Getter
    place: int


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A string with variables in it; `cast`: the type in front of it, where the database wants a constant there."""

    parts: tuple[str | PvAccess, ...]
    cast: str


_Piece = str | _Plain | _Quoted


class ScriptSql:
    """A statement for one kind of database."""

    __slots__ = ("_dialect", "_pieces")

    def __init__(self, pieces: list[_Piece], dialect: Dialect) -> None:
        self._pieces = pieces
        self._dialect = dialect

    def render(self, ctx: Context) -> tuple[str, list[DbValue]]:
        """SQL with marks, and the values for them. Raises DbRefusedError for a value that cannot be a name."""
        out: list[tuple[bool, str]] = []
        values: list[DbValue] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                out.append((False, piece))
                continue
            if isinstance(piece, _Quoted):
                mark = self._bind(values, "".join([_text(ctx, part) for part in piece.parts]))
                out.append((True, f"CAST(CAST({mark} AS text) AS {piece.cast})" if piece.cast else mark))
                continue
            value = piece.get(ctx)
            pasted = _pasted(value, piece.place)
            out.append((True, self._bind(values, value)) if pasted is None else (False, pasted))
        if values and self._dialect.mark == "%s":
            return "".join([text if mark else text.replace("%", "%%") for mark, text in out]), values
        return "".join([text for _, text in out]), values

    def _bind(self, values: list[DbValue], value: DbValue) -> str:
        values.append(value)
        return self._dialect.marks(len(values), 1)[0]


def _text(ctx: Context, part: str | PvAccess) -> str:
    if isinstance(part, str):
        return part
    value = part.get(ctx)
    if value is None:
        return "" if part.transformed else NULL_TEXT
    return value_text(value)


def _pasted(value: Value, place: int) -> str | None:
    """What becomes part of the statement itself; None: the value is bound."""
    text = value_text(value)
    if place == STATEMENT:
        return text
    if place == VALUE:
        return text if isinstance(value, str) and "," in text and _NUMBERS.match(text) else None
    if place == COUNT:
        number = str_to_int(text.strip())
        if number is None:
            raise DbRefusedError(f"a number is wanted, found {text[:64]!r}")
        return str(number)
    if (_PART if place == WORD else _NAMES).match(text) or (place == NAME and _NUMBERS.match(text)):
        return text
    raise DbRefusedError(f"no name of a table or column: {text[:64]!r}")


def dialect_of(database: Database) -> Dialect:
    """How a database wants its SQL. Raises OperatorError where it knows none."""
    if isinstance(database, (SqliteDatabase, ServerDatabase)):
        return database.dialect
    raise OperatorError(f"{database.url.driver} files know no SQL", suggestion="use sqlite, mysql or postgres")


async def run(database: Database, statement: ScriptSql, ctx: Context) -> tuple[list[str], list[Row]]:
    """Names of the columns, and rows. Raises DbError."""
    text, values = statement.render(ctx)
    if len(text) > MAX_STATEMENT:
        raise DbRefusedError(f"a statement of more than {MAX_STATEMENT} characters")
    return await database.raw(text, values)


def script_value(value: object) -> Value:
    """A column as the script has it: numbers that fit are integers, times seconds since 1970, all else text."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return to_epoch(value)
    if isinstance(value, int) and INT_MIN <= value <= INT_MAX:
        return int(value)
    return to_text(value)


def parse_destinations(text: str, env: LoadEnv, location: SourceLocation) -> list[PvAccess]:
    """`$a; $b` or `$a, $b`: variables that columns are assigned to. Raises ValueError, OperatorError."""
    found: list[PvAccess] = []
    pos = 0
    while pos < len(text):
        if text[pos] in ";, \t\r\n":
            pos += 1
        elif text[pos] == "$":
            access, pos = parse_pvar_at(text, pos, env, location)
            if access.set is None:
                raise ValueError(f"{access.text} is read-only")
            found.append(access)
        else:
            raise ValueError(f"expected $variable, found {text[pos:]!r}")
    if not found:
        raise ValueError("no variables")
    return found


def parse_script_sql(text: str, env: LoadEnv, location: SourceLocation, dialect: Dialect) -> ScriptSql:
    """Parse a statement. Raises OperatorError."""
    return ScriptSql(_Parser(text, env, location, dialect).parse(), dialect)


class _Parser:
    """One pass over the text; `sql` is the SQL since the last variable."""

    def __init__(self, text: str, env: LoadEnv, location: SourceLocation, dialect: Dialect) -> None:
        self.text = text
        self.env = env
        self.location = location
        self.mysql = dialect.quote == "`"
        self.numbered = dialect.mark == "$"
        self.pos = 0
        self.pieces: list[_Piece] = []
        self.sql = ""

    def parse(self) -> list[_Piece]:
        while self.pos < len(self.text):
            char = self.text[self.pos]
            if char == "'" or (char == '"' and not self.numbered):
                self._string(char)
            elif char in ('"', "`"):
                self._quoted_name(char)
            elif self._at_comment():
                self._comment()
            elif self._at_variable():
                self._variable()
            else:
                self.sql += char
                self.pos += 1
        self._flush()
        return self.pieces

    def _flush(self) -> None:
        if self.sql:
            self.pieces.append(self.sql)
        self.sql = ""

    def _error(self, message: str, suggestion: str = "") -> OperatorError:
        return OperatorError(f"{message}: {self.text!r}", self.location, suggestion)

    def _at_variable(self) -> bool:
        following = self.text[self.pos + 1 : self.pos + 2]
        return self.text[self.pos] == "$" and following != "" and (following in "($" or is_name_char(following))

    def _access(self) -> PvAccess:
        access, self.pos = parse_pvar_at(self.text, self.pos, self.env, self.location)
        if access.text.endswith(ESCAPED + ")"):
            access = self.env.parse_pvar(access.text[: -len(ESCAPED) - 1] + ")", self.location)
        return access

    # --- outside strings

    def _variable(self) -> None:
        access = self._access()
        place = self._place(self.sql, self.text[self.pos : self.pos + 1])
        self._flush()
        self.pieces.append(_Plain(access.get, place))

    def _place(self, before: str, after: str) -> int:
        """What a variable between these texts stands for."""
        if not self.pieces and not before.strip():
            return STATEMENT
        if before[-1:].isalnum() or before[-1:] in ("_", ".", "`") or after in ("_", ".", "`") or after.isalnum():
            return WORD
        word = _LAST_WORD.search(before)
        if word is not None and word[1].lower() in _NAME_WORDS:
            return NAME
        return COUNT if word is not None and word[1].lower() in _COUNT_WORDS else VALUE

    def _at_comment(self) -> bool:
        return self.text.startswith(("--", "/*"), self.pos) or (self.mysql and self.text[self.pos] == "#")

    def _comment(self) -> None:
        """Comments are left out: what a variable in one could do is nobody's guess."""
        end = "*/" if self.text.startswith("/*", self.pos) else "\n"
        found = self.text.find(end, self.pos)
        self.pos = len(self.text) if found < 0 else found + len(end)
        self.sql += " "

    def _quoted_name(self, quote: str) -> None:
        """A name in quotes; variables in it must be (parts of) names."""
        self.sql += quote
        self.pos += 1
        while self.pos < len(self.text) and self.text[self.pos] != quote:
            if self._at_variable():
                access = self._access()
                self._flush()
                self.pieces.append(_Plain(access.get, WORD))
            else:
                self.sql += self.text[self.pos]
                self.pos += 1
        if self.pos >= len(self.text):
            raise self._error(f"missing {quote} in SQL")
        self.sql += quote
        self.pos += 1

    # --- strings

    def _string(self, quote: str) -> None:
        start = self.pos
        parts: list[str | PvAccess] = [""]
        self.pos += 1
        while True:
            if self.pos >= len(self.text):
                raise self._error(f"missing {quote} in SQL")
            char = self.text[self.pos]
            if char == quote and self.text.startswith(quote, self.pos + 1):
                self._take(parts, quote, 2)
            elif char == quote:
                break
            elif char == "\\" and self.mysql:
                self._escape(parts)
            elif self._at_variable():
                parts += [self._access(), ""]
            else:
                self._take(parts, char, 1)
        self.pos += 1
        if len(parts) == 1:
            self.sql += self.text[start : self.pos]
            return
        cast = self._typed()
        self._flush()
        self.pieces.append(_Quoted(tuple([part for part in parts if part != ""]), cast))

    def _take(self, parts: list[str | PvAccess], text: str, width: int) -> None:
        last = parts[-1]
        assert isinstance(last, str)
        parts[-1] = last + text
        self.pos += width

    def _escape(self, parts: list[str | PvAccess]) -> None:
        char = self.text[self.pos + 1 : self.pos + 2]
        known = _STRING_ESCAPES.get(char, "\\" + char if char in "%_" else char)
        self._take(parts, known, 2)

    def _typed(self) -> str:
        """The type in front of a string that takes constants only, taken off; "" where there is none."""
        word = _LAST_WORD.search(self.sql)
        if word is None:
            return ""
        name = word[1].lower()
        if name in _PREFIXES and self.sql.endswith(word[1]):
            raise self._error(f"{word[1]}'…' takes no variables", "leave the letter away")
        if not self.numbered or name not in _TYPED:
            return ""
        self.sql = self.sql[: word.start()]
        return name
