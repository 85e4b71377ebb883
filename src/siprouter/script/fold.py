"""Constant folding: expressions whose value is known when loading become that value."""

from __future__ import annotations

from collections.abc import Sequence

from siprouter.script import runtime
from siprouter.script.nodes import (
    Assign,
    Binary,
    Block,
    BlockExpr,
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
    Return,
    Stmt,
    Str,
    Switch,
    Unary,
    While,
)
from siprouter.script.runtime import EvalError, integer, text


def fold_config(config: Config) -> None:
    """Fold all route blocks, in place."""
    for route in config.routes:
        fold_block(route.body)


def fold_block(body: Sequence[Stmt]) -> None:
    """Fold the expressions of statements, in place."""
    for statement in body:
        fold_statement(statement)


def fold_statement(statement: Stmt) -> None:
    """Fold the expressions of a statement, in place."""
    if isinstance(statement, CallStmt):
        fold(statement.call)
    elif isinstance(statement, Assign):
        statement.value = fold(statement.value)
    elif isinstance(statement, If):
        statement.branches = [(fold(test), body) for test, body in statement.branches]
        for _, body in statement.branches:
            fold_block(body)
        fold_block(statement.orelse)
    elif isinstance(statement, While):
        statement.test = fold(statement.test)
        fold_block(statement.body)
    elif isinstance(statement, Switch):
        statement.subject = fold(statement.subject)
        for case in statement.cases:
            if case.label is not None:
                case.label = fold(case.label)
            fold_block(case.body)
    elif isinstance(statement, Block):
        fold_block(statement.body)
    elif isinstance(statement, Return | Exit | Drop) and statement.value is not None:
        statement.value = fold(statement.value)


def fold(expr: Expr) -> Expr:
    """The expression with its constant parts evaluated; what has no value (1 / 0) stays for run time."""
    if isinstance(expr, Unary):
        expr.operand = fold(expr.operand)
        if isinstance(expr.operand, Int | Str):
            return _constant(expr, _unary(expr.op, expr.operand.value))
    elif isinstance(expr, Binary):
        expr.left, expr.right = fold(expr.left), fold(expr.right)
        if isinstance(expr.left, Int | Str) and isinstance(expr.right, Int | Str):
            try:
                return _constant(expr, _binary(expr.op, expr.left.value, expr.right.value))
            except EvalError:
                return expr
    elif isinstance(expr, Logic):
        expr.operands = [fold(operand) for operand in expr.operands]
        if all(isinstance(operand, Int | Str) for operand in expr.operands):
            values = [integer(operand.value) for operand in expr.operands if isinstance(operand, Int | Str)]
            return _constant(expr, int(all(values) if expr.op == "&&" else any(values)))
    elif isinstance(expr, Condition):
        expr.operand = fold(expr.operand)
    elif isinstance(expr, Call):
        expr.args = [fold(argument) for argument in expr.args]
    elif isinstance(expr, BlockExpr):
        fold_block(expr.body)
    elif isinstance(expr, Int):
        expr.value = runtime.wrap(expr.value)
    return expr


def _constant(expr: Expr, value: int | str) -> Expr:
    if isinstance(value, str):
        return Str(expr.first, expr.last, value)
    return Int(expr.first, expr.last, int(value))


def _unary(op: str, value: int | str) -> int | str:
    if op == "str":
        return text(value)
    if op == "int":
        return integer(value)
    if op == "defined":
        return 1
    if op == "strlen":
        return runtime.length(text(value))
    if op == "strempty":
        return int(text(value) == "")
    number = integer(value)
    if op == "!":
        return int(not number)
    return ~number if op == "~" else runtime.wrap(-number)


def _binary(op: str, left: int | str, right: int | str) -> int | str:
    if op == "+":
        added = runtime.add(left, right)
        return added if added is not None else ""
    if op in ("==", "!="):
        return int(runtime.equal(left, right) == (op == "=="))
    if op in ("eq", "ne"):
        return int((text(left) == text(right)) == (op == "eq"))
    if op == "=~":
        return int(runtime.matches(text(left), text(right)))
    first, second = integer(left), integer(right)
    if op in ("ieq", "ine"):
        return int((first == second) == (op == "ieq"))
    return _integers(op, first, second)


def _integers(op: str, left: int, right: int) -> int:
    if op in ("<", ">", "<=", ">="):
        return int({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[op])
    if op == "-":
        return runtime.wrap(left - right)
    if op == "*":
        return runtime.wrap(left * right)
    if op == "/":
        return runtime.divide(left, right)
    if op == "mod":
        return runtime.modulo(left, right)
    if op == "<<":
        return runtime.shift_left(left, right)
    if op == ">>":
        return runtime.shift_right(left, right)
    return {"|": left | right, "&": left & right, "^": left ^ right}[op]
