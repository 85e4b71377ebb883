"""The commands trace.* in one worker."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from siprouter.rpc.values import RpcError, plain
from tests.trace.conftest import Flight

Make = Callable[..., Flight]


def ask(one: Flight, name: str, *params: Any) -> Any:
    return plain(one.node.rpc(name, *params).values)


def test_from_start_to_clear(flight: Make) -> None:
    one = flight()
    assert ask(one, "trace.start", '$fU == "alice"', 60, 5) == [{"filter": '$fU == "alice"', "kind": "filter"}]
    assert ask(one, "trace.start", "two@test") == [{"filter": "two@test", "kind": "call"}]
    one.invite("one", method="OPTIONS")
    one.invite("two", "bob", method="OPTIONS")
    one.invite("three", "bob", method="OPTIONS")
    listed = ask(one, "trace.list")
    assert [(row["filter"], row["kind"], row["calls"]) for row in listed] == [
        ('$fU == "alice"', "filter", 1),
        ("two@test", "call", 1),
    ]
    assert listed[0]["until"] == "2023-11-14T22:31:00+00:00"
    rows = ask(one, "trace.calls")
    assert [(row["call_id"], row["title"], row["dropped"]) for row in rows] == [
        ("one@test", "OPTIONS sip:bob@test", 0),
        ("two@test", "OPTIONS sip:bob@test", 0),
    ]
    assert "404 Not here (OPTIONS)" in ask(one, "trace.show", "one@test")[0]
    assert json.loads(ask(one, "trace.show", "one@test", "json")[0])["call_id"] == "one@test"
    assert "resourceSpans" in json.loads(ask(one, "trace.show", "one@test", "otlp")[0])
    assert ask(one, "trace.stop", "two@test") == [1]
    assert ask(one, "trace.stop") == [1]
    stats = ask(one, "trace.stats")[0]
    assert (stats["filters"], stats["calls"], stats["dropped_calls"]) == (0, 2, 0)
    assert ask(one, "trace.clear") == [2]
    assert ask(one, "trace.calls") == []


@pytest.mark.parametrize(
    ("name", "params", "code", "text"),
    [
        ("trace.start", ("$fU ==",), 400, "unexpected"),
        ("trace.start", ("x@y", 0), 400, "seconds"),
        ("trace.start", ("x@y", 60, 100_000), 400, "calls"),
        ("trace.start", ("x@y", 60, 1, "odd"), 400, "one of auto, call, filter"),
        ("trace.show", ("none@test",), 404, "nothing was recorded"),
    ],
)
def test_faults(flight: Make, name: str, params: tuple[Any, ...], code: int, text: str) -> None:
    one = flight()
    with pytest.raises(RpcError, match=text) as caught:
        ask(one, name, *params)
    assert caught.value.code == code
