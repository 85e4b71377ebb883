"""Strings with pseudo-variables in them, as xlog and most function arguments take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import Getter
from siprouter.core.pvars import is_name_char, parse_pvar_at
from siprouter.core.values import Value
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

NULL_TEXT = "<null>"
MAX_ELEMENTS = 1024


class Format:
    """A parsed string: literal text and variables in turn. `constant` is the whole text where there is no variable."""

    __slots__ = ("constant", "parts", "single")

    def __init__(self, parts: list[str | Getter]) -> None:
        self.parts = parts
        self.constant: str | None = None
        self.single: Getter | None = None
        if all(isinstance(part, str) for part in parts):
            self.constant = "".join(str(part) for part in parts)
        elif len(parts) == 1 and not isinstance(parts[0], str):
            self.single = parts[0]

    def text(self, ctx: Context) -> str:
        """The string for this message; a null variable reads `<null>`."""
        out: list[str] = []
        for part in self.parts:
            if part.__class__ is str:
                out.append(part)
                continue
            value = part(ctx)  # type: ignore[operator]
            if value.__class__ is str:
                out.append(value)
            else:
                out.append(NULL_TEXT if value is None else str(value))
        return "".join(out)

    def value(self, ctx: Context) -> Value:
        """Like `text`, but a lone variable keeps its type, null included."""
        return self.text(ctx) if self.single is None else self.single(ctx)


def parse_format(text: str, env: LoadEnv, location: SourceLocation, lenient: bool = False) -> Format:
    """Parse `text`. With `lenient` a `$` that starts no variable stands for itself. Raises OperatorError."""
    parts: list[str | Getter] = []
    pos = 0
    while pos < len(text):
        dollar = text.find("$", pos)
        if dollar < 0:
            parts.append(text[pos:])
            break
        following = text[dollar + 1 : dollar + 2]
        if lenient and not (following == "(" or (following and is_name_char(following))):
            parts.append(text[pos : dollar + 1])
            pos = dollar + 1
            continue
        if dollar > pos:
            parts.append(text[pos:dollar])
        access, pos = parse_pvar_at(text, dollar, env, location)
        parts.append(_or_nothing(access.get) if access.transformed else access.get)
        if len(parts) > MAX_ELEMENTS:
            raise OperatorError(f"more than {MAX_ELEMENTS} pseudo-variables in one string", location)
    return Format(_join_literals(parts))


def _or_nothing(get: Getter) -> Getter:
    """A transformation that fails leaves nothing in the string, unlike a null variable."""

    def read(ctx: Context) -> Value:
        value = get(ctx)
        return "" if value is None else value

    return read


def _join_literals(parts: list[str | Getter]) -> list[str | Getter]:
    joined: list[str | Getter] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return joined or [""]
