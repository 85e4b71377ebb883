"""The table `sr` of SIP Router 3.1. What goes wrong in one of its functions is logged, and the script goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.core.values import Value, str_to_int, to_text, wrap_int
from siprouter.ksr.values import CallError
from siprouter.modules.app_lua.state import WARN
from siprouter.util.log import L_ALERT, L_BUG, L_CRIT2, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.ksr.api import HostApi

LEVELS = {
    "alert": L_ALERT,
    "bug": L_BUG,
    "crit": L_CRIT2,
    "err": L_ERR,
    "warn": L_WARN,
    "notice": L_NOTICE,
    "info": L_INFO,
    "dbg": L_DBG,
}
SOURCE = "app_lua"
MAX_ARGUMENTS = 6
"""of a function that sr.modf calls"""
_HEADER_LINE = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+[ \t]*:.*|[ \t]+\S.*", re.DOTALL)
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

Warning_ = tuple[int, str, Any]


def soft(text: str, result: Any = None) -> Warning_:
    """Log `text` with the place in the script, and give `result`."""
    return WARN, text, result


def number_text(value: object) -> str:
    """A value as Lua writes it."""
    if isinstance(value, float):
        return f"{value:.14g}"
    return value if isinstance(value, str) else to_text(value)  # type: ignore[arg-type]


def to_integer(value: object) -> int | None:
    """A number, or a text that is one, as Lua's tointeger; None for anything else."""
    if isinstance(value, float):
        return wrap_int(int(value)) if abs(value) < 2**63 else None
    if isinstance(value, int) and not isinstance(value, bool):
        return wrap_int(value)
    if isinstance(value, str):
        text = value.strip()
        number = str_to_int(text)
        if number is not None:
            return number
        if _FLOAT.fullmatch(text) and len(text) < 300:
            return to_integer(float(text))
    return None


def header_lines(text: str) -> bytes | None:
    """One header line or several, each with its line end; None where it is something else."""
    lines = text.removesuffix("\n").removesuffix("\r").split("\r\n")
    if text[:1] in " \t" or not all(_HEADER_LINE.fullmatch(line) and "\n" not in line for line in lines):
        return None
    return to_bytes("\r\n".join(lines) + "\r\n")


