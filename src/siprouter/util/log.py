"""Log records: levels as in SIP Router, one line a record, text or JSON. Where they go is a sink's business."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass

from siprouter.util.errors import NOWHERE, SourceLocation

L_ALERT = -5
L_BUG = -4
L_CRIT2 = -3  # named in the line
L_CRIT = -2  # not named in the line
L_ERR = -1
L_WARN = 0
L_NOTICE = 1
L_INFO = 2
L_DBG = 3

LEVEL_NAMES = ("ALERT", "BUG", "CRITICAL", "", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
JSON_LEVELS = ("alert", "bug", "critical", "critical", "error", "warning", "notice", "info", "debug")
SYSLOG_SEVERITIES = (1, 2, 2, 2, 3, 4, 5, 6, 7)  # RFC 5424 6.2.1, by level - L_ALERT

FACILITIES = {
    "LOG_KERN": 0,
    "LOG_USER": 8,
    "LOG_MAIL": 16,
    "LOG_DAEMON": 24,
    "LOG_AUTH": 32,
    "LOG_SYSLOG": 40,
    "LOG_LPR": 48,
    "LOG_NEWS": 56,
    "LOG_UUCP": 64,
    "LOG_CRON": 72,
    "LOG_AUTHPRIV": 80,
    "LOG_FTP": 88,
    "LOG_LOCAL0": 128,
    "LOG_LOCAL1": 136,
    "LOG_LOCAL2": 144,
    "LOG_LOCAL3": 152,
    "LOG_LOCAL4": 160,
    "LOG_LOCAL5": 168,
    "LOG_LOCAL6": 176,
    "LOG_LOCAL7": 184,
}
DEFAULT_FACILITY = -1  # in a record: the one that `log_facility` names

MAX_TEXT = 8192  # characters of one record


@dataclass(frozen=True, slots=True)
class Record:
    """One log record. `source` is the module's name, "<core>" or "<script>"; `text` is one line, not bounded."""

    level: int
    text: str
    source: str = "<core>"
    location: SourceLocation = NOWHERE
    facility: int = DEFAULT_FACILITY


Sink = Callable[[Record], None]


def facility_number(name: str) -> int | None:
    """The syslog number of `LOG_LOCAL0` and its kin, in any case; None for an unknown name."""
    return FACILITIES.get(name.upper())


def one_line(text: str) -> str:
    """`text` without its last line end, with every other control character escaped, at most MAX_TEXT long."""
    text = text.rstrip("\r\n")
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "..."
    if text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else _escaped(char) for char in text)


def _is_harmless(char: str) -> bool:
    return char.isprintable() or char == "\t" or "\udc80" <= char <= "\udcff"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


def format_text(record: Record) -> str:
    """`ERROR: tm [kamailio.cfg:12:3]: text`, without a line end."""
    name = LEVEL_NAMES[record.level - L_ALERT]
    where = f" [{record.location}]" if record.location.file else ""
    prefix = f"{name}: " if name else ""
    who = f"{record.source}{where}: " if record.source or where else ""
    return f"{prefix}{who}{one_line(record.text)}"


def format_json(record: Record, time: float, process: int) -> str:
    """One JSON object: time (seconds since 1970), level, process, source, message; file, line, column where known."""
    fields: dict[str, object] = {
        "time": round(time, 6),
        "level": JSON_LEVELS[record.level - L_ALERT],
        "process": process,
        "source": record.source,
        "message": one_line(record.text),
    }
    if record.location.file:
        fields["file"] = record.location.file
        fields["line"] = record.location.line
        fields["column"] = record.location.column
    return json.dumps(fields)


class Log:
    """Writes records up to `level` (the `debug` setting) to its sink.

    The message takes %-arguments that are formatted only when the record is written. Where even building the
    arguments costs too much, ask `log.level >= L_DBG` first.
    """

    __slots__ = ("level", "sink")

    def __init__(self, sink: Sink, level: int = L_WARN) -> None:
        self.sink = sink
        self.level = level

    def write(
        self,
        level: int,
        text: str,
        *args: object,
        source: str = "<core>",
        location: SourceLocation = NOWHERE,
        facility: int = DEFAULT_FACILITY,
    ) -> None:
        """Writes one record; levels beyond L_ALERT and L_DBG count as these."""
        if level > self.level:
            return
        level = L_ALERT if level < L_ALERT else min(level, L_DBG)
        self.sink(Record(level, text % args if args else text, source, location, facility))

    def alert(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        self.write(L_ALERT, text, *args, source=source, location=location)

    def bug(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        self.write(L_BUG, text, *args, source=source, location=location)

    def critical(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        self.write(L_CRIT2, text, *args, source=source, location=location)

    def error(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        self.write(L_ERR, text, *args, source=source, location=location)

    def warning(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        self.write(L_WARN, text, *args, source=source, location=location)

    def notice(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        if self.level >= L_NOTICE:
            self.write(L_NOTICE, text, *args, source=source, location=location)

    def info(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        if self.level >= L_INFO:
            self.write(L_INFO, text, *args, source=source, location=location)

    def debug(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        if self.level >= L_DBG:
            self.write(L_DBG, text, *args, source=source, location=location)

    def exception(self, text: str, *args: object, source: str = "<core>", location: SourceLocation = NOWHERE) -> None:
        """An error record for the exception being handled: its type, its message and where it was raised."""
        error = sys.exc_info()[1]
        if error is not None:
            text = (text % args if args else text).rstrip("\r\n") + f": {describe_error(error)}"
            args = ()
        self.write(L_ERR, text, *args, source=source, location=location)


def describe_error(error: BaseException) -> str:
    """`ValueError: text (module.py:12 in name)`, the place being the innermost frame."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frame = error.__traceback__
    if frame is None:
        return text
    while frame.tb_next is not None:
        frame = frame.tb_next
    code = frame.tb_frame.f_code
    return f"{text} ({code.co_filename.rpartition('/')[2]}:{frame.tb_lineno} in {code.co_name})"
