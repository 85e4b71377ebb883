"""A Python file as the whole configuration: what else a configuration says stands in its string `CONFIG`.

The text of the configuration is cut out in place, so that lines and columns of what is wrong are those of the file.
"""

from __future__ import annotations

import ast
import re

from siprouter.script.source import SourceFile
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.text import to_bytes, to_str

SUFFIX = ".py"
NAME = "CONFIG"
TITLE = " (CONFIG)"
"""behind the name of the file: the text is not what the file holds"""
_OPENING = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_NO_LINE_END = re.compile(r"[^\n]")


def configuration_of(source: SourceFile) -> SourceFile:
    """The configuration that a Python file stands for. Raises OperatorError for one that is no Python."""
    try:
        tree = ast.parse(source.text, source.path)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        column = max(getattr(error, "offset", None) or 1, 1)
        raise OperatorError(getattr(error, "msg", str(error)), SourceLocation(source.path, line, column)) from error
    text = _cut_out(source.text, _find(tree))
    name = source.path.replace("\\", "\\\\").replace('"', '\\"')
    text += f'\nloadmodule "app_python3.so"\nmodparam("app_python3", "load", "{name}")\ncfgengine "python"\n'
    return SourceFile(source.path + TITLE, text)


def _find(tree: ast.Module) -> ast.Constant | None:
    """The string that is assigned to CONFIG."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            if any(isinstance(target, ast.Name) and target.id == NAME for target in node.targets):
                return node.value
    return None


def _cut_out(text: str, found: ast.Constant | None) -> str:
    """The value of the string, with as many lines and columns before it as in the file."""
    if found is None:
        return ""
    lines = text.splitlines(keepends=True)
    # columns of syntax trees count octets
    column = len(to_str(to_bytes(lines[found.lineno - 1])[: found.col_offset]))
    start = sum(len(line) for line in lines[: found.lineno - 1]) + column
    opening = _OPENING.match(text, start)
    begin = start if opening is None else opening.end()
    value = str(found.value)
    return _NO_LINE_END.sub(" ", text[:begin]) + value
