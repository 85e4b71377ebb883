"""Parameters of the form `name=$variable;name=$variable…`: names with the variables that give their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.pvars import parse_pvar_at
from siprouter.util.errors import NOWHERE, OperatorError

if TYPE_CHECKING:
    from siprouter.core.env import LoadEnv

MAX_EXTRAS = 64

Extras = list[tuple[str, PvAccess]]


def parse_extras(module: str, param: str, text: str | None, env: LoadEnv) -> Extras:
    """What the parameter `param` of `module` says. Raises OperatorError."""
    found: Extras = []
    pos = 0
    text = (text or "").rstrip()
    while pos < len(text):
        equals = text.find("=", pos)
        name = text[pos:equals].strip() if equals >= 0 else ""
        if not name or any(char.isspace() for char in name):
            raise _bad(module, param, f"expected name=$variable, found '{text[pos:]}'")
        pos = _skip_blanks(text, equals + 1)
        if text[pos : pos + 1] != "$":
            raise _bad(module, param, f"the value of {name} must be a variable, found '{text[pos:]}'")
        access, pos = parse_pvar_at(text, pos, env, NOWHERE)
        found.append((name, access))
        pos = _skip_blanks(text, pos)
        if pos < len(text):
            if text[pos] != ";" or pos + 1 == len(text):
                raise _bad(module, param, f"expected ;name=$variable, found '{text[pos:]}'")
            pos += 1
    if len(found) > MAX_EXTRAS:
        raise _bad(module, param, f"{len(found)} variables, at most {MAX_EXTRAS} are possible")
    return found


def _skip_blanks(text: str, pos: int) -> int:
    while pos < len(text) and text[pos].isspace():
        pos += 1
    return pos


def _bad(module: str, param: str, why: str) -> OperatorError:
    return OperatorError(f"parameter {param} of {module}: {why}", suggestion="src=$fU;dst=$rU")
