"""What may be typed at the cursor."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from siprouter.core.args import Choice, Flag, PvRef, RouteName
from siprouter.core.registry import available_modules
from siprouter.lsp import render, words
from siprouter.lsp.cursor import Cursor
from siprouter.lsp.findings import Analysis
from siprouter.lsp.vocabulary import CORE, Vocabulary, declaration, route_block_kind
from siprouter.script.parser import LOG_FACILITIES

MAX_ITEMS = 2000

KEYWORD, FUNCTION, PROPERTY, VARIABLE, MODULE, ROUTE, FILE, CONSTANT, EVENT, METHOD = (
    "keyword", "function", "property", "variable", "module", "route", "file", "constant", "event", "method",
)  # fmt: skip

_DIRECTIVE = re.compile(r"^[ \t]*#!(\w*)$")
_DEFINED = re.compile(r"^[ \t]*#!ifn?def[ \t]+(\w*)$")
_FILE = re.compile(r'^[ \t]*(?:#!|!!)?(?:include_file|import_file)[ \t]+"([^"]*)$')
_LOAD = re.compile(r'^[ \t]*loadmodule[ \t]+"([^"]*)$')
_BLOCK = re.compile(r"^[ \t]*(event_route)[ \t]*\[[ \t]*([\w:-]*)$")
_VARIABLE = re.compile(r"\$(\(?)([A-Za-z_][\w.]*)?$")
_INNER = re.compile(r"\$\(?(\w+)\(([^()$]*)$")
_TRANSFORMATION = re.compile(r"\$\([^{}\"\n]*(?:\{[^{}\n]*\})*\{([\w.]*)$")
_SELECT = re.compile(r"@([\w.]*)$")
_PARAM_VALUE = re.compile(r"^[ \t]*(\w+)[ \t]*=[ \t]*(\w*)$")
_WORD = re.compile(r"[A-Za-z_][\w]*$")


@dataclass(frozen=True, slots=True)
class Item:
    """`typed`: the characters before the cursor that it takes the place of."""

    label: str
    kind: str
    typed: int
    detail: str = ""
    markdown: str = ""
    text: str = ""


def complete(cursor: Cursor, analysis: Analysis, vocabulary: Vocabulary) -> list[Item]:
    """The possibilities, at most MAX_ITEMS; the editor picks those that fit what was typed."""
    items: list[Item] = []
    seen: set[str] = set()
    for item in _items(cursor, analysis, vocabulary):
        if item.label not in seen:
            seen.add(item.label)
            items.append(item)
        if len(items) >= MAX_ITEMS:
            break
    return items


def _items(cursor: Cursor, analysis: Analysis, vocabulary: Vocabulary) -> Iterator[Item]:
    line = cursor.line
    if found := _DIRECTIVE.search(line):
        yield from _table(words.DIRECTIVES, KEYWORD, found[1])
    elif found := _DEFINED.search(line):
        for name, text in analysis.defines.items():
            yield Item(name, CONSTANT, len(found[1]), text)
    elif cursor.comment:
        return
    elif found := _FILE.search(line):
        yield from _files(analysis.main, found[1])
    elif found := _LOAD.search(line):
        for name in available_modules(vocabulary.ser):
            yield Item(f"{name}.so", MODULE, len(found[1]), text=f"{name}.so")
    elif found := _BLOCK.search(line):
        for name, (event, module) in vocabulary.event_routes.items():
            yield Item(name, EVENT, len(found[2]), event.help, f"{event.help}\n\n{render.from_module(module)}")
    elif found := _TRANSFORMATION.search(line):
        for path, (item, module) in vocabulary.transformations.items():
            yield Item(path, METHOD, len(found[1]), item.help, render.transformation_markdown(item, module))
    elif found := _INNER.search(line):
        yield from _inner_names(found[1], found[2], analysis, vocabulary)
    elif found := _VARIABLE.search(line):
        yield from _variables(found[2] or "", analysis, vocabulary)
    elif (found := _SELECT.search(line)) and cursor.string is None:
        yield from _selects(found[1], vocabulary)
    else:
        yield from _by_place(cursor, analysis, vocabulary)


def _by_place(cursor: Cursor, analysis: Analysis, vocabulary: Vocabulary) -> Iterator[Item]:
    word = _WORD.search(cursor.line)
    typed = word[0] if word is not None else ""
    name, number = cursor.call
    if name == "modparam" and cursor.string is not None:
        yield from _modparam(cursor, number, vocabulary)
    elif name:
        yield from _argument(cursor, name, number, typed, analysis, vocabulary)
    if cursor.string is not None:
        return
    if not cursor.depth:
        yield from _top_level(cursor, typed, vocabulary)
        return
    if cursor.before in ("", ";", "{", "}", ")", ":"):
        yield from _table(words.STATEMENTS, KEYWORD, typed)
    elif name != "route":
        yield from _table(words.CONDITIONS, KEYWORD, typed)
        yield from _table(words.OPERATORS, KEYWORD, typed)
    if name != "route":
        yield from _functions(typed, vocabulary)
        for define, text in analysis.defines.items():
            yield Item(define, CONSTANT, len(typed), text)


def _table(table: dict[str, str], kind: str, typed: str) -> Iterator[Item]:
    for name, text in table.items():
        yield Item(name, kind, len(typed), text, text)


def _functions(typed: str, vocabulary: Vocabulary) -> Iterator[Item]:
    for name, declared in vocabulary.functions.items():
        detail = render.signature(declared[0][0], name)
        module = declared[0][1]
        source = "" if module == CORE else f"  ({module})"
        yield Item(name, FUNCTION, len(typed), detail + source, render.function_markdown(name, declared), f"{name}(")


def _top_level(cursor: Cursor, typed: str, vocabulary: Vocabulary) -> Iterator[Item]:
    if found := _PARAM_VALUE.match(cursor.line):
        param = vocabulary.core_params.get(found[1])
        if param is not None and param.kind == "bool":
            yield from (Item(word, CONSTANT, len(typed)) for word in ("yes", "no"))
        elif param is not None and param.kind == "facility":
            yield from (Item(word, CONSTANT, len(typed)) for word in sorted(LOG_FACILITIES))
        return
    yield from _table(words.ROUTES, KEYWORD, typed)
    yield from _table(words.TOP, KEYWORD, typed)
    for name, param in vocabulary.core_params.items():
        yield Item(name, PROPERTY, len(typed), param.help, render.core_param_markdown(param))


def _modparam(cursor: Cursor, number: int, vocabulary: Vocabulary) -> Iterator[Item]:
    typed = cursor.string or ""
    if number == 0:
        typed = typed.rpartition("|")[2]
        for name, module in vocabulary.modules.items():
            yield Item(name, MODULE, len(typed), module.help, render.module_markdown(module))
    elif number == 1 and cursor.arguments and cursor.arguments[-1]:
        for name in cursor.arguments[-1][0].split("|"):
            declared = vocabulary.modules.get(name)
            for param in declared.params if declared is not None else ():
                detail = param.obsolete or param.help
                yield Item(param.name, PROPERTY, len(typed), detail, render.param_markdown(param, name))


def _argument(
    cursor: Cursor, name: str, number: int, typed: str, analysis: Analysis, vocabulary: Vocabulary
) -> Iterator[Item]:
    """Names of routes, words and flags that an argument takes."""
    written = cursor.string if cursor.string is not None else typed
    quote = '"' if cursor.string is None else ""
    if name == "route":
        for route in analysis.names("route"):
            yield Item(route, ROUTE, len(written), "route block")
        return
    declared = vocabulary.argument(name, number)
    if isinstance(declared, RouteName):
        kind = route_block_kind(declared.route_kind)
        for route in analysis.names(kind):
            yield Item(route, ROUTE, len(written), kind, text=f"{quote}{route}{quote}")
    elif isinstance(declared, Choice):
        for choice in declared.words:
            yield Item(choice, CONSTANT, len(written), declared.name, text=f"{quote}{choice}{quote}")
    elif isinstance(declared, Flag):
        for flag in analysis.flags:
            yield Item(flag, CONSTANT, len(written), "flag")
    elif isinstance(declared, PvRef) and not written:
        for item in _variables("", analysis, vocabulary, typed=0):
            yield Item(item.label, item.kind, 0, item.detail, item.markdown, f"{quote}{item.label}{quote}")


def _variables(word: str, analysis: Analysis, vocabulary: Vocabulary, typed: int | None = None) -> Iterator[Item]:
    """Pseudo-variables, in SER's scripts attributes; the `$` (and a parenthesis behind it) stays as typed."""
    count = len(word) if typed is None else typed
    used = dict.fromkeys(use.name for use in analysis.uses if use.kind == "variable")
    if vocabulary.ser:
        for name in used:
            yield Item(name, VARIABLE, count, "attribute", "", name[1:] if typed is None else name)
        return
    for name, (pv, module) in vocabulary.pvars.items():
        text = name if typed is None else f"${name}"
        if pv.bind is not None and pv.inner_required:
            text += "("
        yield Item(f"${name}", VARIABLE, count, pv.help, render.pvar_markdown(pv, module), text)
    for name in used:
        if "(" in name:
            yield Item(name, VARIABLE, count, "used in this configuration", "", name[1:] if typed is None else name)


