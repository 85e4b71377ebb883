"""Reading the inventory: `modules.json` (one object a module, a line each) and `core.json` (one list a kind)."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

Fact = dict[str, Any]

MODULE_KINDS = (
    "functions",
    "params",
    "pvs",
    "transformations",
    "rpc",
    "mi",
    "stats",
    "event_routes",
    "selects",
    "cfg_vars",
)
CORE_KINDS = (
    "params",
    "functions",
    "statements",
    "route_blocks",
    "control",
    "condition_keywords",
    "operators",
    "preprocessor",
    "script_modes",
    "cfg_vars",
    "rpc",
    "pvs",
    "selects",
    "counters",
)


def _read(name: str) -> Any:
    return json.loads(files(__package__).joinpath(name).read_text("utf-8"))


def module_facts() -> list[Fact]:
    """One object for each module and family, sorted by name; a kind that a module has none of is left out."""
    facts: list[Fact] = _read("modules.json")
    return sorted(facts, key=lambda fact: (fact["name"], fact["family"]))


def core_facts() -> dict[str, list[Any]]:
    """Lists by kind (CORE_KINDS); elements are objects with a `name`, or plain names."""
    facts: dict[str, list[Any]] = _read("core.json")
    return facts


def module_label(fact: Fact, facts: list[Fact]) -> str:
    """The module's name, with its family where the name occurs in several."""
    shared = sum(1 for other in facts if other["name"] == fact["name"]) > 1
    return f"{fact['name']} ({fact['family']})" if shared else str(fact["name"])
