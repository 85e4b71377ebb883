"""Expressions to Python syntax trees.

Each expression can be asked for in several ways: as value (str, int or None), text, integer, truth (for `!`, `&&`,
`||`, `while`: a number that is not 0) and as condition of an `if` (a positive number).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import MethodType
from typing import Any

from siprouter.core.args import AnyValue, Constant, Dynamic, Fmt, Folded, Int, Str
from siprouter.script import conditions, nodes, runtime
from siprouter.script.checks import INT, STR, static_type
from siprouter.script.nodes import Binary, BlockExpr, Call, Condition, Expr, Logic, Myself, Select, Unary, Word
from siprouter.script.program import ExprArg, HostCompare, Program, ResolvedCall, RouteCall
from siprouter.script.pyast import Builder, Namespace
from siprouter.script.runtime import integer
from siprouter.util.address import Network
from siprouter.util.regex import Regex

_COMPARE: dict[str, Callable[[], ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    ">": ast.Gt,
    "<=": ast.LtE,
    ">=": ast.GtE,
    "eq": ast.Eq,
    "ne": ast.NotEq,
    "ieq": ast.Eq,
    "ine": ast.NotEq,
}
_BITS: dict[str, Callable[[], ast.operator]] = {"|": ast.BitOr, "&": ast.BitAnd, "^": ast.BitXor}
_WRAPPED: dict[str, Callable[[], ast.operator]] = {"-": ast.Sub, "*": ast.Mult}
_CALLED = {"/": "divide", "mod": "modulo", "<<": "shift_left", ">>": "shift_right"}

RUNTIME_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    runtime.stopped,
    runtime.stop,
    runtime.halt,
    runtime.store,
    runtime.store_route,
    runtime.integer,
    runtime.text,
    runtime.positive,
    runtime.truth,
    runtime.length,
    runtime.equal,
    runtime.equal_text,
    runtime.equal_number,
    runtime.matches,
    runtime.wrap,
    runtime.add,
    runtime.bounded,
    runtime.divide,
    runtime.modulo,
    runtime.shift_left,
    runtime.shift_right,
    runtime.run_route,
    runtime.run_waiting_route,
    runtime.run_named,
    runtime.run_waiting_named,
    runtime.runaway,
    runtime.failed,
    runtime.StopScript,
    runtime.EvalError,
    conditions.same_text,
    conditions.found_in,
    conditions.text_matches,
    conditions.ip_is_mine,
    conditions.ip_is_host,
    conditions.ip_matches,
)
"""known to all compiled code by their own names"""

ROUTE_TABLE = "routes_by_name"
"""global name of the table that route(expression) looks in"""
CORE_SETTINGS = "core_settings"
"""global name of the core parameters"""


def is_boolean(expr: Expr) -> bool:
    """Whether an expression gives 0 or 1 from a Python truth value."""
    if isinstance(expr, Unary):
        return expr.op in ("!", "defined", "strempty")
    if isinstance(expr, Binary):
        return expr.op in _COMPARE or expr.op == "=~"
    return isinstance(expr, Logic | Condition)


class ExprGen(Builder):
    """Generates expressions of one function."""

    def __init__(self, program: Program, names: Namespace) -> None:
        super().__init__()
        self.program = program
        self.names = names
        self.uses_stop = False

    def at_node(self, node: nodes.Node) -> None:
        """Set the place for what is generated next; implemented where the file is known."""
        raise NotImplementedError

    def where(self, node: nodes.Node) -> ast.expr:
        """`file:line` for log messages."""
        location = node.first.location
        return self.const(f"{location.file}:{location.line}")

    # --- the ways to ask

    def value(self, expr: Expr) -> ast.expr:
        """str, int or None."""
        self.at_node(expr)
        if isinstance(expr, nodes.Int | nodes.Str):
            return self.const(expr.value)
        if isinstance(expr, Select):
            return self.call("text", self._getter(self.program.selects[expr], "select"))
        if is_boolean(expr):
            return self.choose(self.truth(expr), self.const(1), self.const(0))
        if isinstance(expr, Call | BlockExpr):
            return self.choose(self._is_positive_code(expr), self.const(1), self.const(0))
        if isinstance(expr, Unary):
            return self._unary(expr)
        if isinstance(expr, Binary):
            return self._arithmetic(expr)
        return self._variable(expr)

    def assigned(self, expr: Expr) -> ast.expr:
        """The value as an assignment takes it: of a call the return code itself."""
        if isinstance(expr, Call | BlockExpr):
            self.at_node(expr)
            return self.code(expr)
        return self.value(expr)

    def text(self, expr: Expr) -> ast.expr:
        """str."""
        if isinstance(expr, nodes.Int):
            self.at_node(expr)
            return self.const(str(expr.value))
        if static_type(expr) == STR:
            return self.value(expr)
        value = self.value(expr)
        self.at_node(expr)
        return self.call("text", value)

    def integer(self, expr: Expr) -> ast.expr:
        """int."""
        if isinstance(expr, nodes.Str):
            self.at_node(expr)
            return self.const(integer(expr.value))
        if static_type(expr) == INT:
            return self.value(expr)
        value = self.value(expr)
        self.at_node(expr)
        return self.call("integer", value)

    def truth(self, expr: Expr) -> ast.expr:
        """Something whose Python truth is that of the expression."""
        self.at_node(expr)
        if isinstance(expr, Logic):
            values = [self.truth(operand) for operand in expr.operands]
            self.at_node(expr)
            return self.logic(ast.And() if expr.op == "&&" else ast.Or(), values)
        if isinstance(expr, Condition):
            return self._condition(expr)
        if isinstance(expr, Call | BlockExpr):
            return self._is_positive_code(expr)
        if isinstance(expr, Binary) and is_boolean(expr):
            return self._comparison(expr)
        if isinstance(expr, Unary) and is_boolean(expr):
            return self._boolean_unary(expr)
        if static_type(expr) == INT or isinstance(expr, nodes.Str):
            return self.integer(expr)
        value = self.value(expr)
        self.at_node(expr)
        return self.call("truth", value)

    def condition(self, expr: Expr) -> ast.expr:
        """Whether `if` takes the branch: a positive number."""
        if is_boolean(expr) or isinstance(expr, Call | BlockExpr):
            return self.truth(expr)
        if static_type(expr) == INT or isinstance(expr, nodes.Str):
            value = self.integer(expr)
            self.at_node(expr)
            return self.compare(value, ast.Gt(), self.const(0))
        value = self.value(expr)
        self.at_node(expr)
        return self.call("positive", value)

    # --- variables

    def _getter(self, getter: Any, hint: str) -> ast.expr:
        return self.call(self.names.bind(getter, hint), self.name("ctx"))

    def _variable(self, expr: Expr) -> ast.expr:
        return self._getter(self.program.variables[expr].get, "get")

    # --- operators

    def _boolean_unary(self, expr: Unary) -> ast.expr:
        operand = expr.operand
        if expr.op == "!":
            value = self.truth(operand)
        elif expr.op == "strempty":
            value = self.text(operand)
        else:
            return self._defined(expr)
        self.at_node(expr)
        return self.negate(value)

    def _defined(self, expr: Unary) -> ast.expr:
        operand = expr.operand
        if isinstance(operand, Select):
            value = self._getter(self.program.selects[operand], "select")
        elif isinstance(operand, nodes.Pv | nodes.Name | nodes.Attr):
            value = self._variable(operand)
        else:
            return self.const(True)
        return self.compare(value, ast.IsNot(), self.const(None))

    def _unary(self, expr: Unary) -> ast.expr:
        if expr.op == "str":
            return self.text(expr.operand)
        if expr.op == "int":
            return self.integer(expr.operand)
        if expr.op == "strlen":
            value = self.text(expr.operand)
            self.at_node(expr)
            return self.call("length", value)
        value = self.integer(expr.operand)
        self.at_node(expr)
        if expr.op == "~":
            return self.unary(ast.Invert(), value)
        return self.call("wrap", self.unary(ast.USub(), value))

    def _arithmetic(self, expr: Binary) -> ast.expr:
        if expr.op == "+":
            return self._plus(expr)
        left, right = self.integer(expr.left), self.integer(expr.right)
        self.at_node(expr)
        if expr.op in _BITS:
            return self.binary(left, _BITS[expr.op](), right)
        if expr.op in _WRAPPED:
            return self.call("wrap", self.binary(left, _WRAPPED[expr.op](), right))
        return self.call(_CALLED[expr.op], left, right)

    def _plus(self, expr: Binary) -> ast.expr:
        kind = static_type(expr.left)
        if kind == STR:
            joined = self._join(expr)
            self.at_node(expr)
            return self.call("bounded", joined)
        if kind == INT:
            left, right = self.integer(expr.left), self.integer(expr.right)
            self.at_node(expr)
            return self.call("wrap", self.binary(left, ast.Add(), right))
        left, right = self.value(expr.left), self.value(expr.right)
        self.at_node(expr)
        return self.call("add", left, right)

    def _join(self, expr: Binary) -> ast.expr:
        """A row of `+` that begins with a string."""
        left = expr.left
        if isinstance(left, Binary) and left.op == "+":
            first = self._join(left)
        else:
            first = self.text(left)
        second = self.text(expr.right)
        self.at_node(expr)
        return self.binary(first, ast.Add(), second)

    def _comparison(self, expr: Binary) -> ast.expr:
        if expr.op == "=~":
            return self._match(expr)
        kind = static_type(expr.left)
        if expr.op in ("eq", "ne") or (expr.op in ("==", "!=") and kind == STR):
            left, right = self.text(expr.left), self.text(expr.right)
        elif expr.op in ("==", "!=") and kind != INT:
            return self._equal(expr)
        else:
            left, right = self.integer(expr.left), self.integer(expr.right)
        self.at_node(expr)
        return self.compare(left, _COMPARE[expr.op](), right)

    def _equal(self, expr: Binary) -> ast.expr:
        """== and != with a left side of unknown type."""
        left = self.value(expr.left)
        right = expr.right
        self.at_node(expr)
        if isinstance(right, nodes.Str):
            found = self.call("equal_text", left, self.const(right.value), self.const(integer(right.value)))
        elif isinstance(right, nodes.Int):
            found = self.call("equal_number", left, self.const(right.value))
        else:
            value = self.value(right)
            self.at_node(expr)
            found = self.call("equal", left, value)
        return self.negate(found) if expr.op == "!=" else found

    def _match(self, expr: Binary) -> ast.expr:
        subject = self.text(expr.left)
        pattern = self.program.patterns.get(expr.right)
        if pattern is not None:
            self.at_node(expr)
            return self.call(self.names.bind(pattern.matches, "match"), subject)
        pattern_text = self.text(expr.right)
        self.at_node(expr)
        return self.call("matches", subject, pattern_text)

    # --- conditions

    def _condition(self, expr: Condition) -> ast.expr:
        keyword = expr.keyword
        if keyword in conditions.ADDRESSES:
            found = self._address_condition(expr)
        elif keyword in conditions.NUMBERS:
            getter = self._getter(conditions.NUMBERS[keyword], "number")
            operand = self.integer(expr.operand)
            self.at_node(expr)
            return self.compare(getter, _COMPARE[expr.op](), operand)
        elif isinstance(expr.operand, Myself):
            found = self._getter(conditions.MINE[keyword], "mine")
        else:
            found = self._text_condition(expr)
        return self.negate(found) if expr.op == "!=" else found

    def _text_condition(self, expr: Condition) -> ast.expr:
        if expr.keyword == "method":
            subject = self.attribute(self.attribute(self.name("ctx"), "msg"), "method")
        else:
            subject = self._getter(conditions.TEXTS[expr.keyword], "part")
        operand = expr.operand
        pattern = self.program.operands.get(expr)
        if isinstance(pattern, Regex):
            return self.call("found_in", self.name(self.names.bind(pattern, "regex")), subject)
        value = self.const(operand.text) if isinstance(operand, Word) else self.value(operand)
        self.at_node(expr)
        return self.call("text_matches" if expr.op == "=~" else "same_text", subject, value)

    def _address_condition(self, expr: Condition) -> ast.expr:
        subject = self._getter(conditions.ADDRESSES[expr.keyword], "address")
        known = self.program.operands.get(expr)
        if isinstance(known, Network):
            return self.call(self.names.bind(known.contains, "network"), subject)
        if isinstance(known, Regex):
            return self.call(self.names.bind(known.matches, "match"), subject)
        if not isinstance(known, HostCompare):
            return self.call("ip_is_mine", self.name("ctx"), subject)
        operand = expr.operand
        value = self.const(operand.text) if isinstance(operand, Word) else self.value(operand)
        self.at_node(expr)
        function = "ip_matches" if expr.op == "=~" else "ip_is_host"
        return self.wait(self.call(function, self.name("ctx"), subject, value))

    # --- calls

    def code(self, expr: Call | BlockExpr) -> ast.expr:
        """The return code inside an expression; 0 raises StopScript."""
        called = self.called(expr)
        resolved = None if isinstance(expr, BlockExpr) else self.program.calls[expr]
        if isinstance(resolved, ResolvedCall) and resolved.module == "core":
            return called
        self.uses_stop = True
        is_function = isinstance(resolved, ResolvedCall)
        if expr in self.program.stores:
            return self.call("store" if is_function else "store_route", self.name("ctx"), called)
        ending = self.call("stop", self.name("ctx")) if is_function else self.call("halt")
        return self.logic(ast.Or(), [called, ending])

    def _is_positive_code(self, expr: Call | BlockExpr) -> ast.expr:
        return self.compare(self.code(expr), ast.Gt(), self.const(0))

    def called(self, expr: Call | BlockExpr) -> ast.expr:
        """The call itself, awaited where it waits."""
        if isinstance(expr, BlockExpr):
            found = self.call(self.block_function(expr), self.name("ctx"))
        else:
            resolved = self.program.calls[expr]
            found = self._route(expr, resolved) if isinstance(resolved, RouteCall) else self._function(expr, resolved)
        return self.wait(found) if self.program.waits(expr) else found

    def block_function(self, expr: BlockExpr) -> str:
        """The name of the function that a block in an expression becomes; implemented by the statement generator."""
        raise NotImplementedError

    def _function(self, expr: Call, resolved: ResolvedCall) -> ast.expr:
        args = [self._argument(argument) for argument in resolved.args]
        self.at_node(expr)
        function = MethodType(resolved.function.call, resolved.inst)
        return self.call(self.names.bind(function, resolved.function.name), self.name("ctx"), *args)

    def _argument(self, argument: Folded | ExprArg) -> ast.expr:
        if isinstance(argument, Constant):
            value = argument.value
            if value is None or type(value) in (int, str, bool):
                return self.const(value)
            return self.name(self.names.bind(value, "arg"))
        if isinstance(argument, Dynamic):
            return self._getter(argument.evaluate, "arg")
        kind = type(argument.type)
        if kind is Int:
            return self.integer(argument.expr)
        if kind is Str or kind is Fmt:
            return self.text(argument.expr)
        value = self.value(argument.expr)
        if kind is AnyValue:
            return value
        return self.call(self.names.bind(argument.type.convert, "convert"), self.name("ctx"), value)

    def _route(self, expr: Call, resolved: RouteCall) -> ast.expr:
        waits = self.program.waits(expr)
        ctx = self.name("ctx")
        if resolved.name is None:
            assert resolved.expr is not None
            name = self.text(resolved.expr)
            self.at_node(expr)
            runner = "run_waiting_named" if waits else "run_named"
            return self.call(runner, ctx, self.name(ROUTE_TABLE), name, self.where(expr))
        unit = self.program.main_routes()[resolved.name]
        function = route_function(unit.block.name)
        if unit.recursive:
            runner = "run_waiting_route" if waits else "run_route"
            return self.call(runner, ctx, self.name(function), self.where(expr))
        return self.call(function, ctx)


def route_function(name: str) -> str:
    """The global name of the function that a route block for requests becomes."""
    return f"route {name}"
