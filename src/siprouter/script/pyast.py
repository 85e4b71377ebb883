"""Builders of Python syntax trees that carry places of the configuration, and the global names of compiled code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any, TypeVar

from siprouter.script.nodes import Node
from siprouter.script.source import SourceFile

Place = tuple[int, int, int, int]
"""line, column (octets, from 0), end line, end column"""

_LOAD = ast.Load()
_STORE = ast.Store()
_T = TypeVar("_T", bound=ast.expr | ast.stmt | ast.ExceptHandler | ast.arg)


def place_of(node: Node, source: SourceFile) -> Place | None:
    """Where `node` stands; None when it stands in another file."""
    first, last = node.first, node.last
    if first.source is not source:
        return None
    end = last.end if last.source is source and last.end > first.start else first.end
    return span_place(source, first.start, end)


def span_place(source: SourceFile, start: int, end: int) -> Place:
    """The place of a span of a file."""
    line, column = source.line_and_column(start)
    end_line, end_column = source.line_and_column(end)
    if not source.text.isascii():
        column = _octets(source, line, column)
        end_column = _octets(source, end_line, end_column)
    return line, column - 1, end_line, end_column - 1


def _octets(source: SourceFile, line: int, column: int) -> int:
    return len(source.line_text(line)[: column - 1].encode("utf-8", "surrogateescape")) + 1


def at(node: _T, place: Place) -> _T:
    """`node` with its place."""
    node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = place
    return node


class Builder:
    """Makes nodes at the place that is set."""

    def __init__(self) -> None:
        self.place: Place = (1, 0, 1, 0)

    def name(self, identifier: str) -> ast.expr:
        """Read a name."""
        return at(ast.Name(identifier, _LOAD), self.place)

    def const(self, value: Any) -> ast.expr:
        """A constant."""
        return at(ast.Constant(value), self.place)

    def call(self, function: str, *args: ast.expr) -> ast.expr:
        """Call a global function."""
        return at(ast.Call(self.name(function), list(args), []), self.place)

    def attribute(self, value: ast.expr, name: str) -> ast.expr:
        """Read an attribute."""
        return at(ast.Attribute(value, name, _LOAD), self.place)

    def wait(self, value: ast.expr) -> ast.expr:
        """Await something."""
        return at(ast.Await(value), self.place)

    def negate(self, value: ast.expr) -> ast.expr:
        """Logical not."""
        return at(ast.UnaryOp(ast.Not(), value), self.place)

    def unary(self, operator: ast.unaryop, value: ast.expr) -> ast.expr:
        """A unary operator."""
        return at(ast.UnaryOp(operator, value), self.place)

    def binary(self, left: ast.expr, operator: ast.operator, right: ast.expr) -> ast.expr:
        """A binary operator."""
        return at(ast.BinOp(left, operator, right), self.place)

    def compare(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
        """A comparison."""
        return at(ast.Compare(left, [operator], [right]), self.place)

    def logic(self, operator: ast.boolop, values: Sequence[ast.expr]) -> ast.expr:
        """`and` or `or`."""
        return at(ast.BoolOp(operator, list(values)), self.place)

    def choose(self, test: ast.expr, yes: ast.expr, no: ast.expr) -> ast.expr:
        """`yes if test else no`."""
        return at(ast.IfExp(test, yes, no), self.place)

    # --- statements

    def assign(self, name: str, value: ast.expr) -> ast.stmt:
        """Assign to a local variable."""
        target = at(ast.Name(name, _STORE), self.place)
        return at(ast.Assign([target], value), self.place)

    def assign_rc(self, value: ast.expr, local: str = "") -> ast.stmt:
        """`ctx.rc = value`, and the same to a local variable."""
        targets: list[ast.expr] = [at(ast.Attribute(self.name("ctx"), "rc", _STORE), self.place)]
        if local:
            targets.insert(0, at(ast.Name(local, _STORE), self.place))
        return at(ast.Assign(targets, value), self.place)

    def set_dropped(self) -> ast.stmt:
        """`ctx.dropped = True`."""
        target = at(ast.Attribute(self.name("ctx"), "dropped", _STORE), self.place)
        return at(ast.Assign([target], self.const(True)), self.place)

    def count(self, name: str) -> ast.stmt:
        """`name += 1`."""
        target = at(ast.Name(name, _STORE), self.place)
        return at(ast.AugAssign(target, ast.Add(), self.const(1)), self.place)

    def do(self, value: ast.expr) -> ast.stmt:
        """An expression for its effect."""
        return at(ast.Expr(value), self.place)

    def give(self, value: ast.expr | None) -> ast.stmt:
        """Return."""
        return at(ast.Return(value), self.place)

    def when(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt] | None = None) -> ast.stmt:
        """If."""
        return at(ast.If(test, body or [self.nothing()], orelse or []), self.place)

    def loop(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt] | None = None) -> ast.stmt:
        """While."""
        return at(ast.While(test, body or [self.nothing()], orelse or []), self.place)

    def leave(self) -> ast.stmt:
        """Break."""
        return at(ast.Break(), self.place)

    def nothing(self) -> ast.stmt:
        """Pass."""
        return at(ast.Pass(), self.place)

    def attempt(self, body: list[ast.stmt], error: str, name: str | None, handler: list[ast.stmt]) -> ast.stmt:
        """Try with one handler."""
        caught = at(ast.ExceptHandler(self.name(error), name, handler), self.place)
        return at(ast.Try(body, [caught], [], []), self.place)

    def function(self, name: str, body: list[ast.stmt], waits: bool) -> ast.stmt:
        """`def name(ctx)`, or `async def`."""
        args = ast.arguments([], [at(ast.arg("ctx"), self.place)], None, [], [], None, [])
        if waits:
            return at(ast.AsyncFunctionDef(name, args, body, [], None, None), self.place)
        return at(ast.FunctionDef(name, args, body, [], None, None), self.place)


class Namespace:
    """The globals of compiled code: each object gets one name."""

    def __init__(self) -> None:
        self.globals: dict[str, Any] = {}
        self._names: dict[object, str] = {}

    def bind(self, value: Any, hint: str) -> str:
        """The name of `value`."""
        key: object = id(value)
        if isinstance(value, MethodType):
            key = (id(value.__func__), id(value.__self__))
        known = self._names.get(key)
        if known is not None:
            return known
        name = f"{hint}_{len(self.globals)}"
        self.globals[name] = value
        self._names[key] = name
        return name

    def add(self, functions: Sequence[Callable[..., Any]]) -> None:
        """Make functions known by their own names."""
        for function in functions:
            self.globals[function.__name__] = function
