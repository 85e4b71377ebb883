"""Arguments of the functions: limits, filters, what to forget, the reason of accounting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Choice, Constant, Folded, compile_regex
from siprouter.core.values import Value, str_to_int, to_text
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.regex import Regex

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

UNLIMITED = 0
MOST = 255
RESETS = ("", "reset_all", "reset_default", "reset_added")
NO_REASON = "n/a"


class _Constant(ArgType):
    """An argument that cannot be computed."""

    def convert(self, ctx: Context, value: Value) -> object:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class Limits(_Constant):
    """`total` or `total:branch`, each a number up to 255 or `*`. The function gets both; 0: no limit."""

    kind = 'two numbers up to 255 or *, as "6:2"'

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        total, _, branch = to_text(value).partition(":")
        limits = _limit(total), _limit(branch or "*")
        if None in limits:
            raise self.bad(value, location)
        return Constant(limits)


def _limit(text: str) -> int | None:
    if text.strip() == "*":
        return UNLIMITED
    number = str_to_int(text.strip())
    return number if number is not None and 0 <= number <= MOST else None


class Filter(_Constant):
    """A regular expression; the function gets it compiled, None for the empty one, which matches nothing."""

    kind = "a regular expression"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        return Constant(compile_filter(to_text(value), location))


def compile_filter(text: str, location: SourceLocation) -> Regex | None:
    """The filter that a text is. Raises OperatorError."""
    if not text:
        return None
    try:
        return compile_regex(text, icase=True, newline=True)
    except ValueError as error:
        raise OperatorError(f"bad regular expression {text!r}: {error}", location) from None


class Reset(Choice):
    """Which filters to forget first."""

    def __init__(self, name: str) -> None:
        super().__init__(name, *RESETS)
        self.kind = '"", "reset_all", "reset_default" or "reset_added"'

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        return super().fold(to_text(value).lower(), env, location)


class Reason(_Constant):
    """What redirections are accounted with; that there is a function to account with is checked here."""

    kind = "a text"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        module = env.worker.module("uac_redirect")
        name = module.acc_function or ""
        if not any(item[2] == "acc" for item in env.registry.find_functions(name)):
            message = f"get_redirects() with accounting needs the function '{name}' of acc (parameter acc_function)"
            raise OperatorError(message, location, 'loadmodule "acc.so"')
        return Constant(to_text(value) or NO_REASON)
