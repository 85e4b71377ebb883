"""Substitutions `/pattern/replacement/flags` as scripts write them: the replacement may contain pseudo-variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.args import Parsed
from siprouter.core.pvars import is_name_char, parse_pvar_at
from siprouter.core.values import to_text
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.regex import RegexError, Subst, UriRef, parse_subst

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv


class Substitution:
    """One parsed substitution."""

    __slots__ = ("subst", "text")

    def __init__(self, subst: Subst, text: str) -> None:
        self.subst = subst
        self.text = text

    def edits(self, ctx: Context, text: str) -> list[tuple[int, int, str]]:
        """What to replace in `text`: (start, length, replacement), ascending; empty where nothing matches.

        Raises ValueError for a match of the empty string or a result that is too long, PeerError for a text too long
        for the pattern.
        """
        return self.subst.edits(text, lambda part: _expand(ctx, part))

    def run(self, ctx: Context, text: str) -> str | None:
        """`text` with the matches replaced, None where nothing matches. Raises as `edits` does."""
        changed, count = self.subst.run(text, lambda part: _expand(ctx, part))
        return changed if count else None


def _expand(ctx: Context, part: object) -> str:
    if isinstance(part, UriRef):
        return ctx.uri if ctx.msg.is_request else ""
    assert isinstance(part, PvAccess)
    return to_text(part.get(ctx))


def parse_substitution(text: str, env: LoadEnv, location: SourceLocation) -> Substitution:
    """Parse `/pattern/replacement/flags`; flags: i any case, g all, s `.` matches newlines. Raises OperatorError."""

    def parse_variable(source: str, pos: int) -> tuple[object, int]:
        following = source[pos + 1 : pos + 2]
        if not (following in ("(", "$") or (following and is_name_char(following))):
            return "$", pos + 1
        return parse_pvar_at(source, pos, env, location)

    try:
        return Substitution(parse_subst(text, parse_variable), text)
    except RegexError as error:
        message = f"bad substitution {text!r}: {error}"
        raise OperatorError(message, location, "write /pattern/replacement/flags") from None


class SubstArg(Parsed):
    """A constant substitution as argument of a function."""

    def __init__(self, name: str = "substitution") -> None:
        super().__init__(name, parse_substitution, "/pattern/replacement/flags")
