"""Functions for the case that the database alone knows the contacts (usrloc's db_mode 3): they look there first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from siprouter.core.declare import Function
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar.state import Registrar
    from siprouter.modules.usrloc.domain import Domain

WITH_URI = ("unregister", "reg_fetch_contacts")
NAMES = ("save", "lookup", "registered", *WITH_URI)


def look_in_database(inst: Registrar) -> None:
    """Put functions that wait for the database in the place of those that do not."""
    registry = inst.worker.registry
    for name in NAMES:
        registry.functions[name] = [
            (_waiting(declared), owner, module) if owner is inst else (declared, owner, module)
            for declared, owner, module in registry.functions[name]
        ]


def _waiting(declared: Function) -> Function:
    call: Callable[..., int] = declared.call
    name = declared.name

    async def fetch_first(inst: Registrar, ctx: Context, domain: Domain, *rest: Any) -> int:
        aor = _aor(inst, ctx, name, rest)
        if aor is not None:
            await inst.usrloc.storage.fetch(domain, aor)
        return call(inst, ctx, domain, *rest)

    return replace(declared, call=fetch_first, waits=True)


def _aor(inst: Registrar, ctx: Context, name: str, rest: tuple[Any, ...]) -> str | None:
    """Whose contacts the function is about; None where it will fail to find out."""
    try:
        if name == "save":
            return inst.aor_of_message(ctx)
        return inst.aor(ctx, rest[0] or None) if name in WITH_URI else inst.aor(ctx)
    except PeerError:
        return None
