"""Arguments of the script functions that are settled when the script is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Folded, Int
from siprouter.core.values import Value
from siprouter.modules.registrar.save import ALL_FLAGS
from siprouter.util.errors import SourceLocation

if TYPE_CHECKING:
    from siprouter.core.env import LoadEnv


class SaveFlags(Int):
    """Flags of save(): the sum of 1 memory only, 2 no reply, 4 replace."""

    kind = "a sum of the flags 1, 2 and 4"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = super().fold(value, env, location)
        if isinstance(folded, Constant) and not 0 <= folded.value <= ALL_FLAGS:
            raise self.bad(value, location)
        return folded
