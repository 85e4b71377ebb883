"""Arguments of the script functions that are settled when the script is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Folded, Int, Parsed
from siprouter.core.values import Value
from siprouter.modules.registrar.save import ALL_FLAGS
from siprouter.util.errors import SourceLocation

if TYPE_CHECKING:
    from siprouter.core.env import LoadEnv
    from siprouter.modules.usrloc.domain import Domain


def _parse_domain(text: str, env: LoadEnv, location: SourceLocation) -> Domain:
    if not text:
        raise ValueError("the name of a location table is empty")
    domain: Domain = env.worker.module("usrloc").domain(text)
    return domain


def table() -> Parsed:
    """The name of a location table; the table is made where it is new."""
    return Parsed("table", _parse_domain, "the name of a location table")


class SaveFlags(Int):
    """Flags of save(): the sum of 1 memory only, 2 no reply, 4 replace."""

    kind = "a sum of the flags 1, 2 and 4"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = super().fold(value, env, location)
        if isinstance(folded, Constant) and not 0 <= folded.value <= ALL_FLAGS:
            raise self.bad(value, location)
        return folded
