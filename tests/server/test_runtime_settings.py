"""What SIP Router 3.1 can change at run time can be changed here, and something looks at the new value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import siprouter
from siprouter.core.declare import CfgVar
from siprouter.core.inventory.compare import find_declared
from siprouter.core.inventory.facts import core_facts, module_facts
from siprouter.server.inventory import declared_core, declared_modules
from siprouter.transaction.base import Config
from siprouter.transport.sctp_wire import SctpOptions
from siprouter.transport.sockopts import StreamOptions

SOURCES = Path(siprouter.__path__[0])
CORE_FOLDERS = ("core", "server", "script", "dns", "transport")
WITHOUT_USE_HERE = {
    "core.dns_search_full_match": "each name of the search list is asked for in full",
    "tcp.wq_blk_size": "write queues have no blocks",
    "tls.ct_wq_blk_size": "write queues have no blocks",
    "tm.delete_timer": "a transaction is deleted when its wait timer has run out",
}
"""their help says so"""

Fact = dict[str, object]


def facts() -> Iterator[tuple[str, Fact, CfgVar | None]]:
    """Folder of the module ("" for the core), the variable of 3.1, and ours, for all that is built."""
    core = declared_core().cfg_vars
    for fact in core_facts()["cfg_vars"]:
        yield "", fact, core.get(f"{fact['group']}.{fact['name']}")
    modules = declared_modules()
    for module in module_facts():
        declared = find_declared(module, modules)
        if declared is None:
            continue
        known = {(var.group or declared.name, var.name): var for var in declared.cfg_vars}
        folder = declared.name + ("_s" if declared.state.__module__.split(".")[2].endswith("_s") else "")
        for fact in module.get("cfg_vars", ()):
            yield folder, fact, known.get((fact["group"], fact["name"]))


def label(fact: Fact) -> str:
    return f"{fact['group']}.{fact['name']}"


def problem(fact: Fact, var: CfgVar | None) -> str:
    if var is None:
        return "missing"
    kind = "int" if fact["type"] == "int" and fact.get("input") != "string" else "str"
    if var.kind != kind:
        return f"is of type {var.kind}"
    if (var.least, var.most) != (fact["min"], fact["max"]):
        return f"has limits {var.least}, {var.most}"
    if var.readonly and not fact.get("readonly"):
        return "cannot be changed"
    return ""


def test_what_is_missing() -> None:
    found = {label(fact): problem(fact, var) for _, fact, var in facts()}
    assert len(found) > 150
    assert {name: text for name, text in found.items() if text} == {}


CHANGEABLE = [
    pytest.param(folder, str(fact["group"]), str(fact["name"]), id=label(fact))
    for folder, fact, _ in facts()
    if not fact.get("readonly") and label(fact) not in WITHOUT_USE_HERE
]


@pytest.mark.parametrize(("folder", "group", "name"), CHANGEABLE)
def test_something_looks_at_the_present_value(folder: str, group: str, name: str) -> None:
    """Either the module reads the setting each time, or its callback hands the value to an object that is read."""
    owner = r"cfg|settings|self|network|options|stream|plan|cache|client"
    kept_as = rf'(\b({owner})|group\("core"\))\.{name}\b'
    read = re.compile(rf'{kept_as}|(?<!cfg_var)(?<!CoreParam)[(\[]([\w.]+, )?"{name}"|, "{name}"\)')
    folders = [SOURCES / "modules" / folder] if folder else [SOURCES / name for name in CORE_FOLDERS]
    texts = [path.read_text() for one in folders for path in one.glob("*.py") if path.name != "__init__.py"]
    held = {"tm": Config, "tcp": StreamOptions, "sctp": SctpOptions}
    kept = group in held and hasattr(held[group](), name)
    assert kept or any(read.search(text) for text in texts) or name in SPECIAL


SPECIAL = {"mem_dump_pkg", "mem_dump_shm", "dns_reinit", "log_facility", "dns_cache_rec_pref"} | {
    f"dst_blacklist_{proto}_imask" for proto in ("udp", "tcp", "tls", "sctp")
}
"""a change does something once (test_memory_reports.py, test_network.py), or the name is put together (test_blst.py)"""


def test_the_exceptions_are_needed() -> None:
    known = {label(fact): var for _, fact, var in facts()}
    assert all(
        "no effect" in var.help or "always so" in var.help or var.name == "delete_timer"
        for name in WITHOUT_USE_HERE
        if (var := known[name]) is not None
    )
