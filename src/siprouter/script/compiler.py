"""A resolved program to code objects, whose file names and lines are those of the configuration."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from siprouter.core.context import Context
from siprouter.core.observe import PAUSABLE, WATCHED
from siprouter.core.routes import CORE_ONREPLY, ERROR, ONSEND, CompiledRoute, Script
from siprouter.core.waiting import on_own_stack
from siprouter.core.worker import Worker
from siprouter.script.foreign import enter_foreign
from siprouter.script.gen_expr import CORE_SETTINGS, ROUTE_TABLE, RUNTIME_FUNCTIONS, route_function
from siprouter.script.gen_observed import ObservedGen, place_of_route
from siprouter.script.gen_stmt import Definition, FunctionGen, Output
from siprouter.script.native import NativeRoutes, native_source
from siprouter.script.nodes import Expr
from siprouter.script.program import Program, RouteUnit, route_title
from siprouter.script.pyast import Namespace

LOCAL_REQUEST_EVENT = "tm:local-request"
IMMEDIATE = "immediate version"
"""global name that keeps the other version alive whose routes a pausable one has"""


def compile_program(program: Program, worker: Worker, version: int, files: tuple[str, ...]) -> Script:
    """The compiled script. `program` must be free of errors."""
    names = _namespace(worker)
    output = Output()
    functions: dict[str, RouteUnit] = {}
    for unit in program.units:
        name = _function_name(unit, output)
        generator = FunctionGen(program, names, output, unit.block.first.source, route_title(unit.block))
        generator.route(name, unit.block, unit.block.body, unit.waits)
        functions[name] = unit
    script = Script(version, files[0] if files else "")
    if not _use_built(output.definitions, names.globals, script, worker.services.get("native")):
        _execute(output.definitions, names.globals)
    _fill(script, names.globals, functions, files)
    script.observed = partial(compile_observed, program, worker)
    return script


def compile_observed(program: Program, worker: Worker, plain: Script, level: int) -> Script:
    """The version of a script that tells `worker.observation` what it does (core/observe.py)."""
    immediate = compile_observed(program, worker, plain, WATCHED) if level == PAUSABLE else None
    if immediate is not None:
        program = waiting_everywhere(program)
    names = _namespace(worker)
    output = Output()
    functions: dict[str, RouteUnit] = {}
    observation = worker.observation
    for unit in program.units:
        name = _function_name(unit, output)
        source, title = unit.block.first.source, route_title(unit.block)
        generator = ObservedGen(program, names, output, source, title, observation, level)
        generator.route(name, unit.block, unit.block.body, unit.waits)
        functions[name] = unit
    _execute(output.definitions, names.globals)
    for name, unit in functions.items():
        watch = observation.watched_waiting if unit.waits else observation.watched
        names.globals[name] = watch(names.globals[name], place_of_route(unit.block))
    script = Script(plain.version, plain.source)
    script.parts = plain.parts
    _fill(script, names.globals, functions, plain.files)
    if immediate is not None:
        _keep_immediate(script, immediate)
    enter_foreign(script, *plain.foreign, None)
    for key, route in script.all_routes().items():
        script.counterparts[plain.all_routes()[key]] = route
    return script


def compile_value(program: Program, worker: Worker, expr: Expr, waits: bool) -> Callable[[Context], Any]:
    """A function that gives the value of one expression; a coroutine function where it `waits`."""
    names = _namespace(worker)
    output = Output()
    name = output.next_name("expression")
    generator = FunctionGen(program, names, output, expr.first.source, "expression")
    generator.at_node(expr)
    value = generator.assigned(expr)
    generator.at_node(expr)
    generator.define(name, expr, [generator.give(value)], waits)
    _execute(output.definitions, names.globals)
    function: Callable[[Context], Any] = names.globals[name]
    return function


def waiting_everywhere(program: Program) -> Program:
    """The same program, all of whose routes and blocks wait."""
    return replace(
        program,
        units=[replace(unit, waits=True) for unit in program.units],
        blocks={block: replace(unit, waits=True) for block, unit in program.blocks.items()},
        _main={},
    )


def _keep_immediate(script: Script, immediate: Script) -> None:
    """Routes that run where nothing can wait take those of a version that waits where the plain one does only."""
    script.onsend_route, script.error_route = immediate.onsend_route, immediate.error_route
    others = immediate.all_routes()
    for key, route in script.all_routes().items():
        if not others[key].waits:
            route.immediate = others[key]
    script.namespace[IMMEDIATE] = immediate


def _namespace(worker: Worker) -> Namespace:
    """What all functions of a script know."""
    names = Namespace()
    names.add(RUNTIME_FUNCTIONS)
    names.globals[ROUTE_TABLE] = {}
    names.globals[CORE_SETTINGS] = worker.settings
    return names


def _function_name(unit: RouteUnit, output: Output) -> str:
    """The global name of the function of a route block."""
    return route_function(unit.block.name) if unit.block.kind == "route" else output.next_name(unit.block.kind)


def _fill(script: Script, namespace: dict[str, Any], functions: dict[str, RouteUnit], files: tuple[str, ...]) -> None:
    """Put the routes where others look for them."""
    script.files = files
    script.namespace = namespace
    for name, unit in functions.items():
        if unit.own_stack:
            namespace[name] = on_own_stack(namespace[name])
        function = namespace[name]
        if unit.block.kind == "route":
            namespace[ROUTE_TABLE][unit.block.name] = function
        _enter(script, unit, function)


def _use_built(
    definitions: list[Definition], namespace: dict[str, Any], script: Script, native: NativeRoutes | None
) -> bool:
    """Take the functions from a built module where there is one that fits."""
    if native is None:
        return False
    source = native_source(definitions, namespace)
    name = native.define(source, namespace)
    if name:
        script.native_lines[name] = source.lines
    return bool(name)


def _execute(definitions: list[Definition], namespace: dict[str, Any]) -> None:
    """Compile the functions of each file together, and define them in `namespace`."""
    by_file: dict[str, list[ast.stmt]] = {}
    for source, definition, _, _ in definitions:
        by_file.setdefault(source.path, []).append(definition)
    for path, body in by_file.items():
        code = compile(ast.Module(body, []), path, "exec", dont_inherit=True)
        exec(code, namespace)
    for _, _, name, title in definitions:
        function = namespace[name]
        function.__code__ = function.__code__.replace(co_name=title, co_qualname=title)
        function.__name__ = function.__qualname__ = title


def _enter(script: Script, unit: RouteUnit, function: Callable[[Context], Any]) -> None:
    """Put a route where others look for it."""
    block = unit.block
    if unit.kind == CORE_ONREPLY:
        function = _dropping_async(function) if unit.waits else _dropping(function)
    route = CompiledRoute(block.name, unit.kind, function, unit.waits)
    if block.kind == "event_route":
        script.event_routes[block.name] = route
    elif block.kind == "local_route":
        script.event_routes[LOCAL_REQUEST_EVENT] = route
    elif unit.kind == CORE_ONREPLY:
        script.reply_route = route
    elif unit.kind == ONSEND:
        script.onsend_route = route
    elif unit.kind == ERROR:
        script.error_route = route
    else:
        script.table(unit.kind)[block.name] = route
        if block.kind == "route" and not block.name:
            script.request_route = route


def _dropping(run: Callable[[Context], int]) -> Callable[[Context], int]:
    """In the core reply route a function that returned 0 drops the reply, but `exit` does not."""

    def run_reply_route(ctx: Context) -> int:
        code = run(ctx)
        if code == 0 and ctx.rc == 0:
            ctx.dropped = True
        return code

    return run_reply_route


def _dropping_async(run: Callable[[Context], Any]) -> Callable[[Context], Any]:
    """`_dropping` for a route that waits."""

    async def run_reply_route(ctx: Context) -> int:
        code: int = await run(ctx)
        if code == 0 and ctx.rc == 0:
            ctx.dropped = True
        return code

    return run_reply_route
