"""Names to objects: functions with their arguments converted, variables, selects, routes, patterns, addresses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from siprouter.core.access import Getter, PvAccess
from siprouter.core.args import ArgType, Constant, Folded, Opt, Parsed, PvRef, Rest, arities, compile_regex
from siprouter.core.declare import Function
from siprouter.core.env import LoadEnv
from siprouter.core.inventory.facts import Fact, module_facts
from siprouter.core.routes import ERROR, ONSEND, ROUTE_NAMES
from siprouter.core.selects import find_select
from siprouter.script.attributes import READ_ONLY, Attribute
from siprouter.script.core_args import AttributeArg, AvpFlag
from siprouter.script.core_table import CORE_NAMES
from siprouter.script.diagnostics import Diagnostics, did_you_mean
from siprouter.script.keywords import CONTROL, IP_CONDITIONS, ONSEND_CONDITIONS
from siprouter.script.nodes import (
    Assign,
    Attr,
    Binary,
    Block,
    BlockExpr,
    Call,
    CallStmt,
    Condition,
    Drop,
    Exit,
    Expr,
    If,
    Int,
    Logic,
    Myself,
    Name,
    Net,
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
from siprouter.script.program import (
    ExprArg,
    HostCompare,
    Program,
    ResolvedCall,
    RouteCall,
    RouteUnit,
    kind_of,
    route_title,
)
from siprouter.util.address import Network
from siprouter.util.errors import OperatorError
from siprouter.util.regex import Regex

Candidate = tuple[Function, Any, str]
_CONSTANTS_ONLY: tuple[Callable[..., Any], ...] = (Parsed.convert, PvRef.convert, AvpFlag.convert)


class Resolver:
    """One pass over all route blocks; errors go to the diagnostics."""

    def __init__(self, env: LoadEnv, diagnostics: Diagnostics, missing: Collection[str] = ()) -> None:
        self.missing = missing
        self._missing_facts: list[Fact] = []
        self.env = env
        self.registry = env.registry
        self.diagnostics = diagnostics
        self.program = Program()
        self._variables: dict[str, PvAccess | OperatorError] = {}
        self._waiting: set[str] = set()
        """texts of variables that wait"""
        self._selects: dict[str, Getter | None] = {}
        self._unit: RouteUnit
        self._main_names: set[str] = set()

    def resolve(self, blocks: Sequence[RouteBlock]) -> Program:
        """Resolve route blocks; those of the same kind and name are one."""
        merged: dict[tuple[str, str], RouteUnit] = {}
        for block in blocks:
            unit = merged.get((block.kind, block.name))
            if unit is None:
                unit = merged[block.kind, block.name] = RouteUnit(block, kind_of(block))
            else:
                unit.block.body.extend(block.body)
        self.program.units = list(merged.values())
        self._main_names = set(self.program.main_routes())
        for unit in self.program.units:
            self._unit = unit
            if unit.block.kind == "event_route":
                self._check_event(unit.block)
            self.block(unit.block.body)
        return self.program

    def _check_event(self, block: RouteBlock) -> None:
        """Warn about the event of a loaded module that the module does not have."""
        module = block.name.partition(":")[0]
        known = [name for name in self.registry.event_routes if name.partition(":")[0] == module]
        generic = any(name.endswith("*") and block.name.startswith(name[:-1]) for name in known)
        if module in self.registry.modules and block.name not in known and not generic:
            message = f"module {module} has no event {block.name}"
            hint = did_you_mean(block.name, known)
            self.diagnostics.warning("unknown-event", message, block.first.location, suggestion=hint)

    # --- statements

    def block(self, body: Sequence[Stmt]) -> None:
        """Resolve statements."""
        for statement in body:
            self.statement(statement)

    def statement(self, statement: Stmt) -> None:
        """Resolve one statement."""
        if isinstance(statement, CallStmt):
            self.call(statement.call)
        elif isinstance(statement, Assign):
            self._target(statement.target)
            self.expression(statement.value)
        elif isinstance(statement, If):
            for test, body in statement.branches:
                self.expression(test)
                self.block(body)
            self.block(statement.orelse)
        elif isinstance(statement, While):
            self.expression(statement.test)
            self.block(statement.body)
        elif isinstance(statement, Switch):
            self._switch(statement)
        elif isinstance(statement, Block):
            self.block(statement.body)
        elif isinstance(statement, Return | Exit | Drop) and statement.value is not None:
            self.expression(statement.value)

    def _switch(self, statement: Switch) -> None:
        self.expression(statement.subject)
        for case in statement.cases:
            if case.label is not None and case.regex and isinstance(case.label, Str | Int):
                self._pattern(case.label, str(case.label.value), icase=False)
            self.block(case.body)

    def _target(self, target: Expr) -> None:
        """What is assigned to."""
        if isinstance(target, Attr) and isinstance(target.index, int):
            message = "an attribute with an index cannot be assigned to"
            self.diagnostics.error("read-only", message, target.location, suggestion=f"write ${target.name}")
            return
        self.expression(target)
        found = self.program.variables.get(target)
        if isinstance(found, PvAccess) and found.set is None:
            text = target.first.text
            hint = "transformations cannot be assigned to" if "{" in text else ""
            self.diagnostics.error("read-only", f"variable {text} is read-only", target.location, suggestion=hint)
        elif isinstance(target, Attr) and target.klass in READ_ONLY:
            message = f"{READ_ONLY[target.klass]} attributes are read-only"
            self.diagnostics.error("read-only", message, target.location)

    # --- expressions

    def expression(self, expr: Expr) -> None:
        """Resolve an expression."""
        if isinstance(expr, Pv):
            self._variable(expr, expr.text)
        elif isinstance(expr, Call):
            self.call(expr)
        elif isinstance(expr, Name):
            self._name(expr)
        elif isinstance(expr, Attr):
            self.program.variables[expr] = Attribute(expr.klass, expr.name, expr.index)
        elif isinstance(expr, Binary):
            self.expression(expr.left)
            self.expression(expr.right)
            if expr.op == "=~" and isinstance(expr.right, Str):
                self._pattern(expr.right, expr.right.value, icase=True)
        elif isinstance(expr, Logic):
            for operand in expr.operands:
                self.expression(operand)
        elif isinstance(expr, Unary):
            self.expression(expr.operand)
        elif isinstance(expr, Condition):
            self._condition(expr)
        elif isinstance(expr, Select):
            self._select(expr)
        elif isinstance(expr, BlockExpr):
            self._block_expression(expr)
        elif isinstance(expr, Word):
            hint = f'put it in quotes: "{expr.text}"'
            self.diagnostics.error("bare-word", f"unexpected word {expr.text}", expr.location, suggestion=hint)

    def _block_expression(self, expr: BlockExpr) -> None:
        outer = self._unit
        block = RouteBlock(expr.first, expr.last, outer.block.kind, outer.block.name, expr.body)
        self._unit = self.program.blocks[expr] = RouteUnit(block, outer.kind)
        self.block(expr.body)
        inner, self._unit = self._unit, outer
        outer.calls |= inner.calls
        outer.calls_any = outer.calls_any or inner.calls_any
        outer.waits = outer.waits or inner.waits
        outer.own_stack = outer.own_stack or inner.own_stack

    def _find_variable(self, text: str, expr: Expr) -> PvAccess | OperatorError:
        found = self._variables.get(text)
        if found is None:
            before = self.env.waiting_variables
            try:
                found = self.env.parse_pvar(text, expr.location)
            except OperatorError as error:
                found = error
            self._variables[text] = found
            if self.env.waiting_variables != before:
                self._waiting.add(text)
        if text in self._waiting:
            self._variable_waits(expr)
        return found

    def _variable_waits(self, expr: Expr) -> None:
        """The route reads or writes a variable that waits."""
        unit = self._unit
        unit.waits = unit.own_stack = True
        if unit.kind in (ONSEND, ERROR):
            message = f"a variable here waits, and nothing can wait in {route_title(unit.block)}"
            self.diagnostics.error("wrong-route", message, expr.location)

    def _variable(self, expr: Expr, text: str) -> None:
        found = self._find_variable(text, expr)
        if isinstance(found, OperatorError):
            location = expr.location
            if any(f"${name}" in text or f"$({name}" in text for name in self._names_of_missing("pvs")):
                return
            self.diagnostics.error("unknown-variable", found.message, location, suggestion=found.suggestion)
        else:
            self.program.variables[expr] = found

    def _names_of_missing(self, kind: str) -> set[str]:
        """What the modules that could not be loaded have in 3.1: errors about it would only repeat the first one."""
        if not self.missing:
            return set()
        if not self._missing_facts:
            self._missing_facts = [fact for fact in module_facts() if fact["name"] in self.missing]
        return {item["name"] for fact in self._missing_facts for item in fact.get(kind, ())}

    def _name(self, expr: Name) -> None:
        found = self._find_variable("$" + expr.name, expr)
        if isinstance(found, OperatorError):
            self.program.variables[expr] = Attribute("", expr.name, None)
        else:
            self.program.variables[expr] = found

    def _select(self, expr: Select) -> None:
        if expr.text not in self._selects:
            try:
                self._selects[expr.text] = find_select(self.registry, expr.parts)
            except ValueError as error:
                self.diagnostics.error("bad-select", f"{expr.text}: {error}", expr.location)
                return
        found = self._selects[expr.text]
        if found is None:
            words = {select.path.split(".")[0].split("(")[0] for select, _ in self.registry.selects}
            hint = did_you_mean(str(expr.parts[0]), words - {str(expr.parts[0])})
            self.diagnostics.error("unknown-select", f"unknown select {expr.text}", expr.location, suggestion=hint)
        else:
            self.program.selects[expr] = found

    def _pattern(self, expr: Expr, pattern: str, icase: bool) -> Regex | None:
        try:
            compiled = compile_regex(pattern, icase=icase)
        except ValueError as error:
            self.diagnostics.error("bad-regex", f"bad regular expression: {error}", expr.location)
            return None
        self.program.patterns[expr] = compiled
        return compiled

    # --- conditions

    def _condition(self, expr: Condition) -> None:
        if expr.keyword in ONSEND_CONDITIONS and self._unit.kind != ONSEND:
            message = f"{expr.keyword} is known in onsend_route only"
            severity = self.diagnostics.error if expr.keyword in IP_CONDITIONS else self.diagnostics.warning
            severity("wrong-route", message, expr.location)
        operand = expr.operand
        if expr.keyword in IP_CONDITIONS:
            self.program.operands[expr] = self._address(expr, operand)
            return
        if isinstance(operand, Word | Myself):
            return
        self.expression(operand)
        if expr.op == "=~" and isinstance(operand, Str | Int):
            self.program.operands[expr] = self._pattern(operand, str(operand.value), icase=True)

    def _address(self, expr: Condition, operand: Expr) -> Network | Regex | HostCompare | None:
        """What an address is compared with; None for myself."""
        if isinstance(operand, Myself):
            return None
        if isinstance(operand, Net):
            text = f"{operand.address}/{operand.mask}" if operand.mask else operand.address
            try:
                return Network.parse(text)
            except ValueError as error:
                self.diagnostics.error("bad-address", str(error), operand.location)
                return None
        if isinstance(operand, Str):
            try:
                return Network.parse(operand.value)
            except ValueError:
                if expr.op == "=~":
                    return self._pattern(operand, operand.value, icase=True)
        elif isinstance(operand, Int):
            hint = "write an address, or its name in quotes"
            self.diagnostics.error("type", "found a number", operand.location, expected="an address", suggestion=hint)
        elif not isinstance(operand, Word):
            self.expression(operand)
        self._unit.waits = True
        return HostCompare()

    # --- calls

    def call(self, expr: Call) -> None:
        """Resolve a function call or a route call."""
        if expr.name == "route":
            self._route_call(expr)
            return
        found = self.registry.find_functions(expr.name)
        if expr.name in CORE_NAMES:
            found = [item for item in found if item[2] == "core"]
        if not found:
            self._unknown_function(expr)
            self._arguments_only(expr)
            return
        candidate = self._choose(expr, found)
        if candidate is None:
            self._arguments_only(expr)
            return
        function, inst, module = candidate
        args: list[Folded | ExprArg] = []
        for number, argument in enumerate(expr.args):
            before = self.env.waiting_variables
            folded = self._argument(expr, argument, argument_type(function, number), module)
            if self.env.waiting_variables != before:
                self._variable_waits(argument)
            if folded is not None:
                args.append(folded)
        self.program.calls[expr] = ResolvedCall(function, inst, module, args)
        if function.waits:
            self._unit.waits = True

    def _arguments_only(self, expr: Call) -> None:
        """Look for errors in the arguments of a call that is wrong itself."""
        for argument in expr.args:
            if not isinstance(argument, Word):
                self.expression(argument)

    def _unknown_function(self, expr: Call) -> None:
        if expr.name in self._names_of_missing("functions"):
            return
        hint = self.registry.suggest_function(expr.name)
        if not hint:
            hint = did_you_mean(expr.name, CONTROL | {"route"})
        message = f"unknown function {expr.name}()"
        self.diagnostics.error("unknown-function", message, expr.first.location, suggestion=hint)

    def _choose(self, expr: Call, found: Sequence[Candidate]) -> Candidate | None:
        """The declaration that fits the number of arguments and the kind of route."""
        count = len(expr.args)
        fitting = [item for item in found if accepts(item[0], count)]
        if not fitting:
            expected = describe_arities([item[0] for item in found])
            message = f"{expr.name}() with {count} argument{'' if count == 1 else 's'}"
            self.diagnostics.error("argument-count", message, expr.location, expected=expected)
            return None
        for item in fitting:
            if item[0].routes & self._unit.kind:
                return item
        allowed = 0
        for item in fitting:
            allowed |= item[0].routes
        names = [name for bit, name in ROUTE_NAMES.items() if allowed & bit]
        message = f"{expr.name}() is not allowed in {route_title(self._unit.block)}"
        self.diagnostics.error("wrong-route", message, expr.first.location, expected=", ".join(names) or "no route")
        return None

    def _argument(self, call: Call, argument: Expr, kind: ArgType, module: str) -> Folded | ExprArg | None:
        """One argument, converted as far as possible; None after an error."""
        try:
            if isinstance(argument, Int | Str):
                return kind.fold(argument.value, self.env, argument.location)
            if isinstance(argument, Word):
                return self._word_argument(argument, kind, module)
            if isinstance(argument, Pv) and isinstance(kind, PvRef | AttributeArg):
                return kind.fold(argument.text, self.env, argument.location)
            if isinstance(argument, Attr | Name) and isinstance(kind, PvRef | AttributeArg):
                return self._attribute_argument(argument, kind)
        except OperatorError as error:
            self.diagnostics.from_error("argument", error, argument.location)
            return None
        if type(kind).convert in _CONSTANTS_ONLY:
            message = f"argument '{kind.name}' of {call.name}() must be a constant"
            self.diagnostics.error("argument", message, argument.location, expected=kind.kind)
        self.expression(argument)
        return ExprArg(argument, kind)

    def _word_argument(self, argument: Word, kind: ArgType, module: str) -> Folded | None:
        if module == "core":
            return kind.fold(argument.text, self.env, argument.location)
        hint = f'put it in quotes ("{argument.text}"), or define it: #!define {argument.text} …'
        message = f"unexpected word {argument.text}"
        self.diagnostics.error("bare-word", message, argument.location, suggestion=hint)
        return None

    def _attribute_argument(self, argument: Attr | Name, kind: ArgType) -> Folded | None:
        self.expression(argument)
        found = self.program.variables.get(argument)
        if isinstance(kind, AttributeArg):
            if isinstance(found, Attribute):
                return Constant(found)
            return kind.fold(argument.first.text, self.env, argument.location)
        if isinstance(found, Attribute):
            return Constant(PvAccess(found.get, found.set, argument.first.text, found.name))
        return None if found is None else Constant(found)

    def _route_call(self, expr: Call) -> None:
        if len(expr.args) != 1:
            message = f"route() with {len(expr.args)} arguments"
            self.diagnostics.error("argument-count", message, expr.location, expected="the name of a route")
            return
        if self._unit.kind == ONSEND:
            self.diagnostics.error("wrong-route", "route() is not allowed in onsend_route", expr.first.location)
        argument = expr.args[0]
        if not isinstance(argument, Int | Str | Word):
            self.expression(argument)
            self._unit.calls_any = True
            self.program.calls[expr] = RouteCall(None, argument)
            return
        text = argument.text if isinstance(argument, Word) else str(argument.value)
        name = "" if text == "0" else text
        if name not in self._main_names:
            hint = did_you_mean(name, self._main_names) or f"add: route[{text}] {{ … }}"
            self.diagnostics.error("undefined-route", f"undefined route[{text}]", argument.location, suggestion=hint)
            return
        self._unit.calls.add(name)
        self.program.calls[expr] = RouteCall(name)


def argument_type(function: Function, number: int) -> ArgType:
    """The type of argument `number`; the last one repeats."""
    found = function.args[min(number, len(function.args) - 1)]
    return found.type if isinstance(found, Opt | Rest) else found


def accepts(function: Function, count: int) -> bool:
    """Whether a declaration takes so many arguments."""
    if function.arities:
        return count in function.arities
    least, most = arities(function.args)
    return least <= count and (most < 0 or count <= most)


def describe_arities(functions: Sequence[Function]) -> str:
    """`1 or 2 arguments (level, text)`: what the declarations of a function take."""
    counts: set[int] = set()
    unlimited = False
    for function in functions:
        least, most = arities(function.args)
        unlimited = unlimited or most < 0
        counts.update(function.arities or range(least, max(least, most) + 1))
    numbers = [str(count) for count in sorted(counts)]
    text = " or ".join(filter(None, [", ".join(numbers[:-1]), numbers[-1]])) if numbers else "0"
    if unlimited:
        text = f"{numbers[0]} or more"
    names = [argument_type(functions[0], number).name for number in range(len(functions[0].args))]
    listed = f" ({', '.join(names)})" if names else ""
    return f"{text} argument{'' if text == '1' else 's'}{listed}"
