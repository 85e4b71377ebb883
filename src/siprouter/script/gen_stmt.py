"""Statements to Python syntax trees: one function for each route block, and for blocks inside expressions.

A function returns the return code of its route; 0 means that the script has stopped. A route that runs to its end
returns the code of its last statement, as in 3.1: of a call its code, of everything else 1, of what a `break` left -1.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from siprouter.script import nodes
from siprouter.script.attributes import ALL, Attribute
from siprouter.script.gen_expr import CORE_SETTINGS, ExprGen
from siprouter.script.gen_switch import plan_switch
from siprouter.script.nodes import (
    Assign,
    Binary,
    Block,
    BlockExpr,
    Break,
    Call,
    CallStmt,
    Case,
    Condition,
    Drop,
    Exit,
    Expr,
    If,
    Logic,
    Node,
    Return,
    Stmt,
    Switch,
    Unary,
    While,
)
from siprouter.script.program import HostCompare, Program, ResolvedCall
from siprouter.script.pyast import Namespace, Place, place_of, span_place
from siprouter.script.source import SourceFile

LEFT_BY_BREAK = "break"
"""what a part of a route in another file returns when it ends with a break; None: it ran to its end"""

Definition = tuple[SourceFile, ast.stmt, str, str]
"""file, function definition, its global name, its title in tracebacks"""


class Output:
    """The functions generated so far."""

    def __init__(self) -> None:
        self.definitions: list[Definition] = []
        self._count = 0

    def next_name(self, kind: str) -> str:
        """A new global name."""
        self._count += 1
        return f"{kind} {self._count}"


class FunctionGen(ExprGen):
    """Generates one function."""

    def __init__(self, program: Program, names: Namespace, output: Output, source: SourceFile, title: str) -> None:
        super().__init__(program, names)
        self.output = output
        self.source = source
        self.title = title
        self.in_part = False
        self._loops = 0
        self._locals = 0
        self._places: dict[int, Place | None] = {}

    # --- functions

    def define(self, name: str, first: Node, body: list[ast.stmt], waits: bool) -> None:
        """Finish the function."""
        self.at_node(first)
        if self.uses_stop:
            body = [self.attempt(body, "StopScript", None, [self.give(self.const(0))])]
        self.output.definitions.append((self.source, self.function(name, body, waits), name, self.title))

    def route(self, name: str, first: Node, body: Sequence[Stmt], waits: bool) -> None:
        """A route block, or a block inside an expression."""
        self.define(name, first, self.block(body, True), waits)

    def _nested(self, source: SourceFile | None = None) -> FunctionGen:
        return FunctionGen(self.program, self.names, self.output, source or self.source, self.title)

    def block_function(self, expr: BlockExpr) -> str:
        """The function of a block inside an expression, generated at its first use."""
        name = self.output.next_name("block")
        self._nested(expr.first.source).route(name, expr, expr.body, self.program.blocks[expr].waits)
        return name

    def at_node(self, node: Node) -> None:
        """Set the place for what is generated next; what stands in another file keeps the place before."""
        key = id(node)
        if key not in self._places:
            self._places[key] = place_of(node, self.source)
        place = self._places[key]
        if place is not None:
            self.place = place

    def local(self, prefix: str) -> str:
        """A new local variable."""
        self._locals += 1
        return f"{prefix}{self._locals}"

    # --- statements in a row

    def block(self, body: Sequence[Stmt], tail: bool) -> list[ast.stmt]:
        """Statements; with `tail` their end is the end of the route."""
        out: list[ast.stmt] = []
        pos = 0
        while pos < len(body):
            statement = body[pos]
            if statement.first.source is not self.source:
                end = pos + 1
                while end < len(body) and body[end].first.source is statement.first.source:
                    end += 1
                out += self._part(body[pos:end], tail and end == len(body))
                pos = end
                continue
            out += self.statement(statement, tail and pos == len(body) - 1)
            pos += 1
        if not body and tail:
            out.append(self._end_of_route())
        return out

    def _end_of_route(self, code: int = 1) -> ast.stmt:
        return self.give(self.const(code))

    def _part(self, body: Sequence[Stmt], tail: bool) -> list[ast.stmt]:
        """Statements out of another file: a function of their own, as code has one file only."""
        inner = self._nested(body[0].first.source)
        inner.in_part = True
        name = self.output.next_name("part")
        included = body[0].first.source.included_at
        if included is not None and included[0] is self.source:
            self.place = span_place(self.source, included[1], included[2])
        waits = any(self._waits_in(statement) for statement in body)
        inner.define(name, body[0], [*inner.block(body, False), inner.give(inner.const(None))], waits)
        result = self.local("part")
        called = self.call(name, self.name("ctx"))
        out = [self.assign(result, self.wait(called) if waits else called)]
        ended = self.compare(self.name(result), ast.IsNot(), self.const(None))
        leaving: list[ast.stmt] = [self.give(self.name(result))]
        is_break = self.compare(self.name(result), ast.Eq(), self.const(LEFT_BY_BREAK))
        leaving.insert(0, self.when(is_break, [self._break()]))
        out.append(self.when(ended, leaving))
        if tail:
            out.append(self._end_of_route())
        return out

    def _waits_in(self, node: object) -> bool:
        """Whether something in a statement or expression waits."""
        if isinstance(node, list | tuple):
            return any(self._waits_in(item) for item in node)
        if isinstance(node, Call | BlockExpr) and self.program.waits(node):
            return True
        if isinstance(node, Condition) and isinstance(self.program.operands.get(node), HostCompare):
            return True
        if not isinstance(node, Node):
            return False
        children = (getattr(node, name) for name in _child_names(type(node)))
        return any(self._waits_in(child) for child in children)

    def statement(self, statement: Stmt, tail: bool) -> list[ast.stmt]:
        """One statement."""
        self.at_node(statement)
        if isinstance(statement, CallStmt):
            return self._guarded(statement.call, statement, self._call(statement.call, tail), tail)
        if isinstance(statement, Assign):
            return self._assign(statement, tail)
        if isinstance(statement, If):
            return self._if(statement, tail)
        if isinstance(statement, While):
            return self._while(statement, tail)
        if isinstance(statement, Switch):
            return self._switch(statement, tail)
        if isinstance(statement, Block):
            return self.block(statement.body, tail)
        if isinstance(statement, Break):
            return [self._break()]
        if isinstance(statement, Return):
            return self._return(statement)
        assert isinstance(statement, Exit | Drop)
        return self._exit(statement)

    def _guarded(self, expr: Expr, statement: Stmt, body: list[ast.stmt], tail: bool) -> list[ast.stmt]:
        """`body`, with a handler where the expression in it may have no value."""
        if not may_fail(expr):
            return body
        self.at_node(statement)
        handler = [self.do(self.call("failed", self.name("ctx"), self.name("error"), self.where(statement)))]
        if tail:
            handler.append(self._end_of_route(-1))
        return [self.attempt(body, "EvalError", "error", handler)]

    # --- calls and assignments

    def _call(self, call: Call, tail: bool) -> list[ast.stmt]:
        called = self.called(call)
        resolved = self.program.calls[call]
        is_function = isinstance(resolved, ResolvedCall)
        if is_function and resolved.module == "core":  # type: ignore[union-attr]
            return [self.give(called) if tail else self.do(called)]
        ctx = self.name("ctx")
        stopped = self.call("stopped", ctx) if is_function else self.const(0)
        if tail and call not in self.program.stores:
            return [self.give(self.logic(ast.Or(), [called, stopped]) if is_function else called)]
        if call not in self.program.stores:
            return [self.when(self.negate(called), [self.give(stopped)])]
        code = self.local("code")
        end = self.when(self.negate(self.name(code)), [self.give(self.const(0))])
        if is_function:
            out = [self.assign_rc(called, code), end]
        else:
            out = [self.assign(code, called), end, self.assign_rc(self.name(code))]
        if tail:
            out.append(self.give(self.name(code)))
        return out

    def _assign(self, statement: Assign, tail: bool) -> list[ast.stmt]:
        target = self.program.variables[statement.target]
        source = statement.value
        if isinstance(target, Attribute) and isinstance(source, nodes.Attr) and source.index == ALL:
            values = self.name(self.names.bind(self.program.variables[source], "attribute"))
            body = self._set(statement, self.names.bind(target.add_all, "add"), values, has_value=False)
        else:
            value = self.assigned(source)
            self.at_node(statement)
            if statement.op == "+=":
                value = self.call("add", self._variable(statement.target), value)
            body = self._set(statement, self.names.bind(target.set, "set"), value)
        if tail:
            body.append(self._end_of_route())
        return self._guarded(source, statement, body, tail)

    def _set(self, statement: Assign, setter: str, value: ast.expr, has_value: bool = True) -> list[ast.stmt]:
        """Call the setter of an assignment. Without `has_value`, what it takes is more than one value."""
        return [self.do(self.call(setter, self.name("ctx"), value))]

    # --- control

    def test(self, expr: Expr, as_condition: bool) -> ast.expr:
        """The test of an `if` or `while`; one that may have no value is a function that then is false."""
        if not may_fail(expr):
            return self.condition(expr) if as_condition else self.truth(expr)
        inner = self._nested()
        name = self.output.next_name("test")
        inner.at_node(expr)
        value = inner.condition(expr) if as_condition else inner.truth(expr)
        inner.at_node(expr)
        place = inner.where(expr)
        failed = inner.do(inner.call("failed", inner.name("ctx"), inner.name("error"), place))
        handler = [failed, inner.give(inner.const(False))]
        waits = self._waits_in(expr)
        body = [inner.attempt([inner.give(value)], "EvalError", "error", handler)]
        uses_stop, inner.uses_stop = inner.uses_stop, False
        inner.define(name, expr, body, waits)
        self.uses_stop = self.uses_stop or uses_stop
        self.at_node(expr)
        called = self.call(name, self.name("ctx"))
        return self.wait(called) if waits else called

    def _if(self, statement: If, tail: bool) -> list[ast.stmt]:
        following: list[ast.stmt] = []
        if statement.orelse or tail:
            self.at_node(statement.branches[-1][0])
            following = self.block(statement.orelse, tail)
        for test, body in reversed(statement.branches):
            done = self.block(body, tail)
            self.at_node(test)
            following = [self.when(self.test(test, True), done, following)]
        return following

    def _while(self, statement: While, tail: bool) -> list[ast.stmt]:
        count = self.local("round")
        start = self.assign(count, self.const(0))
        test = self.test(statement.test, False)
        self.at_node(statement)
        limit = self.attribute(self.name(CORE_SETTINGS), "max_while_loops")
        too_many = self.compare(self.name(count), ast.Gt(), limit)
        stop = [self.do(self.call("runaway", self.name("ctx"), self.where(statement))), self.leave()]
        self._loops += 1
        body = [self.count(count), self.when(too_many, stop), *self.block(statement.body, False)]
        self._loops -= 1
        self.at_node(statement)
        if not tail:
            return [start, self.loop(test, body)]
        return [start, self.loop(test, body, [self._end_of_route()]), self._end_of_route(-1)]

    def _break(self) -> ast.stmt:
        if self._loops:
            return self.leave()
        return self.give(self.const(LEFT_BY_BREAK if self.in_part else -1))

    def _return(self, statement: Return) -> list[ast.stmt]:
        value = statement.value
        if value is None:
            return [self.give(self.const(1))]
        if isinstance(value, nodes.Int) and value.value != 0:
            return [self.give(self.const(value.value))]
        code = self.integer(value)
        self.at_node(statement)
        given = self.give(self.logic(ast.Or(), [code, self.call("stopped", self.name("ctx"))]))
        return self._guarded(value, statement, [given], True)

    def _exit(self, statement: Exit | Drop) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        code = self.const(1 if isinstance(statement, Exit) else 0)
        if statement.value is not None:
            code = self.integer(statement.value)
            self.at_node(statement)
        out = self._guarded(
            statement.value or nodes.Int(statement.first, statement.first, 0), statement, [self.assign_rc(code)], False
        )
        if isinstance(statement, Drop):
            out.append(self.set_dropped())
        out.append(self.give(self.const(0)))
        return out

    # --- switch

    def _switch(self, statement: Switch, tail: bool) -> list[ast.stmt]:
        plan = plan_switch(statement)
        by_text = plan.by_text
        subject = statement.subject
        value = self.text(subject) if by_text else self.integer(subject)
        self.at_node(statement)
        chosen = self.local("subject")
        start: list[ast.stmt] = [self.assign(chosen, value)]
        if may_fail(subject):
            start = [self.assign(chosen, self.const(None)), *self._guarded(subject, statement, start, False)]
        if plan.needs_loop:
            return [*start, *self._switch_loop(statement, plan.groups, chosen, tail)]
        return [*start, *self._switch_chain(plan.groups, chosen, tail)]

    def _labels(self, labels: Sequence[Case], chosen: str) -> ast.expr:
        """The test whether one of the labels fits."""
        tests: list[ast.expr] = []
        for case in labels:
            label = case.label
            assert isinstance(label, nodes.Int | nodes.Str)
            self.at_node(case)
            pattern = self.program.patterns.get(label) if case.regex else None
            if pattern is not None:
                tests.append(self.call(self.names.bind(pattern.matches, "match"), self.name(chosen)))
            else:
                tests.append(self.compare(self.name(chosen), ast.Eq(), self.const(label.value)))
        return tests[0] if len(tests) == 1 else self.logic(ast.Or(), tests)

    def _switch_chain(self, groups: Sequence[list[Case]], chosen: str, tail: bool) -> list[ast.stmt]:
        """A switch where no case falls into the next: if … elif …"""
        if groups:
            self.at_node(groups[-1][-1])
        following: list[ast.stmt] = [self._end_of_route()] if tail else []
        default = next((group for group in groups if any(case.label is None for case in group)), None)
        if default is not None:
            following = self._case_body(default[-1], tail)
        for group in reversed([group for group in groups if group is not default]):
            body = self._case_body(group[-1], tail)
            following = [self.when(self._labels(group, chosen), body, following)]
        return following

    def _case_body(self, case: Case, tail: bool) -> list[ast.stmt]:
        body = case.body
        self.at_node(case)
        if not body or not isinstance(body[-1], Break):
            return self.block(body, tail) or [self.nothing()]
        out = self.block(body[:-1], False)
        self.at_node(body[-1])
        if tail:
            out.append(self._end_of_route(-1))
        return out or [self.nothing()]

    def _switch_loop(self, statement: Switch, groups: Sequence[list[Case]], chosen: str, tail: bool) -> list[ast.stmt]:
        """A switch with cases that fall through: the number of the first group to run, then the groups in order."""
        number = self.local("case")
        default = len(groups)
        select: list[ast.stmt] = []
        for position in reversed(range(len(groups))):
            group = groups[position]
            if any(case.label is None for case in group):
                default = position
        select = [self.assign(number, self.const(default))]
        for position in reversed(range(len(groups))):
            group = [case for case in groups[position] if case.label is not None]
            if group:
                test = self._labels(group, chosen)
                select = [self.when(test, [self.assign(number, self.const(position))], select)]
        self._loops += 1
        body: list[ast.stmt] = []
        for position, group in enumerate(groups):
            done = self.block(group[-1].body, False)
            self.at_node(group[-1])
            reached = self.compare(self.name(number), ast.LtE(), self.const(position))
            body.append(self.when(reached, done))
        self._loops -= 1
        brace = statement.last
        if brace.source is self.source:  # not the line of the switch: that would look like a case that was taken
            self.place = span_place(self.source, brace.start, brace.end)
        body.append(self._end_of_route() if tail else self.leave())
        ending = [self._end_of_route(-1)] if tail else []
        self.at_node(statement)
        return [*select, self.loop(self.const(True), body), *ending]


def may_fail(expr: Expr) -> bool:
    """Whether evaluating an expression may end in an EvalError that the script survives: a division."""
    if isinstance(expr, Binary):
        if expr.op in ("/", "mod") and not (isinstance(expr.right, nodes.Int) and expr.right.value != 0):
            return True
        return may_fail(expr.left) or may_fail(expr.right)
    if isinstance(expr, Unary | Condition):
        return may_fail(expr.operand)
    if isinstance(expr, Logic):
        return any(may_fail(operand) for operand in expr.operands)
    if isinstance(expr, Call):
        return any(may_fail(argument) for argument in expr.args)
    return False


_CHILDREN = (
    "call", "target", "value", "branches", "orelse", "test", "body", "subject", "cases", "label", "operand", "left",
    "right", "operands", "args",
)  # fmt: skip


def _child_names(kind: type[Node]) -> tuple[str, ...]:
    """Attributes of a node that may hold other nodes."""
    return tuple(name for name in _CHILDREN if hasattr(kind, name))
