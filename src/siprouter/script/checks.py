"""Checks that need no module: types of expressions, statements that are never reached, labels of a switch, routes."""

from __future__ import annotations

from collections.abc import Sequence

from siprouter.script.diagnostics import Diagnostics
from siprouter.script.nodes import (
    Assign,
    Attr,
    Binary,
    Block,
    BlockExpr,
    Break,
    Call,
    CallStmt,
    Condition,
    Config,
    Drop,
    Exit,
    Expr,
    If,
    Int,
    Logic,
    Name,
    Pv,
    Return,
    RouteBlock,
    Select,
    Stmt,
    Str,
    Switch,
    Unary,
    While,
    Word,
)

INT = "int"
STR = "str"
UNKNOWN = ""
"""the type of what only the message decides"""

_INT_OPERATORS = frozenset({"-", "*", "/", "mod", "|", "&", "^", "<<", ">>", "<", ">", "<=", ">=", "ieq", "ine"})
_TYPE_NAMES = {INT: "a number", STR: "a string"}


def static_type(expr: Expr) -> str:
    """INT, STR, or UNKNOWN where only the message decides."""
    if isinstance(expr, Str | Select | Word):
        return STR
    if isinstance(expr, Pv | Name | Attr):
        return UNKNOWN
    if isinstance(expr, Unary):
        return STR if expr.op == "str" else INT
    if isinstance(expr, Binary) and expr.op == "+":
        return static_type(expr.left)
    return INT


def is_constant(expr: Expr) -> bool:
    """Whether the value is known when loading."""
    if isinstance(expr, Int | Str):
        return True
    if isinstance(expr, Unary):
        return is_constant(expr.operand)
    if isinstance(expr, Binary):
        return is_constant(expr.left) and is_constant(expr.right)
    if isinstance(expr, Logic):
        return all(is_constant(operand) for operand in expr.operands)
    return False


