"""Lua as an argument: the text, and where the configuration has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.values import Value, to_text
from siprouter.util.errors import SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv


@dataclass(frozen=True, slots=True)
class Text:
    """Lua code; `name` is how errors call it, as Lua writes names: "=lua_dostring(kamailio.cfg:12)"."""

    code: str
    name: str


class ScriptText(ArgType):
    """A string with variables, which are expanded before Lua sees it."""

    kind = "a string"

    def __init__(self, function: str) -> None:
        super().__init__("script")
        self.function = function

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        name = f"={self.function}({PurePath(location.file).name}:{location.line})" if location.file else self._name
        if "$" not in text:
            return Constant(Text(text, name))
        parsed = env.parse_format(text, location)
        if parsed.constant is not None:
            return Constant(Text(parsed.constant, name))
        return Dynamic(lambda ctx: Text(parsed.text(ctx), name))

    def convert(self, ctx: Context, value: Value) -> Text:
        return Text(to_text(value), self._name)

    @property
    def _name(self) -> str:
        return f"={self.function}"
