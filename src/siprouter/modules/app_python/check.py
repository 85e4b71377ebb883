"""What can be said about the calls of a script before it runs: unknown functions, variables, routes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.core.routes import BRANCH, FAILURE, TM_ONREPLY
from siprouter.ksr.functions import LIBRARY, LIBRARY_MODULES, find
from siprouter.ksr.lib_modules import ALIASES
from siprouter.ksr.values import CallError
from siprouter.modules.app_python.ksr import Ksr
from siprouter.script.diagnostics import did_you_mean
from siprouter.script.resolve import accepts, describe_arities
from siprouter.util.errors import SourceLocation

if TYPE_CHECKING:
    from siprouter.ksr.api import HostApi
    from siprouter.modules.app_python.routes import PythonRoutes
    from siprouter.script.foreign import ScriptFiles

ROOT = "KSR"
ROUTE_ARGUMENTS = {"t_on_failure": FAILURE, "t_on_branch": BRANCH, "t_on_reply": TM_ONREPLY}
TABLES = {FAILURE: "failure_routes", BRANCH: "branch_routes", TM_ONREPLY: "onreply_routes"}
NONE = ("", "0")


def check_calls(
    files: ScriptFiles, paths: list[str], api: HostApi, names: Mapping[int, set[str]], routes: PythonRoutes
) -> None:
    """Warn about calls of `KSR.…` that cannot work, and report routes that do not exist as errors."""
    for path in paths:
        tree = ast.parse(files.read(Path(path)).text)
        if not any(isinstance(node, ast.Name) and node.id == ROOT for node in ast.walk(tree)):
            continue
        for node, parts in _calls(tree):
            place = _place(path, node)
            try:
                _check(node, parts, api)
            except CallError as error:
                files.diagnostics.warning("python-call", error.message, place, suggestion=error.suggestion)
            kind = ROUTE_ARGUMENTS.get(parts[-1])
            if kind is not None and parts[0] == "tm":
                _check_route(node, kind, place, files, names, routes)


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, list[str]]]:
    """Calls of KSR.name and KSR.module.name, with the names."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        parts: list[str] = []
        inner: ast.expr = node.func
        while isinstance(inner, ast.Attribute):
            parts.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id == ROOT and 1 <= len(parts) <= 2:
            yield node, parts


def _place(path: str, node: ast.Call) -> SourceLocation:
    return SourceLocation(path, node.lineno, node.col_offset + 1, node.end_lineno or 0, (node.end_col_offset or 0) + 1)


def _check(node: ast.Call, parts: list[str], api: HostApi) -> None:
    """Raises CallError."""
    module, name = parts if len(parts) == 2 else ("", parts[0])
    if not module and hasattr(Ksr, name):
        return
    if module and module not in LIBRARY_MODULES and module not in api.registry.modules:
        raise CallError(f"module {module} is not loaded", suggestion=api.how_to_load(module))
    find(api, module, name)
    own = LIBRARY.get((module, name))
    values = [item.value if isinstance(item, ast.Constant) else None for item in node.args]
    if any(isinstance(item, ast.Starred) for item in node.args):
        return
    if own is None:
        target, declared = ALIASES.get((module, name), (module or "core", name))
        found = [item[0] for item in api.find(target, declared)]
        if not any(accepts(item, len(values)) for item in found):
            count = f"{len(values)} argument{'' if len(values) == 1 else 's'}"
            raise CallError(f"{name}() with {count}", suggestion=f"it takes {describe_arities(found)}")
    elif module == "pv" and values and isinstance(values[0], str):
        api.variable(values[0])


def _check_route(
    node: ast.Call,
    kind: int,
    place: SourceLocation,
    files: ScriptFiles,
    names: Mapping[int, set[str]],
    routes: PythonRoutes,
) -> None:
    argument = node.args[0] if len(node.args) == 1 else None
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str) or argument.value in NONE:
        return
    name = argument.value
    defined = {item for where, item in routes.defined if where == TABLES[kind]}
    known = {*names.get(kind, ()), *routes.functions, *defined}
    if name not in known:
        title = TABLES[kind].removesuffix("s")
        hint = did_you_mean(name, known) or f'add: @KSR.{title}("{name}")'
        files.diagnostics.error("undefined-route", f"undefined {title}[{name}]", place, suggestion=hint)
