"""Statements that say that they run: the generator of observed routes (see core/observe.py)."""

from __future__ import annotations

import ast

from siprouter.core.observe import PAUSABLE, Observation, Place
from siprouter.script.actions import action_of
from siprouter.script.gen_stmt import FunctionGen, Output
from siprouter.script.nodes import Assign, Block, BlockExpr, Call, CallStmt, Expr, If, Node, RouteBlock, Stmt, While
from siprouter.script.program import Program, route_title
from siprouter.script.pyast import Namespace
from siprouter.script.source import SourceFile

MAX_SHOWN = 200  # characters of a statement


def place_of_route(block: RouteBlock) -> Place:
    """The place of a route block."""
    title = route_title(block)
    return make_place(block, 0, title, title)


def make_place(node: Node, action: int, name: str, route: str, statement: bool = True, target: str = "") -> Place:
    """The place of a node."""
    found = node.location
    text = node.first.source.text[node.first.start : max(node.last.end, node.first.end)]
    if node.last.source is not node.first.source:
        text = node.first.text
    shown = text.split("\n", 1)[0].strip()[:MAX_SHOWN]
    end_line, end_column = found.end_line or found.line, found.end_column or found.column
    return Place(
        found.file, found.line, found.column, end_line, end_column, action, name, route, shown, statement, target
    )


class ObservedGen(FunctionGen):
    """Generates one function that tells observers what it does."""

    def __init__(
        self,
        program: Program,
        names: Namespace,
        output: Output,
        source: SourceFile,
        title: str,
        observation: Observation,
        level: int,
    ) -> None:
        super().__init__(program, names, output, source, title)
        self.observation = observation
        self.level = level
        self.pausing = level == PAUSABLE
        self._tests: dict[int, Place] = {}
        """tests that say themselves that they run: those of `else if` and `while`"""
        self._call_of_statement: Call | None = None
        self._made: dict[tuple[int, bool], Place] = {}

    def _nested(self, source: SourceFile | None = None) -> FunctionGen:
        return ObservedGen(
            self.program, self.names, self.output, source or self.source, self.title, self.observation, self.level
        )

    def _waits_in(self, node: object) -> bool:
        return self.pausing or super()._waits_in(node)

    def _place(self, node: Node, statement: bool = True, kind: Node | None = None) -> Place:
        """The place of a node, the same each time."""
        known = self._made.get((id(node), kind is None))
        if known is not None:
            return known
        action, name = action_of(kind or node, self.program.calls)
        target = ""
        if isinstance(node, Assign):
            target = node.first.source.text[node.target.first.start : node.target.last.end]
        made = self._made[id(node), kind is None] = make_place(node, action, name, self.title, statement, target)
        return made

    def _tell(self, place: Place) -> ast.expr:
        """What says that `place` runs next; its value is None."""
        function = self.observation.pause if self.pausing else self.observation.step
        name = self.names.bind(function, "step")
        called = self.call(name, self.name("ctx"), self.name(self.names.bind(place, "place")))
        return self.wait(called) if self.pausing else called

    def statement(self, statement: Stmt, tail: bool) -> list[ast.stmt]:
        """One statement, and before it what says so. Calls and loops say it themselves."""
        if isinstance(statement, Block | CallStmt):
            return super().statement(statement, tail)
        if isinstance(statement, While):
            self._tests[id(statement.test)] = self._place(statement)
            return super().statement(statement, tail)
        self.at_node(statement)
        told = self.do(self._tell(self._place(statement)))
        if isinstance(statement, If):
            for test, _ in statement.branches[1:]:
                self._tests[id(test)] = self._place(test, kind=statement)
        return [told, *super().statement(statement, tail)]

    def test(self, expr: Expr, as_condition: bool) -> ast.expr:
        """A test; that of a loop or an `else if` counts as a statement each time."""
        found = super().test(expr, as_condition)
        place = self._tests.get(id(expr))
        if place is None:
            return found
        self.at_node(expr)
        return self.logic(ast.Or(), [self._tell(place), found])

    def called(self, expr: Call | BlockExpr) -> ast.expr:
        """A call, what says so before, and what tells its return code."""
        found = super().called(expr)
        if isinstance(expr, BlockExpr):
            return found
        place = self._place(expr, statement=expr is self._call_of_statement)
        self.at_node(expr)
        returned = self.names.bind(self.observation.returned, "returned")
        told = self._tell(place)
        given = self.call(returned, self.name("ctx"), self.name(self.names.bind(place, "place")), found)
        return self.logic(ast.Or(), [told, given])

    def _call(self, call: Call, tail: bool) -> list[ast.stmt]:
        self._call_of_statement = call
        return super()._call(call, tail)

    def _set(self, statement: Assign, setter: str, value: ast.expr, has_value: bool = True) -> list[ast.stmt]:
        place = self.names.bind(self._place(statement), "place")
        stored = self.local("value")
        told = [self.name("ctx"), self.name(place), self.name(stored) if has_value else self.const(None)]
        return [
            self.assign(stored, value),
            *super()._set(statement, setter, self.name(stored), has_value),
            self.do(self.call(self.names.bind(self.observation.assigned, "assigned"), *told)),
        ]
