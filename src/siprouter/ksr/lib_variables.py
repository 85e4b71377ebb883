"""`KSR.pv`, `KSR.pvx`, `KSR.kx` and the readers of other modules: pseudo-variables with plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.core.args import compile_regex
from siprouter.core.format import NULL_TEXT
from siprouter.core.values import Value, to_int
from siprouter.ksr.library import BOOL, INT, VALUE, LibraryFunction, entry
from siprouter.ksr.values import CallError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.ksr.api import HostApi

Call = Callable[..., Any]

MESSAGE_PARTS = {
    "au": "$au", "body": "$rb", "bodylen": "$bs", "callid": "$ci", "cturi": "$ct", "duri": "$du", "fhost": "$fd",
    "furi": "$fu", "fuser": "$fU", "method": "$rm", "msgbuf": "$mb", "msglen": "$ml", "nhuri": "$nh(u)", "ouri": "$ou",
    "proto": "$pr", "rcvip": "$Ri", "rcvport": "$Rp", "rhost": "$rd", "ruri": "$ru", "ruser": "$rU", "srcip": "$si",
    "srcport": "$sp", "status": "$rs", "thost": "$td", "timestamp": "$Ts", "turi": "$tu", "tuser": "$tU", "ua": "$ua",
}  # fmt: skip
"""what `KSR.kx.get_…` reads"""


def _get(api: HostApi, ctx: Context, name: str) -> Value:
    return api.get(ctx, name)


def _get_empty(api: HostApi, ctx: Context, name: str) -> Value:
    value = api.get(ctx, name)
    return "" if value is None else value


def _get_word(api: HostApi, ctx: Context, name: str) -> Value:
    value = api.get(ctx, name)
    return NULL_TEXT if value is None else value


def _get_or(api: HostApi, ctx: Context, name: str, default: Value) -> Value:
    value = api.get(ctx, name)
    return default if value is None else value


def _get_int(api: HostApi, ctx: Context, name: str) -> int:
    return to_int(api.get(ctx, name))


def _set_text(api: HostApi, ctx: Context, name: str, value: str) -> bool:
    api.set(ctx, name, value)
    return True


def _set_int(api: HostApi, ctx: Context, name: str, value: int) -> bool:
    api.set(ctx, name, value)
    return True


def _unset(api: HostApi, ctx: Context, name: str) -> bool:
    api.set(ctx, name, None)
    return True


def _is_null(api: HostApi, ctx: Context, name: str) -> bool:
    return api.get(ctx, name) is None


def _evaluate(api: HostApi, ctx: Context, target: str, text: str) -> int:
    api.set(ctx, target, api.expand(ctx, text))
    return 1


# --- variables by their inner name


def _inner(name: str) -> str:
    """A name that stays within its parentheses."""
    if not name or any(char in "()$[]{}\r\n" for char in name):
        raise CallError(f"bad name {name!r}")
    return name


def _named(kind: str, call: Call) -> Call:
    """`call` for the variable `$kind(name)`."""
    return lambda api, ctx, name, *rest: call(api, ctx, f"${kind}({_inner(name)})", *rest)


def _coded(call: Call) -> Call:
    """A test whose outcome is told as 1 or -1."""
    return lambda *args: 1 if call(*args) else -1


def _part(variable: str, call: Call) -> Call:
    return lambda api, ctx: call(api, ctx, variable)


# --- hash tables


def _table(api: HostApi, name: str) -> Any:
    tables = api.worker.module("htable").tables
    table = tables.get(name)
    if table is None:
        raise CallError(f"there is no hash table {name!r}", suggestion=", ".join(sorted(tables)))
    return table


def _sht_get(null: Value) -> Call:
    def read(api: HostApi, ctx: Context, table: str, key: str) -> Value:
        value: Value = _table(api, table).entries.get(key)
        return null if value is None else value

    return read


def _sht_set(api: HostApi, ctx: Context, table: str, key: str, value: Value) -> int:
    api.worker.module("htable").set(_table(api, table), key, value)
    return 1


def _sht_set_for(api: HostApi, ctx: Context, table: str, key: str, value: Value, seconds: int) -> int:
    _sht_set(api, ctx, table, key, value)
    return _sht_expire(api, ctx, table, key, seconds)


def _sht_expire(api: HostApi, ctx: Context, table: str, key: str, seconds: int) -> int:
    _table(api, table).entries.touch(key, float(max(seconds, 0)))
    return 1


def _sht_remove(api: HostApi, ctx: Context, table: str, key: str) -> int:
    _table(api, table).entries.delete(key)
    return 1


def _sht_is_null(api: HostApi, ctx: Context, table: str, key: str) -> int:
    return 1 if _table(api, table).entries.get(key) is None else -1


def _sht_add(amount: int) -> Call:
    def change(api: HostApi, ctx: Context, table: str, key: str) -> int:
        found = _table(api, table)
        with api.worker.state.atomic():
            value = to_int(found.entries.get(key)) + amount
            api.worker.module("htable").set(found, key, value)
        return value

    return change


def _matching(operator: str, text: str) -> Callable[[str], bool]:
    """What compares with `text`: eq, ne, sw (starts with), re. Raises CallError."""
    if operator == "eq":
        return lambda value: value == text
    if operator == "ne":
        return lambda value: value != text
    if operator == "sw":
        return lambda value: value.startswith(text)
    if operator != "re":
        raise CallError(f"unknown comparison {operator!r}", suggestion="eq, ne, sw, re")
    try:
        return compile_regex(text).matches
    except ValueError as error:
        raise CallError(f"bad regular expression: {error}") from None


def _sht_match_name(api: HostApi, ctx: Context, table: str, operator: str, text: str) -> int:
    entries = _table(api, table).entries
    if operator == "eq":
        return 1 if entries.get(text) is not None else -1
    matches = _matching(operator, text)
    return 1 if any(matches(key) for key, _ in entries.items()) else -1


def _sht_match_text(api: HostApi, ctx: Context, table: str, operator: str, text: str) -> int:
    matches = _matching(operator, text)
    values = (value for _, value in _table(api, table).entries.items())
    return 1 if any(isinstance(value, str) and matches(value) for value in values) else -1


_HASH_TABLES = (
    entry("htable.sht_match_name", _sht_match_name, "table:s operator:s text:s", INT, "whether a key is like this"),
    entry("htable.sht_match_str_value", _sht_match_text, "table:s operator:s text:s", INT, "whether a value is"),
    entry("htable.sht_get", _sht_get(None), "table:s key:s", VALUE, "an entry of a hash table"),
    entry("htable.sht_gete", _sht_get(""), "table:s key:s", VALUE, "an entry, empty for null"),
    entry("htable.sht_getw", _sht_get(NULL_TEXT), "table:s key:s", VALUE, "an entry, <null> for null"),
    entry("htable.sht_sets", _sht_set, "table:s key:s value:s", INT, "set an entry to text"),
    entry("htable.sht_seti", _sht_set, "table:s key:s value:i", INT, "set an entry to a number"),
    entry("htable.sht_setxs", _sht_set_for, "table:s key:s value:s seconds:i", INT, "set to text, for a time"),
    entry("htable.sht_setxi", _sht_set_for, "table:s key:s value:i seconds:i", INT, "set to a number, for a time"),
    entry("htable.sht_setex", _sht_expire, "table:s key:s seconds:i", INT, "let an entry expire"),
    entry("htable.sht_rm", _sht_remove, "table:s key:s", INT, "remove an entry"),
    entry("htable.sht_is_null", _sht_is_null, "table:s key:s", INT, "whether there is no such entry"),
    entry("htable.sht_inc", _sht_add(1), "table:s key:s", INT, "add 1 to an entry; the new value"),
    entry("htable.sht_dec", _sht_add(-1), "table:s key:s", INT, "take 1 from an entry; the new value"),
)

_PARTS = tuple(
    item
    for name, variable in MESSAGE_PARTS.items()
    for item in (
        entry(f"kx.get_{name}", _part(variable, _get), "", VALUE, f"{variable}"),
        entry(f"kx.gete_{name}", _part(variable, _get_empty), "", VALUE, f"{variable}, empty for null"),
        entry(f"kx.getw_{name}", _part(variable, _get_word), "", VALUE, f"{variable}, <null> for null"),
    )
)

_NAMED = tuple(
    item
    for kind, what in (("var", "a variable of the script"), ("shv", "a shared variable"), ("avp", "an attribute"),
                       ("xavp", "an extended attribute"))
    for item in (
        entry(f"pvx.{kind}_get", _named(kind, _get), "name:s", VALUE, f"read {what}"),
        entry(f"pvx.{kind}_gete", _named(kind, _get_empty), "name:s", VALUE, f"read {what}, empty for null"),
        entry(f"pvx.{kind}_getw", _named(kind, _get_word), "name:s", VALUE, f"read {what}, <null> for null"),
        entry(f"pvx.{kind}_is_null", _coded(_named(kind, _is_null)), "name:s", INT, f"whether {what} is null"),
        entry(f"pvx.{kind}_sets", _coded(_named(kind, _set_text)), "name:s value:s", INT, f"set {what} to text"),
        entry(f"pvx.{kind}_seti", _coded(_named(kind, _set_int)), "name:s value:i", INT, f"set {what} to a number"),
        entry(f"pvx.{kind}_rm", _coded(_named(kind, _unset)), "name:s", INT, f"remove {what}"),
    )
)

FUNCTIONS: tuple[LibraryFunction, ...] = (
    entry("pv.get", _get, "name:s", VALUE, "the value of a pseudo-variable, None for null"),
    entry("pv.gete", _get_empty, "name:s", VALUE, "its value, empty for null"),
    entry("pv.getw", _get_word, "name:s", VALUE, "its value, <null> for null"),
    entry("pv.getvn", _get_or, "name:s default:i", VALUE, "its value, or a number for null"),
    entry("pv.getvs", _get_or, "name:s default:s", VALUE, "its value, or a text for null"),
    entry("pv.geti", _get_int, "name:s", INT, "its value as integer"),
    entry("pv.sets", _set_text, "name:s value:s", BOOL, "set it to text"),
    entry("pv.seti", _set_int, "name:s value:i", BOOL, "set it to a number"),
    entry("pv.unset", _unset, "name:s", BOOL, "make it null"),
    entry("pv.is_null", _is_null, "name:s", BOOL, "whether it is null"),
    entry("pvx.evalx", _evaluate, "name:s text:s", INT, "set a variable to a text with variables"),
    *_NAMED,
    *_PARTS,
    entry("xhttp.get_hu", _part("$hu", _get), "", VALUE, "the URL of the request"),
    entry("mqueue.mqk_get", _named("mqk", _get), "queue:s", VALUE, "the key that was fetched from a queue"),
    entry("mqueue.mqv_get", _named("mqv", _get), "queue:s", VALUE, "the value that was fetched from a queue"),
    *_HASH_TABLES,
)
