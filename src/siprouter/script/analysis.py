"""What the compiler must know of the whole program: which routes wait, which may recurse, where `$rc` is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from siprouter.script.nodes import (
    Assign,
    Binary,
    Block,
    BlockExpr,
    Break,
    Call,
    CallStmt,
    Condition,
    Drop,
    Exit,
    Expr,
    If,
    Logic,
    Pv,
    Return,
    Stmt,
    Str,
    Switch,
    Unary,
    While,
)
from siprouter.script.program import Program, ResolvedCall
from siprouter.script.runtime import MAX_DEPTH

_READS_RC = re.compile(r"\$\(?\s*(?:rc|retcode|\?)(?![A-Za-z0-9_])")


def reads_rc(text: str) -> bool:
    """Whether a text with variables reads `$rc`."""
    return "$" in text and _READS_RC.search(text) is not None


# --- waiting and recursion


def mark_waiting(program: Program) -> None:
    """Spread `waits` to all units that reach one that waits, and `own_stack` to those that reach one with its own.

    The latter because built routes call one another directly: what matters is that the first one has its own stack.
    """
    routes = program.main_routes()
    units = [*program.units, *program.blocks.values()]
    dynamic = any(unit.calls_any for unit in units)
    changed = True
    while changed:
        changed = False
        any_waits = any(unit.waits for unit in routes.values())
        for unit in units:
            reaches = any(routes[name].waits for name in unit.calls) or (unit.calls_any and any_waits)
            # a table of routes to call by name holds functions of one kind only
            if dynamic and any_waits and unit.block.kind == "route" and unit in routes.values():
                reaches = True
            if reaches and not unit.waits:
                unit.waits = changed = True
            stacked = any(routes[name].own_stack for name in unit.calls)
            stacked = stacked or (unit.calls_any and any(other.own_stack for other in routes.values()))
            if stacked and not unit.own_stack:
                unit.own_stack = changed = True


def mark_recursive(program: Program) -> None:
    """Mark the routes on a cycle of calls, and all routes where a chain of calls is longer than MAX_DEPTH."""
    routes = program.main_routes()
    if any(unit.calls_any for unit in routes.values()):
        everything = set(routes)
        edges = {name: (everything if unit.calls_any else unit.calls) for name, unit in routes.items()}
    else:
        edges = {name: unit.calls for name, unit in routes.items()}
    callers: dict[str, set[str]] = {name: set() for name in routes}
    for name, targets in edges.items():
        for target in targets:
            callers[target].add(name)
    waiting, longest = _leaves_off(edges, callers)
    for name in waiting:
        routes[name].recursive = True
    if longest > MAX_DEPTH:
        for unit in routes.values():
            unit.recursive = True


def _leaves_off(edges: dict[str, set[str]], callers: dict[str, set[str]]) -> tuple[set[str], int]:
    """Take away what calls nothing, again and again: what is left reaches a cycle. And the longest chain taken away."""
    open_calls = {name: len(targets) for name, targets in edges.items()}
    level = dict.fromkeys(edges, 1)
    ready = [name for name, count in open_calls.items() if count == 0]
    left = set(edges)
    longest = 0
    while ready:
        name = ready.pop()
        left.discard(name)
        longest = max(longest, level[name])
        for caller in callers[name]:
            level[caller] = max(level[caller], level[name] + 1)
            open_calls[caller] -= 1
            if open_calls[caller] == 0:
                ready.append(caller)
    return left, longest


# --- $rc


class Liveness:
    """Goes backwards through the statements: whether `$rc` is read later decides if a call must store it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.live_in: dict[str, bool] = dict.fromkeys(program.main_routes(), False)
        """whether a route reads the `$rc` of its caller"""
        self._break_live = False

    def mark(self, texts: Iterable[str]) -> None:
        """Fill `program.stores`; `texts` are others that may read `$rc` at any time (module parameters)."""
        if any(reads_rc(text) for text in texts):
            self.program.stores.update(self.program.calls)
            return
        changed = True
        while changed:
            before = dict(self.live_in)
            for unit in [*self.program.units, *self.program.blocks.values()]:
                live = self.block(unit.block.body, False)
                if unit.block.kind == "route" and self.program.main_routes().get(unit.block.name) is unit:
                    self.live_in[unit.block.name] = live
            changed = before != self.live_in

    def block(self, body: Sequence[Stmt], live: bool) -> bool:
        """`live`: whether `$rc` is read behind the statements; returns whether it is read before they set it."""
        for statement in reversed(body):
            live = self.statement(statement, live)
        return live

    def statement(self, statement: Stmt, live: bool) -> bool:
        """The same for one statement."""
        if isinstance(statement, CallStmt):
            return self._call_first(statement.call, live)
        if isinstance(statement, Assign):
            return self.expression(statement.value, live)
        if isinstance(statement, If):
            return self._if(statement, live)
        if isinstance(statement, While):
            return self._while(statement, live)
        if isinstance(statement, Switch):
            return self._switch(statement, live)
        if isinstance(statement, Block):
            return self.block(statement.body, live)
        if isinstance(statement, Break):
            return self._break_live
        if isinstance(statement, Return | Exit | Drop):
            return statement.value is not None and self.expression(statement.value, False)
        return live

    def _if(self, statement: If, live: bool) -> bool:
        after_test = self.block(statement.orelse, live)
        for test, body in reversed(statement.branches):
            after_test = self.expression(test, self.block(body, live) or after_test)
        return after_test

    def _while(self, statement: While, live: bool) -> bool:
        outer, self._break_live = self._break_live, live
        first = self.expression(statement.test, live or self.block(statement.body, live))
        again = self.expression(statement.test, live or self.block(statement.body, first))
        self._break_live = outer
        return first or again

    def _switch(self, statement: Switch, live: bool) -> bool:
        outer, self._break_live = self._break_live, live
        following, any_case = live, live
        for case in reversed(statement.cases):
            following = self.block(case.body, following)
            any_case = any_case or following
        self._break_live = outer
        return self.expression(statement.subject, any_case)

    def expression(self, expr: Expr, live: bool) -> bool:
        """Calls in an expression; those that surely run first set `$rc` anew."""
        if isinstance(expr, Call):
            return self._call_first(expr, live)
        if isinstance(expr, Unary):
            return self.expression(expr.operand, live)
        if isinstance(expr, Pv | Str):
            return live or reads_rc(expr.text if isinstance(expr, Pv) else expr.value)
        if isinstance(expr, Binary):
            return self.expression(expr.left, self.expression(expr.right, live))
        if isinstance(expr, Logic):
            for operand in reversed(expr.operands[1:]):
                live = self.expression(operand, live) or live
            return self.expression(expr.operands[0], live)
        if isinstance(expr, Condition):
            return self.expression(expr.operand, live)
        if isinstance(expr, BlockExpr):
            return self.block(expr.body, live) or live
        return live

    def _call_first(self, call: Call, live: bool) -> bool:
        resolved = self.program.calls.get(call)
        if resolved is None:
            return live
        if isinstance(resolved, ResolvedCall):
            if resolved.module == "core":
                before = live
            else:
                before = False
                if live:
                    self.program.stores.add(call)
        else:
            if live:
                self.program.stores.add(call)
            before = self.live_in[resolved.name] if resolved.name is not None else any(self.live_in.values())
        for argument in reversed(call.args):
            before = self.expression(argument, before)
        return before


def analyse(program: Program, texts: Iterable[str]) -> None:
    """Fill in all that `program` says about waiting, recursion and `$rc`."""
    mark_waiting(program)
    mark_recursive(program)
    Liveness(program).mark(texts)
