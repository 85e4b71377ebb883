"""Nodes that route with a Python script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from siprouter.testing import Node

MODULES = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
loadmodule "xhttp.so"
loadmodule "app_python3.so"
modparam("app_python3", "load", "%s")
"""
Load = Callable[..., Node]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """load(script, rest of the configuration): a node; Python has all routes where there is no rest."""
    nodes = []

    def make(script: str, rest: str = 'cfgengine "python"', **options: object) -> Node:
        path = tmp_path / "route.py"
        path.write_text(dedent(script))
        node = Node(MODULES % path + rest, **options)  # type: ignore[arg-type]
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.close()
