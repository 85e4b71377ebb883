"""What this program offers, collected from all layers, beside what SIP Router 3.1 has."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from siprouter.core.core_cfg import CORE_CFG_VARS
from siprouter.core.core_pvars import CORE_PVARS
from siprouter.core.declare import Module
from siprouter.core.inventory.compare import (
    CoreDeclared,
    Gap,
    compare_core,
    compare_module,
    count_names,
    find_declared,
)
from siprouter.core.inventory.facts import core_facts, module_facts, module_label
from siprouter.core.registry import load_declaration, module_folders
from siprouter.rpc.core import CORE_RPCS
from siprouter.script.core_table import core_arities
from siprouter.script.language import language_names
from siprouter.script.params import CORE_PARAMS
from siprouter.server.memory_reports import MEMORY_CFG_VARS
from siprouter.server.runtime_cfg import (
    DNS_CFG_VARS,
    DNS_COUNTERS,
    LOG_CFG_VARS,
    RAW_CFG_VARS,
    TCP_CFG_VARS,
    TCP_COUNTERS,
    TCP_GAUGES,
)
from siprouter.server.sctp_cfg import SCTP_CFG_VARS, SCTP_COUNTERS, SCTP_GAUGES
from siprouter.util.errors import OperatorError

CORE = "core"
CORE_GROUP = (*CORE_CFG_VARS, *DNS_CFG_VARS, *LOG_CFG_VARS, *RAW_CFG_VARS, *MEMORY_CFG_VARS)


@dataclass(frozen=True, slots=True)
class Report:
    """The gaps of one module or of the core; `names` is how many names the inventory has for it."""

    label: str
    declared: bool
    names: int
    gaps: list[Gap]


def declared_modules() -> list[Module]:
    """The declarations of all module folders."""
    found = (load_declaration(name) for name in module_folders())
    return [module for module in found if module is not None]


def declared_core() -> CoreDeclared:
    """What is there without any module."""
    return CoreDeclared(
        params=CORE_PARAMS,
        functions=core_arities(),
        cfg_vars={
            **{f"core.{var.name}": var for var in CORE_GROUP},
            **{f"tcp.{var.name}": var for var in TCP_CFG_VARS},
            **{f"sctp.{var.name}": var for var in SCTP_CFG_VARS},
        },
        names={
            **language_names(),
            "rpc": {command.name for command in CORE_RPCS},
            "counters": {
                f"{item.group}.{item.name}" for module in declared_modules() for item in module.stats if item.group
            }
            | {f"tcp.{name}" for name in (*TCP_COUNTERS, *TCP_GAUGES)}
            | {f"sctp.{name}" for name in (*SCTP_COUNTERS, *SCTP_GAUGES)}
            | {f"dns.{name}" for name in DNS_COUNTERS},
            "pvs": {pv.name for pv in CORE_PVARS},
        },
    )


def report_gaps(only: list[str]) -> list[Report]:
    """Reports for the modules named (names or labels; "core" for the core), for all when none is named.

    Raises OperatorError for an unknown name.
    """
    facts = module_facts()
    labels = {fact["name"] for fact in facts} | {module_label(fact, facts) for fact in facts} | {CORE}
    for name in only:
        if name not in labels:
            close = difflib.get_close_matches(name, sorted(labels), 1)
            hint = f"did you mean {close[0]}?" if close else ""
            raise OperatorError(f"SIP Router 3.1 has no module {name}", suggestion=hint)
    declared = declared_modules()
    reports = []
    if not only or CORE in only:
        core = core_facts()
        total = sum(len(items) for kind, items in core.items() if kind != "mi")
        reports.append(Report(CORE, True, total, compare_core(core, declared_core())))
    for fact in facts:
        label = module_label(fact, facts)
        if not only or label in only or fact["name"] in only:
            module = find_declared(fact, declared)
            reports.append(Report(label, module is not None, count_names(fact), compare_module(fact, module)))
    return reports
