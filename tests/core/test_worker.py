"""Modules in a worker: parameters, statistics, settings."""

import pytest

from siprouter.core.declare import CfgVar, Module
from siprouter.core.settings import CfgError
from siprouter.core.worker import Worker
from siprouter.util.errors import OperatorError
from siprouter.util.log import Record


def test_defaults_become_attributes_and_setters_collect(worker: Worker) -> None:
    inst = worker.modules["sample"]
    assert inst.limit == 7
    worker.set_param("sample", "limit", 9)
    worker.set_param("sample", "each", "a")
    worker.set_param("sample", "each", "b")
    assert (inst.limit, inst.calls) == (9, ["a", "b"])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("nope", 1, "has no parameter 'nope'"),
        ("limit", "9", "must be an integer"),
        ("each", 9, "must be a string"),
    ],
)
def test_a_wrong_parameter_is_refused(worker: Worker, name: str, value: int | str, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        worker.set_param("sample", name, value)


def test_a_parameter_without_effect_says_so(worker: Worker, records: list[Record]) -> None:
    worker.set_param("sample", "old", 1)
    assert [record.text for record in records] == [
        "parameter old of module sample has no effect: there is no shared memory"
    ]


def test_statistics_count_and_compute(worker: Worker) -> None:
    inst = worker.modules["sample"]
    inst.stats.seen.inc()
    inst.stats["seen"].add(2)
    found = worker.counters.find("sample", "seen")
    assert found is not None and found.get() == 3
    computed = worker.counters.find_by_name("double")
    assert computed is not None and computed.get() == 2


def test_a_missing_dependency_is_named(worker: Worker) -> None:
    worker.add_module(Module("needy", help="", state=lambda w: object(), depends=("tm",)))
    errors = worker.configure_modules()
    assert [str(error) for error in errors] == ['module needy needs module tm (add: loadmodule "tm.so")']


def test_core_parameters_are_declared_ones_only(worker: Worker) -> None:
    assert worker.settings.children == 8
    found = worker.settings.find("prt")
    assert found is not None and found.name == "port"
    with pytest.raises(AttributeError):
        worker.settings.nope = 1
    with pytest.raises(AttributeError):
        _ = worker.settings.nope


def test_run_time_settings_change_now_or_on_commit(worker: Worker) -> None:
    changes: list[object] = []
    worker.cfg.declare("g", CfgVar("t", "int", 5, "", 1, 10), changes.append)
    worker.cfg.declare("g", CfgVar("fixed", "str", "x", "", readonly=True))
    group = worker.cfg.group("g")
    worker.cfg.set_now("g", "t", "0x7")
    assert (group.t, changes) == (7, [7])
    worker.cfg.set_delayed("g", "t", 9)
    assert group.t == 7
    worker.cfg.commit()
    assert group.t == 9
    for name, value in (("t", 11), ("t", "x"), ("fixed", "y"), ("nope", 1)):
        with pytest.raises(CfgError):
            worker.cfg.set_now("g", name, value)
    worker.cfg.set_delayed("g", "t", 2)
    worker.cfg.rollback()
    worker.cfg.commit()
    assert group.t == 9
