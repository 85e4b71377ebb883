"""Observed versions of a script: they do what the plain one does, and tell it; the plain one stays what it is."""

from __future__ import annotations

import ast
import asyncio
import gc
import weakref
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from siprouter.core.context import Context
from siprouter.core.observe import PAUSABLE, PLAIN, WATCHED, Frame, Observer, Place, route_for
from siprouter.script import compiler
from siprouter.script.gen_stmt import Definition
from siprouter.testing import Node
from siprouter.testing.messages import reply_to
from siprouter.util.log import L_ERR
from tests.support.scripts import Rig

SCRIPT = """#!KAMAILIO
route {
    note("one");
    if ($var(x) == 1) {
        note("never");
    } else if (code(5) && later(1)) {
        $var(x) = "a" + "b";
        route(SUB);
    }
    switch ($var(y)) {
        case 2: note("never"); break;
        default: $var(y) = 2;
    }
    while ($var(y) > 0) {
        $var(y) = $var(y) - 1;
        if ($var(y) == 1) break;
    }
    exit;
}
route[SUB] {
    keep($var(x));
    return 7;
}
"""
SYNC = SCRIPT.replace("&& later(1)", "&& code(1)")


class Recorder(Observer):
    """Writes down everything."""

    def __init__(self, level: int) -> None:
        self.level = level
        self.told: list[tuple[Any, ...]] = []
        self.gate: asyncio.Event | None = None

    def wants(self, ctx: Context) -> int:
        return self.level

    def enter(self, frame: Frame) -> None:
        self.told.append(("enter", frame.route.name, frame.depth))

    def leave(self, frame: Frame, code: int | None) -> None:
        self.told.append(("leave", frame.route.name, code))

    def step(self, frame: Frame, place: Place) -> None:
        self.told.append(("step", place.line, place.action, place.name))

    def pause(self, frame: Frame, place: Place) -> Awaitable[None] | None:
        return self._wait() if self.gate is not None and place.name == "keep" else None

    async def _wait(self) -> None:
        assert self.gate is not None
        await self.gate.wait()

    def returned(self, frame: Frame, place: Place, code: int) -> None:
        self.told.append(("returned", place.name, code))

    def assigned(self, frame: Frame, place: Place, value: Any) -> None:
        self.told.append(("assigned", place.target, value))


def observed(rig: Rig, level: int) -> tuple[Recorder, list[object]]:
    """Run the request route with an observer."""
    recorder = Recorder(level)
    rig.worker.observation.add(recorder)
    script = rig.script
    assert script is not None and script.request_route is not None
    rig.ctx = rig.context()
    rig.probe.notes.clear()
    result = route_for(rig.ctx, script.request_route).run(rig.ctx)
    if not isinstance(result, int):

        async def finish() -> int:
            return await result

        result = asyncio.run(finish())
    rig.code = result
    rig.worker.observation.remove(recorder)
    return recorder, rig.probe.notes


@pytest.mark.parametrize("text", [SCRIPT, SYNC])
@pytest.mark.parametrize("level", [WATCHED, PAUSABLE])
def test_everything_that_runs_is_told(text: str, level: int) -> None:
    recorder, notes = observed(Rig(text), level)
    waits = ["waits"] if text is not SYNC and "later" in text else []
    assert notes == ["one", *waits, "ab"]
    second = "later" if waits else "code"
    assert recorder.told == [
        ("enter", "route", 0),
        ("step", 3, 26, "note"),
        ("returned", "note", 1),
        ("step", 4, 17, "if"),
        ("step", 6, 17, "if"),
        ("step", 6, 26, "code"),
        ("returned", "code", 5),
        ("step", 6, 26, second),
        ("returned", second, 1),
        ("step", 7, 63, "assign"),
        ("assigned", "$var(x)", "ab"),
        ("step", 8, 6, "route"),
        ("enter", "route[SUB]", 1),
        ("step", 21, 33, "keep"),
        ("returned", "keep", 1),
        ("step", 22, 3, "return"),
        ("leave", "route[SUB]", 7),
        ("returned", "route", 7),
        ("step", 10, 21, "switch"),
        ("step", 12, 63, "assign"),
        ("assigned", "$var(y)", 2),
        ("step", 14, 24, "while"),
        ("step", 15, 63, "assign"),
        ("assigned", "$var(y)", 1),
        ("step", 16, 17, "if"),
        ("step", 16, 3, "break"),
        ("step", 18, 3, "exit"),
        ("leave", "route", 0),
    ]


