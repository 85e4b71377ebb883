"""Groups of attributes that carry a flag: written to a table by an id of the script's choice, and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.core.values import to_text as value_text
from siprouter.db.errors import DbError
from siprouter.db.operations import Delete, Insert, Operation
from siprouter.db.values import Value as DbValue
from siprouter.db.values import to_text
from siprouter.modules.avp_db_s.arguments import Group, parse_group
from siprouter.modules.avp_db_s.attributes import TEXT, USED_HERE, StoredAttributes, read_value
from siprouter.script.attributes import MAX_AVP_FLAGS
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

# what SER keeps in the flags of a row
NAME_IS_TEXT, VALUE_IS_TEXT = 1, 2
STORED_CLASSES = {
    TRACK_FROM | CLASS_USER: 0x20 | 0x100,
    TRACK_TO | CLASS_USER: 0x20 | 0x200,
    TRACK_FROM | CLASS_URI: 0x10 | 0x100,
    TRACK_TO | CLASS_URI: 0x10 | 0x200,
}
ANY_CLASS = 0x30 | 0x300

HELD = "avp_db.locks"
LIFE = 60.0
"""seconds after which a lock that was never given back is free"""
PATIENCE = 10.0
FIRST_STEP, LONGEST_STEP = 0.001, 0.1


class ExtraAttributes(StoredAttributes):
    """The instance of SER's avp_db. Locks are those of all workers."""

    auto_unlock_extra_attrs: int

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.groups: dict[str, Group] = {}
        self.locks = worker.state.table("avp_db.locks")
        self._last = 0

    def add_group(self, text: str) -> None:
        """Parameter attr_group: its flag becomes one of the AVP flags. Raises OperatorError."""
        group = parse_group(text)
        if group.id in self.groups:
            raise OperatorError(f"avp_db: there are two attr_groups of the id '{group.id}'")
        known = self.worker.env.avp_flag_names
        name = group.flag.lower()
        if name not in known and len(known) >= MAX_AVP_FLAGS:
            raise OperatorError(f"avp_db: more than {MAX_AVP_FLAGS} avp flags")
        known.setdefault(name, len(known))
        self.groups[group.id] = group

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        super().configure()
        if self.groups:
            self.worker.hooks.script_end.append(self.release_all)

    def _bit(self, group: Group) -> int:
        return 1 << self.worker.env.avp_flag_names[group.flag.lower()]

    # --- the script

    async def load_extra(self, ctx: Context, group: Group, id: str | None) -> int:
        """load_extra_attrs(group, id)"""
        if id is None:
            return self.error("load_extra_attrs(): the id has no value")
        try:
            rows = await self.database.query(group.table, [(group.key_column, id)], group.columns)
        except DbError as error:
            return self.error("load_extra_attrs(): %s", error)
        for row in rows:
            flags = self._flags(row)
            klass = next((one for one, bits in STORED_CLASSES.items() if flags & ANY_CLASS == bits), None)
            if not flags & USED_HERE or klass is None:
                continue
            key = klass, to_text(row[0])
            ctx.avps.add(key[1], read_value(row[1], row[2]), klass)
            ctx.avps.flags[key] = ctx.avps.flags.get(key, 0) | self._bit(group)
        return 1

    async def save_extra(self, ctx: Context, group: Group, id: str | None) -> int:
        """save_extra_attrs(group, id): they take the place of those there were, all or none."""
        if id is None:
            return self.error("save_extra_attrs(): the id has no value")
        changes: list[Operation] = [Delete(group.table, [(group.key_column, id)])]
        bit = self._bit(group)
        for klass, stored in STORED_CLASSES.items():
            for key in [key for key in ctx.avps.names() if key[0] == klass and ctx.avps.flags.get(key, 0) & bit]:
                # the oldest first, so that they are in the same order when they are read
                for value in reversed(ctx.avps.all(key[1], klass)):
                    text = isinstance(value, str)
                    flags = stored | NAME_IS_TEXT | VALUE_IS_TEXT * text
                    row: list[DbValue] = [str(key[1]), TEXT * text, value_text(value), flags]
                    values = dict(zip(group.columns, row, strict=True))
                    changes.append(Insert(group.table, {group.key_column: id, **values}))
        return await self._apply("save_extra_attrs", changes)

    async def remove_extra(self, ctx: Context, group: Group, id: str | None) -> int:
        """remove_extra_attrs(group, id)"""
        if id is None:
            return self.error("remove_extra_attrs(): the id has no value")
        return await self._apply("remove_extra_attrs", [Delete(group.table, [(group.key_column, id)])])

    async def _apply(self, function: str, changes: list[Operation]) -> int:
        try:
            await self.database.apply(changes)
        except DbError as error:
            return self.error("%s(): %s", function, error)
        return 1

    # --- locks

    def _held(self, ctx: Context) -> tuple[str, dict[str, int]]:
        """The name that this message holds locks by, and how often it has taken each."""
        found: tuple[str, dict[str, int]] | None = ctx.vars.get(HELD)
        if found is None:
            self._last += 1
            found = ctx.vars[HELD] = (f"{self.worker.index}.{self._last}", {})
        return found

    async def lock_extra(self, ctx: Context, group: Group, id: str | None) -> int:
        """lock_extra_attrs(group, id): waits until no other message holds it; -1 after PATIENCE seconds."""
        if id is None:
            return self.error("lock_extra_attrs(): the id has no value")
        key = f"{group.table}:{id}"
        holder, taken = self._held(ctx)
        if taken.get(key):
            taken[key] += 1
            return 1
        give_up = self.worker.now() + PATIENCE
        step = FIRST_STEP
        while not self.locks.replace(key, None, holder, LIFE):
            if self.worker.now() >= give_up:
                return self.error("lock_extra_attrs(): %s is not free after %d seconds", key, PATIENCE)
            await self.worker.sleep(step)
            step = min(2 * step, LONGEST_STEP)
        taken[key] = 1
        return 1

    def unlock_extra(self, ctx: Context, group: Group, id: str | None) -> int:
        """unlock_extra_attrs(group, id): as often as it was locked."""
        if id is None:
            return self.error("unlock_extra_attrs(): the id has no value")
        key = f"{group.table}:{id}"
        holder, taken = self._held(ctx)
        if not taken.get(key):
            self.error("unlock_extra_attrs(): %s is not locked", key)
            return 1
        taken[key] -= 1
        if not taken[key]:
            self._release(key, holder)
        return 1

    def _release(self, key: str, holder: str) -> None:
        """A lock that was held for too long may be another message's by now."""
        with self.worker.state.atomic():
            if self.locks.get(key) == holder:
                self.locks.delete(key)

    def release_all(self, ctx: Context) -> None:
        """Give back what the script left locked."""
        found: tuple[str, dict[str, int]] | None = None if ctx.var_map is None else ctx.var_map.get(HELD)
        if found is None:
            return
        for key, count in found[1].items():
            if count:
                if not self.auto_unlock_extra_attrs:
                    self.error("the script ended without unlock_extra_attrs() of %s", key)
                self._release(key, found[0])
        found[1].clear()
