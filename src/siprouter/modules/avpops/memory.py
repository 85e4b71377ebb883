"""Functions that need no database."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from siprouter.core import rewrite
from siprouter.core.access import PvAccess
from siprouter.core.avp import DEFAULT_CLASS, AvpKey
from siprouter.core.context import Branch
from siprouter.core.substitution import Substitution
from siprouter.core.values import Value, str_to_int, to_text, wrap_int
from siprouter.modules.avpops.arguments import MAX_PATTERN, AvpRef, Flagged, Operation, Selection
from siprouter.util.errors import PeerError
from siprouter.util.regex import Regex

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.avpops.state import AvpOps


def fits(key: AvpKey, selection: Selection, ctx: Context) -> bool:
    """Whether an AVP is among those that `s`, `i` or `a` with script flags mean."""
    if key[0] != DEFAULT_CLASS or (selection.names != "a" and (selection.names == "i") != isinstance(key[1], int)):
        return False
    return not selection.flags or bool(ctx.avps.flags.get(key, 0) & selection.flags)


def delete(inst: AvpOps, ctx: Context, which: Flagged | Selection) -> int:
    """avp_delete(which): -1 where there was none."""
    if isinstance(which, Selection):
        keys = [key for key in ctx.avps.names() if fits(key, which, ctx)]
        return 1 if sum([ctx.avps.delete_all(name, klass) for klass, name in keys]) else -1
    key = which.avp.key(ctx)
    if key is None:
        return -1
    klass, name = key
    gone = ctx.avps.delete_all(name, klass) if "g" in which.flags else ctx.avps.delete(name, klass)
    return 1 if gone else -1


def _keep(ctx: Context, key: AvpKey, values: list[Value], gone: set[int]) -> None:
    """Take values away by their indexes in `values`, a copy of the list before others were added in front."""
    if not gone:
        return
    now = ctx.avps.all(key[1], key[0])
    added = len(now) - len(values)
    left = now[:added] + [value for index, value in enumerate(values) if index not in gone]
    if left:
        ctx.avps.lists[key] = left
    else:
        ctx.avps.delete_all(key[1], key[0])


def copy(inst: AvpOps, ctx: Context, source: AvpRef, target: Flagged) -> int:
    """avp_copy(source, destination/flags): n: to a number, s: to a text, g: all, d: delete the source."""
    key, to = source.key(ctx), target.avp.key(ctx)
    values = source.values(ctx)
    if key is None or to is None or not values:
        return -1
    gone: set[int] = set()
    result = 1
    for index, value in enumerate(values if "g" in target.flags else values[:1]):
        if "n" in target.flags and isinstance(value, str):
            number = str_to_int(value)
            if number is None:
                inst.worker.log.error("avp_copy(): no number: %r", value, source="avpops")
                result = -1
                break
            value = number
        elif "s" in target.flags and isinstance(value, int):
            value = str(value)
        ctx.avps.add(to[1], value, to[0])
        if "d" in target.flags:
            gone.add(index)
    if key == to:
        _keep(ctx, key, values, gone)
    elif gone:
        left = [value for index, value in enumerate(values) if index not in gone]
        _replace(ctx, key, left)
    return result


def _replace(ctx: Context, key: AvpKey, values: list[Value]) -> None:
    if values:
        ctx.avps.lists[key] = values
    else:
        ctx.avps.delete_all(key[1], key[0])


def push_to(inst: AvpOps, ctx: Context, where: str, what: tuple[PvAccess | AvpRef, bool]) -> int:
    """avp_pushto(destination, source)"""
    source, every = what
    values = source.values(ctx) if isinstance(source, AvpRef) else [source.get(ctx)]
    if not values or values[0] is None:
        return -1
    for number, value in enumerate(values if every else values[:1]):
        if not _push(ctx, where, value, number):
            inst.worker.log.error("avp_pushto(): cannot push %r to the %s", value, where, source="avpops")
            return -1
    return 1


def _push(ctx: Context, where: str, value: Value, number: int) -> bool:
    text = to_text(value)
    if where in ("branch", "destination"):
        if not isinstance(value, str):
            return False
        if where == "branch":
            return ctx.append_branch(Branch(text, force_socket=ctx.force_socket))
        ctx.dst_uri = text
        ctx.uri_consumed = False
        return True
    if number and not ctx.append_branch(Branch(ctx.uri)):
        return False
    try:
        if where == "username":
            return rewrite.set_user(ctx, text)
        if where == "domain":
            return rewrite.set_host(ctx, text)
    except PeerError:
        return False
    ctx.set_uri(text)
    return True


# --- tests


def check(inst: AvpOps, ctx: Context, source: PvAccess | AvpRef, test: Operation) -> int:
    """avp_check(variable, operator/value/flags): whether the newest value (g: any value) passes."""
    values = source.values(ctx) if isinstance(source, AvpRef) else [to_plain(source.get(ctx))]
    if "g" not in test.flags:
        values = values[:1]
    wanted = test.value
    others: list[Value | Regex]
    if isinstance(wanted, AvpRef):
        others = list(wanted.values(ctx))
    else:
        others = [to_plain(wanted.get(ctx)) if isinstance(wanted, PvAccess) else wanted]
    return 1 if any(_passes(test, value, other) for value in values for other in others) else -1


def to_plain(value: Value) -> Value:
    """Null counts as the empty text."""
    return "" if value is None else value


def _passes(test: Operation, value: Value, other: Value | Regex) -> bool:
    if isinstance(value, int):
        return isinstance(other, int) and _compare_numbers(test.operator, value, other)
    if isinstance(other, int) or value is None or other is None:
        return False
    if isinstance(other, Regex):
        try:
            return other.matches(value)
        except PeerError:
            return False
    return _compare_texts(test, value, other)


def _compare_numbers(operator: str, a: int, b: int) -> bool:
    match operator:
        case "eq":
            return a == b
        case "ne":
            return a != b
        case "and":
            return a & b != 0
        case "or":
            return a | b != 0
        case "xor":
            return a ^ b != 0
    return _ordered(operator, (a > b) - (a < b))


def _compare_texts(test: Operation, a: str, b: str) -> bool:
    """Order does not look at case, as in SIP Router."""
    if test.operator == "fm":
        if len(a) > MAX_PATTERN or len(b) > MAX_PATTERN:
            return False
        return fnmatch.fnmatchcase(a.lower(), b.lower()) if "i" in test.flags else fnmatch.fnmatchcase(a, b)
    if test.operator in ("eq", "ne"):
        same = a.lower() == b.lower() if "i" in test.flags else a == b
        return same == (test.operator == "eq")
    a, b = a.lower(), b.lower()
    return _ordered(test.operator, (a > b) - (a < b))


def _ordered(operator: str, order: int) -> bool:
    return {"lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}.get(operator, False)


def is_set(inst: AvpOps, ctx: Context, which: Flagged) -> int:
    """is_avp_set($avp(name)/flags): e: empty or 0, s: a text, n: a number."""
    values = which.avp.values(ctx)
    index = max(which.avp.index(ctx), 0)
    if index >= len(values):
        return -1
    value = values[index]
    text = isinstance(value, str)
    if ("s" in which.flags and not text) or ("n" in which.flags and text):
        return -1
    return -1 if "e" in which.flags and value not in ("", 0) else 1


# --- changes


def substitute(inst: AvpOps, ctx: Context, which: Flagged, substitution: Substitution) -> int:
    """avp_subst(source/destination/flags, substitution): texts only; without g the first that matches."""
    key = which.avp.key(ctx)
    to = key if which.to is None else which.to.key(ctx)
    values = which.avp.values(ctx)
    if key is None or to is None:
        return -1
    gone: set[int] = set()
    count = 0
    for index, value in enumerate(values):
        changed = _substituted(inst, ctx, substitution, value) if isinstance(value, str) else None
        if changed is None:
            continue
        ctx.avps.add(to[1], changed, to[0])
        count += 1
        if which.to is None or "d" in which.flags:
            gone.add(index)
        if "g" not in which.flags:
            break
    _keep(ctx, key, values, gone)
    return 1 if count else -1


def _substituted(inst: AvpOps, ctx: Context, substitution: Substitution, text: str) -> str | None:
    try:
        return substitution.run(ctx, text)
    except (ValueError, PeerError) as error:
        inst.worker.log.error("avp_subst(): %s", error, source="avpops")
        return None


def calculate(inst: AvpOps, ctx: Context, which: Flagged, operation: Operation) -> int:
    """avp_op(source/destination, operator/value/flags): every number of the source with every one of the value."""
    key = which.avp.key(ctx)
    to = key if which.to is None else which.to.key(ctx)
    values = which.avp.values(ctx)
    if key is None or to is None or not any(isinstance(value, int) for value in values):
        return -1
    operands = _numbers(ctx, operation.value)
    if not operands:
        return -1
    gone: set[int] = set()
    for index, value in enumerate(values):
        if not isinstance(value, int):
            continue
        for operand in operands:
            value = _calculated(inst, operation.operator, value, operand)
            ctx.avps.add(to[1], value, to[0])
        if "d" in operation.flags:
            gone.add(index)
    _keep(ctx, key, values, gone)
    return 1


def _numbers(ctx: Context, value: object) -> list[int]:
    if isinstance(value, AvpRef):
        return [number for number in value.values(ctx) if isinstance(number, int)]
    found = value.get(ctx) if isinstance(value, PvAccess) else value
    return [found] if isinstance(found, int) else []


def _calculated(inst: AvpOps, operator: str, a: int, b: int) -> int:
    """32-bit arithmetic; division is towards zero, and gives 0 where it cannot be done."""
    if operator in ("div", "mod"):
        if b == 0:
            inst.worker.log.error("avp_op(): division by 0", source="avpops")
            return 0
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return wrap_int(quotient if operator == "div" else a - quotient * b)
    results = {"add": a + b, "sub": a - b, "mul": a * b, "and": a & b, "or": a | b, "xor": a ^ b, "not": ~b}
    return wrap_int(results[operator])


def print_all(inst: AvpOps, ctx: Context) -> int:
    """avp_print()"""
    for klass, name in ctx.avps.names():
        for value in ctx.avps.all(name, klass):
            kind = "i" if isinstance(name, int) else "s"
            inst.worker.log.info("AVP %s:%s = %r", kind, name, value, source="avpops")
    return 1
