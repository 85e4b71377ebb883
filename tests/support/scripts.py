"""Short ways to parse configuration text in tests."""

from __future__ import annotations

from siprouter.script.diagnostics import Diagnostics
from siprouter.script.nodes import Config, Stmt
from siprouter.script.parser import parse_source
from siprouter.script.preprocess import preprocess
from siprouter.script.source import SourceFile


def parse(text: str, defines: dict[str, str] | None = None, path: str = "test.cfg") -> tuple[Config, Diagnostics]:
    """The configuration and what was found wrong with it."""
    diagnostics = Diagnostics()
    return parse_source(SourceFile(path, text), diagnostics, defines), diagnostics


def parse_good(text: str, defines: dict[str, str] | None = None) -> Config:
    """The configuration; fails the test on errors and warnings."""
    config, diagnostics = parse(text, defines)
    assert not diagnostics.items, diagnostics.render()
    return config


def statements(body: str) -> list[Stmt]:
    """The statements of a route with this body."""
    return parse_good(f"route {{\n{body}\n}}\n").routes[0].body


def tokens(text: str, mode: str = "max", defines: dict[str, str] | None = None) -> list[tuple[str, object]]:
    """(kind, value) of all tokens but the end."""
    diagnostics = Diagnostics()
    found = preprocess(SourceFile("test.cfg", text), diagnostics, defines, mode)
    assert not diagnostics.items, diagnostics.render()
    return [(token.kind, token.value) for token in found.tokens[:-1]]


def codes(diagnostics: Diagnostics) -> list[tuple[str, int, int]]:
    """(code, line, column) of everything found, in the order of the text."""
    return [(item.code, item.location.line, item.location.column) for item in diagnostics.in_order()]
