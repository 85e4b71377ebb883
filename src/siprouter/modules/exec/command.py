"""Commands of the shell with variables in them, and the AVPs that take their output.

What a variable holds comes from a caller. It does not become a part of the command: the command names a variable of the
environment, which holds the value, and the shell never reads what came out of a variable as a command again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.access import Getter, PvAccess
from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.avp import DEFAULT_CLASS
from siprouter.core.format import NULL_TEXT
from siprouter.core.values import Value, to_text
from siprouter.script.ser_args import SerStr
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

ARGUMENT = "SIP_ARGUMENT_"
"""begins the names of the variables that hold values of pseudo-variables"""
DOLLAR = "\0"
"""stands for `$$`, a dollar of the shell, which is no variable"""
BARE, SINGLE, DOUBLE = "", "'", '"'
"""where in a command of the shell: outside of quotes, within such ones"""
REFERENCES = {BARE: '"${{{}}}"', SINGLE: "'\"${{{}}}\"'", DOUBLE: "${{{}}}"}


@dataclass(frozen=True, slots=True)
class Command:
    """`text` for the shell. `values` are what it finds under the names ARGUMENT + number, from 1."""

    text: str
    values: tuple[str, ...] = ()


class ShellCommand(ArgType):
    """A command with pseudo-variables. The function gets `f(ctx, quote) -> Command`.

    One that is a lone variable, or was computed by an expression, is a command as a whole.
    """

    kind = "a command of the shell"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        parsed = env.parse_format(text.replace("$$", DOLLAR), location)
        if parsed.constant is not None:
            return Constant(constant(Command(parsed.constant.replace(DOLLAR, "$"))))
        if parsed.single is not None:
            single = parsed.single
            return Constant(lambda ctx, quote: Command(to_text(single(ctx))))
        parts = [part.replace(DOLLAR, "$") if isinstance(part, str) else part for part in parsed.parts]
        return Constant(with_variables(parts, env.parse_format(text, location).text))

    def convert(self, ctx: Context, value: Value) -> Callable[..., Command]:
        return constant(Command(to_text(value)))


class SerCommand(ArgType):
    """A command as SER takes it: constant, or named by an attribute or select; None where that has no value."""

    kind = SerStr.kind

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._text = SerStr(name)

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = self._text.fold(value, env, location)
        if isinstance(folded, Constant):
            return Constant(constant(Command(folded.value)))
        evaluate = folded.evaluate
        return Dynamic(lambda ctx: self.convert(ctx, evaluate(ctx)))

    def convert(self, ctx: Context, value: Value) -> Callable[..., Command] | None:
        return None if value is None else constant(Command(to_text(value)))


def constant(command: Command) -> Callable[..., Command]:
    """What gives the same command for each message."""
    return lambda ctx, quote: command


def with_variables(parts: list[str | Getter], expand: Callable[[Context], str]) -> Callable[..., Command]:
    """What gives the command for a message: with references to values, or with `quote` 0 with these in it."""
    text, getters = "", []
    state = BARE
    for part in parts:
        if isinstance(part, str):
            text += part
            state = quotes_after(part, state)
        else:
            getters.append(part)
            text += REFERENCES[state].format(f"{ARGUMENT}{len(getters)}")

    def make(ctx: Context, quote: int) -> Command:
        if not quote:
            return Command(expand(ctx))
        values = [get(ctx) for get in getters]
        return Command(text, tuple(NULL_TEXT if value is None else str(value) for value in values))

    return make


def quotes_after(text: str, state: str) -> str:
    """Within which quotes the shell is behind `text` that begins within `state`."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and state != SINGLE:
            escaped = True
        elif char == state:
            state = BARE
        elif state == BARE and char in (SINGLE, DOUBLE):
            state = char
    return state


class AvpList(ArgType):
    """Names of AVPs, separated by commas: `$avp(s:a),$avp(b)`. The function gets a list of their accesses."""

    kind = "a list of AVPs"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        found: list[PvAccess] = []
        for name in to_text(value).split(","):
            access = env.parse_pvar(name.strip(), location) if name.strip().startswith("$") else None
            if access is None or access.name != "avp" or access.set is None:
                raise OperatorError(f"an AVP is needed, not '{name.strip()}'", location, '"$avp(s:name),$avp(i:5)"')
            found.append(access)
        return Constant(found)

    def convert(self, ctx: Context, value: Value) -> list[PvAccess]:
        raise OperatorError("the list of AVPs must be a constant")


def put(ctx: Context, avps: list[PvAccess], number: int, value: str) -> None:
    """Keep line `number` (from 0) of an output: in the AVP that the list has for it, else in the one of that number."""
    setter = avps[number].set if number < len(avps) else None
    if setter is not None:
        setter(ctx, value)
    else:
        ctx.avps.add(number + 1, value, DEFAULT_CLASS)
