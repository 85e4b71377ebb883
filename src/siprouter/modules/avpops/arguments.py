"""Arguments of the functions of avpops: variables with flags behind slashes. All raise ValueError and OperatorError."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.avp import DEFAULT_CLASS, AvpKey
from siprouter.core.avp_names import parse_avp_name
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value, str_to_int
from siprouter.db.operations import is_identifier
from siprouter.util.errors import SourceLocation
from siprouter.util.regex import Regex

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

URI_VARIABLES = ("ru", "fu", "tu", "ou")
SOURCE_KINDS = ("username", "domain", "uri", "uuid")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge", "re", "fm", "and", "or", "xor")
OPERATIONS = ("add", "sub", "mul", "div", "mod", "and", "or", "xor", "not")
MAX_PATTERN = 1023


class AvpRef:
    """`$avp(name)`, the name of which may be computed."""

    __slots__ = ("_fixed", "_inner", "access")

    def __init__(self, access: PvAccess, inner: InnerName, aliases: dict[str, AvpKey]) -> None:
        self.access = access
        self._inner = inner
        self._fixed: AvpKey | None = None
        if inner.dynamic is None:
            alias = None if ":" in inner.text else aliases.get(inner.text)
            self._fixed = alias if alias is not None else parse_avp_name(inner.text)

    def key(self, ctx: Context) -> AvpKey | None:
        """Class and name; None where the name is computed and empty."""
        if self._fixed is not None:
            return self._fixed
        name = self._inner.value(ctx)
        return None if name is None or name == "" else (DEFAULT_CLASS, name)

    def index(self, ctx: Context) -> int:
        """The index in brackets, 0 where there is none."""
        return self._inner.index_value(ctx)

    def values(self, ctx: Context) -> list[Value]:
        """All values, the newest first, as they are now."""
        key = self.key(ctx)
        return [] if key is None else list(ctx.avps.all(key[1], key[0]))


@dataclass(frozen=True, slots=True)
class Source:
    """Whose AVPs: a text or variable, and what it is: "username", "domain", "uri" or "uuid"."""

    value: str | PvAccess
    kind: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which AVPs of a database: one, or all with names that are texts ("s"), numbers ("i"), or any ("a")."""

    avp: AvpRef | None
    names: str
    flags: int
    table: str
    scheme: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """AVPs and the letters behind them; `to` where two are named."""

    avp: AvpRef
    flags: str
    to: AvpRef | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator, its second operand and the letters behind it."""

    operator: str
    value: int | str | PvAccess | Regex | AvpRef
    flags: str


def parse_avp(text: str, env: LoadEnv, location: SourceLocation) -> AvpRef:
    """`$avp(name)`"""
    access = env.parse_pvar(text.strip(), location) if text.strip().startswith("$") else None
    if access is None or access.name != "avp" or access.inner is None or access.transformed:
        raise ValueError(f"expected $avp(name), found {text!r}")
    return AvpRef(access, access.inner, env.worker.avp_aliases)


def parse_flags(text: str, known: str) -> str:
    """The letters in lower case."""
    flags = text.lower()
    for letter in flags:
        if letter not in known:
            raise ValueError(f"unknown flag '{letter}': {', '.join(known)}" if known else f"unexpected '/{text}'")
    return flags


def _flagged(text: str, env: LoadEnv, location: SourceLocation, known: str) -> Flagged:
    name, _, flags = text.partition("/")
    return Flagged(parse_avp(name, env, location), parse_flags(flags, known))


def _variable(text: str, env: LoadEnv, location: SourceLocation) -> PvAccess | AvpRef:
    access = env.parse_pvar(text, location)
    return parse_avp(text, env, location) if access.name == "avp" and not access.transformed else access


# --- the database


def parse_source(text: str, env: LoadEnv, location: SourceLocation) -> Source:
    """`variable-or-text/kind`"""
    name, slash, kind = text.partition("/")
    kind = kind.lower()
    if slash and kind not in SOURCE_KINDS:
        raise ValueError(f"unknown flag '{kind}': {', '.join(SOURCE_KINDS)}")
    if not name.startswith("$"):
        return Source(name, kind or "uuid")
    access = env.parse_pvar(name, location)
    return Source(access, kind or ("uri" if access.name in URI_VARIABLES and not access.transformed else "uuid"))


def parse_selection(text: str, env: LoadEnv, location: SourceLocation) -> Selection:
    """`avp/table`"""
    name, slash, table = text.partition("/")
    if slash and not is_identifier(table):
        raise ValueError(f"no name of a table: {table!r}")
    if name.startswith("$"):
        return Selection(parse_avp(name, env, location), "a", 0, table, "")
    names, flags = _names(name)
    return Selection(None, names, flags, table, "")


def parse_loaded(text: str, env: LoadEnv, location: SourceLocation) -> Selection:
    """`avp/table` or `avp/$scheme`"""
    name, _, rest = text.partition("/")
    if not rest.startswith("$"):
        return parse_selection(text, env, location)
    if not name.startswith("$"):
        raise ValueError("a scheme needs the name of the AVP: $avp(name)/$scheme")
    scheme = rest[1:].lower()
    schemes = env.worker.module("avpops").schemes
    if scheme not in schemes:
        raise ValueError(f"there is no scheme '{rest[1:]}' (parameter db_scheme)")
    return Selection(parse_avp(name, env, location), "a", 0, "", scheme)


def _names(text: str) -> tuple[str, int]:
    """`s`, `i`, `a` or `*`, and the number of script flags behind it."""
    letter = text[:1].lower().replace("*", "a")
    flags = str_to_int(text[1:]) if text[1:] else 0
    if letter not in ("s", "i", "a") or not letter or flags is None or not 0 <= flags <= 255:
        raise ValueError(f"expected $avp(name), s, i or a, found {text!r}")
    return letter, flags


# --- memory


def parse_deleted(text: str, env: LoadEnv, location: SourceLocation) -> Flagged | Selection:
    """`$avp(name)/g`, or `s`, `i`, `a`"""
    if text.startswith("$"):
        return _flagged(text, env, location, "g")
    name, _, flags = text.partition("/")
    parse_flags(flags, "g")
    names, number = _names(name)
    return Selection(None, names, number, "", "")


def parse_destination(text: str, env: LoadEnv, location: SourceLocation) -> str:
    """ "uri", "username", "domain", "destination" or "branch"."""
    name, slash, part = text.partition("/")
    wanted = env.parse_pvar(name, location).name if name.startswith("$") else ""
    if wanted == "ru" and part.lower() in ("username", "domain"):
        return part.lower()
    kinds = {"ru": "uri", "du": "destination", "duri": "destination", "br": "branch", "branch": "branch"}
    if slash or wanted not in kinds:
        raise ValueError(f"expected $ru, $ru/username, $ru/domain, $du or $br, found {text!r}")
    return kinds[wanted]


def parse_pushed(text: str, env: LoadEnv, location: SourceLocation) -> tuple[PvAccess | AvpRef, bool]:
    """`variable/g`"""
    name, _, flags = text.partition("/")
    if not name.startswith("$"):
        raise ValueError(f"expected a variable, found {text!r}")
    return _variable(name, env, location), "g" in parse_flags(flags, "g")


def parse_checked(text: str, env: LoadEnv, location: SourceLocation) -> PvAccess | AvpRef:
    """A variable."""
    if not text.startswith("$"):
        raise ValueError(f"expected a variable, found {text!r}")
    return _variable(text, env, location)


def _operation(
    text: str, known: tuple[str, ...], letters: str, make: Callable[[str, str], int | str | PvAccess | Regex | AvpRef]
) -> Operation:
    operator, slash, rest = text.partition("/")
    operator = operator.lower()
    if not slash or operator not in known:
        raise ValueError(f"expected operator/value, operators are {', '.join(known)}; found {text!r}")
    value, _, flags = rest.partition("/")
    if not value:
        raise ValueError(f"no value in {text!r}")
    return Operation(operator, make(operator, value), parse_flags(flags, letters))


def parse_test(text: str, env: LoadEnv, location: SourceLocation) -> Operation:
    """`operator/value/flags` of avp_check()."""

    def make(operator: str, value: str) -> int | str | PvAccess | Regex | AvpRef:
        if operator == "re":
            fixed = _constant(value)
            if value.startswith("$") or isinstance(fixed, int):
                raise ValueError("re/ needs a constant text")
            return Regex(fixed, icase=True, newline=True)
        found = _variable(value, env, location) if value.startswith("$") else _constant(value)
        if operator == "fm" and (isinstance(found, int) or len(str(found)) > MAX_PATTERN):
            raise ValueError(f"fm/ needs a text of at most {MAX_PATTERN} characters")
        return found

    return _operation(text, COMPARISONS, "gi", make)


def parse_operation(text: str, env: LoadEnv, location: SourceLocation) -> Operation:
    """`operator/value/flags` of avp_op()."""

    def make(operator: str, value: str) -> int | str | PvAccess | Regex | AvpRef:
        if value.startswith("$"):
            return _variable(value, env, location)
        number = _constant(value)
        if not isinstance(number, int):
            raise ValueError(f"expected a variable or i:number, found {value!r}")
        return number

    return _operation(text, OPERATIONS, "gd", make)


def _constant(text: str) -> int | str:
    """`i:number`, `s:text`, or text."""
    if text[1:2] != ":":
        return text
    kind, rest = text[0].lower(), text[2:]
    number = str_to_int(rest)
    if kind == "s" and rest:
        return rest
    if kind != "i" or number is None:
        raise ValueError(f"expected i:number or s:text, found {text!r}")
    return number


def parse_copied(text: str, env: LoadEnv, location: SourceLocation) -> Flagged:
    """`$avp(name)/flags` of avp_copy()."""
    return _flagged(text, env, location, "gdns")


def parse_substituted(text: str, env: LoadEnv, location: SourceLocation) -> Flagged:
    """`$avp(source)/$avp(destination)/flags`; the destination may be missing."""
    first, _, rest = text.partition("/")
    to, flags = "", rest
    if rest.startswith("$"):
        to, _, flags = rest.partition("/")
    target = parse_avp(to, env, location) if len(to) > 1 else None
    return Flagged(parse_avp(first, env, location), parse_flags(flags, "gd"), target)


def parse_calculated(text: str, env: LoadEnv, location: SourceLocation) -> Flagged:
    """`$avp(source)/$avp(destination)`; the destination may be missing."""
    first, _, to = text.partition("/")
    return Flagged(parse_avp(first, env, location), "", parse_avp(to, env, location) if to else None)


def parse_set(text: str, env: LoadEnv, location: SourceLocation) -> Flagged:
    """`$avp(name)/flags` of is_avp_set()."""
    found = _flagged(text, env, location, "esn")
    if "s" in found.flags and "n" in found.flags:
        raise ValueError("flags s and n exclude each other")
    return found