def _inner_names(name: str, typed: str, analysis: Analysis, vocabulary: Vocabulary) -> Iterator[Item]:
    """What stands in the parentheses of `$name(…)` elsewhere in the configuration."""
    start = f"${name}("
    for use in analysis.uses:
        if use.kind == "variable" and use.name.startswith(start):
            yield Item(use.name[len(start) : -1], VARIABLE, len(typed), use.name)


def _selects(typed: str, vocabulary: Vocabulary) -> Iterator[Item]:
    for item, module in vocabulary.selects:
        path = item.path.replace("(", "").replace(")", "").replace("[%i]", "")
        yield Item(
            path, VARIABLE, len(typed), item.help, f"`@{item.path}`\n\n{item.help}\n\n{render.from_module(module)}"
        )


def _files(main: str, typed: str) -> Iterator[Item]:
    """Configuration files and folders beside the main file."""
    folder, _, start = typed.rpartition("/")
    place = Path(main).parent / folder if folder or not typed.startswith("/") else Path("/")
    try:
        with os.scandir(place) as entries:
            for number, entry in enumerate(entries):
                if number >= MAX_ITEMS:
                    break
                if entry.is_dir() or entry.name.endswith((".cfg", ".inc", ".conf")):
                    yield Item(entry.name + ("/" if entry.is_dir() else ""), FILE, len(start))
    except OSError:
        return


def module_help(name: str, ser: bool) -> str:
    """What a module is for, as Markdown; "" where there is none."""
    declared = declaration(name, ser)
    return "" if declared is None else render.module_markdown(declared)
