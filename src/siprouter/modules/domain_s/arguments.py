"""Arguments of SER's domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.avp import CLASS_DOMAIN, TRACK_FROM, TRACK_TO
from siprouter.core.values import Value, to_text
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

_CLASSES = {"$fd": TRACK_FROM | CLASS_DOMAIN, "$td": TRACK_TO | CLASS_DOMAIN}


class TrackArg(ArgType):
    """`$fd` or `$td`: the attributes of the domain of From or To."""

    kind = "$fd or $td"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        klass = _CLASSES.get(to_text(value).lower())
        if klass is None:
            raise self.bad(value, location)
        return Constant(klass)

    def convert(self, ctx: Context, value: Value) -> int:
        raise OperatorError(f"argument '{self.name}' must be a constant")
