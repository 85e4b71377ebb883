"""Argument types of auth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.values import Value, to_text
from siprouter.script.ser_args import SerInt, reference

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.util.errors import SourceLocation

NAME = re.compile(r"\$[A-Za-z_]\w*")


class Text(ArgType):
    """A string with variables, or the name of an attribute or a select; "" where what it names has no value.

    A variable without a value is never its text in a format: `<null>` must not become a password.
    """

    kind = "a string that is not empty"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if not text:
            raise self.bad(value, location)
        get = reference(text, env, location) if text[0] == "@" or NAME.fullmatch(text) else None
        if get is None and "$" in text:
            get = env.parse_format(text, location).value
        if get is None:
            return Constant(text)
        read = get
        return Dynamic(lambda ctx: to_text(read(ctx)))

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value)


class Flags(SerInt):
    """A number of flags; the empty string is none."""

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        return Constant(0) if value == "" else super().fold(value, env, location)
