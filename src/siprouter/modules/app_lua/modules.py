"""`sr.<module>`: functions of modules that parameter register names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.core.values import Value, to_int, to_text
from siprouter.ksr.functions import find
from siprouter.ksr.values import CallError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.ksr.api import HostApi

_LATER = "sl tm sqlops rr auth auth_db maxfwd registrar dispatcher xhttp sdpops presence presence_xml textops"
_MORE = "pua_usrloc siputils rls alias_db msilo uac sanity cfgutils tmx mqueue ndb_mongodb"
SR_MODULES = frozenset([*_LATER.split(), *_MORE.split()])
"""those that SIP Router 3.1 and the versions after it register"""

NAMES = {
    ("msilo", "store"): "m_store",
    ("msilo", "dump"): "m_dump",
    ("mqueue", "add"): "mq_add",
    ("sqlops", "query"): "sql_query",
    ("sqlops", "xquery"): "sql_xquery",
    ("sqlops", "reset"): "sql_result_free",
    ("uac", "replace_from"): "uac_replace_from",
    ("uac", "replace_to"): "uac_replace_to",
    ("xhttp", "reply"): "xhttp_reply",
}
"""functions that have shorter names here"""

MAX_COLUMNS = 1024

Function = Callable[..., Any]


def find_registered(api: HostApi, module: str, name: str) -> Function:
    """The function `sr.module.name`. Raises CallError where there is none."""
    own = OWN.get((module, name))
    if own is not None:
        return lambda ctx, *args: own(api, _message(ctx), *args)
    call = find(api, module, NAMES.get((module, name), name))
    return lambda ctx, *args: call(ctx, args)


def _message(ctx: Context | None) -> Context:
    if ctx is None:
        raise CallError("no message is being routed here")
    return ctx


# --- sl


def reply_to_tag(api: HostApi, ctx: Context, *_: Value) -> str:
    """sr.sl.get_reply_totag(): the To tag of our replies to this request."""
    tags = api.worker.module("sl").to_tag
    found: str = tags(ctx.msg) if ctx.transaction is None else api.worker.module("tm").user.to_tag(ctx.transaction)
    return found


# --- sqlops: results are read through $dbr


def _result(api: HostApi, ctx: Context, result: Value, what: str) -> Value:
    return api.get(ctx, f"$dbr({to_text(result)}=>{what})")


def sql_value(api: HostApi, ctx: Context, result: Value, row: Value, column: Value, *_: Value) -> Value:
    """sr.sqlops.value(result, row, column)."""
    return _result(api, ctx, result, f"[{to_int(row)},{to_int(column)}]")


def sql_is_null(api: HostApi, ctx: Context, result: Value, row: Value, column: Value, *_: Value) -> bool:
    """sr.sqlops.is_null(result, row, column)."""
    return sql_value(api, ctx, result, row, column) is None


def sql_rows(api: HostApi, ctx: Context, result: Value, *_: Value) -> Value:
    """sr.sqlops.nrows(result)."""
    return _result(api, ctx, result, "rows")


def sql_columns(api: HostApi, ctx: Context, result: Value, *_: Value) -> Value:
    """sr.sqlops.ncols(result)."""
    return _result(api, ctx, result, "cols")


def sql_column(api: HostApi, ctx: Context, result: Value, name: Value, *_: Value) -> int:
    """sr.sqlops.column(result, name): its number, -1 where there is none."""
    for number in range(min(to_int(sql_columns(api, ctx, result)), MAX_COLUMNS)):
        if _result(api, ctx, result, f"colname[{number}]") == name:
            return number
    return -1


OWN: dict[tuple[str, str], Function] = {
    ("sl", "get_reply_totag"): reply_to_tag,
    ("sqlops", "value"): sql_value,
    ("sqlops", "is_null"): sql_is_null,
    ("sqlops", "nrows"): sql_rows,
    ("sqlops", "ncols"): sql_columns,
    ("sqlops", "column"): sql_column,
}
