"""A router in memory whose calls are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from siprouter.testing import Node
from siprouter.testing.names import Names
from siprouter.trace.commands import recorder_of
from siprouter.trace.events import Call
from siprouter.trace.recorder import Recorder

HEAD = """\
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
"""
SCRIPT = (
    HEAD
    + """\
modparam("tm", "fr_timer", 3000)
route {
    $var(n) = 1 + 1;
    if (method == "INVITE") {
        t_on_failure("GONE");
        route(RELAY);
        exit;
    }
    sl_send_reply("404", "Not here");
}
route[RELAY] {
    $du = "sip:callee.example:5070";
    t_relay();
}
failure_route[GONE] {
    t_reply("480", "Nobody there");
}
"""
)
NAMES: Names = {"callee.example": "10.0.0.9"}


class Flight:
    """A node with its recorder."""

    def __init__(self, text: str = SCRIPT, **options: Any) -> None:
        self.node = Node(text, names=NAMES, name_delay=0.02, **options)
        self.recorder: Recorder = recorder_of(self.node.worker)

    def invite(self, call_id: str = "one", user: str = "alice", method: str = "INVITE") -> None:
        data = self.node.request(
            method,
            "sip:bob@test",
            from_=f"sip:{user}@test",
            to="sip:bob@test",
            call_id=call_id,
        )
        self.node.receive(data)

    def call(self, call_id: str = "one") -> Call:
        return self.recorder.calls[f"{call_id}@test"]

    def kinds(self, call_id: str = "one") -> list[tuple[str, str]]:
        return [(event.kind, event.text) for event in self.call(call_id).events]


@pytest.fixture
def flight() -> Iterator[Callable[..., Flight]]:
    made: list[Flight] = []

    def make(*args: Any, **options: Any) -> Flight:
        made.append(Flight(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.recorder.stop()
        one.recorder.clear()
        one.node.advance(200)
        one.node.close()
