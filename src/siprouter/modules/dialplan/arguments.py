"""Arguments of dp_translate()."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from siprouter.core.access import PvAccess
from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.values import Value, str_to_int, to_text
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

WRITABLE = ("avp", "var", "ru", "rU")


class Ends(NamedTuple):
    """Where a text comes from, and where its translation goes; None: nowhere."""

    source: PvAccess
    target: PvAccess | None


class PlanArg(ArgType):
    """The number of a dial plan: an integer, `$avp(x)` or `$var(x)`; null where the variable holds none."""

    kind = "an integer, $avp(name) or $var(name)"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        number = value if isinstance(value, int) else str_to_int(to_text(value).strip())
        if number is not None:
            return Constant(number)
        text = to_text(value)
        access = env.parse_pvar(text, location) if text.startswith("$") else None
        if access is None or access.name not in ("avp", "var"):
            raise self.bad(value, location)
        return Dynamic(lambda ctx: self.convert(ctx, access.get(ctx)))

    def convert(self, ctx: Context, value: Value) -> int | None:
        return value if isinstance(value, int) else str_to_int(to_text(value))


def parse_ends(text: str, env: LoadEnv, location: SourceLocation) -> Ends:
    """`$source` or `$source/$destination`. Raises ValueError, OperatorError."""
    first, slash, second = text.partition("/")
    target = None
    if slash:
        target = env.parse_pvar(second, location)
        if target.name not in WRITABLE or target.transformed or target.set is None:
            raise OperatorError(f"{second} cannot be the destination", location, "$avp(x), $var(x), $ru or $rU")
    return Ends(env.parse_pvar(first, location), target)
