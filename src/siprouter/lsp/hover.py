"""What is known about the word at a position."""

from __future__ import annotations

import re

from siprouter.lsp import render, words
from siprouter.lsp.findings import Analysis, Use
from siprouter.lsp.vocabulary import Vocabulary, declaration
from siprouter.script.load import module_name

_LOAD = re.compile(r'loadmodule[ \t]+"([^"]*)"')
_MODPARAM = re.compile(r'modparam[ \t]*\([ \t]*"([^"]*)"[ \t]*,[ \t]*"([^"]*)"')
_TRANSFORMATION = re.compile(r"\{\s*([\w]+\.[\w.]+)")
_VARIABLE = re.compile(r"\$\(?([A-Za-z_]\w*)")
_SELECT = re.compile(r"@([A-Za-z_][\w.]*)")
_DIRECTIVE = re.compile(r"#!(\w+)")
_WORD = re.compile(r"[A-Za-z_][\w:]*")


def hover(line: str, column: int, use: Use | None, analysis: Analysis, vocabulary: Vocabulary) -> str:
    """Markdown about what stands at `column` (in characters) of a line; "" for nothing. `use`: the name found there."""
    if (found := _at(_LOAD, line, column)) is not None:
        name = module_name(found[1])
        declared = vocabulary.modules.get(name) or declaration(name, vocabulary.ser)
        return "" if declared is None else render.module_markdown(declared)
    if (found := _at(_MODPARAM, line, column)) is not None:
        return _modparam(found, column, vocabulary)
    if (found := _at(_DIRECTIVE, line, column)) is not None:
        return words.DIRECTIVES.get(found[1], "")
    if use is not None and use.kind not in ("function", "variable"):
        return _named(use, analysis)
    if vocabulary.ser and use is not None and use.kind == "variable":
        return _attribute(use, analysis)
    if (found := _at(_TRANSFORMATION, line, column)) is not None and column > found.start():
        item = vocabulary.transformations.get(found[1].lower())
        if item is not None:
            return render.transformation_markdown(*item)
    if (found := _at(_VARIABLE, line, column)) is not None:
        pv = vocabulary.pvars.get(found[1])
        return "" if pv is None else render.pvar_markdown(*pv)
    if (found := _at(_SELECT, line, column)) is not None:
        return _select(found[1], vocabulary)
    return _word(line, column, use, analysis, vocabulary)


def _at(pattern: re.Pattern[str], line: str, column: int) -> re.Match[str] | None:
    return next((found for found in pattern.finditer(line) if found.start() <= column <= found.end()), None)


def _modparam(found: re.Match[str], column: int, vocabulary: Vocabulary) -> str:
    """The module where the cursor is on it, else the parameter of each module that the line means."""
    names = [name for name in found[1].split("|") if name in vocabulary.modules]
    if column <= found.end(1):
        return "\n\n---\n\n".join(render.module_markdown(vocabulary.modules[name]) for name in names)
    shown = [(vocabulary.param(name, found[2]), name) for name in names]
    return "\n\n---\n\n".join(render.param_markdown(param, name) for param, name in shown if param is not None)


def _named(use: Use, analysis: Analysis) -> str:
    """A route block or a define: what it is, where it is made, how often it is used."""
    uses = sum(1 for one in analysis.uses if one.kind == use.kind and one.name == use.name and not one.defines)
    times = f"used {uses} time{'s'[: uses != 1]}"
    if use.kind == "define":
        if use.name not in analysis.defines:
            return f"`{use.name}` is not defined"
        return f"`#!define {use.name} {analysis.defines[use.name]}`\n\n{times}"
    made = [one.span for one in analysis.uses if one.kind == use.kind and one.name == use.name and one.defines]
    place = f"line {made[0].line + 1} of {made[0].file.rpartition('/')[2]}" if made else "nowhere"
    return f"`{use.kind}[{use.name}]`\n\ndefined: {place}, {times}"


def _attribute(use: Use, analysis: Analysis) -> str:
    count = sum(1 for one in analysis.uses if one.kind == use.kind and one.name == use.name)
    return f"attribute `{use.name}`\n\nhere {count} time{'s'[: count != 1]}"


def _select(typed: str, vocabulary: Vocabulary) -> str:
    first = typed.partition(".")[0]
    shown = [
        f"- `@{item.path}` {item.help}" for item, _ in vocabulary.selects if re.split(r"[.\[(]", item.path)[0] == first
    ]
    return "\n".join(shown[:20])


def _word(line: str, column: int, use: Use | None, analysis: Analysis, vocabulary: Vocabulary) -> str:
    found = _at(_WORD, line, column)
    if found is None:
        return ""
    word = found[0].rstrip(":")
    if (use is not None and use.kind == "function") or line[found.end() :].lstrip().startswith("("):
        declared = vocabulary.functions.get(word)
        if declared is not None:
            return render.function_markdown(word, declared)
    if re.match(r"\s*=[^=~]", line[found.end() :] + " ") and not line[: found.start()].strip():
        param = vocabulary.core_params.get(word)
        if param is not None:
            return render.core_param_markdown(param)
    for table in (words.STATEMENTS, words.CONDITIONS, words.OPERATORS, words.TOP, words.ROUTES):
        if word in table:
            return table[word]
    event = vocabulary.event_routes.get(found[0])
    if event is not None:
        return f"{event[0].help}\n\n{render.from_module(event[1])}"
    if word in vocabulary.functions:
        return render.function_markdown(word, vocabulary.functions[word])
    return ""
