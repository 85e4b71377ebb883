"""Module declarations as text: what `siprouter modules` prints."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from siprouter.core.args import arities
from siprouter.core.declare import Function, Module, Param
from siprouter.core.registry import SER_SUFFIX, load_declaration, module_folders
from siprouter.core.routes import ANY, ROUTE_NAMES
from siprouter.util.errors import OperatorError


def list_modules() -> list[tuple[str, str]]:
    """(name, one line of help) of all modules; names as `describe_module` takes them."""
    found = ((name, load_declaration(name)) for name in module_folders())
    return [(module_title(name), module.help) for name, module in found if module is not None]


def module_title(folder: str) -> str:
    """The name of the module in a folder: `rr`, or `rr (ser)` for what only `#!SER` scripts load."""
    base = folder.removesuffix(SER_SUFFIX)
    return folder if base == folder else f"{base} (ser)"


def describe_module(name: str) -> str:
    """All that a module offers; `name (ser)` is the flavour of SER. Raises OperatorError for an unknown one."""
    name = name.removesuffix(".so")
    titles = {module_title(folder): folder for folder in module_folders()}
    folder = titles.get(name, titles.get(name.replace("-", "_"), ""))
    declared = load_declaration(folder)
    if declared is None:
        close = difflib.get_close_matches(name, titles, 1)
        raise OperatorError(f"no module is called {name}", suggestion=f"did you mean {close[0]}?" if close else "")
    title = declared.name + (" (ser)" if folder.endswith(SER_SUFFIX) else "")
    lines = [f"{title}: {declared.help}"]
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