class SrTable:
    """The functions of `sr`, `sr.hdr` and `sr.pv` for one version of the script. `ctx` None: files are being loaded."""

    def __init__(self, worker: Worker, api: HostApi) -> None:
        self.worker = worker
        self.api = api

    def functions(self) -> dict[str, Callable[..., Any]]:
        """All, by path."""
        return {
            "sr.probe": self.probe,
            "sr.log": self.log,
            **{f"sr.{name}": self._logging(level) for name, level in LEVELS.items()},
            "sr.modf": self.modf,
            "sr.hdr.append": self.hdr_append,
            "sr.hdr.insert": self.hdr_insert,
            "sr.hdr.remove": self.hdr_remove,
            "sr.hdr.append_to_reply": self.hdr_append_to_reply,
            "sr.pv.get": self.pv_get,
            "sr.pv.gete": self.pv_gete,
            "sr.pv.sets": self.pv_sets,
            "sr.pv.seti": self.pv_seti,
            "sr.pv.unset": self.pv_unset,
            "sr.pv.is_null": self.pv_is_null,
        }

    # --- sr

    def probe(self, ctx: Context | None) -> None:
        """Nothing: scripts ask with it whether there is a table sr."""
        self.worker.log.debug("sr.probe() called", source=SOURCE)

    def log(self, ctx: Context | None, level: Value = None, text: Value = None, *_: Value) -> None:
        """Log a text at a level; one that is not known counts as err."""
        if text is not None:
            self._write(LEVELS.get(to_text(level).lower(), L_ERR), text)

    def _logging(self, level: int) -> Callable[..., None]:
        def write(ctx: Context | None, text: Value = None, *_: Value) -> None:
            if text is not None:
                self._write(level, text)

        return write

    def _write(self, level: int, text: Value) -> None:
        if level <= self.worker.log.level:
            self.worker.log.write(level, "%s", number_text(text), source=SOURCE)

    def modf(self, ctx: Context | None, name: Value = None, *args: Value) -> Any:
        """Call any function of the configuration; variables in its arguments are expanded, as there."""
        if ctx is None or name is None:
            return soft("sr.modf(): the name of a function is needed, and a message", -1)
        if len(args) > MAX_ARGUMENTS:
            return soft(f"sr.modf(): more than {MAX_ARGUMENTS} parameters", -1)
        try:
            return self.api.call(ctx, "", to_text(name), [number_text(value) for value in args], expand=True)
        except CallError as error:
            return soft(f"sr.modf(): {error}", -1)

    # --- sr.hdr

    def hdr_append(self, ctx: Context | None, text: Value = None, *_: Value) -> Any:
        """Add header lines behind the last header."""
        lines = header_lines(number_text(text))
        if ctx is None or lines is None:
            return soft("sr.hdr.append(): a header line is needed, and a message")
        ctx.msg.append_header(lines)
        return None

    def hdr_insert(self, ctx: Context | None, text: Value = None, *_: Value) -> Any:
        """Add header lines behind the first header."""
        lines = header_lines(number_text(text))
        if ctx is None or lines is None:
            return soft("sr.hdr.insert(): a header line is needed, and a message")
        ctx.msg.insert(ctx.msg.headers[0].line_end, lines)
        return None

    def hdr_remove(self, ctx: Context | None, name: Value = None, *_: Value) -> Any:
        """Remove all headers of a name."""
        if ctx is None or name is None:
            return soft("sr.hdr.remove(): the name of a header is needed, and a message")
        for header in ctx.msg.find(to_text(name)):
            ctx.msg.delete(header.name_start, header.line_end - header.name_start)
        return None

    def hdr_append_to_reply(self, ctx: Context | None, text: Value = None, *_: Value) -> Any:
        """Add header lines to the replies to this request."""
        lines = header_lines(number_text(text))
        if ctx is None or lines is None:
            return soft("sr.hdr.append_to_reply(): a header line is needed, and a message")
        ctx.add_reply_header(lines)
        return None

    # --- sr.pv

    def pv_get(self, ctx: Context | None, name: Value = None, *_: Value) -> Any:
        """The value of a variable, nil for null."""
        try:
            return self.api.get(self._message(ctx), to_text(name))
        except CallError as error:
            return soft(f"sr.pv.get(): {error}")

    def pv_gete(self, ctx: Context | None, name: Value = None, *_: Value) -> Any:
        """The value of a variable, empty text for null."""
        value = self.pv_get(ctx, name)
        return "" if value is None else value

    def pv_sets(self, ctx: Context | None, name: Value = None, value: Value = None, *_: Value) -> Any:
        """Set a variable to a text."""
        if value is None:
            return soft("sr.pv.sets(): a variable and a text are needed")
        return self._set(ctx, "sets", name, number_text(value))

    def pv_seti(self, ctx: Context | None, name: Value = None, value: Value = None, *_: Value) -> Any:
        """Set a variable to an integer."""
        number = to_integer(value)
        if number is None:
            return soft("sr.pv.seti(): a variable and an integer are needed")
        return self._set(ctx, "seti", name, number)

    def pv_unset(self, ctx: Context | None, name: Value = None, *_: Value) -> Any:
        """Set a variable to null."""
        return self._set(ctx, "unset", name, None)

    def pv_is_null(self, ctx: Context | None, name: Value = None, *_: Value) -> Any:
        """Whether a variable is null."""
        try:
            return self.api.get(self._message(ctx), to_text(name)) is None
        except CallError as error:
            return soft(f"sr.pv.is_null(): {error}")

    def _set(self, ctx: Context | None, function: str, name: Value, value: Value) -> Any:
        try:
            self.api.set(self._message(ctx), to_text(name), value)
        except CallError as error:
            return soft(f"sr.pv.{function}(): {error}")
        return None

    def _message(self, ctx: Context | None) -> Context:
        if ctx is None:
            raise CallError("no message is being routed here")
        return ctx
