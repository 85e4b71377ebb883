"""`$shv(name)`: variables that all workers see, with the MI commands that show and set them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.values import str_to_int
from siprouter.rpc.mi import MiReply
from siprouter.state.interface import State, Table

if TYPE_CHECKING:
    from siprouter.modules.pv.state import Pv


class SharedVariables:
    """The store of shared variables, and the only place that knows where they are kept."""

    def __init__(self, state: State) -> None:
        self._values: Table[str | int] = state.table("pv.shv")

    def declare(self, name: str, value: str | int = 0) -> None:
        """Make a variable known, with this value if new."""
        self._values.replace(name, None, value)

    def get(self, name: str) -> str | int:
        """Its value, 0 for an unknown one."""
        value = self._values.get(name)
        return 0 if value is None else value

    def set(self, name: str, value: str | int) -> None:
        """Give it a value."""
        self._values.put(name, value)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(name for name, _ in self._values.items())


def mi_get(inst: Pv, *names: str) -> MiReply:
    """shv_get [name]: one variable, or all."""
    if names and not names[0]:
        return MiReply(500, "bad shv name")
    if names and names[0] not in inst.shared:
        return MiReply(404, "Not found")
    reply = MiReply()
    for name in names[:1] or inst.shared.names():
        value = inst.shared.get(name)
        node = reply.add("VAR", name)
        node.attribute("type", "string" if isinstance(value, str) else "integer")
        node.attribute("value", value)
    return reply


def mi_set(inst: Pv, *args: str) -> MiReply:
    """shv_set name type value: type is s… or i…; the variable must exist."""
    if not args:
        return MiReply(400, "Too few or too many arguments")
    if not args[0]:
        return MiReply(500, "bad shv name")
    if args[0] not in inst.shared:
        return MiReply(404, "Not found")
    if len(args) < 3:
        return MiReply(400, "Too few or too many arguments")
    name, kind, text = args[:3]
    if kind[:1] in ("s", "S"):
        inst.shared.set(name, text)
        return MiReply()
    number = str_to_int(text)
    if number is None:
        return MiReply(500, "bad integer value")
    inst.shared.set(name, number)
    return MiReply()
