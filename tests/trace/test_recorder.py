"""What is recorded of which calls, and within which bounds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from siprouter.testing import Node
from siprouter.trace import events, recorder
from siprouter.trace.commands import recorder_of
from siprouter.util.errors import OperatorError
from tests.support.sqlite import Sqlite
from tests.trace.conftest import HEAD, Flight

Make = Callable[..., Flight]
FILTER = '$fU == "alice"'


def test_a_call_from_its_first_message_to_its_last_timer(flight: Make) -> None:
    one = flight()
    one.recorder.start(FILTER)
    one.invite()
    one.node.advance(60)
    assert one.kinds()[:9] == [
        ("in", "INVITE sip:bob@test"),
        ("enter", "route"),
        ("step", "$var(n) = 1 + 1"),
        ("assigned", "$var(n) = 2"),
        ("step", 'if (method == "INVITE") {'),
        ("step", 't_on_failure("GONE")'),
        ("returned", 't_on_failure("GONE")'),
        ("step", "route(RELAY)"),
        ("enter", "route[RELAY]"),
    ]
    kinds = one.kinds()
    dns = kinds.index(("dns", "A callee.example → 10.0.0.9"))
    assert kinds[dns + 1] == ("out", "INVITE sip:bob@test")
    again = kinds.index(("timer", "A: branch 0 is sent again"))
    assert kinds[again + 1] == ("out", "INVITE sip:bob@test")
    gave_up = kinds.index(("timer", "fr_timer: no final reply for branch 0"))
    assert kinds[gave_up + 1] == ("enter", "failure_route[GONE]")
    assert ("timer", "G: the reply 480 is sent again") in kinds
    assert kinds[-1] == ("timer", "wt_timer: transaction of INVITE is over")


def test_messages_places_and_times(flight: Make) -> None:
    one = flight()
    one.recorder.start("one@test")
    one.invite()
    one.node.advance(1)
    first = one.call().events[0]
    assert (first.peer, first.data.split("\r\n")[0]) == ("udp:192.0.2.1:5060", "INVITE sip:bob@test SIP/2.0")
    relay = next(event for event in one.call().events if event.text == "t_relay()")
    assert (relay.place, relay.depth) == ("<text>:17", 1)
    waited = next(event for event in one.call().events if event.kind == "dns")
    assert waited.seconds == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("two@test", ["two@test"]),
        (FILTER, ["one@test", "three@test"]),
        ('method == "OPTIONS"', ["three@test"]),
        ('src_ip == 192.0.2.0/24 && $rm == "INVITE"', ["one@test", "two@test"]),
        ('is_method("OPTIONS")', ["three@test"]),
        ('@from.uri.user=~"^a"', ["one@test", "three@test"]),
        ('$rm == "BYE"', []),
    ],
)
def test_filters(flight: Make, text: str, chosen: list[str]) -> None:
    one = flight()
    kind = "filter" if "(" in text else "auto"
    one.recorder.start(text, kind)
    one.invite("one")
    one.invite("two", "bob")
    one.invite("three", "alice", "OPTIONS")
    assert list(one.recorder.calls) == chosen


def test_a_call_by_its_id_is_recorded_even_where_no_route_runs(flight: Make) -> None:
    one = flight()
    one.recorder.start("bad@test")
    data = one.node.request("OPTIONS", "sip:x@test", call_id="bad").replace(b"Max-Forwards: 70", b"CSeq: 1 BYE")
    one.node.receive(data)
    assert [kind for kind, _ in one.kinds("bad")] == ["in", "out"]


def test_absorbed_retransmissions_and_later_requests_of_a_chosen_call(flight: Make) -> None:
    one = flight()
    one.recorder.start('$rm == "INVITE"')
    one.invite()
    one.invite(method="OPTIONS")
    texts = [text for kind, text in one.kinds() if kind == "in"]
    assert texts == ["INVITE sip:bob@test", "OPTIONS sip:bob@test"]


def test_so_many_calls_and_so_long(flight: Make) -> None:
    one = flight()
    one.recorder.start(FILTER, calls=2, seconds=30)
    for number in range(4):
        one.invite(f"c{number}", method="OPTIONS")
    assert list(one.recorder.calls) == ["c0@test", "c1@test"]
    one.node.advance(31)
    assert one.recorder.filters == {}


def test_off_leaves_nothing_behind(flight: Make) -> None:
    one = flight()
    worker = one.node.worker
    hooks = worker.hooks
    before = [len(items) for items in (hooks.entry, hooks.message_in, hooks.message_out, hooks.tick)]
    plain = worker.script
    one.recorder.start(FILTER)
    one.recorder.start('$rm == "BYE"')
    one.invite()
    assert one.recorder.stop(FILTER) == 1
    assert worker.observation.observers == [one.recorder]
    assert one.recorder.stop() == 1
    assert [len(items) for items in (hooks.entry, hooks.message_in, hooks.message_out, hooks.tick)] == before
    assert worker.observation.observers == [] and worker.resolver.watcher is None and worker.script is plain
    count = len(one.call().events)
    one.node.advance(60)
    assert len(one.call().events) == count


def test_a_later_start_goes_on_with_the_record(flight: Make) -> None:
    one = flight()
    one.recorder.start("one@test")
    one.invite(method="OPTIONS")
    one.recorder.stop()
    count = len(one.call().events)
    one.invite(method="OPTIONS")
    assert len(one.call().events) == count
    one.recorder.start("one@test")
    one.invite(method="OPTIONS")
    assert len(one.call().events) == 2 * count


@pytest.mark.parametrize(
    ("text", "kind"), [("$nothing(", "auto"), ("", "auto"), ("x", "strange"), ("$fU ==", "auto"), ("x" * 2000, "call")]
)
def test_bad_filters(flight: Make, text: str, kind: str) -> None:
    one = flight()
    with pytest.raises(OperatorError):
        one.recorder.start(text, kind)
    assert one.node.worker.observation.observers == []


def test_the_oldest_events_of_a_long_call_go(flight: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_EVENTS", 20)
    one = flight()
    one.recorder.start("one@test")
    for _ in range(5):
        one.invite(method="OPTIONS")
    call = one.call()
    assert len(call.events) == 20 and call.dropped > 0
    assert call.events[-1].kind == "leave" and call.octets == sum(event.size() for event in call.events)


def test_the_oldest_calls_go(flight: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MAX_TOTAL", 20_000)
    one = flight()
    one.recorder.start(FILTER)
    for number in range(20):
        one.invite(f"c{number}", method="OPTIONS")
    assert one.recorder.dropped_calls == 20 - len(one.recorder.calls) > 0
    assert list(one.recorder.calls)[-1] == "c19@test"
    assert one.recorder.octets == sum(call.octets for call in one.recorder.calls.values()) <= 20_000


def test_sql(tmp_path: Path) -> None:
    sqlite = Sqlite(tmp_path / "sip.db")
    sqlite.insert("domain", domain="one.org")
    text = (
        HEAD
        + f"""
loadmodule "sqlops.so"
modparam("sqlops", "sqlcon", "ca=>{sqlite.url}")
route {{
    sql_query("ca", "select domain from domain", "ra");
    sl_send_reply("200", "$dbr(ra=>[0,0])");
}}
"""
    )
    with closing(Node(text)) as node:
        kept = recorder_of(node.worker)
        kept.start("one@test")
        node.receive(node.request("OPTIONS", "sip:x@test", call_id="one"))
        node.receive(node.request("OPTIONS", "sip:x@test", call_id="two"))
        found = [event.text for event in kept.calls["one@test"].events if event.kind == "sql"]
        assert found == ["select domain from domain → 1 row"]
        assert list(kept.calls) == ["one@test"]
        kept.stop()
        node.receive(node.request("OPTIONS", "sip:x@test", call_id="one"))
        assert len([event for event in kept.calls["one@test"].events if event.kind == "sql"]) == 1
