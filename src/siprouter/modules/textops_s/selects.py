"""The selects @hf_value, @hf_value2 and @hf_value_exists. In names an underscore stands for a dash."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from siprouter.core.declare import Select, select
from siprouter.modules.textops.args import HeaderArg, HeaderName
from siprouter.modules.textops.headers import find_all
from siprouter.modules.textops_s.edits import has_value
from siprouter.modules.textops_s.state import SerTextOps
from siprouter.modules.textops_s.values import (
    Value,
    all_values,
    find_param,
    find_word_param,
    parts_of,
    pick,
    unfolded,
)
from siprouter.script import select_parts

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.selects import Part

Getter = Callable[..., str | None]
"""f(inst, ctx, *names) -> text, or None where there is none"""


def _dashed(name: str) -> str:
    return name[:1] + name[1:].replace("_", "-")


def _header(name: str) -> HeaderName:
    return HeaderArg().convert_text(_dashed(name))


def _value(ctx: Context, name: str, index: int | None) -> Value | None:
    return pick(all_values(ctx.msg, _header(name)), index or 1)


def value(inst: SerTextOps, ctx: Context, name: str, index: int | None) -> str:
    """@hf_value.name[index]; without an index all of them"""
    if index is None:
        return ",".join(one.text(ctx.msg) for one in all_values(ctx.msg, _header(name)))
    found = _value(ctx, name, index)
    return "" if found is None else found.text(ctx.msg)


def value_param(inst: SerTextOps, ctx: Context, name: str, index: int | None, param: str) -> str:
    """@hf_value.name[index].param"""
    one = _value(ctx, name, index)
    if one is None:
        return ""
    found, _ = find_param(ctx.msg, parts_of(ctx.msg, one).params, one.end, _dashed(param))
    return "" if found is None else found.value


def value_uri(inst: SerTextOps, ctx: Context, name: str, index: int | None) -> str:
    """@hf_value.name[index].uri; without an index all of them"""
    if index is None:
        return ",".join(parts_of(ctx.msg, one).uri for one in all_values(ctx.msg, _header(name)))
    found = _value(ctx, name, index)
    return "" if found is None else parts_of(ctx.msg, found).uri


def value_name(inst: SerTextOps, ctx: Context, name: str, index: int | None) -> str:
    """@hf_value.name[index].name"""
    found = _value(ctx, name, index)
    return "" if found is None else parts_of(ctx.msg, found).name


def whole(inst: SerTextOps, ctx: Context, name: str, index: int | None) -> str:
    """@hf_value2.name[index]"""
    header = pick(find_all(ctx.msg, _header(name)), index or 1)
    return "" if header is None else unfolded(ctx.msg.buf[header.start : header.end])


def whole_param(inst: SerTextOps, ctx: Context, name: str, index: int | None, param: str) -> str:
    """@hf_value2.name[index].param"""
    header = pick(find_all(ctx.msg, _header(name)), index or 1)
    if header is None:
        return ""
    found, _ = find_word_param(ctx.msg, header.start, header.end, _dashed(param))
    return "" if found is None else found.value


def exists(inst: SerTextOps, ctx: Context, name: str, text: str) -> str:
    """@hf_value_exists.name.value"""
    return "1" if has_value(ctx.msg, _header(name), _dashed(text)) else "0"


# --- what follows a URI or an address


def _uri_below(inst: SerTextOps, text: str | None, rest: tuple[Part, ...]) -> str | None:
    part, *param = rest
    if part not in select_parts.URI_PARTS or len(param) > (part == "params"):
        return None
    return select_parts.uri_part(inst.worker, text, str(part), str(param[0]) if param else None)


def _address_below(inst: SerTextOps, text: str | None, rest: tuple[Part, ...]) -> str | None:
    part, *more = rest
    if part == "uri" and more:
        return _uri_below(inst, select_parts.nameaddr_part(inst.worker, text, "uri"), tuple(more))
    if part not in ("name", "uri", "params") or len(more) > (part == "params"):
        return None
    return select_parts.nameaddr_part(inst.worker, text, str(part), str(more[0]) if more else None)


def _below(
    inst: SerTextOps,
    ctx: Context,
    *names: Part | tuple[Part, ...] | None,
    get: Getter,
    take: Callable[[SerTextOps, str | None, tuple[Part, ...]], str | None],
    count: int,
) -> str | None:
    """`take` from what `get` gives for the first `count` names what the rest of them says."""
    rest: list[Part] = []
    for name in names[count:]:
        if isinstance(name, tuple):
            rest += name
        elif name is not None:
            rest.append(name)
    return take(inst, get(inst, ctx, *names[:count]), tuple(rest))


def _params_below(inst: SerTextOps, text: str | None, rest: tuple[Part, ...]) -> str | None:
    return None if len(rest) != 1 or text is None else select_parts.find_param(text, str(rest[0])) or None


def _first_value(inst: SerTextOps, ctx: Context, name: str, index: int | None) -> str:
    return value(inst, ctx, name, index or 1)


def _first_uri(inst: SerTextOps, ctx: Context, name: str, index: int | None) -> str:
    return value_uri(inst, ctx, name, index or 1)


def hf_selects() -> Iterable[Select]:
    """All of them."""
    root = "hf_value.%s([%i])"
    yield select(root, value, "a value of a header; all without an index")
    yield select(f"{root}.%s", value_param, "a parameter of a value")
    yield select(f"{root}.p.%s", value_param, "the same for parameters called uri, name, p …")
    yield select(f"{root}.param.%s", value_param, "the same")
    params = partial(_below, get=_first_value, take=_params_below, count=2)
    yield select(f"{root}.params.{{anyheader_params}}", params, "the same")
    yield select(f"{root}.name", value_name, "the display name of a value, without quotes")
    yield select(f"{root}.uri", value_uri, "the URI of a value; all without an index")
    uri = partial(_below, get=_first_uri, take=_uri_below, count=2)
    yield select(f"{root}.uri.{{any_uri}}", uri, "a part of the URI")
    address = partial(_below, get=_first_value, take=_address_below, count=2)
    yield select(f"{root}.nameaddr.%s", address, "a part of the address in a value")
    yield select(f"{root}.nameaddr.%s.{{any_nameaddr}}", address, "a part of its URI, or one of its parameters")
    root = "hf_value2.%s([%i])"
    yield select(root, whole, "a header as one value")
    yield select(f"{root}.%s", whole_param, 'a parameter as in Digest a="b", c=d')
    params = partial(_below, get=whole, take=_params_below, count=2)
    yield select(f"{root}.params.{{anyheader_params}}", params, "a parameter set off by semicolons")
    address = partial(_below, get=whole_param, take=_address_below, count=3)
    yield select(f"{root}.%s.nameaddr.{{any_nameaddr}}", address, "a part of the address in a parameter")
    uri = partial(_below, get=whole_param, take=_uri_below, count=3)
    yield select(f"{root}.%s.uri.{{any_uri}}", uri, "a part of the URI in a parameter")
    yield select("hf_value_exists.%s.%s", exists, "1 where a header has a value, else 0")
