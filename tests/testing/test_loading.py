"""A configuration into a worker without sockets."""

from __future__ import annotations

import asyncio

import pytest

from siprouter.core.worker import Worker
from siprouter.script.load import ScriptError
from siprouter.state.local import LocalState
from siprouter.testing.clock import FakeClock
from siprouter.testing.loading import Source, load_into, make_worker
from siprouter.testing.network import Network
from siprouter.util.log import L_DBG, Log
from tests.support.scripts import PROBE


def make() -> Worker:
    clock = FakeClock()
    log, state = Log(lambda record: None, L_DBG), LocalState(clock)
    return make_worker(clock, Network(clock), log, lambda task, name: None, asyncio.sleep, state)


@pytest.fixture
def worker() -> Worker:
    return make()


def test_random_octets_are_the_same_in_each_run(worker: Worker) -> None:
    assert worker.random_bytes(16) == make().random_bytes(16) != worker.random_bytes(16)


def test_control_sockets_stay_closed(worker: Worker) -> None:
    assert worker.services["in_memory"] is True


def test_what_leaves_passes_the_hooks(worker: Worker) -> None:
    assert worker.outlet.filters is worker.hooks.message_out


def test_listeners_and_aliases(worker: Worker) -> None:
    load_into(worker, Source("route { exit; }", aliases=["example.org", "tcp:example.com:5070"]))
    assert [listener.name for listener in worker.listeners] == ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"]
    assert worker.is_myself("example.org", 5060, 1)
    assert worker.is_myself("example.com", 5070, 2)
    assert not worker.is_myself("example.com", 5060, 1)


def test_advertised_addresses(worker: Worker) -> None:
    load_into(worker, Source('advertised_address="sip.example.org"\nadvertised_port=5090\nroute { exit; }'))
    assert worker.listeners.all[0].sent_by == b"sip.example.org:5090"


def test_modules_of_the_test_come_first(worker: Worker) -> None:
    found = load_into(worker, Source('loadmodule "probe.so"\nroute { note("x"); }', modules=[PROBE]))
    assert [item.code for item in found.warnings] == ["loaded-twice"]


def test_everything_wrong_is_collected(worker: Worker) -> None:
    with pytest.raises(ScriptError) as caught:
        load_into(worker, Source("nonsense=1\nroute { route(A); route(B); }"))
    assert len(caught.value.diagnostics.errors) == 3


@pytest.mark.parametrize(("text", "debug", "level"), [("", None, 3), ("debug=1\n", None, 1), ("debug=1\n", 2, 2)])
def test_the_log_level(worker: Worker, text: str, debug: int | None, level: int) -> None:
    load_into(worker, Source(f"{text}route {{ exit; }}", debug=debug))
    assert worker.log.level == level
