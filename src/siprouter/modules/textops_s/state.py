"""The instance of textops, and the strings that its functions take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.values import Value, to_text
from siprouter.modules.textops.state import TextOps
from siprouter.script.xl_format import XlFormat, parse_xl_format
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv


class XlText(ArgType):
    """A string; one with a percent sign is a format as xlog takes it."""

    kind = "a string"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        return Constant(parse_xl_format(text, env, location) if "%" in text else XlFormat([text]))

    def convert(self, ctx: Context, value: Value) -> XlFormat:
        return XlFormat([to_text(value)])


class SerTextOps(TextOps):
    """The instance of the module."""

    xlbuf_size: int

    def configure(self) -> None:
        """Check the parameter."""
        if self.xlbuf_size < 3:
            raise OperatorError(f"parameter xlbuf_size of textops must be at least 3, found {self.xlbuf_size}")

    def expand(self, ctx: Context, text: XlFormat) -> str | None:
        """The string for this message; None (logged) where a format gives more than xlbuf_size octets."""
        if text.constant is not None:
            return text.constant
        expanded = text.text(ctx)
        if len(to_bytes(expanded)) >= self.xlbuf_size - 1:
            self.log.error("string longer than %d octets (parameter xlbuf_size)", self.xlbuf_size, source="textops")
            return None
        return expanded
