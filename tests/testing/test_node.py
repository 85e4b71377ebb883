"""A router in memory: loading, messages, time, and what can be asked of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.core.declare import Module, function
from siprouter.sip.message import parse_message
from siprouter.testing import LeakError, LoadError, Node, Phone, Sent, build_message
from siprouter.testing import node as node_module
from siprouter.util.errors import OperatorError
from tests.testing.conftest import MODULES, RELAY, MakeNode


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(LoadError) as caught:
        Node(MODULES + "route { sl_sent_reply(1, 2); route(NOWHERE); }")
    assert "did you mean sl_send_reply?" in str(caught.value)
    assert "NOWHERE" in str(caught.value)


def test_a_file_and_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "main.cfg").write_text(MODULES + 'include_file "more.cfg"\n')
    (tmp_path / "more.cfg").write_text('route { sl_send_reply("200", ANSWER); }\n')
    with Node.from_file(tmp_path / "main.cfg", defines={"ANSWER": '"Yes"'}) as node:
        node.receive(node.request("OPTIONS", "sip:x@y"))
        assert node.last.message.reason == "Yes"
    with pytest.raises(OperatorError, match="cannot read"):
        Node.from_file(tmp_path / "absent.cfg")


def test_addresses_of_the_configuration_win(make_node: MakeNode) -> None:
    node = make_node("listen=udp:10.1.1.1:5070\nroute { exit; }", listen=["udp:10.9.9.9:5060"])
    assert [listener.name for listener in node.worker.listeners] == ["udp:10.1.1.1:5070"]
    with pytest.raises(AssertionError, match=r"does not listen on anything that 10\.0\.0\.1 could reach"):
        node.receive(node.request("OPTIONS", "sip:x@y"), "tcp:10.0.0.1:5060")


def test_one_of_several_listeners(make_node: MakeNode) -> None:
    text = MODULES + 'route { sl_send_reply("200", "$Ri:$Rp"); }'
    node = make_node(text, listen=["udp:10.1.1.1:5060", "udp:10.2.2.2:5070"])
    node.receive(node.request("OPTIONS", "sip:x@y"), to="udp:10.2.2.2:5070")
    assert node.last.message.reason == "10.2.2.2:5070"
    assert Phone(node, "a", "10.0.0.1:5060", server="udp:10.1.1.1:5060").ask(
        node.request("OPTIONS", "sip:x@y", sent_by="10.0.0.1:5060")
    )
    assert node.last.message.reason == "10.1.1.1:5060"
    with pytest.raises(AssertionError, match=r"does not listen on udp:1\.1\.1\.1:1"):
        node.receive(node.request("OPTIONS", "sip:x@y"), to="udp:1.1.1.1:1")


def test_aliases_are_ourselves(make_node: MakeNode) -> None:
    text = MODULES + 'route { if (uri == myself) sl_send_reply("200", "ours"); else sl_send_reply("404", "no"); }'
    node = make_node(text, aliases=["example.org"])
    assert node.receive(node.request("OPTIONS", "sip:x@example.org")).only.status == 200
    assert node.receive(node.request("OPTIONS", "sip:x@example.com")).only.status == 404


def test_a_module_of_ones_own() -> None:
    class Teller:
        def __init__(self, worker: object) -> None:
            self.told: list[str] = []

        def tell(self, ctx: object) -> int:
            self.told.append("told")
            return 1

    declared = Module("teller", help="tells", state=Teller, functions=[function("tell", Teller.tell, help="tell")])
    with Node("route { tell(); }", modules=[declared]) as node:
        node.receive(node.request("OPTIONS", "sip:x@y"))
        assert node.worker.modules["teller"].told == ["told"]


def test_warnings_of_the_checks(make_node: MakeNode) -> None:
    node = make_node(MODULES + 'route {\n exit;\n xlog("never");\n}')
    assert any(":11:" in warning for warning in node.warnings), node.warnings


# --- streams


def test_a_message_in_pieces_and_two_at_once(make_node: MakeNode) -> None:
    node = make_node(MODULES + 'route { sl_send_reply("200", "OK"); }')
    data = node.request("OPTIONS", "sip:x@y", transport="TCP")
    assert node.receive(data[:100], "tcp:10.0.0.1:40000") == []
    assert node.receive(data[100:] + data, "tcp:10.0.0.1:40000").summary == ["200 OPTIONS"] * 2
    assert node.last.address == "tcp:10.0.0.1:40000"


def test_keep_alives_on_a_stream(node: Node) -> None:
    assert [sent.data for sent in node.receive(b"\r\n\r\n", "tcp:10.0.0.1:40000")] == [b"\r\n"]
    assert node.receive(b"\r\n", "tcp:10.0.0.1:40000") == []


def test_an_unusable_length_closes_the_connection(make_node: MakeNode) -> None:
    node = make_node(MODULES + 'route { sl_send_reply("200", "OK"); }')
    bad = node.request("OPTIONS", "sip:x@y", transport="TCP").replace(b"Content-Length: 0", b"Content-Length: -1")
    assert node.receive(bad, "tcp:10.0.0.1:40000").only.status == 400
    first = node.sent.last.to.connection
    good = node.request("OPTIONS", "sip:x@y", transport="TCP")
    assert node.receive(good, "tcp:10.0.0.1:40000").only.status == 200
    assert node.last.to.connection != first


# --- time


def test_timers_fire_when_they_are_due(node: Node) -> None:
    start = node.clock()
    node.receive(node.request("INVITE", "sip:bob@example.org"))
    node.advance(8)
    times = [round(sent.time - start, 1) for sent in node.sent.requests("INVITE")]
    assert times == [0.0, 0.5, 1.5, 3.5, 7.5]


def test_a_long_time_is_no_long_wait(node: Node) -> None:
    ticks: list[float] = []
    node.worker.hooks.tick.append(ticks.append)
    node.advance(3600)
    assert len(ticks) == 3600
    assert node.clock() == 4600.0


def test_waiting_for_a_result(node: Node) -> None:
    async def nap(seconds: float) -> str:
        await node.worker.sleep(seconds)
        return "awake"

    assert node.wait(nap(12)) == "awake"
    assert 1012 <= node.clock() < 1012.1
    with pytest.raises(TimeoutError, match="after 5 seconds"):
        node.wait(nap(6), most=5)


def test_two_phones_that_never_stop(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "MAX_ROUNDS", 50)
    phone = Phone(node, "loop", "10.0.0.1:5060")

    def ask_back(sent: Sent) -> int:
        phone.transmit(build_message("OPTIONS", "sip:loop@10.0.0.1:5060"))
        return 0

    phone.on_request = ask_back
    phone.transmit(build_message("OPTIONS", "sip:loop@10.0.0.1:5060"))
    with pytest.raises(RuntimeError, match="never come to rest"):
        node.settle()
    with pytest.raises(LeakError, match="never come to rest"):
        node.close()


# --- what happened


def test_logs(make_node: MakeNode) -> None:
    node = make_node(MODULES + 'route { xlog("L_INFO", "from $fU\\n"); xlog("L_ERR", "bad\\n"); exit; }')
    node.receive(node.request("OPTIONS", "sip:x@y"))
    assert "from alice" in " ".join(node.log)
    (record,) = node.logged("from alice", level="info")
    assert record.level == 2
    assert node.logged("from alice", level="error") == []
    assert len(node.logged("bad", level="error")) == 1
    assert any("bad" in text for text in node.errors)


@pytest.mark.parametrize(("says", "wanted", "texts"), [("debug=0", None, 0), ("debug=0", 3, 1), ("debug=2", None, 1)])
def test_the_log_level(make_node: MakeNode, says: str, wanted: int | None, texts: int) -> None:
    node = make_node(f'{MODULES}{says}\nroute {{ xlog("L_INFO", "here\\n"); exit; }}', debug=wanted)
    node.receive(node.request("OPTIONS", "sip:x@y"))
    assert len(node.logged("here")) == texts


def test_an_error_in_the_script_is_logged_with_its_line(make_node: MakeNode) -> None:
    node = make_node(MODULES + "route {\n $var(x) = 1 / $var(zero);\n exit;\n}")
    node.receive(node.request("OPTIONS", "sip:x@y"))
    assert any("division by zero" in text and ":10:" in text for text in node.errors), node.log


def test_what_is_stored(make_node: MakeNode) -> None:
    text = MODULES + 'loadmodule "usrloc.so"\nloadmodule "registrar.so"\nroute { save("location"); }'
    node = make_node(text)
    bob = Phone(node, "bob", "10.0.0.2:5060")
    assert bob.register().status == 200
    bob.register(contact="<sip:bob@10.0.0.3>")
    assert node.contacts("bob") == ["sip:bob@10.0.0.2:5060", "sip:bob@10.0.0.3"]
    assert node.contacts("carol") == []
    assert list(node.stored("usrloc:location")) == ["bob"]
    with pytest.raises(KeyError):
        node.stored("nothing")
    assert node.counter("usrloc", "location-contacts") == 2
    with pytest.raises(KeyError):
        node.counter("usrloc", "nothing")


def test_rpc(node: Node) -> None:
    assert "core.uptime" in node.rpc("system.listMethods").values


def test_nothing_sent_yet(node: Node) -> None:
    with pytest.raises(AssertionError, match="sent nothing"):
        _ = node.last


def test_shell_commands_are_not_run(make_node: MakeNode, tmp_path: Path) -> None:
    node = make_node(f'route {{ exec("touch {tmp_path}/ran"); }}')
    node.receive(node.request("OPTIONS", "sip:x@y"))
    assert node.commands == [f"touch {tmp_path}/ran"]
    assert not list(tmp_path.iterdir())


def test_the_ladder(node: Node, make_node: MakeNode) -> None:
    alice = Phone(node, "alice", "10.0.0.1:5060")
    bob = Phone(node, "bob", "10.0.0.2:5060")
    bob.on_invite = lambda leg: leg.reject(486)
    alice.call("bob")
    drawn = node.ladder()
    assert drawn.splitlines()[0].split() == ["alice", "router", "bob"]
    for text in ("INVITE sip:bob@example.org", "100 trying -- your call is", "486 Busy Here (INVITE)", "ACK sip:bob@"):
        assert text in drawn
    assert max(map(len, drawn.splitlines())) <= 100
    assert make_node("route { exit; }").ladder() == "no messages"


def test_nodes_are_alike_and_apart() -> None:
    """Each node has its own clock, and gives the same identifiers in each run."""
    branches = []
    for _ in range(2):
        with Node(RELAY) as node:
            node.receive(build_message("OPTIONS", "sip:bob@example.org", branch="z9hG4bKx", call_id="c", from_tag="f"))
            branches.append(parse_message(node.sent.requests().only.data).via.branch)
            node.advance(60)
            assert node.clock() == 1060.0
    assert branches[0] == branches[1]
