"""Whole calls through SER's accounting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.testing import LoadError, Node, Phone
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.radius_server import IPTEL, RadiusServer, Received, accept, radius_config

HEAD = """#!SER
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "acc_radius.so"
flags ACC:1, MISSED:2;
modparam("acc_radius", "radius_config", "%s")
modparam("acc_radius", "log_flag", "ACC")
modparam("acc_radius", "log_missed_flag", 2)
"""
ROUTE = """
route {
    loose_route();
    setflag(ACC);
    setflag(MISSED);
    record_route();
    $lang = "d:e";
    $fu.uid = "4711";
    if (uri =~ "^sip:bob@example") rewriteuri("sip:bob@10.0.0.2:5060");
    t_relay();
}
"""
STATUS, METHOD, CODE, SESSION, USER, TO_TAG, FROM_TAG = 40, 101, 102, 44, 1, 104, 105
CALLING, CALLED = 31, 30
START, STOP, INTERIM, FAILED = 1, 2, 3, 15


class World:
    def __init__(self, folder: Path) -> None:
        self.server = RadiusServer()
        self.path = radius_config(folder, self.server.port)
        self.node: Node
        self.alice: Phone
        self.bob: Phone

    def start(self, *params: str, route: str = ROUTE) -> World:
        lines = "".join(f'modparam("acc_radius", {line})\n' for line in params)
        self.node = Node(HEAD % self.path + lines + route)
        self.server.attach(self.node)
        self.alice = Phone(self.node, "alice", "10.0.0.1:5060", "example.org")
        self.bob = Phone(self.node, "bob", "10.0.0.2:5060", "example.org")
        return self

    def call(self) -> None:
        self.bob.on_invite = lambda leg: leg.answer()
        self.alice.call("sip:bob@example.com").hang_up()
        self.node.settle()

    def busy(self) -> None:
        self.bob.on_invite = lambda leg: leg.reject(486, "Not now")
        self.alice.call("sip:bob@example.com")
        self.node.settle()

    @property
    def requests(self) -> list[Received]:
        return self.server.requests

    def brief(self) -> list[tuple[int | None, ...]]:
        return [tuple(one.integer(key) for key in (STATUS, METHOD, CODE)) for one in self.requests]

    def close(self) -> None:
        self.server.close()
        self.node.settle()
        self.node.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_calls(world: World) -> None:
    world.start('"attrs", "$lang, $none, plain"').call()
    world.busy()
    assert world.brief() == [(START, 1, 200), (STOP, 8, 200), (FAILED, 1, 486)]
    first = world.requests[0]
    assert (first.text(USER), first.text(CALLING)) == ("alice@example.org", "sip:alice@example.org")
    assert first.text(CALLED) == "sip:bob@example.com"
    assert first.text((IPTEL, 1)) == "lang:d\\oe"
    assert (first.text((IPTEL, 2)) or "").startswith("<sip:alice@example.org>")
    assert first.integer((IPTEL, 3)) == 6
    assert first.text((IPTEL, 4)) == "sip:bob@example.com"
    assert first.text(107) == "sip:bob@10.0.0.2:5060"
    assert first.text((IPTEL, 10)) == "4711"
    assert first.attributes[108] == [bytes((10, 0, 0, 1))]
    assert (first.integer(109), first.integer(103)) == (5060, 1)
    wall = world.node.clock.wall()
    assert all(abs((first.integer((IPTEL, key)) or 0) - wall) < 5 for key in (8, 13))
    assert world.bob.incoming[0].local_tag == first.text(TO_TAG)
    assert (IPTEL, 6) not in first.attributes


def test_letters(world: World) -> None:
    world.start('"log_fmt", "cS"').call()
    assert set(world.requests[0].attributes) == {SESSION, CODE, STATUS, 6, USER, 5, 41, 4}


def test_failed_transactions_acks_and_cancels(world: World) -> None:
    world.start('"failed_transactions", 1', '"report_ack", 1', '"report_cancels", 1')
    world.call()
    assert world.brief() == [(START, 1, 200), (START, 4, 200), (STOP, 8, 200)]
    world.busy()
    # missed, and failed
    assert world.brief()[3:] == [(FAILED, 1, 486), (FAILED, 1, 486)]


def test_the_called_side_hangs_up(world: World) -> None:
    world.start('"swap_direction", 1')
    world.bob.on_invite = lambda leg: leg.answer()
    call = world.alice.call("sip:bob@example.com")
    world.bob.incoming[0].hang_up()
    world.node.settle()
    start, stop = world.requests
    assert start.text(FROM_TAG) == stop.text(FROM_TAG) == call.local_tag
    assert stop.text(CALLING) == start.text(CALLING)


def test_without_flags_nothing(world: World) -> None:
    world.start(route=ROUTE.replace("setflag(ACC);", "").replace("setflag(MISSED);", ""))
    world.call()
    world.busy()
    assert world.requests == []


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("acc_rad_log()", (FAILED, 1, 0)),
        ("acc_rad_missed(404)", (FAILED, 1, 404)),
        ('acc_rad_log("$code")', (START, 1, 200)),
    ],
)
def test_from_the_script(world: World, call: str, expected: tuple[int, ...]) -> None:
    world.start(route=f"route {{ $code = 200; {call}; }}")
    world.node.receive(build_message("INVITE", "sip:x@example.com", from_="sip:alice@example.org"))
    assert world.brief() == [expected]


def test_records_wait(world: World) -> None:
    world.start()
    world.server.answer = lambda request: None
    world.call()
    world.node.advance(20)
    world.server.answer = accept
    seen = len(world.requests)
    world.node.advance(10)
    assert world.brief()[seen:] == [(START, 1, 200), (STOP, 8, 200)]
    world.node.records.clear()


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('"log_fmt", "cz"', "log_fmt has the letter 'z'"),
        ('"log_fmt", ""', "log_fmt has the letter ''"),
        ('"log_flag", "NONE"', "there is no flag NONE"),
        ('"log_flag", 32', "must be a flag"),
        ('"attrs", "$x.y.z"', "attrs: unknown AVP class"),
    ],
)
def test_bad_parameters(tmp_path: Path, line: str, error: str) -> None:
    with pytest.raises((LoadError, OperatorError)) as caught:
        Node(HEAD % radius_config(tmp_path, 1812) + f'modparam("acc_radius", {line})\n' + ROUTE)
    assert error in str(caught.value)
