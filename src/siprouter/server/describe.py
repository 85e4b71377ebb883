"""Module declarations as text: what `siprouter modules` prints."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from siprouter.core.args import arities
from siprouter.core.declare import Function, Module, Param
from siprouter.core.registry import available_modules, load_declaration
from siprouter.core.routes import ANY, ROUTE_NAMES
from siprouter.util.errors import OperatorError


def list_modules() -> list[tuple[str, str]]:
    """(name, one line of help) of all modules."""
    found = (load_declaration(name) for name in available_modules())
    return [(module.name, module.help) for module in found if module is not None]


def describe_module(name: str) -> str:
    """All that a module offers. Raises OperatorError for an unknown one."""
    name = name.removesuffix(".so")
    declared = load_declaration(name.replace("-", "_"))
    if declared is None:
        close = difflib.get_close_matches(name, available_modules(), 1)
        raise OperatorError(f"no module is called {name}", suggestion=f"did you mean {close[0]}?" if close else "")
    lines = [f"{declared.name}: {declared.help}"]
    if declared.depends:
        lines.append(f"needs: {', '.join(declared.depends)}")
    for title, entries in sections(declared):
        if entries:
            lines += ["", f"{title}:", *two_columns(entries)]
    return "\n".join(lines)


def sections(module: Module) -> list[tuple[str, list[tuple[str, str]]]]:
    """(title, [(name, help)]) of each kind of thing that a module declares."""
    group = module.name
    return [
        ("parameters", [(param_text(item), item.obsolete or item.help) for item in module.params]),
        ("functions", [(function_text(item), function_help(item)) for item in module.functions]),
        ("variables", [(f"${item.name}", item.help) for item in module.pvars]),
        ("transformations", [(f"{{{item.klass}.{item.name}}}", item.help) for item in module.transformations]),
        ("selects", [(f"@{item.path}", item.help) for item in module.selects]),
        ("event routes", [(f"event_route[{item.name}]", item.help) for item in module.event_routes]),
        ("RPC commands", [(item.name, item.help) for item in module.rpcs]),
        ("MI commands", [(item.name, item.help) for item in module.mis]),
        ("statistics", [(f"{item.group or group}:{item.name}", item.help) for item in module.stats]),
        ("run-time settings", [(f"{item.group or group}.{item.name}", item.help) for item in module.cfg_vars]),
    ]


def param_text(item: Param) -> str:
    """`name (int, 5)`."""
    default = (
        "" if item.default is None else f", {item.default!r}" if isinstance(item.default, str) else f", {item.default}"
    )
    return f"{item.name} ({item.kind}{default})"


def function_text(item: Function) -> str:
    """`name(2-3 arguments)` with the other names of the function."""
    least, most = arities(item.args)
    counts = list(item.arities) or ([] if most < 0 else list(range(least, most + 1)))
    if not counts:
        shown = f"{least} or more"
    elif counts == [0]:
        shown = ""
    else:
        shown = " or ".join(str(count) for count in counts)
    names = ", ".join((item.name, *item.aliases))
    return f"{names}({shown})"


def function_help(item: Function) -> str:
    """The help, with the routes that may call it where not all may."""
    if item.routes & ANY == ANY:
        return item.help
    routes = ", ".join(name for bit, name in ROUTE_NAMES.items() if item.routes & bit)
    return f"{item.help} [{routes}]"


def two_columns(entries: Iterable[tuple[str, str]]) -> list[str]:
    """Names and helps beside each other, long names on a line of their own."""
    lines = []
    for name, text in entries:
        if len(name) > 30:
            lines += [f"  {name}", f"  {'':<30}  {text}".rstrip()]
        else:
            lines.append(f"  {name:<30}  {text}".rstrip())
    return lines
