"""Compiled routes as the text of a module that Cython turns into C, and what leads back from it to the configuration.

The objects that routes use (functions of modules, constants, patterns) are known only once the configuration is loaded:
the module gets them by `bind`. Its text depends on nothing else, so its digest tells whether a built module fits.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from siprouter.script.gen_stmt import Definition

BIND = "bind"


@dataclass(slots=True)
class NativeSource:
    """`functions`: the global name of each route function to its name in the module; `objects`: what `bind` takes."""

    text: str
    types: str
    functions: dict[str, str]
    objects: list[str]
    lines: dict[int, tuple[str, int]] = field(default_factory=dict)
    """line of `text` to file and line of the configuration"""

    def digest(self, salt: bytes) -> str:
        """Names this very text and its types, and what `salt` stands for (versions)."""
        return hashlib.sha256(b"\0".join((self.text.encode(), self.types.encode(), salt))).hexdigest()[:16]


class NativeRoutes(Protocol):
    """Who may define the functions of a script otherwise than by compiling them to code objects."""

    def define(self, source: NativeSource, namespace: dict[str, Any]) -> str:
        """Put the functions into `namespace`; the file name in their tracebacks, "": nothing was done."""
        ...


def native_source(definitions: list[Definition], namespace: dict[str, Any]) -> NativeSource:
    """The module for the generated functions; `namespace` holds the other objects that they name."""
    functions = {name: f"route_{number}" for number, (_, _, name, _) in enumerate(definitions)}
    renamed = [_renamed(definition, functions) for _, definition, _, _ in definitions]
    used = {node.id for tree in renamed for node in ast.walk(tree) if isinstance(node, ast.Name)}
    objects = sorted(name for name in used if name in namespace and name not in functions)
    parts = [_bind_function(objects)]
    lines: dict[int, tuple[str, int]] = {}
    start = parts[0].count("\n") + 3
    for (source, _, _, title), tree in zip(definitions, renamed, strict=True):
        text = ast.unparse(tree)
        parts.append(f"# {title!r}\n{text}")
        _note_lines(tree, text, start, source.path, lines)
        start += text.count("\n") + 3
    return NativeSource("\n\n".join(parts) + "\n", _types(objects, renamed), functions, objects, lines)


def _renamed(definition: ast.stmt, names: dict[str, str]) -> ast.stmt:
    """A copy in which global names that are no identifiers have others."""
    tree = copy.deepcopy(definition)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.name = names[node.name]
    return tree


def _bind_function(objects: list[str]) -> str:
    lines = [f"def {BIND}(objects):"]
    if objects:
        lines.append(f"    global {', '.join(objects)}")
        lines += [f"    {name} = objects[{name!r}]" for name in objects]
    else:
        lines.append("    pass")
    return "\n".join(lines)


def _types(objects: list[str], trees: Iterable[ast.AST]) -> str:
    """The .pxd: objects as C globals, plain routes as C functions that know what a context is."""
    lines = ["from siprouter.core.context cimport Context", ""]
    lines += [f"cdef object {name}" for name in objects]
    lines += [f"cpdef object {tree.name}(Context ctx)" for tree in trees if isinstance(tree, ast.FunctionDef)]
    return "\n".join(lines) + "\n"


def _note_lines(tree: ast.AST, text: str, start: int, path: str, lines: dict[int, tuple[str, int]]) -> None:
    """Where each line of `text` (its first is `start`) comes from: the parsed text has the shape of `tree`."""
    for ours, theirs in zip(_statements(tree), _statements(ast.parse(text).body[0]), strict=True):
        lines.setdefault(theirs.lineno + start - 1, (path, ours.lineno))


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
