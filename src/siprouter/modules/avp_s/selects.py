"""@attr.name, @attr.f.name and what is below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.selects import Part
from siprouter.core.values import to_text
from siprouter.modules.avp_s.arguments import named, newest
from siprouter.script.select_parts import URI_PARTS, nameaddr_part, uri_part

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.avp_s.state import Avp


def attribute(inst: Avp, ctx: Context, name: str) -> str | None:
    """@attr.name; a dollar sign before the name, in quotes, is possible."""
    found = named(name.removeprefix("$"))
    value = None if found is None else newest(found, ctx)
    return None if value is None else to_text(value)


def attribute_of_class(inst: Avp, ctx: Context, klass: str, name: str) -> str | None:
    """@attr.f.name"""
    return attribute(inst, ctx, f"{klass}.{name}")


def below(inst: Avp, ctx: Context, name: str, parts: tuple[Part, ...]) -> str | None:
    """@attr.name.nameaddr.uri.host …; None for what is no part."""
    text = attribute(inst, ctx, name)
    part, names = str(parts[0]), [str(one) for one in parts[1:]]
    if text is None or part not in ("name", "uri", "params"):
        return None
    if not names:
        return nameaddr_part(inst.worker, text, part)
    if part == "params" and len(names) == 1:
        return nameaddr_part(inst.worker, text, part, names[0])
    uri = nameaddr_part(inst.worker, text, "uri") if part == "uri" else None
    if len(names) == 1 and names[0] in URI_PARTS:
        return uri_part(inst.worker, uri, names[0])
    return uri_part(inst.worker, uri, "params", names[1]) if len(names) == 2 and names[0] == "params" else None


def below_of_class(inst: Avp, ctx: Context, klass: str, name: str, parts: tuple[Part, ...]) -> str | None:
    """@attr.f.name.nameaddr.uri.host …"""
    return below(inst, ctx, f"{klass}.{name}", parts)
