"""Names of files with rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.args import Constant, Folded, Str
from siprouter.core.values import Value, to_text
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.env import LoadEnv


class FileName(Str):
    """A constant that is not empty."""

    kind = "the name of a file"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if not text or "\0" in text:
            raise self.bad(value, location)
        module: Any = env.worker.module("permissions")
        module.named.add(text)
        return Constant(text)

    def convert(self, ctx: object, value: Value) -> str:
        raise OperatorError(f"argument '{self.name}' must be a constant")
