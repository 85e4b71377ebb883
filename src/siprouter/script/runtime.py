"""What compiled scripts call: operators with the conversions of 3.1, and the ways to stop a script.

An operator whose operands are of unknown type looks at the left one: int compares and adds integers, str strings;
null counts as the empty string in `+`, and takes the type of the right operand in `==`.
"""

from __future__ import annotations

from typing import Any

from siprouter.core.args import compile_regex
from siprouter.core.context import Context
from siprouter.core.values import INT_MAX, INT_MIN, Value, to_int, to_text, wrap_int
from siprouter.util.text import to_bytes

MAX_TEXT = 1 << 20
MAX_DEPTH = 100


class StopScript(Exception):
    """A function or route inside an expression ended the script; compiled routes catch it and return 0."""


class EvalError(Exception):
    """An expression has no value: division by zero, or a string longer than MAX_TEXT."""


def stopped(ctx: Context) -> int:
    """A function returned 0: the script ends, `$rc` is 0."""
    ctx.rc = 0
    return 0


def stop(ctx: Context) -> int:
    """A function inside an expression returned 0."""
    ctx.rc = 0
    raise StopScript


def halt() -> int:
    """A route or block inside an expression has stopped the script."""
    raise StopScript


def store(ctx: Context, code: int) -> int:
    """Keep the return code of a function inside an expression in `$rc`; 0 stops the script."""
    ctx.rc = code
    if code == 0:
        raise StopScript
    return code


def store_route(ctx: Context, code: int) -> int:
    """The same for a route or block, which has set `$rc` itself when it stopped the script."""
    if code == 0:
        raise StopScript
    ctx.rc = code
    return code


# --- conversions


def integer(value: Value) -> int:
    """`value` as integer: null and texts that are no number count as 0."""
    if type(value) is int:
        return value
    if type(value) is str and len(value) < 10 and value.isascii() and value.isdigit():
        return int(value)
    return to_int(value)


def text(value: Value) -> str:
    """`value` as string; null is empty."""
    if type(value) is str:
        return value
    return to_text(value)


def positive(value: Value) -> bool:
    """Whether `if (value)` takes the branch."""
    return integer(value) > 0


def truth(value: Value) -> bool:
    """Whether `value` counts as true for `!`, `&&`, `||` and `while`."""
    return integer(value) != 0


def length(value: str) -> int:
    """Octets of a string."""
    if value.isascii():
        return len(value)
    return len(to_bytes(value))


# --- comparison


def equal(left: Value, right: Value) -> bool:
    """`left == right`, converted to the type of the left."""
    if type(left) is str:
        return left == text(right)
    if left is None:
        return right == 0 if type(right) is int else text(right) == ""
    return left == integer(right)


def equal_text(left: Value, right: str, number: int) -> bool:
    """`left == "right"` for a constant, whose integer value is `number`."""
    if type(left) is str:
        return left == right
    if left is None:
        return right == ""
    return left == number


def equal_number(left: Value, right: int) -> bool:
    """`left == right` for a constant."""
    if type(left) is int:
        return left == right
    if left is None:
        return right == 0
    return left == str(right)


def matches(value: str, pattern: str) -> bool:
    """`value =~ pattern` for a pattern known only now; a bad one matches nothing."""
    try:
        found: bool = compile_regex(pattern, icase=True).matches(value)
    except ValueError:
        return False
    return found


# --- arithmetic


def wrap(number: int) -> int:
    """`number` in 32 bits."""
    if INT_MIN <= number <= INT_MAX:
        return number
    return wrap_int(number)


def add(left: Value, right: Value) -> Value:
    """`left + right`, converted to the type of the left; null is an empty string."""
    if type(left) is int:
        return wrap(left + integer(right))
    return bounded(text(left) + text(right))


def bounded(value: str) -> str:
    """`value`, unless it is longer than any script should need."""
    if len(value) > MAX_TEXT:
        raise EvalError(f"string longer than {MAX_TEXT} characters")
    return value


def divide(left: int, right: int) -> int:
    """Quotient rounded towards zero, as C does."""
    if right == 0:
        raise EvalError("division by zero")
    quotient = abs(left) // abs(right)
    return wrap(quotient if (left < 0) == (right < 0) else -quotient)


def modulo(left: int, right: int) -> int:
    """Remainder with the sign of the left, as C does."""
    if right == 0:
        raise EvalError("modulo by zero")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def shift_left(left: int, right: int) -> int:
    """`left << right`; the count is taken modulo 32."""
    return wrap(left << (right & 31))


def shift_right(left: int, right: int) -> int:
    """`left >> right` with the sign kept; the count is taken modulo 32."""
    return left >> (right & 31)


# --- routes by name, recursion, loops


def run_route(ctx: Context, run: Any, place: str) -> int:
    """Call a route that may call itself; past MAX_DEPTH it is not run and counts as failed."""
    if ctx.route_depth >= MAX_DEPTH:
        return too_deep(ctx, place)
    ctx.route_depth += 1
    try:
        code: int = run(ctx)
    finally:
        ctx.route_depth -= 1
    return code


async def run_waiting_route(ctx: Context, run: Any, place: str) -> int:
    """`run_route` for a coroutine function."""
    if ctx.route_depth >= MAX_DEPTH:
        return too_deep(ctx, place)
    ctx.route_depth += 1
    try:
        code: int = await run(ctx)
    finally:
        ctx.route_depth -= 1
    return code


def too_deep(ctx: Context, place: str) -> int:
    """Report a route that is not run."""
    ctx.worker.log.error("%s: routes nested deeper than %d, not run", place, MAX_DEPTH)
    return -1


def find_route(ctx: Context, routes: dict[str, Any], name: str, place: str) -> Any:
    """The function of the route called `name` now; None, and a log line, where there is none."""
    route = routes.get("" if name == "0" else name)
    if route is None:
        ctx.worker.log.error('%s: route "%s" not found', place, name)
    return route


def run_named(ctx: Context, routes: dict[str, Any], name: str, place: str) -> int:
    """`route(expression)` where no route waits."""
    route = find_route(ctx, routes, name, place)
    return -1 if route is None else run_route(ctx, route, place)


async def run_waiting_named(ctx: Context, routes: dict[str, Any], name: str, place: str) -> int:
    """`route(expression)` where some routes wait; `routes` then holds coroutine functions only."""
    route = find_route(ctx, routes, name, place)
    return -1 if route is None else await run_waiting_route(ctx, route, place)


def runaway(ctx: Context, place: str) -> None:
    """Report a loop that max_while_loops ended."""
    ctx.worker.log.error("%s: runaway while, stopped after max_while_loops rounds", place)


def failed(ctx: Context, error: EvalError, place: str) -> None:
    """Report an expression without a value."""
    ctx.worker.log.error("%s: %s", place, error)
