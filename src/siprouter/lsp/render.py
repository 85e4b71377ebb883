"""Declarations as Markdown: what hovering and completion show."""

from __future__ import annotations

from siprouter.core.args import Opt, Rest
from siprouter.core.declare import Function, Module, Param, PVar, Transformation
from siprouter.core.settings import CoreParam
from siprouter.lsp.vocabulary import CORE
from siprouter.server.describe import function_help, param_text


def signature(function: Function, name: str) -> str:
    """`append_branch([uri], [q])`."""
    return f"{name}({', '.join(arguments(function))})"


def arguments(function: Function) -> list[str]:
    """The names of the arguments; optional ones in brackets, the one that may be repeated with dots."""
    names = []
    for one in function.args:
        if isinstance(one, Opt):
            names.append(f"[{one.type.name}]")
        elif isinstance(one, Rest):
            names.append(f"{one.type.name}…")
        else:
            names.append(one.name)
    return names


def argument_kinds(function: Function) -> list[str]:
    """What each argument must be, as lines of a list."""
    types = [(one.type if isinstance(one, Opt | Rest) else one) for one in function.args]
    return [f"- `{one.name}`: {one.kind}" for one in types]


def from_module(module: str) -> str:
    """Where a thing comes from."""
    return "*core*" if module == CORE else f"*module {module}*"


def function_markdown(name: str, declared: list[tuple[Function, str]]) -> str:
    """A function: for each declaration its arguments, help and routes."""
    parts = []
    for function, module in declared:
        arity = ""
        if function.arities:
            arity = f" ({' or '.join(str(count) for count in function.arities)} arguments)"
        lines = [f"```\n{signature(function, name)}\n```", f"{function_help(function)}{arity}"]
        if kinds := argument_kinds(function):
            lines.append("\n".join(kinds))
        if function.waits:
            lines.append("The message may wait here; others go on.")
        lines.append(from_module(module))
        parts.append("\n\n".join(lines))
    return "\n\n---\n\n".join(parts)


def param_markdown(param: Param, module: str) -> str:
    """A module parameter: kind, default and help."""
    text = f"`{param_text(param)}`\n\n{param.obsolete or param.help}"
    if param.cfg_var:
        text += f"\n\nCan be changed while it runs: `{param.cfg_var}`."
    return f"{text}\n\n{from_module(module)}"


def core_param_markdown(param: CoreParam) -> str:
    """A core parameter."""
    default = "none" if param.default is None else repr(param.default)
    text = f"`{param.name}` ({param.kind}, default {default})\n\n{param.help}"
    if param.aliases:
        text += f"\n\nAlso called {', '.join(param.aliases)}."
    if param.no_effect:
        text += f"\n\nNo effect: {param.no_effect}."
    return f"{text}\n\n*core parameter*"


def pvar_markdown(pv: PVar, module: str) -> str:
    """A pseudo-variable."""
    inner = "(…)" if pv.bind is not None else ""
    access = "read-only" if pv.get is not None and pv.set is None and pv.bind is None else ""
    tail = f", {access}" if access else ""
    return f"`${pv.name}{inner}`\n\n{pv.help}\n\n{from_module(module)}{tail}"


def transformation_markdown(item: Transformation, module: str) -> str:
    """A transformation."""
    names = [kind if number < item.least else f"[{kind}]" for number, kind in enumerate(item.args)]
    path = ",".join((f"{item.klass}.{item.name}", *names))
    return f"`{{{path}}}`\n\n{item.help}\n\n{from_module(module)}"


def module_markdown(module: Module) -> str:
    """A module: what it is for and how much it offers."""
    counts = [
        (len(module.params), "parameters"),
        (len(module.functions), "functions"),
        (len(module.pvars), "variables"),
        (len(module.rpcs), "RPC commands"),
    ]
    shown = ", ".join(f"{count} {what}" for count, what in counts if count)
    needs = f"\n\nNeeds: {', '.join(module.depends)}." if module.depends else ""
    return (
        f"**{module.name}**: {module.help}{needs}\n\n{shown}" if shown else f"**{module.name}**: {module.help}{needs}"
    )
