"""What the names in a configuration mean, found by resolve.py and used by the compiler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from siprouter.core.access import Getter, PvAccess
from siprouter.core.args import ArgType, Folded
from siprouter.core.declare import Function
from siprouter.core.routes import BRANCH, CORE_ONREPLY, ERROR, EVENT, FAILURE, ONSEND, REQUEST, TM_ONREPLY
from siprouter.script.attributes import Attribute
from siprouter.script.nodes import BlockExpr, Call, Condition, Expr, RouteBlock, Select
from siprouter.util.address import Network
from siprouter.util.regex import Regex


@dataclass(slots=True)
class ExprArg:
    """An argument that is an expression: evaluated for each message, then converted by `type`."""

    expr: Expr
    type: ArgType


@dataclass(slots=True)
class ResolvedCall:
    """A call of a declared function; `module` "core" for those of the core."""

    function: Function
    inst: Any
    module: str
    args: list[Folded | ExprArg]


@dataclass(slots=True)
class RouteCall:
    """`route(name)`; `name` None when the name is an expression."""

    name: str | None
    expr: Expr | None = None


@dataclass(slots=True)
class HostCompare:
    """An address compared with a name that must be looked up: the route waits."""


Operand = Network | Regex | HostCompare | None


@dataclass(slots=True)
class RouteUnit:
    """One route block to compile, with what it reaches directly."""

    block: RouteBlock
    kind: int
    calls: set[str] = field(default_factory=set)
    """names of the route blocks that it calls"""
    calls_any: bool = False
    """calls a route whose name is an expression"""
    waits: bool = False
    """a function or condition in it waits, or a route that it reaches"""
    own_stack: bool = False
    """a variable in it waits (core/waiting.py), or in a route that it reaches"""
    recursive: bool = False
    """may come back to itself, or is at the end of a very long chain"""


@dataclass(slots=True)
class Program:
    """All that the compiler needs."""

    units: list[RouteUnit] = field(default_factory=list)
    calls: dict[Call, ResolvedCall | RouteCall] = field(default_factory=dict)
    variables: dict[Expr, PvAccess | Attribute] = field(default_factory=dict)
    selects: dict[Select, Getter] = field(default_factory=dict)
    operands: dict[Condition, Operand] = field(default_factory=dict)
    patterns: dict[Expr, Regex] = field(default_factory=dict)
    """compiled constants of `=~` and `case /"…"`"""
    stores: set[Call] = field(default_factory=set)
    """calls after which `$rc` is read"""
    blocks: dict[BlockExpr, RouteUnit] = field(default_factory=dict)
    _main: dict[str, RouteUnit] = field(default_factory=dict)

    def waits(self, expr: Call | BlockExpr) -> bool:
        """Whether a call or block waits."""
        if isinstance(expr, BlockExpr):
            return self.blocks[expr].waits
        call = self.calls[expr]
        if isinstance(call, ResolvedCall):
            return call.function.waits
        routes = self.main_routes()
        if call.name is None:
            return any(unit.waits for unit in routes.values())
        return routes[call.name].waits

    def main_routes(self) -> dict[str, RouteUnit]:
        """What route() can call, by name ("" is the request route)."""
        if not self._main:
            self._main = {unit.block.name: unit for unit in self.units if unit.block.kind == "route"}
        return self._main


def kind_of(block: RouteBlock) -> int:
    """The bit of core.routes for a route block."""
    if block.kind == "onreply_route":
        return TM_ONREPLY if block.name else CORE_ONREPLY
    return {
        "route": REQUEST,
        "failure_route": FAILURE,
        "branch_route": BRANCH,
        "onsend_route": ONSEND,
        "event_route": EVENT,
        "error_route": ERROR,
        "local_route": REQUEST,
    }[block.kind]


def route_title(block: RouteBlock) -> str:
    """What messages and tracebacks call a route block."""
    return f"{block.kind}[{block.name}]" if block.name else block.kind