def test_the_plain_version_knows_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The syntax trees of the plain version are those that it had before observed versions were compiled."""
    seen: list[list[str]] = []
    execute = compiler._execute

    def note(definitions: list[Definition], namespace: dict[str, Any]) -> None:
        seen.append([ast.dump(tree, include_attributes=True) for _, tree, _, _ in definitions])
        execute(definitions, namespace)

    monkeypatch.setattr(compiler, "_execute", note)
    rig = Rig(SCRIPT)
    assert rig.script is not None
    codes = {name: route.run.__code__ for (_, name), route in rig.script.all_routes().items()}  # type: ignore[union-attr]
    observed(rig, PAUSABLE)
    assert len(seen) == 3  # the plain one, and the two that a pausable version is made of
    told = ("observation", "step_", "place_", "returned_", "assigned_", "value1")
    assert not [word for word in told for tree in seen[0] if word in tree]
    assert all("step_" in tree for tree in seen[1] if "note" in tree)
    Rig(SCRIPT)
    assert seen[3] == seen[0]
    assert codes == {name: route.run.__code__ for (_, name), route in rig.script.all_routes().items()}  # type: ignore[union-attr]
    assert rig.worker.hooks.entry == []
    ctx = rig.context()
    assert rig.script.request_route is not None
    assert route_for(ctx, rig.script.request_route) is rig.script.request_route


def test_a_paused_message_waits_and_others_do_not() -> None:
    with Node(
        """#!KAMAILIO
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tm.so"
route { if ($rU == "slow") { $var(a) = 1; } sl_send_reply("200", "OK"); }
"""
    ) as node:

        class Gate(Observer):
            def __init__(self) -> None:
                self.open = asyncio.Event()

            def wants(self, ctx: Context) -> int:
                return PAUSABLE

            def pause(self, frame: Frame, place: Place) -> Awaitable[None] | None:
                return self._wait() if place.name == "assign" else None

            async def _wait(self) -> None:
                await self.open.wait()

        gate = Gate()
        node.worker.observation.add(gate)
        node.receive(node.request("OPTIONS", "sip:slow@example.com"))
        assert not node.sent
        node.receive(node.request("OPTIONS", "sip:fast@example.com"))
        assert [message.status for message in node.sent] == [200]
        gate.open.set()
        node.settle()
        assert [message.status for message in node.sent] == [200, 200]


def test_an_observer_that_fails_costs_the_message_nothing() -> None:
    class Broken(Recorder):
        def step(self, frame: Frame, place: Place) -> None:
            raise ZeroDivisionError("observer")

    rig = Rig(SYNC)
    recorder = Broken(WATCHED)
    rig.worker.observation.add(recorder)
    assert rig.script is not None and rig.script.request_route is not None
    ctx = rig.context()
    assert route_for(ctx, rig.script.request_route).run(ctx) == 0
    assert rig.probe.notes == ["one", "ab"] and ("leave", "route", 0) in recorder.told
    assert [record for record in rig.worker.records if record.level == L_ERR and "observer" in record.text]


def test_what_is_raised_ends_the_frame() -> None:
    rig = Rig("#!KAMAILIO\nroute { route(A); }\nroute[A] { fail(); }\n")
    recorder = Recorder(WATCHED)
    rig.worker.observation.add(recorder)
    assert rig.script is not None and rig.script.request_route is not None
    ctx = rig.context()
    with pytest.raises(ZeroDivisionError):
        route_for(ctx, rig.script.request_route).run(ctx)
    assert recorder.told[-2:] == [("leave", "route[A]", None), ("leave", "route", None)]
    assert rig.worker.observation.frame_of(ctx) is None


@pytest.mark.parametrize("level", [WATCHED, PAUSABLE])
def test_routes_that_cannot_wait_are_watched(level: int) -> None:
    """onsend_route and the route for local requests run at once, whatever version the message runs."""
    with Node(
        """#!KAMAILIO
loadmodule "pv.so"
loadmodule "tm.so"
route { t_on_branch("B"); t_on_failure("F"); $du = "sip:192.0.2.9:5060"; t_relay(); }
branch_route[B] { $var(b) = 1; }
failure_route[F] { $var(f) = 1; }
onreply_route { $var(r) = 1; }
onsend_route { $var(s) = 1; }
""",
    ) as node:
        recorder = Recorder(level)
        node.worker.observation.add(recorder)
        node.receive(node.request("INVITE", "sip:bob@example.com"))
        forwarded = node.sent[-1]
        assert forwarded.method == "INVITE"
        assert sorted(item[1] for item in recorder.told if item[0] == "assigned") == ["$du", "$var(b)", "$var(s)"]
        recorder.told.clear()
        node.receive(reply_to(forwarded.data, 404, "Not Found"), "udp:192.0.2.9:5060")
        assert [item[1] for item in recorder.told if item[0] == "assigned"] == ["$var(r)", "$var(f)"]
        assert [message.status for message in node.sent if message.status >= 300] == [404]


def test_plain_is_the_default() -> None:
    assert Observer().wants(Rig(SYNC).context()) == PLAIN


def test_observed_versions_go_with_theirs(tmp_path: Path) -> None:
    """A reload makes new ones; those of a version that nobody runs any more are freed, and so are unused ones."""
    file = tmp_path / "router.cfg"
    text = '#!KAMAILIO\nloadmodule "sl.so"\nloadmodule "pv.so"\nroute { $var(x) = %d; sl_send_reply("200", "OK"); }\n'
    file.write_text(text % 0)
    with Node.from_file(file) as node:
        recorder = Recorder(WATCHED)
        node.worker.observation.add(recorder)
        seen: list[weakref.ref[Any]] = []
        for number in range(1, 6):
            node.receive(node.request("OPTIONS", "sip:bob@example.com"))
            assert node.worker.script is not None
            seen.append(weakref.ref(node.worker.observation.version(node.worker.script, WATCHED)))
            file.write_text(text % number)
            node.worker.services["reloader"].reload()
        assert [item[2] for item in recorder.told if item[0] == "assigned"] == [0, 1, 2, 3, 4]
        gc.collect()
        # the first may have dialogs, two can be gone back to
        assert [one() is None for one in seen] == [False, True, True, False, False]
        node.worker.observation.remove(recorder)
        gc.collect()
        assert [one() for one in seen] == [None] * 5
