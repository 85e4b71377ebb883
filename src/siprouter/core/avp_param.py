"""Module parameters that name an AVP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.access import PvAccess
    from siprouter.core.worker import Worker


def avp_param(worker: Worker, module: str, name: str, text: str | None) -> PvAccess | None:
    """The AVP that the parameter `name` of `module` gives as ``$avp(…)``; None where not set. Raises OperatorError."""
    if not text:
        return None
    access = worker.env.parse_pvar(text)
    if access.name != "avp" or access.set is None:
        raise OperatorError(f"{module}: {name} must be an AVP, found {text}", suggestion="$avp(s:name)")
    return access
