"""The selects of the core."""

from __future__ import annotations

from collections.abc import Iterable

from siprouter.core.declare import Select
from siprouter.core.worker import Worker
from siprouter.script import select_headers, select_message
from siprouter.script.select_parts import URI_PARTS

_BELOW_URI = tuple(f".{part}(.%s)" if part == "params" else f".{part}" for part in URI_PARTS)


def core_selects() -> tuple[Select, ...]:
    """All selects that exist without any module."""
    return (
        *select_message.message_selects(),
        *select_message.address_selects(),
        *select_message.branch_selects(),
        *select_message.system_selects(),
        *select_headers.address_selects(),
        *select_headers.via_selects(),
        *select_headers.other_selects(),
    )


def register_core_selects(worker: Worker) -> None:
    """Make the selects of the core known to a worker."""
    worker.registry.selects.extend((item, worker) for item in core_selects())


def inventory_names() -> set[str]:
    """The selects as the inventory writes them: what follows a URI or an address as `{any_uri}`, `{any_nameaddr}`."""
    paths = {item.path for item in core_selects()}
    return paths | set(_short_names(paths))


def _short_names(paths: set[str]) -> Iterable[str]:
    for path in paths:
        if path + _BELOW_URI[0] in paths:
            yield f"{path}.{{any_uri}}"
        if f"{path}.nameaddr.name" in paths:
            yield f"{path}.nameaddr.%s.{{any_nameaddr}}"
        if f"{path}.uri.{URI_PARTS[0]}" in paths and f"{path}.name" in paths and path.startswith("branch."):
            yield f"{path}.{{any_nameaddr}}"
        if path.endswith(".params.%s") and ".%s([%i])." in path:
            yield path.removesuffix("%s") + "{anyheader_params}"
