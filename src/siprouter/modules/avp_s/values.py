"""Attributes set, compared, changed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.substitution import Substitution
from siprouter.core.values import Value, str_to_int
from siprouter.modules.avp_s.arguments import CLASSES, named, newest
from siprouter.script.attributes import Attribute
from siprouter.script.xl_format import XlFormat, parse_xl_format
from siprouter.util.errors import NOWHERE, OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.avp_s.state import Avp


def _add(ctx: Context, attribute: Attribute, value: Value) -> int:
    ctx.avps.add(attribute.name, value, attribute.classes[0])
    return 1


def set_number(inst: Avp, ctx: Context, name: str | None, value: int | None) -> int:
    """set_iattr(name, value)"""
    attribute = named(name)
    return -1 if attribute is None or value is None else _add(ctx, attribute, value)


def set_text(inst: Avp, ctx: Context, name: str | None, value: str | None) -> int:
    """set_sattr(name, value), set_attr(name, value)"""
    attribute = named(name)
    return -1 if attribute is None or value is None else _add(ctx, attribute, value)


def print_one(inst: Avp, ctx: Context, attribute: Attribute) -> int:
    """print_attr(attribute)"""
    value = newest(attribute, ctx)
    if value is None:
        inst.worker.log.info("AVP '%s' not found", attribute.name, source="avp")
        return -1
    inst.worker.log.info("AVP: '%s'=%r", attribute.name, value, source="avp")
    return 1


def delete(inst: Avp, ctx: Context, attribute: Attribute) -> int:
    """del_attr(attribute): all its values, or the one that an index means; never false."""
    key = attribute.key(ctx)
    if key is None:
        return 1
    index = attribute.index
    if isinstance(index, int) and index:
        klass, name = key
        ctx.avps.delete_at(name, -index if index > 0 else -index - 1, klass)
    else:
        ctx.avps.delete_all(key[1], key[0])
    return 1


def delete_class(inst: Avp, ctx: Context, klass: int) -> int:
    """del_attrs(class)"""
    ctx.avps.clear_class(klass)
    return 1


def substitute(inst: Avp, ctx: Context, attribute: Attribute, substitution: Substitution) -> int:
    """subst_attr(attribute, substitution): in the newest value, a text that matches."""
    key, value = attribute.key(ctx), newest(attribute, ctx)
    if key is None or not isinstance(value, str):
        return inst.fail("subst_attr(): attribute %s has no text", attribute.name)
    try:
        changed = substitution.run(ctx, value)
    except (ValueError, PeerError) as error:
        return inst.fail("subst_attr(): %s", error)
    if changed is None:
        return -1
    values = ctx.avps.lists[key]
    values[values.index(value)] = changed
    return 1


def store_flags(inst: Avp, ctx: Context, attribute: Attribute) -> int:
    """flags2attr(attribute)"""
    return _add(ctx, attribute, ctx.flags)


def dump(inst: Avp, ctx: Context, klass: int | None = None) -> int:
    """dump_attrs([class])"""
    for text, one in CLASSES.items():
        for key in [key for key in ctx.avps.names() if key[0] == one and klass in (None, one)]:
            for value in reversed(ctx.avps.all(key[1], one)):
                inst.worker.log.info("AVP %s.%s = %r", text, key[1], value, source="avp")
    return 1


def exists(inst: Avp, ctx: Context, name: str | None) -> int:
    """attr_exists(name)"""
    attribute = named(name)
    return 1 if attribute is not None and attribute.values(ctx) else -1


def equals(inst: Avp, ctx: Context, name: str | None, value: str | None) -> int:
    """attr_equals(name, value): one of its values, numbers as such."""
    attribute = named(name)
    return -1 if attribute is None or value is None else _has(ctx, attribute, value)


def _has(ctx: Context, attribute: Attribute, text: str) -> int:
    number = str_to_int(text)
    found = any(value == text if isinstance(value, str) else value == number for value in attribute.values(ctx))
    return 1 if found else -1


def equals_format(inst: Avp, ctx: Context, attribute: Attribute, format: XlFormat) -> int:
    """attr_equals_xl(attribute, format)"""
    text = inst.expand(ctx, format)
    return -1 if text is None else _has(ctx, attribute, text)


def set_format(inst: Avp, ctx: Context, attribute: Attribute, format: XlFormat) -> int:
    """xlset_attr(attribute, format)"""
    text = inst.expand(ctx, format)
    return -1 if text is None else _add(ctx, attribute, text)


def fix_format(inst: Avp, ctx: Context, attribute: Attribute) -> int:
    """xlfix_attr(attribute): its newest value is a format."""
    key, value = attribute.key(ctx), newest(attribute, ctx)
    if key is None or not isinstance(value, str):
        return -1
    try:
        text = inst.expand(ctx, parse_xl_format(value, inst.worker.env, NOWHERE))
    except OperatorError as error:
        return inst.fail("xlfix_attr(): %s", error.message)
    if text is None:
        return -1
    values = ctx.avps.lists[key]
    values[values.index(value)] = text
    return 1