class Checker:
    """One pass over all route blocks."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self._breakable = 0

    def check(self, config: Config) -> None:
        """Report what is wrong in `config`."""
        self._check_routes(config.routes)
        for route in config.routes:
            self._breakable = 0
            self.block(route.body)

    def _check_routes(self, routes: Sequence[RouteBlock]) -> None:
        seen: dict[tuple[str, str], RouteBlock] = {}
        for route in routes:
            key = (route.kind, route.name)
            first = seen.setdefault(key, route)
            if first is route:
                continue
            block = f"{route.kind}[{route.name}]" if route.name else route.kind
            hint = f"the first one is at {first.location}"
            if route.name:
                self.diagnostics.error("duplicate-route", f"second {block}", route.first.location, suggestion=hint)
            else:
                message = f"second {block}; its statements follow those of the first"
                self.diagnostics.warning("duplicate-route", message, route.first.location, suggestion=hint)

    # --- statements

    def block(self, body: Sequence[Stmt]) -> bool:
        """Check statements in a row; whether control never gets behind the last one."""
        ended = False
        for statement in body:
            if ended:
                message = "this statement is never reached"
                self.diagnostics.warning("unreachable", message, statement.first.location)
                ended = False
            if self.statement(statement):
                ended = True
        return ended

    def statement(self, statement: Stmt) -> bool:
        """Check one statement; whether control never gets behind it."""
        if isinstance(statement, CallStmt):
            self.expression(statement.call)
        elif isinstance(statement, Assign):
            self.expression(statement.value)
        elif isinstance(statement, If):
            return self._if(statement)
        elif isinstance(statement, While):
            self._test(statement.test, "while")
            self._breakable += 1
            self.block(statement.body)
            self._breakable -= 1
        elif isinstance(statement, Switch):
            self._switch(statement)
        elif isinstance(statement, Block):
            return self.block(statement.body)
        elif isinstance(statement, Break):
            if not self._breakable:
                message = "break outside of while and switch ends the route"
                self.diagnostics.warning("break-outside", message, statement.location, suggestion="write return")
            return True
        elif isinstance(statement, Return | Exit | Drop):
            if statement.value is not None and self.expression(statement.value) == STR:
                self._wrong_type(statement.value, STR, INT)
            return True
        return False

    def _if(self, statement: If) -> bool:
        ended = True
        for test, body in statement.branches:
            self._test(test, "if")
            ended = self.block(body) and ended
        return self.block(statement.orelse) and ended

    def _test(self, test: Expr, word: str) -> None:
        found = self.expression(test)
        if word == "if" and is_constant(test):
            self.diagnostics.warning("constant-condition", f"{word} with a constant", test.location)
        if found == STR:
            hint = 'compare it (!= ""), or cast it: (int)'
            if word == "while":
                self._wrong_type(test, STR, INT, hint)
            else:
                message = "a string as condition is true only when it is a positive number"
                self.diagnostics.warning("string-condition", message, test.location, suggestion=hint)

    def _switch(self, statement: Switch) -> None:
        self.expression(statement.subject)
        kinds: set[str] = set()
        labels: dict[tuple[bool, int | str], Expr] = {}
        defaults = 0
        self._breakable += 1
        for case in statement.cases:
            if case.label is None:
                defaults += 1
                if defaults > 1:
                    self.diagnostics.error("duplicate-case", "second default of one switch", case.first.location)
            else:
                self._label(case.label, case.regex, kinds, labels)
            self.block(case.body)
        self._breakable -= 1
        if not statement.cases:
            self.diagnostics.warning("empty-switch", "switch without cases", statement.first.location)

    def _label(self, label: Expr, regex: bool, kinds: set[str], labels: dict[tuple[bool, int | str], Expr]) -> None:
        kind = self.expression(label)
        if not is_constant(label):
            hint = "use if ... else if for values that the message decides"
            self.diagnostics.error("case-label", "a case label must be a constant", label.location, suggestion=hint)
            return
        kind = STR if regex else kind
        if kinds and kind not in kinds:
            message = "number and string labels in one switch"
            self.diagnostics.error("case-label", message, label.location, expected=_TYPE_NAMES[next(iter(kinds))])
            return
        kinds.add(kind)
        if isinstance(label, Int | Str):
            if (regex, label.value) in labels and not regex:
                self.diagnostics.error("duplicate-case", f"second case {label.value}", label.location)
            labels[regex, label.value] = label

    # --- expressions

    def expression(self, expr: Expr) -> str:
        """Check an expression; its type."""
        if isinstance(expr, Unary):
            self._unary(expr)
        elif isinstance(expr, Binary):
            self._binary(expr)
        elif isinstance(expr, Logic):
            for operand in expr.operands:
                if self.expression(operand) == STR:
                    self._wrong_type(operand, STR, INT, 'compare it (!= ""), or use strempty(...)')
        elif isinstance(expr, Condition):
            self.expression(expr.operand)
        elif isinstance(expr, Call):
            for argument in expr.args:
                self.expression(argument)
        elif isinstance(expr, BlockExpr):
            outer, self._breakable = self._breakable, 1
            self.block(expr.body)
            self._breakable = outer
        return static_type(expr)

    def _unary(self, expr: Unary) -> None:
        found = self.expression(expr.operand)
        if expr.op in ("!", "~", "-") and found == STR:
            hint = "use strempty(...)" if expr.op == "!" else "cast it: (int)"
            self._wrong_type(expr.operand, STR, INT, hint)
        elif expr.op in ("defined", "strlen", "strempty") and found == INT:
            self._wrong_type(
                expr.operand, INT, STR, "cast it: (str)" if expr.op != "defined" else "it is always defined"
            )

    def _binary(self, expr: Binary) -> None:
        left, right = self.expression(expr.left), self.expression(expr.right)
        if expr.op in _INT_OPERATORS:
            for operand, found in ((expr.left, left), (expr.right, right)):
                if found == STR:
                    self._wrong_type(operand, STR, INT, "cast it: (int)")
            return
        if expr.op in ("eq", "ne", "=~") and left == INT:
            self._wrong_type(expr.left, INT, STR, "cast it: (str)")
        elif left == INT and right == STR:
            self._wrong_type(expr.right, STR, INT, "cast one side: (int) or (str)")

    def _wrong_type(self, expr: Expr, found: str, expected: str, hint: str = "") -> None:
        message = f"found {_TYPE_NAMES[found]}"
        self.diagnostics.error("type", message, expr.location, expected=_TYPE_NAMES[expected], suggestion=hint)


def check_config(config: Config, diagnostics: Diagnostics) -> None:
    """Report what can be found wrong without knowing any module."""
    Checker(diagnostics).check(config)
