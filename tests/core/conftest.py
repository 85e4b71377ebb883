"""A worker with a small module of its own, enough for the core's tests."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from siprouter.core.access import PvAccess
from siprouter.core.declare import Module, function, param, pvar, stat, transformation
from siprouter.core.pvars import InnerName
from siprouter.core.settings import CoreParam, Settings
from siprouter.core.worker import Surroundings, Worker
from siprouter.util.log import Log, Record


class Sample:
    """The sample module's instance."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.calls: list[Any] = []

    def remember(self, value: str) -> None:
        self.calls.append(value)


def get_name(inst: Sample, ctx: Any) -> str | None:
    return ctx.name


def set_name(inst: Sample, ctx: Any, value: Any) -> None:
    ctx.name = value


def bind_key(inst: Sample, inner: InnerName) -> PvAccess:
    return PvAccess(lambda ctx: f"{inner.value(ctx)}#{inner.index if inner.index == '*' else inner.index_value(ctx)}")


SAMPLE = Module(
    "sample",
    help="for tests",
    state=Sample,
    params=[
        param("limit", int, 7, "a number"),
        param("each", str, None, "collected", setter="remember"),
        param("old", int, 0, "nothing", obsolete="there is no shared memory"),
    ],
    functions=[function("touch", lambda inst, ctx: 1, help="does nothing")],
    pvars=[
        pvar("nm", help="name", get=get_name, set=set_name),
        pvar("nm.part", help="longer name", get=lambda inst, ctx: "part"),
        pvar("num", help="number", get=lambda inst, ctx: 42),
        pvar("nil", help="null", get=lambda inst, ctx: None),
        pvar("key", help="by key", bind=bind_key, inner_required=True),
    ],
    transformations=[
        transformation("s.len", lambda inst, ctx, value: len(str(value)), help="length"),
        transformation(
            "s.sub",
            lambda inst, ctx, value, start, length: str(value)[start : start + length],
            ["int", "int"],
            help="part",
        ),
        transformation(
            "s.pick", lambda inst, ctx, value, index, sep: str(value).split(sep)[index], ["int", "char"], help="pick"
        ),
        transformation("re.raw", lambda inst, ctx, value, text: f"{value}|{text}", ["raw"], help="raw"),
    ],
    stats=[stat("seen", "messages seen"), stat("double", "computed", lambda inst: 2)],
)


@pytest.fixture
def records() -> list[Record]:
    """What the worker logged."""
    return []


@pytest.fixture
def worker(records: list[Record]) -> Iterator[Worker]:
    """A worker with the sample module loaded."""
    surroundings = Surroundings(
        outlet=None,
        resolver=None,
        wheel=None,
        clock=lambda: 0.0,
        wall_clock=lambda: 1_700_000_000.0,
        spawn=lambda coroutine, name: None,
        sleep=lambda seconds: None,  # type: ignore[arg-type, return-value]
        random_bytes=bytes,
        log=Log(records.append),
    )
    settings = Settings(
        (CoreParam("children", "int", 8, "processes"), CoreParam("port", "int", 5060, "port", ("prt",)))
    )
    made = Worker(surroundings, settings, None, None)
    made.add_module(SAMPLE)
    yield made


@pytest.fixture
def ctx() -> Any:
    """The little that the sample variables need of a context."""
    return SimpleNamespace(name="alice")
