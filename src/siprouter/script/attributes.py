"""Attributes of SER: `$name`, `$f.name`, `%tu.name[1]`. They are the AVPs of the transaction under another spelling."""

from __future__ import annotations

from siprouter.core.avp import (
    CLASS_DOMAIN,
    CLASS_GLOBAL,
    CLASS_URI,
    CLASS_USER,
    TRACK_FROM,
    TRACK_TO,
    AvpKey,
)
from siprouter.core.context import Context
from siprouter.core.values import Value

_FROM_CLASSES = (*tuple(TRACK_FROM | klass for klass in (CLASS_URI, CLASS_USER, CLASS_DOMAIN)), CLASS_GLOBAL)
_TO_CLASSES = (*tuple(TRACK_TO | klass for klass in (CLASS_URI, CLASS_USER, CLASS_DOMAIN)), CLASS_GLOBAL)

PREFIXES: dict[str, tuple[int, ...]] = {
    "": _FROM_CLASSES,
    "f": _FROM_CLASSES,
    "t": _TO_CLASSES,
    "fr": (TRACK_FROM | CLASS_URI,),
    "tr": (TRACK_TO | CLASS_URI,),
    "fu": (TRACK_FROM | CLASS_USER,),
    "tu": (TRACK_TO | CLASS_USER,),
    "fd": (TRACK_FROM | CLASS_DOMAIN,),
    "td": (TRACK_TO | CLASS_DOMAIN,),
    "g": (CLASS_GLOBAL,),
}
"""prefix -> classes to look in, in this order; a new attribute goes into the first"""

READ_ONLY = {"fd": "domain", "td": "domain", "g": "global"}
ALL = "all"
MAX_AVP_FLAGS = 18


class Attribute:
    """One spelling of an attribute, resolved when loading.

    Without an index it reads the value where there is only one; index 1 is the oldest value, -1 the newest.
    """

    __slots__ = ("classes", "index", "name")

    def __init__(self, prefix: str, name: str, index: int | str | None) -> None:
        self.classes = PREFIXES[prefix]
        self.name = name
        self.index = index

    def key(self, ctx: Context) -> AvpKey | None:
        """Where the attribute is found, None when it has no value."""
        if ctx.avp_store is None:
            return None
        lists = ctx.avp_store.lists
        for klass in self.classes:
            if lists.get((klass, self.name)):
                return klass, self.name
        return None

    def values(self, ctx: Context) -> list[Value]:
        """All values, newest first."""
        key = self.key(ctx)
        return [] if key is None else ctx.avps.lists[key]

    def get(self, ctx: Context) -> Value:
        """The value, or null."""
        values = self.values(ctx)
        index = self.index
        if index is None:
            return values[0] if len(values) == 1 else None
        if isinstance(index, str):
            return values[0] if values else None
        if index > 0:
            return values[-index] if index <= len(values) else None
        return values[-index - 1] if -len(values) <= index < 0 else None

    def set(self, ctx: Context, value: Value) -> None:
        """Replace all values by this one; null removes them."""
        avps = ctx.avps
        for klass in self.classes:
            if avps.delete_all(self.name, klass):
                break
        if value is not None:
            avps.add(self.name, value, self.classes[0])

    def add_all(self, ctx: Context, source: Attribute) -> None:
        """`this = source[]`: all values of `source` in their order, in front of those already there."""
        for value in reversed(list(source.values(ctx))):
            ctx.avps.add(self.name, value, self.classes[0])

    # --- flags

    def set_flag(self, ctx: Context, flag: int) -> int:
        """setavpflag(): true when there is such an attribute."""
        key = self.key(ctx)
        if key is None:
            return -1
        ctx.avps.flags[key] = ctx.avps.flags.get(key, 0) | 1 << flag
        return 1

    def reset_flag(self, ctx: Context, flag: int) -> int:
        """resetavpflag(): never true, as the flag is not set afterwards."""
        key = self.key(ctx)
        if key is not None:
            ctx.avps.flags[key] = ctx.avps.flags.get(key, 0) & ~(1 << flag)
        return -1

    def has_flag(self, ctx: Context, flag: int) -> int:
        """isavpflagset()."""
        key = self.key(ctx)
        return 1 if key is not None and ctx.avps.flags.get(key, 0) >> flag & 1 else -1
