"""`$var`, `$shv`, `$avp` and `$xavp`: values that the script keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.avp import CLASS_DOMAIN, CLASS_GLOBAL, CLASS_USER, DEFAULT_CLASS, TRACK_FROM, TRACK_TO, AvpKey
from siprouter.core.avp_names import parse_avp_name
from siprouter.core.pvars import ALL, InnerName
from siprouter.core.values import Value, to_text

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv, ScriptVariable

DELIMITER = ", "
OTHER_CLASSES = (
    TRACK_TO | DEFAULT_CLASS,
    TRACK_FROM | CLASS_USER,
    TRACK_TO | CLASS_USER,
    TRACK_FROM | CLASS_DOMAIN,
    TRACK_TO | CLASS_DOMAIN,
    CLASS_GLOBAL,
)


def _fixed_name(inner: InnerName) -> str:
    """The name of a variable that outlives the message: not computed, else messages could fill the memory."""
    if inner.dynamic is not None:
        raise inner.error("the name of a script variable cannot be computed", "use $avp(…)")
    return inner.text


def bind_var(inst: Pv, inner: InnerName) -> PvAccess:
    """$var(name)"""
    variable: ScriptVariable = inst.variable(_fixed_name(inner))

    def get(ctx: Context) -> Value:
        return variable.value

    def put(ctx: Context, value: Value) -> None:
        variable.value = 0 if value is None else value

    return PvAccess(get, put)


def bind_shv(inst: Pv, inner: InnerName) -> PvAccess:
    """$shv(name)"""
    name, shared = _fixed_name(inner), inst.shared
    shared.declare(name)
    return PvAccess(lambda ctx: shared.get(name), lambda ctx, value: shared.set(name, 0 if value is None else value))


def bind_avp(inst: Pv, inner: InnerName) -> PvAccess:
    """$avp(name), $(avp(name)[index]), $(avp(name)[*])"""
    if inner.dynamic is not None:
        return _bind_avp(inner, None)
    key = None if ":" in inner.text else inst.worker.avp_aliases.get(inner.text)
    if key is None:
        try:
            key = parse_avp_name(inner.text)
        except ValueError as error:
            raise inner.error(str(error), "$avp(s:name), $avp(i:5) or $avp(name)") from None
    if inner.index is None:
        return _bind_plain_avp(key)
    return _bind_avp(inner, key)


def _bind_plain_avp(key: AvpKey) -> PvAccess:
    """The newest value of a fixed name: the case that scripts use most."""
    klass, name = key
    may_be_elsewhere = klass == DEFAULT_CLASS

    def get(ctx: Context) -> Value:
        store = ctx.avp_store
        if store is None:
            return None
        values = store.lists.get(key)
        if values:
            return values[0]
        return _first_elsewhere(ctx, key) if may_be_elsewhere and store.lists else None

    def put(ctx: Context, value: Value) -> None:
        if value is None:
            ctx.avps.delete(name, klass)
        else:
            ctx.avps.add(name, value, klass)

    return PvAccess(get, put)


def _first_elsewhere(ctx: Context, key: AvpKey) -> Value:
    values = _values(ctx, key)
    return values[0] if values else None


def _values(ctx: Context, key: AvpKey) -> list[Value]:
    """All values; a name without class is looked for in every class."""
    store = ctx.avps
    klass, name = key
    found = store.all(name, klass)
    if klass == DEFAULT_CLASS and len(store.lists) > (1 if found else 0):
        for other in OTHER_CLASSES:
            more = store.lists.get((other, name))
            if more:
                found = found + more
    return found


def _bind_avp(inner: InnerName, fixed: AvpKey | None) -> PvAccess:
    """With a name or index that is known only for each message."""
    every = inner.index == ALL

    def key_of(ctx: Context) -> AvpKey | None:
        if fixed is not None:
            return fixed
        name = inner.value(ctx)
        return None if name is None or name == "" else (DEFAULT_CLASS, name)

    def get(ctx: Context) -> Value:
        key = key_of(ctx)
        values = [] if key is None else _values(ctx, key)
        if not values:
            return None
        if every:
            return DELIMITER.join(to_text(value) for value in values)
        index = inner.index_value(ctx)
        return values[index] if -len(values) <= index < len(values) else None

    def put(ctx: Context, value: Value) -> None:
        key = key_of(ctx)
        if key is None:
            return
        klass, name = key
        if every:
            ctx.avps.delete_all(name, klass)
        elif value is None:
            ctx.avps.delete(name, klass)
        if value is not None:
            ctx.avps.add(name, value, klass)

    return PvAccess(get, put)
