"""xlog() and xdbg(). Nothing is formatted for a message that is not written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.values import Value, to_text
from siprouter.script.ser_args import SerInt, reference
from siprouter.script.xl_format import XlFormat, parse_xl_format
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.log import L_ALERT, L_CRIT2, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

# the third character decides
LEVELS = {"A": L_ALERT, "C": L_CRIT2, "E": L_ERR, "W": L_WARN, "N": L_NOTICE, "I": L_INFO, "D": L_DBG}
LEVEL_HINT = "one of L_ALERT, L_CRIT, L_ERR, L_WARN, L_NOTICE, L_INFO, L_DBG, or the name of an attribute"
SOURCE = "<script>"


def _within(level: int | None) -> int | None:
    return None if level is None else min(max(level, L_ALERT), L_DBG)


class LogLevel(SerInt):
    """A level by name, a number, or what an attribute, variable or select holds; None where that is no number."""

    kind = "a log level"

    def __init__(self) -> None:
        super().__init__("level")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if isinstance(value, int):
            return Constant(_within(value))
        text = to_text(value)
        get = reference(text, env, location)
        if get is not None:
            return Dynamic(lambda ctx: self.convert(ctx, get(ctx)))
        level = LEVELS.get(text[2:3])
        if level is None:
            raise OperatorError(f"unknown log level '{text}'", location, LEVEL_HINT)
        return Constant(level)

    def convert(self, ctx: Context, value: Value) -> int | None:
        return _within(super().convert(ctx, value))


class LogFormat(ArgType):
    """A format of SER, which the function itself expands, and only when it is going to be written."""

    kind = "a string"

    def __init__(self) -> None:
        super().__init__("format")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        return Constant(parse_xl_format(to_text(value), env, location))

    def convert(self, ctx: Context, value: Value) -> XlFormat:
        return XlFormat([to_text(value)])


class XLog:
    """The instance of the module."""

    buf_size: int

    def __init__(self, worker: Worker) -> None:
        self.log = worker.log

    def configure(self) -> None:
        """Check the parameter."""
        if self.buf_size < 1:
            raise OperatorError(f"parameter buf_size of xlog must be positive, found {self.buf_size}")

    def log_at(self, ctx: Context, level: int | None, text: XlFormat) -> int:
        """xlog(level, format): -1 where it is too long, or the level is none"""
        if level is None:
            self.log.error("xlog: no log level", source="xlog")
            return -1
        if self.log.level < level:
            return 1
        line = text.text(ctx)
        if len(line) >= self.buf_size or (not line.isascii() and len(to_bytes(line)) >= self.buf_size):
            self.log.error("message longer than %d octets (parameter buf_size)", self.buf_size, source="xlog")
            return -1
        self.log.write(level, line, source=SOURCE)
        return 1

    def log_debug(self, ctx: Context, text: XlFormat) -> int:
        """xdbg(format)"""
        return self.log_at(ctx, L_DBG, text)
