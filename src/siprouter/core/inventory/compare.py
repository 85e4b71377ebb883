"""What SIP Router 3.1 has and a declaration lacks. More than 3.1 has is no gap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from siprouter.core import routes
from siprouter.core.args import arities
from siprouter.core.declare import COMMON, CfgVar, Function, Module, Param, PVar
from siprouter.core.inventory.facts import CORE_KINDS, MODULE_KINDS, Fact
from siprouter.core.settings import CoreParam

ROUTE_BITS = {
    "REQUEST": routes.REQUEST,
    "FAILURE": routes.FAILURE,
    "TM_ONREPLY": routes.TM_ONREPLY,
    "CORE_ONREPLY": routes.CORE_ONREPLY,
    "ONREPLY": routes.ONREPLY,
    "BRANCH": routes.BRANCH,
    "ONSEND": routes.ONSEND,
    "ERROR": routes.ERROR,
    "LOCAL": routes.LOCAL,
    "EVENT": routes.EVENT,
    "ANY": routes.ANY,
}
_UNSIGNED_MINUS_ONE = 4294967295


@dataclass(frozen=True, slots=True)
class Gap:
    """One name that is missing or differs: its kind (a list of the inventory), and what is wrong with it."""

    kind: str
    name: str
    problem: str


@dataclass
class CoreDeclared:
    """What the core offers without any module."""

    params: tuple[CoreParam, ...] = ()
    functions: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """accepted numbers of arguments by name, aliases included"""
    cfg_vars: dict[str, CfgVar] = field(default_factory=dict)
    """by "group.name" """
    names: dict[str, set[str]] = field(default_factory=dict)
    """for the other kinds: the names known"""


def find_declared(fact: Fact, declared: Iterable[Module]) -> Module | None:
    """The module here that stands for one of the inventory: same name, and same family or both."""
    for module in declared:
        if module.name == fact["name"] and module.family in (fact["family"], COMMON):
            return module
    return None


def compare_module(fact: Fact, module: Module | None) -> list[Gap]:
    """The gaps of one module; without a declaration every name is one."""
    if module is None:
        return [Gap(kind, _name(item), "missing") for kind in MODULE_KINDS for item in fact.get(kind, ())]
    gaps = _compare_functions(fact, module)
    gaps += _compare_params(fact, module)
    gaps += _compare_pvs(fact, module)
    gaps += _compare_transformations(fact, module)
    gaps += _compare_cfg_vars(
        fact.get("cfg_vars", ()), {f"{v.group or module.name}.{v.name}": v for v in module.cfg_vars}
    )
    known = {
        "rpc": {command.name for command in module.rpcs},
        "mi": {command.name for command in module.mis},
        "stats": {f"{stat.group}:{stat.name}" if stat.group else stat.name for stat in module.stats}
        | set(module.exports),
        "event_routes": {event.name for event in module.event_routes},
        "selects": {item.path for item in module.selects},
    }
    for kind, names in known.items():
        gaps += [Gap(kind, item, "missing") for item in fact.get(kind, ()) if item not in names]
    return gaps


def compare_core(facts: dict[str, list[Any]], declared: CoreDeclared) -> list[Gap]:
    """The gaps of the core."""
    gaps: list[Gap] = []
    params = {name: param for param in declared.params for name in (param.name, *param.aliases)}
    for item in facts["params"]:
        gaps += _compare_core_param(item, params)
    for item in facts["functions"]:
        gaps += _compare_core_function(item, declared.functions)
    gaps += _compare_cfg_vars(facts["cfg_vars"], declared.cfg_vars)
    for kind in CORE_KINDS:
        if kind in ("params", "functions", "cfg_vars"):
            continue
        known = declared.names.get(kind, set())
        for item in facts[kind]:
            names = [_name(item), *(item.get("aliases", ()) if isinstance(item, dict) else ())]
            gaps += [Gap(kind, name, "missing") for name in names if name not in known]
    return gaps


def count_names(fact: Fact) -> int:
    """How many names the inventory has for a module."""
    return sum(len(fact.get(kind, ())) for kind in MODULE_KINDS)


def count_by_kind(gaps: list[Gap]) -> dict[str, int]:
    """Number of gaps of each kind, in the order of first occurrence."""
    counts: dict[str, int] = {}
    for gap in gaps:
        counts[gap.kind] = counts.get(gap.kind, 0) + 1
    return counts


def _name(item: Any) -> str:
    if isinstance(item, str):
        return item
    if "group" in item:
        return f"{item['group']}.{item['name']}"
    return str(item["name"])


def _compare_functions(fact: Fact, module: Module) -> list[Gap]:
    gaps = []
    known: dict[str, list[Function]] = {}
    for function in module.functions:
        for name in (function.name, *function.aliases):
            known.setdefault(name, []).append(function)
    for item in fact.get("functions", ()):
        found = known.get(item["name"])
        if found is None:
            gaps.append(Gap("functions", item["name"], "missing"))
            continue
        wrong = [str(count) for count in item["params"] if not any(_accepts(function, count) for function in found)]
        if wrong:
            gaps.append(Gap("functions", item["name"], f"does not take {', '.join(wrong)} arguments"))
            continue
        allowed = 0
        for function in found:
            allowed |= function.routes
        lacking = [kind for kind in item["routes"] if ROUTE_BITS[kind] & ~allowed]
        if lacking:
            gaps.append(Gap("functions", item["name"], f"not allowed in {', '.join(lacking)}"))
    return gaps


def _accepts(function: Function, count: int | str) -> bool:
    least, most = arities(function.args)
    if count == "var":
        return most == -1
    if function.arities:
        return count in function.arities
    return least <= int(count) and (most == -1 or int(count) <= most)


def _compare_params(fact: Fact, module: Module) -> list[Gap]:
    gaps = []
    known = {param.name: param for param in module.params}
    for item in fact.get("params", ()):
        param = known.get(item["name"])
        problem = "missing" if param is None else _param_problem(item, param)
        if problem:
            gaps.append(Gap("params", item["name"], problem))
    return gaps


def _param_problem(item: Fact, param: Param) -> str:
    accepted = {_accepted_type(entry) for entry in (item, *item.get("also", ()))}
    lacking = [kind for kind in sorted(accepted) if kind not in param.kind.split("|")]
    if lacking:
        return f"does not take {', '.join(lacking)}"
    if item["type"] == "func" or param.setter or "default_expr" in item or "default" not in item:
        return ""
    if not _same_default(item["default"], param.default):
        return f"default is {param.default!r}, not {item['default']!r}"
    return ""


def _accepted_type(entry: Fact) -> str:
    """The type that modparam takes: for a function, that of its argument."""
    return str(entry.get("value", "str") if entry["type"] == "func" else entry["type"])


def _same_default(theirs: Any, ours: Any) -> bool:
    if theirs in (None, "") and ours in (None, ""):
        return True
    return bool(theirs == ours or (theirs == _UNSIGNED_MINUS_ONE and ours == -1))


def _compare_pvs(fact: Fact, module: Module) -> list[Gap]:
    gaps = []
    known = {pv.name: pv for pv in module.pvars}
    for item in fact.get("pvs", ()):
        pv = known.get(item["name"])
        problem = "missing" if pv is None else _pv_problem(item, pv)
        if problem:
            gaps.append(Gap("pvs", item["name"], problem))
    return gaps


def _pv_problem(item: Fact, pv: PVar) -> str:
    if pv.bind is not None:
        return ""
    if item.get("writable") and pv.set is None:
        return "read-only"
    return "takes no inner name" if item.get("inner") else ""


def _compare_transformations(fact: Fact, module: Module) -> list[Gap]:
    gaps = []
    known = {f"{change.klass}.{change.name}": change for change in module.transformations}
    for item in fact.get("transformations", ()):
        change = known.get(item["name"])
        if change is None:
            gaps.append(Gap("transformations", item["name"], "missing"))
        elif not change.least <= item["params"] <= len(change.args):
            gaps.append(Gap("transformations", item["name"], f"does not take {item['params']} parameters"))
    return gaps


def _compare_cfg_vars(facts: Iterable[Fact], known: dict[str, CfgVar]) -> list[Gap]:
    gaps = []
    for item in facts:
        name = _name(item)
        var = known.get(name)
        problem = "missing" if var is None else _cfg_var_problem(item, var)
        if problem:
            gaps.append(Gap("cfg_vars", name, problem))
    return gaps


def _cfg_var_problem(item: Fact, var: CfgVar) -> str:
    kind = "int" if item["type"] == "int" and item.get("input") != "string" else "str"
    if kind not in var.kind.split("|"):
        return f"is {var.kind}, not {kind}"
    if kind == "int" and (var.least, var.most) != (item["min"], item["max"]):
        return f"range is {var.least}..{var.most}, not {item['min']}..{item['max']}"
    if item.get("input") == "string":
        return ""  # the inventory knows the number that the text becomes
    if "default" in item and not _same_default(item["default"], var.default):
        return f"default is {var.default!r}, not {item['default']!r}"
    return "can be changed" if item.get("readonly") and not var.readonly else ""


def _compare_core_param(item: Fact, params: dict[str, CoreParam]) -> list[Gap]:
    names = [item["name"], *item.get("aliases", ())]
    gaps = [Gap("params", name, "missing") for name in names if name not in params]
    if gaps or "default_expr" in item or not isinstance(item.get("default"), int):
        return gaps
    ours = params[item["name"]].default
    if isinstance(ours, int) and ours != item["default"]:
        return [Gap("params", item["name"], f"default is {ours}, not {item['default']}")]
    return []


def _compare_core_function(item: Fact, functions: dict[str, tuple[int, ...]]) -> list[Gap]:
    gaps = []
    for name in (item["name"], *item.get("aliases", ())):
        accepted = functions.get(name)
        if accepted is None:
            gaps.append(Gap("functions", name, "missing"))
            continue
        wrong = [str(count) for count in item["params"] if count not in accepted]
        if wrong:
            gaps.append(Gap("functions", name, f"does not take {', '.join(wrong)} arguments"))
    return gaps
