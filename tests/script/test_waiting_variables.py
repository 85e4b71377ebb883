"""Variables that wait: wherever a route reads or writes one, its message waits and no other."""

from __future__ import annotations

from typing import Any

import pytest

from siprouter.core.access import PvAccess
from siprouter.core.args import Fmt
from siprouter.core.declare import Module, function, pvar
from siprouter.core.routes import ANY
from siprouter.core.waiting import CannotWait, wait_here
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import reply_to


class Slow:
    """A store that takes a second for every access."""

    def __init__(self, worker: Any) -> None:
        self.worker = worker
        self.values: dict[str, Any] = {}
        self.trace: list[str] = []

    async def fetch(self, name: str) -> Any:
        await self.worker.sleep(1)
        self.trace.append(f"get {name}")
        if name == "broken":
            raise ValueError("broken")
        return self.values.get(name)

    async def keep(self, name: str, value: Any) -> None:
        await self.worker.sleep(1)
        self.trace.append(f"set {name}")
        self.values[name] = value

    def bind(self, inner: Any) -> PvAccess:
        def get(ctx: Any) -> Any:
            try:
                return wait_here(self.fetch(str(inner.value(ctx))))
            except CannotWait:
                self.trace.append("cannot wait")
                return None

        return PvAccess(get, lambda ctx, value: wait_here(self.keep(str(inner.value(ctx)), value)))

    def note(self, ctx: Any, text: str) -> int:
        self.trace.append(text)
        return 1

    async def doze(self, ctx: Any) -> int:
        await self.worker.sleep(1)
        return 1


SLOW = Module(
    "slow",
    help="slow",
    state=Slow,
    pvars=[pvar("slow", bind=Slow.bind, inner_required=True, waits=True, help="slow")],
    functions=[
        function("note", Slow.note, [Fmt("text")], routes=ANY, help="note"),
        function("doze", Slow.doze, routes=ANY, waits=True, help="doze"),
    ],
)
HEAD = 'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "textops.so"\n'


def node(text: str) -> Node:
    return Node(HEAD + text, modules=[SLOW])


def slow(running: Node) -> Slow:
    found = running.worker.module("slow")
    assert isinstance(found, Slow)
    return found


def test_everywhere_in_a_route() -> None:
    text = """
    route {
        $slow(a) = 5;
        doze();
        if ($slow(a) == 5 && $(slow(a){s.len}) == 1) { route(INNER); }
        note("again $slow(b)");
        switch ($slow(b)) { case "x": note("case"); break; }
        sl_send_reply("200", "$slow(a)");
    }
    route[INNER] { $var(k) = "b"; $slow($var(k)) = "x"; doze(); note("inner $slow($var(k))"); }
    """
    with node(text) as running:
        assert running.receive(running.request("OPTIONS", "sip:x@y")) == []
        reply = running.advance(30).only
        assert (reply.status, reply.text.split("\r\n")[0]) == (200, "SIP/2.0 200 5")
        assert [item for item in slow(running).trace if not item.startswith("get")] == [
            *("set a", "set b", "inner x", "again x", "case"),
        ]


def test_who_calls_a_route_with_such_a_variable_has_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
    route { doze(); if (route(INNER) == 1) { sl_send_reply("200", "OK"); } }
    route[INNER] { $var(x) = "INNER2"; route($var(x)); doze(); return 1; }
    route[INNER2] { doze(); note("got $slow(a)"); doze(); return 1; }
    route[ALONE] { note("nothing"); return 1; }
    """
    with node(text) as running:
        routes = running.script.namespace
        plain = {name: value.__wrapped__ for name, value in routes.items() if hasattr(value, "__wrapped__")}
        assert len(plain) >= 3
        assert running.script.request_route is not None and hasattr(running.script.request_route.run, "__wrapped__")
        for name, function in plain.items():  # built routes call one another without what is around them
            monkeypatch.setitem(routes, name, function)
        running.receive(running.request("OPTIONS", "sip:x@y"))
        assert running.advance(20).only.status == 200
        assert slow(running).trace == ["get a", "got <null>"]


def test_other_messages_go_on() -> None:
    text = """
    route {
        if (method == "INFO") { sl_send_reply("200", "quick"); exit; }
        if ($slow(a) == $null) { sl_send_reply("404", "slow"); }
    }
    """
    with node(text) as running:
        assert running.receive(running.request("OPTIONS", "sip:x@y")) == []
        assert running.receive(running.request("INFO", "sip:x@y")).only.status == 200
        assert running.advance(2).only.status == 404


def test_in_reply_failure_and_branch_routes() -> None:
    text = """
    route { t_on_branch("1"); t_on_reply("1"); t_on_failure("1"); t_relay(); }
    branch_route[1] { note("branch $slow(a)"); append_hf("X-Slow: 1\\r\\n"); }
    onreply_route[1] { note("reply $slow(a)"); }
    failure_route[1] { note("failure $slow(a)"); t_reply("480", "slow"); }
    """
    with node(text) as running:
        request = running.request("INVITE", "sip:x@192.0.2.7")
        running.receive(request)
        sent = running.advance(2).requests("INVITE")[0]
        assert sent.header("X-Slow") == "1"
        running.receive(reply_to(sent.data, 486, to_tag="b"), "192.0.2.7:5060")
        assert running.advance(5).replies(480)
        assert [item for item in slow(running).trace if "get" not in item] == [
            *("branch <null>", "reply <null>", "failure <null>"),
        ]
        running.receive(running.request("ACK", "sip:x@192.0.2.7"))
        running.advance(60)


def test_what_goes_wrong_is_the_messages_own() -> None:
    with node('route { note("x $slow(broken)"); }') as running:
        running.receive(running.request("OPTIONS", "sip:x@y"))
        assert running.advance(2).only.status == 500
        assert "broken" in running.errors[-1]


@pytest.mark.parametrize("block", ["onsend_route", "error_route"])
def test_where_nothing_can_wait(block: str) -> None:
    with pytest.raises(LoadError, match=f"nothing can wait in {block}"):
        node(f'route {{ drop; }}\n{block} {{ note("$slow(a)"); }}')


def test_outside_of_routes() -> None:
    with node("route { drop; }") as running:
        access = running.worker.env.parse_pvar("$slow(a)")
        assert access.get(None) is None
        assert slow(running).trace == ["cannot wait"]
