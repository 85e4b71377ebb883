"""The parameters `log_extra` and `multi_leg_info`: names with the variables that give their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.pvars import parse_pvar_at
from siprouter.core.values import Value
from siprouter.util.errors import NOWHERE, OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

MAX_EXTRAS = 64
MAX_LEGS = 16
MAX_LEG_SETS = 256

Attributes = list[tuple[str, str]]
"""names with their values"""


def parse_extras(param: str, text: str | None, env: LoadEnv) -> list[tuple[str, PvAccess]]:
    """`name=$variable;name=$variable…` as the parameter `param` gives it. Raises OperatorError."""
    found: list[tuple[str, PvAccess]] = []
    pos = 0
    text = (text or "").rstrip()
    while pos < len(text):
        equals = text.find("=", pos)
        name = text[pos:equals].strip() if equals >= 0 else ""
        if not name or any(char.isspace() for char in name):
            raise _bad(param, f"expected name=$variable, found '{text[pos:]}'")
        pos = _skip_blanks(text, equals + 1)
        if text[pos : pos + 1] != "$":
            raise _bad(param, f"the value of {name} must be a variable, found '{text[pos:]}'")
        access, pos = parse_pvar_at(text, pos, env, NOWHERE)
        found.append((name, access))
        pos = _skip_blanks(text, pos)
        if pos < len(text):
            if text[pos] != ";" or pos + 1 == len(text):
                raise _bad(param, f"expected ;name=$variable, found '{text[pos:]}'")
            pos += 1
    if len(found) > MAX_EXTRAS:
        raise _bad(param, f"{len(found)} variables, at most {MAX_EXTRAS} can be accounted")
    return found


def _skip_blanks(text: str, pos: int) -> int:
    while pos < len(text) and text[pos].isspace():
        pos += 1
    return pos


def _bad(param: str, why: str) -> OperatorError:
    return OperatorError(f"parameter {param} of acc: {why}", suggestion="src=$fU;dst=$rU")


def read_extras(extras: list[tuple[str, PvAccess]], ctx: Context) -> Attributes:
    """The values for a message."""
    return [(name, _text(access.get(ctx))) for name, access in extras]


def _text(value: Value) -> str:
    return "" if value is None else str(value)


class Legs:
    """The AVPs of `multi_leg_info`: their first values make the first leg, their second ones the second, and so on."""

    def __init__(self, text: str | None, env: LoadEnv) -> None:
        self._env = env
        self._names: list[tuple[str, str]] = []
        for name, access in parse_extras("multi_leg_info", text, env):
            if access.name != "avp" or access.inner is None or access.inner.index is not None or access.transformed:
                message = f"parameter multi_leg_info of acc: {name} must be a plain AVP, found {access.text}"
                raise OperatorError(message, suggestion=f"{name}=$avp(s:{name})")
            self._names.append((name, access.inner.text))
        if len(self._names) > MAX_LEGS:
            message = f"parameter multi_leg_info of acc: {len(self._names)} AVPs, at most {MAX_LEGS} can be accounted"
            raise OperatorError(message)
        self.names = [name for name, _ in self._names]
        self._sets: list[list[tuple[str, PvAccess]]] = []

    def _set(self, number: int) -> list[tuple[str, PvAccess]]:
        """The variables of a leg."""
        while len(self._sets) <= number:
            index = len(self._sets)
            parse = self._env.parse_pvar
            self._sets.append([(name, parse(f"$(avp({inner})[{index}])")) for name, inner in self._names])
        return self._sets[number]

    def read(self, ctx: Context) -> list[Attributes]:
        """The legs of a message: the first one even where all its values are absent, at most MAX_LEG_SETS."""
        legs: list[Attributes] = []
        while self._names and len(legs) < MAX_LEG_SETS:
            values = [(name, access.get(ctx)) for name, access in self._set(len(legs))]
            if legs and all(value is None for _, value in values):
                break
            legs.append([(name, _text(value)) for name, value in values])
        return legs
