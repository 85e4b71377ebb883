"""xlog() and its kin. Nothing is formatted for a message that is not written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.format import Format
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value, str_to_int, to_text
from siprouter.util.errors import NOWHERE, OperatorError, SourceLocation
from siprouter.util.log import L_ALERT, L_BUG, L_CRIT2, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

# the third character decides, so that L_CRIT, L_CRIT2 and L_CRITICAL are one
LEVELS = {"A": L_ALERT, "B": L_BUG, "C": L_CRIT2, "E": L_ERR, "W": L_WARN, "N": L_NOTICE, "I": L_INFO, "D": L_DBG}
LEVEL_HINT = "one of L_ALERT, L_BUG, L_CRIT, L_ERR, L_WARN, L_NOTICE, L_INFO, L_DBG, or a variable"


class LogLevel(ArgType):
    """A level by name, a number, or a variable that holds a number; None where the variable holds none."""

    kind = "a log level"

    def __init__(self) -> None:
        super().__init__("level")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if isinstance(value, int):
            return Constant(value)
        text = to_text(value)
        if text.startswith("$"):
            get = env.parse_pvar(text, location).get
            return Dynamic(lambda ctx: self.convert(ctx, get(ctx)))
        level = _named(text)
        if level is None:
            raise OperatorError(f"unknown log level '{text}'", location, LEVEL_HINT)
        return Constant(level)

    def convert(self, ctx: Context, value: Value) -> int | None:
        return value if isinstance(value, int) else _named(to_text(value))


def _named(text: str) -> int | None:
    number = str_to_int(text)
    return LEVELS.get(text[2:3]) if number is None else number


@dataclass(frozen=True, slots=True)
class Text:
    """What to log: a format, or text that is computed already; and where the script says so."""

    format: Format | None
    text: str
    location: SourceLocation


class LogText(ArgType):
    """A string with variables that the function itself expands, and only when it is going to be written."""

    kind = "a string"

    def __init__(self) -> None:
        super().__init__("text")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        parsed = env.parse_format(to_text(value), location)
        if parsed.constant is not None:
            return Constant(Text(None, parsed.constant, location))
        return Constant(Text(parsed, "", location))

    def convert(self, ctx: Context, value: Value) -> Text:
        return Text(None, to_text(value), NOWHERE)


class XLog:
    """The instance of the module."""

    buf_size: int
    force_color: int
    long_format: int
    prefix: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.source = ""
        self.start_of_line = ""

    def configure(self) -> None:
        """A prefix of the usual form is the record's source, any other one a part of its text."""
        if self.buf_size < 1:
            raise OperatorError(f"parameter buf_size of xlog must be positive, found {self.buf_size}")
        if self.prefix.endswith(": "):
            self.source = self.prefix[:-2]
        else:
            self.start_of_line = self.prefix

    @property
    def colored(self) -> bool:
        """Whether $C gives anything."""
        return self.force_color != 0 or bool(getattr(self.worker.settings, "log_stderror", False))

    def write(self, ctx: Context, level: int, text: Text, with_line: bool) -> int:
        """Write one message; -1 where it is longer than buf_size."""
        line = text.text if text.format is None else text.format.text(ctx)
        if len(line) >= self.buf_size or (not line.isascii() and len(to_bytes(line)) >= self.buf_size):
            self.log.error("message longer than %d octets (parameter buf_size)", self.buf_size, source="xlog")
            return -1
        if with_line:
            place = text.location
            line = f"{place.file}:{place.line}:{line}" if self.long_format == 1 else f"{place.line}:{line}"
        self.log.write(level, self.start_of_line + line, source=self.source)
        return 1

    def log_error(self, ctx: Context, text: Text) -> int:
        """xlog(text)"""
        return self.write(ctx, L_ERR, text, False) if self.log.level >= L_ERR else 1

    def log_at(self, ctx: Context, level: int | None, text: Text) -> int:
        """xlog(level, text)"""
        if level is None:
            return self.bad_level()
        return self.write(ctx, level, text, False) if self.log.level >= level else 1

    def log_debug(self, ctx: Context, text: Text) -> int:
        """xdbg(text)"""
        return self.write(ctx, L_DBG, text, False) if self.log.level >= L_DBG else 1

    def log_error_line(self, ctx: Context, text: Text) -> int:
        """xlogl(text)"""
        return self.write(ctx, L_ERR, text, True) if self.log.level >= L_ERR else 1

    def log_at_line(self, ctx: Context, level: int | None, text: Text) -> int:
        """xlogl(level, text)"""
        if level is None:
            return self.bad_level()
        return self.write(ctx, level, text, True) if self.log.level >= level else 1

    def log_debug_line(self, ctx: Context, text: Text) -> int:
        """xdbgl(text)"""
        return self.write(ctx, L_DBG, text, True) if self.log.level >= L_DBG else 1

    def bad_level(self) -> int:
        """A variable that holds no level."""
        self.log.error("invalid log level", source="xlog")
        return -1


COLORS = {"x": 9, "s": 0, "r": 1, "g": 2, "y": 3, "b": 4, "p": 5, "c": 6, "w": 7}


def bind_color(inst: XLog, inner: InnerName) -> PvAccess:
    """$C(xy): foreground x (a capital letter means bold) and background y, as a terminal's escape sequence"""
    name = inner.text
    bold = len(name) == 2 and name[0] in "SRGYBPCW"
    front = COLORS.get(name[:1].lower() if bold else name[:1])
    back = COLORS.get(name[1:])
    if front is None or back is None:
        raise inner.error(
            f"unknown colour $C({name})", "two letters of x s r g y b p c w; the first in capitals for bold"
        )
    sequence = f"\033[{int(bold)};3{front};4{back}m"
    return PvAccess(lambda ctx: sequence if inst.colored else "")
