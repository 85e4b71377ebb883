"""Transformations: `{class.name,argument,…}` after a pseudo-variable, applied from left to right."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any

from siprouter.core.access import Getter, PvAccess, matching_end
from siprouter.core.values import Value, str_to_int, to_int, to_text
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.declare import Transformation
    from siprouter.core.env import LoadEnv

MAX_CHAIN = 32


def parse_transformations(access: PvAccess, text: str, env: LoadEnv, location: SourceLocation) -> PvAccess:
    """`access`, read-only, with the transformations spelled in `text` ("{s.len}{…}") applied to what it reads."""
    get = access.get
    pos = count = 0
    while pos < len(text):
        if text[pos] in " \t":
            pos += 1
            continue
        if text[pos] != "{":
            raise OperatorError(f"expected '{{' of a transformation, found '{text[pos:]}'", location)
        end = matching_end(text, pos + 1, "{", "}")
        if end < 0:
            raise OperatorError(f"missing '}}' in transformation {text[pos:]!r}", location)
        count += 1
        if count > MAX_CHAIN:
            raise OperatorError(f"more than {MAX_CHAIN} transformations in a row", location)
        get = _one(get, text[pos + 1 : end], env, location)
        pos = end + 1
    return PvAccess(get, None, access.text, access.name, access.inner, transformed=True)


def _one(get: Getter, body: str, env: LoadEnv, location: SourceLocation) -> Getter:
    """The getter that applies the transformation `body` (without braces) to what `get` reads."""
    path, comma, rest = body.partition(",")
    found = env.registry.find_transformation(path.strip()) or env.registry.find_transformation(path.strip().lower())
    if found is None:
        raise OperatorError(
            f"unknown transformation {{{path.strip()}}}", location, env.registry.suggest_transformation(path.strip())
        )
    declared, inst = found
    args = _parse_args(declared, rest if comma else None, env, location)
    call: Callable[..., Value] = MethodType(declared.call, inst)
    if all(not is_pv for is_pv, _ in args):
        constants = tuple(value for _, value in args)
        if not constants:
            return lambda ctx: call(ctx, get(ctx))
        return lambda ctx: call(ctx, get(ctx), *constants)
    return lambda ctx: call(ctx, get(ctx), *[value(ctx) if is_pv else value for is_pv, value in args])


def _parse_args(
    declared: Transformation, rest: str | None, env: LoadEnv, location: SourceLocation
) -> list[tuple[bool, Any]]:
    """(is dynamic, value or getter) for each argument after the name."""
    what = f"{{{declared.klass}.{declared.name}}}"
    parsed: list[tuple[bool, Any]] = []
    for number, kind in enumerate(declared.args):
        if rest is None:
            if number < declared.least:
                raise OperatorError(f"transformation {what} needs {declared.least} arguments, found {number}", location)
            break
        if kind in ("raw", "subst"):
            word, rest = rest, None
        elif kind == "char":
            word, rest = _take_char(rest, what, location)
        else:
            word, rest = _take_word(rest)
        parsed.append(_convert(kind, word, what, env, location))
    if rest is not None:
        raise OperatorError(f"transformation {what} takes at most {len(declared.args)} argument(s)", location)
    return parsed


def _take_char(rest: str, what: str, location: SourceLocation) -> tuple[str, str | None]:
    if not rest:
        raise OperatorError(f"transformation {what} needs a character", location)
    tail = rest[1:]
    if tail and not tail.startswith(",") and tail.strip():
        raise OperatorError(f"transformation {what} takes one character, found {rest!r}", location)
    return rest[0], tail[1:] if tail.startswith(",") else None


def _take_word(rest: str) -> tuple[str, str | None]:
    """Split at the first comma outside parentheses."""
    depth = 0
    for pos, char in enumerate(rest):
        if char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif char == "," and depth <= 0:
            return rest[:pos], rest[pos + 1 :]
    return rest, None


def _convert(kind: str, word: str, what: str, env: LoadEnv, location: SourceLocation) -> tuple[bool, Any]:
    if kind in ("raw", "char"):
        return False, word
    if kind == "subst":
        # not at the top: substitutions contain variables, which may have transformations
        from siprouter.core.substitution import parse_substitution

        return False, parse_substitution(word, env, location)
    stripped = word.strip()
    if stripped.startswith("$"):
        get = env.parse_pvar(stripped, location).get
        if kind == "int":
            return True, _int_getter(get)
        return True, _text_getter(get)
    if kind == "int":
        number = str_to_int(stripped)
        if number is None:
            raise OperatorError(f"transformation {what} needs an integer, found {stripped!r}", location)
        return False, number
    return False, stripped


def _int_getter(get: Getter) -> Callable[[Context], int]:
    return lambda ctx: to_int(get(ctx))


def _text_getter(get: Getter) -> Callable[[Context], str]:
    return lambda ctx: to_text(get(ctx))
