"""The parameters `log_extra` and `multi_leg_info`: names with the variables that give their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.extras import parse_extras
from siprouter.core.values import Value
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

MAX_LEGS = 16
MAX_LEG_SETS = 256

Attributes = list[tuple[str, str]]
"""names with their values"""


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
        for name, access in parse_extras("acc", "multi_leg_info", text, env):
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
