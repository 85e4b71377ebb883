"""Each way in which a declaration can fall short is told."""

from typing import Any

import pytest

from siprouter.core.args import Int, Opt, Rest, Str
from siprouter.core.declare import (
    KAMAILIO,
    SER,
    Module,
    Param,
    cfg_var,
    event_route,
    function,
    mi,
    param,
    pvar,
    rpc,
    select,
    stat,
    transformation,
)
from siprouter.core.inventory.compare import CoreDeclared, compare_core, compare_module, find_declared
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.core.settings import CoreParam

FACT: dict[str, Any] = {
    "name": "m",
    "family": "kamailio",
    "functions": [{"name": "f", "params": [0, 2], "routes": ["REQUEST", "FAILURE"]}],
    "params": [
        {"name": "number", "type": "int", "default": 4294967295},
        {"name": "text", "type": "str", "default": None},
        {"name": "many", "type": "func", "value": "str", "repeatable": True},
        {"name": "both", "type": "str", "default": "a", "also": [{"type": "int", "default": 1}]},
    ],
    "pvs": [{"name": "p", "writable": True}, {"name": "q", "inner": True}],
    "transformations": [{"name": "s.x", "params": 1}],
    "rpc": ["m.r"],
    "mi": ["m_i"],
    "stats": ["s", "core:t", "<domain>-x"],
    "event_routes": ["m:e"],
    "selects": ["m.%s"],
    "cfg_vars": [{"group": "m", "name": "v", "type": "int", "min": 0, "max": 9, "default": 3, "readonly": True}],
}


def anything(*args: Any) -> int:
    return 1


COMPLETE: dict[str, Any] = {
    "functions": [function("f", anything, [Opt(Int()), Opt(Str())], routes=REQUEST | FAILURE, help="")],
    "params": [
        param("number", int, -1, ""),
        param("text", str, "", ""),
        param("many", str, None, "", setter="add"),
        param("both", "int|str", "a", ""),
    ],
    "pvars": [pvar("p", get=anything, set=anything, help=""), pvar("q", bind=anything, help="")],
    "transformations": [transformation("s.x", anything, ["int"], help="")],
    "rpcs": [rpc("m.r", anything, help="")],
    "mis": [mi("m_i", anything, help="")],
    "stats": [stat("s", ""), stat("core:t", "")],
    "exports": ["<domain>-x"],
    "event_routes": [event_route("m:e", "")],
    "selects": [select("m.%s", anything)],
    "cfg_vars": [cfg_var("v", int, 3, "", most=9, readonly=True)],
}


def params(changed: Param) -> dict[str, Any]:
    return {"params": [changed if item.name == changed.name else item for item in COMPLETE["params"]]}


def made(**changes: Any) -> Module:
    return Module("m", help="", state=anything, family=KAMAILIO, **{**COMPLETE, **changes})


def problems(**changes: Any) -> list[tuple[str, str, str]]:
    return [(gap.kind, gap.name, gap.problem) for gap in compare_module(FACT, made(**changes))]


def test_complete() -> None:
    assert problems() == []


def test_undeclared_module_misses_everything() -> None:
    gaps = compare_module(FACT, None)
    assert len(gaps) == 16
    assert {gap.problem for gap in gaps} == {"missing"}


@pytest.mark.parametrize(
    "changes,expected",
    [
        ({"functions": []}, ("functions", "f", "missing")),
        (
            {"functions": [function("f", anything, [Opt(Int())], help="")]},
            ("functions", "f", "does not take 2 arguments"),
        ),
        (
            {"functions": [function("f", anything, [Opt(Int()), Opt(Int())], arities=(2,), help="")]},
            ("functions", "f", "does not take 0 arguments"),
        ),
        (
            {"functions": [function("f", anything, [Rest(Int())], routes=REQUEST, help="")]},
            ("functions", "f", "not allowed in FAILURE"),
        ),
        (
            {"params": [*COMPLETE["params"][1:], param("number", str, "", "")]},
            ("params", "number", "does not take int"),
        ),
        (
            {"params": [*COMPLETE["params"][1:], param("number", int, 0, "")]},
            ("params", "number", "default is 0, not 4294967295"),
        ),
        ({"params": [*COMPLETE["params"][:3], param("both", str, "a", "")]}, ("params", "both", "does not take int")),
        ({"pvars": [pvar("p", get=anything, help=""), COMPLETE["pvars"][1]]}, ("pvs", "p", "read-only")),
        ({"pvars": [COMPLETE["pvars"][0], pvar("q", get=anything, help="")]}, ("pvs", "q", "takes no inner name")),
        (
            {"transformations": [transformation("s.x", anything, [], help="")]},
            ("transformations", "s.x", "does not take 1 parameters"),
        ),
        ({"rpcs": []}, ("rpc", "m.r", "missing")),
        ({"mis": []}, ("mi", "m_i", "missing")),
        ({"stats": [stat("s", "")]}, ("stats", "core:t", "missing")),
        ({"exports": []}, ("stats", "<domain>-x", "missing")),
        ({"event_routes": []}, ("event_routes", "m:e", "missing")),
        ({"selects": []}, ("selects", "m.%s", "missing")),
        ({"cfg_vars": []}, ("cfg_vars", "m.v", "missing")),
        ({"cfg_vars": [cfg_var("v", int, 3, "", most=9)]}, ("cfg_vars", "m.v", "can be changed")),
        ({"cfg_vars": [cfg_var("v", int, 3, "", readonly=True)]}, ("cfg_vars", "m.v", "range is 0..0, not 0..9")),
        ({"cfg_vars": [cfg_var("v", str, "3", "")]}, ("cfg_vars", "m.v", "is str, not int")),
    ],
)
def test_each_gap(changes: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert problems(**changes) == [expected]


def test_families() -> None:
    ser = Module("m", help="", state=anything, family=SER)
    both = Module("m", help="", state=anything)
    assert find_declared(FACT, [ser]) is None
    assert find_declared(FACT, [ser, both]) is both


def test_core() -> None:
    facts: dict[str, list[Any]] = {
        "params": [
            {"name": "port", "aliases": ["prt"], "value": "int", "default": 5060},
            {"name": "gone", "value": "int", "default": 1},
        ],
        "functions": [{"name": "forward", "params": [0, 1]}],
        "cfg_vars": [],
        "rpc": [{"name": "core.x"}],
    }
    for kind in ("statements", "route_blocks", "control", "condition_keywords", "operators", "preprocessor"):
        facts[kind] = []
    facts.update(script_modes=[{"name": "#!SER"}], pvs=["rc"], selects=[], counters=[{"group": "tcp", "name": "con"}])
    declared = CoreDeclared(
        params=(CoreParam("port", "int", 5061, "", ("prt",)),),
        functions={"forward": (0,)},
        names={"rpc": {"core.x"}, "counters": {"tcp.con"}},
    )
    assert [(gap.kind, gap.name, gap.problem) for gap in compare_core(facts, declared)] == [
        ("params", "port", "default is 5061, not 5060"),
        ("params", "gone", "missing"),
        ("functions", "forward", "does not take 1 arguments"),
        ("script_modes", "#!SER", "missing"),
        ("pvs", "rc", "missing"),
    ]
