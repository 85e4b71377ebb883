"""Looking at tables, and filling them again."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from siprouter.db.errors import DbError
from siprouter.rpc.mi import MISSING_ARGUMENTS, MiReply
from siprouter.rpc.values import Pairs, RpcError
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.htable.state import HashTable, HashTables

NO_TABLE = "no such hash table"
RELOAD_FAILED = "ERROR Reloading data"

Slots = list[tuple[int, list[tuple[str, str | int]]]]


def slots_of(table: HashTable) -> Slots:
    """The entries by slot: its number, names and values."""
    found: dict[int, list[tuple[str, str | int]]] = defaultdict(list)
    for key, value in table.entries.items():
        found[table.slot(key)].append((key, value))
    return [(slot, sorted(found[slot])) for slot in sorted(found)]


def dump_rpc(inst: HashTables, call: Any, name: str) -> list[Pairs]:
    """`htable.dump table`: a structure for each slot that is in use."""
    table = inst.tables.get(name)
    if table is None:
        raise RpcError(500, "No such htable")
    return [
        Pairs(
            [
                ("entry", slot),
                ("size", len(items)),
                ("slot", Pairs([("item", Pairs([("name", key), ("value", value)])) for key, value in items])),
            ]
        )
        for slot, items in slots_of(table)
    ]


def dump_mi(inst: HashTables, *args: str) -> MiReply:
    """`sht_dump table`"""
    if not args:
        return MiReply(400, MISSING_ARGUMENTS)
    if not args[0]:
        return MiReply(500, "bad hash table name")
    table = inst.tables.get(args[0])
    if table is None:
        return MiReply(500, NO_TABLE)
    reply = MiReply()
    for slot, items in slots_of(table):
        node = reply.add("Entry", slot)
        for key, value in items:
            node.add(key, value)
    return reply


async def reload_mi(inst: HashTables, *args: str) -> MiReply:
    """`sht_reload table`"""
    if inst.database is None:
        return MiReply(500, RELOAD_FAILED)
    if not args:
        return MiReply(400, MISSING_ARGUMENTS)
    if not args[0]:
        return MiReply(500, "bad hash table name")
    table = inst.tables.get(args[0])
    if table is None or not table.dbtable:
        return MiReply(500, NO_TABLE)
    try:
        await inst.load(table)
    except (DbError, OperatorError) as error:
        inst.log.error("table %s: %s", table.dbtable, error, source="htable")
        return MiReply(500, RELOAD_FAILED)
    return MiReply()


def print_all(inst: HashTables, ctx: Context) -> int:
    """sht_print()"""
    for table in inst.tables.values():
        inst.log.error("===== htable[%s] exp: %d", table.name, table.autoexpire, source="htable")
        for slot, items in slots_of(table):
            inst.log.error("htable[%d] -- <%d>", slot, len(items), source="htable")
            for key, value in items:
                left = table.entries.remaining(key) or 0.0
                kind = "s" if isinstance(value, str) else "i"
                inst.log.error("\tcell: %s expire: %d v-%s:%s", key, left, kind, value, source="htable")
    return 1
