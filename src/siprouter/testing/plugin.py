"""The pytest plugin: fixtures that run a configuration in memory, and what happened in it where a test fails.

Ini options `siprouter_config`, `siprouter_aliases`, `siprouter_listen` and `siprouter_defines` tell the configuration
of the project; the marker `siprouter` says something else for one test. Importing this file imports nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from siprouter.testing.node import Node
    from siprouter.testing.phone import Phone

MARKER = "siprouter(config=..., text=..., leaks=True, **options): the configuration for one test; options as for Node"
OWN_OPTIONS = ("config", "text", "leaks")
MAX_LOG_LINES = 100

PASSED = pytest.StashKey[bool]()
NODES = pytest.StashKey["list[Node]"]()

MakePhone = Callable[..., "Phone"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini options."""
    parser.addini("siprouter_config", "configuration file that the fixture siprouter_node runs", default="")
    parser.addini("siprouter_aliases", "host names that count as the router", type="args", default=[])
    parser.addini("siprouter_listen", "addresses to listen on where the configuration names none", type="args")
    parser.addini("siprouter_defines", "names defined for the configuration: NAME or NAME=VALUE", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the messages and the log of each node of a test that failed."""
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    if report.failed and report.when == "call":
        nodes: list[Node] = item.stash.get(NODES, [])
        for number, node in enumerate(nodes):
            name = f" of node {number + 1}" if number else ""
            report.sections.append((f"SIP messages{name}", node.ladder()))
            report.sections.append((f"router log{name}", "\n".join(node.log[-MAX_LOG_LINES:])))
    return report


class NodeFactory:
    """Makes nodes as the ini options and the marker say; each is closed at the end of the test."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._item: pytest.Item = request.node
        self._config = request.config
        self._marked: dict[str, Any] = {}
        for mark in reversed(list(self._item.iter_markers("siprouter"))):
            self._marked.update(mark.kwargs)
            if mark.args:
                self._marked["config"] = mark.args[0]
        self.nodes: list[Node] = []
        self._item.stash[NODES] = self.nodes

    def __call__(self, config: str | Path | None = None, *, text: str | None = None, **options: Any) -> Node:
        """A node that runs the file `config`, or the configuration in `text`; without both that of marker or ini.

        A relative path begins at the directory of the ini file, or else at that of the test. Options as for Node.
        """
        from siprouter.testing.node import Node

        wanted = {**self._defaults(), **options}
        if text is None and config is None:
            text = self._marked.get("text")
        if text is None:
            wanted["path"] = self._find(config or self._marked.get("config") or self._config.getini("siprouter_config"))
        node = Node(text or "", **wanted)
        self.nodes.append(node)
        return node

    def _defaults(self) -> dict[str, Any]:
        getini = self._config.getini
        options: dict[str, Any] = {"aliases": getini("siprouter_aliases")}
        if getini("siprouter_listen"):
            options["listen"] = getini("siprouter_listen")
        if getini("siprouter_defines"):
            options["defines"] = parse_defines(getini("siprouter_defines"))
        options.update((name, value) for name, value in self._marked.items() if name not in OWN_OPTIONS)
        return options

    def _find(self, name: str | Path) -> Path:
        if not str(name):
            raise pytest.UsageError(
                "no configuration: set the ini option siprouter_config, or use the marker siprouter"
            )
        ini = self._config.inipath
        for folder in (self._config.rootpath if ini is None else ini.parent, self._item.path.parent):
            if (folder / name).is_file():
                return folder / name
        raise pytest.UsageError(f"configuration {name} not found")

    def close(self) -> None:
        """Close all nodes; those of a test that passed must have left nothing behind."""
        check = self._item.stash.get(PASSED, False) and bool(self._marked.get("leaks", True))
        problems: list[AssertionError] = []
        for node in self.nodes:
            try:
                node.close(check=check)
            except AssertionError as error:
                problems.append(error)
        if problems:
            raise problems[0]


def parse_defines(words: list[str]) -> Mapping[str, str]:
    """["A", "B=1"] as {"A": "", "B": "1"}."""
    return {name: value for name, _, value in (word.partition("=") for word in words)}


@pytest.fixture
def siprouter_node_factory(request: pytest.FixtureRequest) -> Iterator[NodeFactory]:
    """Makes nodes: `siprouter_node_factory("other.cfg", defines={"WITH_NAT": ""})`."""
    factory = NodeFactory(request)
    yield factory
    factory.close()


@pytest.fixture
def siprouter_node(siprouter_node_factory: NodeFactory) -> Node:
    """A router in memory that runs the configuration of the project, checked for leaks after the test."""
    return siprouter_node_factory()


@pytest.fixture
def siprouter_phone(siprouter_node: Node) -> MakePhone:
    """Makes phones of `siprouter_node`: `siprouter_phone("bob")` is at 10.0.0.1:5060, the next one at 10.0.0.2:5060."""
    from siprouter.testing.phone import Phone

    made: list[Phone] = []

    def make(user: str, address: str = "", **options: Any) -> Phone:
        phone = Phone(siprouter_node, user, address or f"10.0.0.{len(made) + 1}:5060", **options)
        made.append(phone)
        return phone

    return make
