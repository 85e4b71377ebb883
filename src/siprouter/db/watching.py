"""Letting somebody hear of the operations of a database, without any cost where nobody does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from siprouter.db.interface import Database
from siprouter.db.operations import Delete, Insert, Operation, Replace, Update

Watcher = Callable[[str, str], Callable[[str], None]]
"""told "sql" and what is to be done; what it gives is told the result"""

MAX_SHOWN = 5  # operations of one transaction that are named


def watch(database: Database, watcher: Watcher | None) -> None:
    """Let `watcher` hear of all that is asked of `database` from now on; None: nobody."""
    for name, describe in _DESCRIBE.items():
        if watcher is None:
            database.__dict__.pop(name, None)
        else:
            setattr(database, name, _watched(getattr(type(database), name).__get__(database), describe, watcher))


def _watched(method: Callable[..., Any], describe: Callable[..., str], watcher: Watcher) -> Callable[..., Any]:
    @wraps(method)
    async def watched(*args: Any, **named: Any) -> Any:
        ended = watcher("sql", describe(*args, **named))
        try:
            result = await method(*args, **named)
        except BaseException as error:
            ended(f"{type(error).__name__}: {error}")
            raise
        ended(_shown(result))
        return result

    return watched


def _shown(result: Any) -> str:
    if isinstance(result, tuple):
        result = result[1]
    count = len(result) if isinstance(result, list) else result
    return f"{count} row{'s'[: count != 1]}"


def _keys(keys: Sequence[Any]) -> str:
    parts = [f"{key[0]} {key[1] if len(key) == 3 else '='} {key[-1]!r}" for key in keys]
    return f" where {' and '.join(parts)}" if parts else ""


def _query(table: str, keys: Sequence[Any] = (), columns: Sequence[str] = (), order: str = "", limit: int = 0) -> str:
    return f"select {', '.join(columns) or '*'} from {table}{_keys(keys)}"


def _count(table: str, keys: Sequence[Any] = ()) -> str:
    return f"select count(*) from {table}{_keys(keys)}"


def _apply(operations: Sequence[Operation]) -> str:
    shown = [_operation(one) for one in operations[:MAX_SHOWN]]
    more = [f"and {len(operations) - MAX_SHOWN} more"] if len(operations) > MAX_SHOWN else []
    return "; ".join((*shown, *more))


def _operation(one: Operation) -> str:
    if isinstance(one, Insert):
        return f"insert into {one.table} ({', '.join(one.values)})"
    if isinstance(one, Update):
        return f"update {one.table} set {', '.join(one.values)}{_keys(one.keys)}"
    if isinstance(one, Delete):
        return f"delete from {one.table}{_keys(one.keys)}"
    assert isinstance(one, Replace)
    return f"replace {one.table} ({', '.join(one.values)})"


def _raw(statement: str, values: Sequence[Any] = ()) -> str:
    return statement


_DESCRIBE: dict[str, Callable[..., str]] = {"query": _query, "count": _count, "apply": _apply, "raw": _raw}
