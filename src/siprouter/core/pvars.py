"""Pseudo-variable references in configuration text: `$name`, `$name(inner)`, `$(name(inner)[index]{transformation})`.

`parse_pvar` turns such text into a `PvAccess` whose `get` and `set` are plain callables, bound to the worker's modules.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess, matching_end
from siprouter.core.transform import parse_transformations
from siprouter.core.values import Value, to_int
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

ALL = "*"
MAX_NESTING = 16


class InnerName:
    """What stands in the parentheses and brackets of a reference.

    `text` is the inner name as written ("" when absent); `dynamic` its access where it is itself a variable.
    `index` is an int, ALL for `[*]`, a PvAccess, or None when absent.
    """

    __slots__ = ("dynamic", "env", "index", "location", "text")

    def __init__(self, text: str, index: int | str | PvAccess | None, env: LoadEnv, location: SourceLocation) -> None:
        self.text = text
        self.index = index
        self.env = env
        self.location = location
        self.dynamic: PvAccess | None = None
        if text.startswith("$"):
            self.dynamic = parse_pvar(text, env, location)

    def value(self, ctx: Context) -> Value:
        """The name for this message."""
        return self.text if self.dynamic is None else self.dynamic.get(ctx)

    def index_value(self, ctx: Context, default: int = 0) -> int:
        """The index for this message; ALL counts as `default`: callers check for it first."""
        if self.index is None or isinstance(self.index, str):
            return default
        return self.index if isinstance(self.index, int) else to_int(self.index.get(ctx))

    def error(self, message: str, suggestion: str = "") -> OperatorError:
        """An error at the place of the reference."""
        return OperatorError(message, self.location, suggestion)


def is_name_char(char: str) -> bool:
    """Whether `char` may stand in the name of a pseudo-variable."""
    return char.isascii() and (char.isalnum() or char in "_.?")


def parse_pvar(text: str, env: LoadEnv, location: SourceLocation) -> PvAccess:
    """The variable that `text` is from end to end. Raises OperatorError."""
    access, end = parse_pvar_at(text, 0, env, location)
    if end != len(text):
        raise OperatorError(f"unexpected '{text[end:]}' after pseudo-variable {text[:end]}", location)
    return access


def parse_pvar_at(text: str, start: int, env: LoadEnv, location: SourceLocation) -> tuple[PvAccess, int]:
    """The variable that begins with the `$` at `start`, and where it ends. Raises OperatorError."""
    if text.startswith("$$", start):
        return PvAccess(lambda ctx: "$", text="$$", name="$"), start + 2
    if text.startswith("$(", start):
        end = matching_end(text, start + 2, "(", ")")
        if end < 0:
            raise OperatorError(f"missing ')' in pseudo-variable {text[start:]!r}", location)
        env.enter(location)
        access = _parse_long(text[start + 2 : end], env, location)
        env.leave()
        return access, end + 1
    pos = start + 1
    while pos < len(text) and is_name_char(text[pos]):
        pos += 1
    name = text[start + 1 : pos]
    inner = ""
    if pos < len(text) and text[pos] == "(" and env.registry.pvar_takes_inner(name):
        end = matching_end(text, pos + 1, "(", ")")
        if end < 0:
            raise OperatorError(f"missing ')' in pseudo-variable {text[start:]!r}", location)
        inner = text[pos + 1 : end]
        pos = end + 1
    elif not env.registry.has_pvar(name):
        # a full stop may belong to the text that follows: "$fU." reads $fU
        while name.rfind(".") > 0 and not env.registry.has_pvar(name):
            name = name[: name.rfind(".")]
        if env.registry.has_pvar(name):
            pos = start + 1 + len(name)
        else:
            name = text[start + 1 : pos]
    return _resolve(name, inner, None, text[start:pos], env, location), pos


def _parse_long(body: str, env: LoadEnv, location: SourceLocation) -> PvAccess:
    """The inside of `$( … )`."""
    if body == "$":
        return PvAccess(lambda ctx: "$", text="$($)", name="$")
    pos = 0
    while pos < len(body) and is_name_char(body[pos]):
        pos += 1
    name, inner = body[:pos], ""
    index: int | str | PvAccess | None = None
    if body[pos : pos + 1] == "(":
        end = matching_end(body, pos + 1, "(", ")")
        if end < 0:
            raise OperatorError(f"missing ')' in pseudo-variable $({body})", location)
        inner = body[pos + 1 : end]
        pos = end + 1
    if body[pos : pos + 1] == "[":
        end = matching_end(body, pos + 1, "[", "]")
        if end < 0:
            raise OperatorError(f"missing ']' in pseudo-variable $({body})", location)
        index = _parse_index(body[pos + 1 : end], env, location)
        pos = end + 1
    access = _resolve(name, inner, index, f"$({body})", env, location)
    if pos < len(body):
        if body[pos] != "{":
            raise OperatorError(f"unexpected '{body[pos]}' in pseudo-variable $({body})", location)
        access = parse_transformations(access, body[pos:], env, location)
    return access


def _parse_index(text: str, env: LoadEnv, location: SourceLocation) -> int | str | PvAccess:
    text = text.strip()
    if text == ALL:
        return ALL
    if text.startswith("$"):
        return parse_pvar(text, env, location)
    try:
        return int(text)
    except ValueError:
        message = f"the index of a pseudo-variable must be a number, * or a variable, found [{text}]"
        raise OperatorError(message, location) from None


def _resolve(
    name: str, inner: str, index: int | str | PvAccess | None, text: str, env: LoadEnv, location: SourceLocation
) -> PvAccess:
    """Look the variable up and bind it."""
    declared = env.registry.find_pvar(name)
    if declared is None:
        raise OperatorError(f"unknown pseudo-variable ${name}", location, env.registry.suggest_pvar(name))
    pv, inst = declared
    if pv.waits:
        env.waiting_variables += 1
    if pv.bind is not None:
        if pv.inner_required and not inner:
            raise OperatorError(f"pseudo-variable ${name} needs a name in parentheses", location, f"${name}(name)")
        if inner.startswith("$"):
            env.enter(location)
        inner_name = InnerName(inner, index, env, location)
        if inner.startswith("$"):
            env.leave()
        access: PvAccess = pv.bind(inst, inner_name)
        access.inner = inner_name
    else:
        if inner or index is not None:
            raise OperatorError(f"pseudo-variable ${name} takes no inner name or index", location)
        getter = pv.get
        if getter is None:
            raise OperatorError(f"pseudo-variable ${name} cannot be read", location)
        access = PvAccess(MethodType(getter, inst), None if pv.set is None else MethodType(pv.set, inst))
    access.text, access.name = text, name
    return access
