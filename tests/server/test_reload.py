"""Loading the script again while calls are under way."""

import asyncio
import gc
import os
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from siprouter.rpc.values import RpcError
from siprouter.script.load import parse_file
from siprouter.server import dialog_versions
from siprouter.server.options import RunOptions
from siprouter.server.reload import Reloader, Watcher
from siprouter.server.startup import Assembly
from siprouter.testing.call import Call
from siprouter.testing.node import Node
from siprouter.testing.phone import Phone
from siprouter.util.log import Log

HEAD = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "xlog.so"
"""

ROUTES = """
route {
    if (is_method("OPTIONS")) { sl_send_reply("200", "MARK"); exit; }
    if (is_method("ACK|CANCEL")) { t_relay(); exit; }
    t_on_failure("end");
    t_on_reply("back");
    t_on_branch("out");
    $du = "sip:10.0.0.2:5060";
    route(go);
}
route[go] { t_relay(); exit; }
branch_route[out] { append_hf("X-Branch: MARK\\r\\n"); }
onreply_route[back] { append_hf("X-Reply: MARK\\r\\n"); }
failure_route[end] {
    if (t_check_status("486")) {
        t_on_branch("out");
        t_on_failure("end");
        $du = "sip:10.0.0.3:5060";
        route(again);
        exit;
    }
    t_reply("480", "MARK");
}
route[again] { append_branch(); t_relay(); }
"""


def routes(mark: str, head: str = HEAD) -> str:
    return head + ROUTES.replace("MARK", mark)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "router.cfg"
    path.write_text(routes("one"))
    return path


@pytest.fixture
def node(file: Path) -> Iterator[Node]:
    with Node(path=file) as made:
        yield made


def reloader_of(node: Node) -> Reloader:
    found = node.worker.services["reloader"]
    assert isinstance(found, Reloader)
    return found


def answer_of(node: Node) -> str:
    """What the version for new messages says."""
    return node.receive(node.request("OPTIONS", "sip:x@example.org"), "10.0.0.9:5060").replies()[-1].message.reason


def reload(node: Node, file: Path, text: str) -> dict[str, Any]:
    file.write_text(text)
    return grouped(node.rpc("cfg.reload").values[0])


def versions(node: Node) -> list[Any]:
    return list(node.rpc("cfg.versions").values)


def grouped(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"kept": [], "changed": []}
    for name, value in pairs:
        if name in ("kept", "changed"):
            found[name].append(value)
        else:
            found[name] = value
    return found


def phones(node: Node) -> tuple[Phone, Phone, Phone]:
    alice, bob = Phone(node, "alice", "10.0.0.1:5060"), Phone(node, "bob", "10.0.0.2:5060")
    return alice, bob, Phone(node, "carol", "10.0.0.3:5060")


def headers_of(data: Any, name: str) -> list[str]:
    return [data.value(header) for header in data.find(name)]


def test_new_messages_take_the_new_version(node: Node, file: Path) -> None:
    assert answer_of(node) == "one"
    outcome = reload(node, file, routes("two"))
    assert (outcome["version"], outcome["file"], outcome["kept"]) == (2, str(file), [])
    assert answer_of(node) == "two"
    assert node.script.version == 2


def test_a_call_ends_on_its_version(node: Node, file: Path) -> None:
    alice, bob, carol = phones(node)
    bob.on_invite = Call.ring
    call = alice.call("bob")
    assert call.status == 180
    reload(node, file, routes("two"))
    bob.incoming[0].reject(486)
    node.settle()
    assert headers_of(carol.received[-1].message, "X-Branch") == ["one"]
    carol.incoming[0].ring()
    node.settle()
    assert headers_of(alice.received[-1].message, "X-Reply") == ["one"]
    carol.incoming[0].reject(404)
    node.settle()
    assert (call.status, alice.received[-1].message.reason) == (480, "one")
    alice.call("bob")
    assert headers_of(bob.received[-1].message, "X-Branch") == ["two"]
    bob.incoming[-1].reject(404)
    node.settle()
    assert alice.received[-1].message.reason == "two"
    node.advance(40)


def test_an_error_changes_nothing(node: Node, file: Path) -> None:
    before = node.script
    broken = routes("two").replace("route(go);", 'route(gone);\n sl_send_replay("1", "2");') + "flags a, a;"
    with pytest.raises(RpcError) as raised:
        reload(node, file, broken)
    text = str(raised.value)
    assert "gone" in text
    assert "sl_send_replay" in text
    assert "flag a is declared twice" in text
    assert f"{file}:" in text
    assert len(node.logged("router.cfg:", "error")) >= 3
    assert node.script is before
    assert answer_of(node) == "one"
    assert [item["version"] for item in versions(node)] == [1]
    assert reload(node, file, routes("three"))["version"] == 2


def test_an_unreadable_file(node: Node, file: Path) -> None:
    file.unlink()
    with pytest.raises(RpcError, match="cannot read"):
        node.rpc("cfg.reload")
    assert answer_of(node) == "one"


def test_a_new_module_needs_a_restart(node: Node, file: Path) -> None:
    with pytest.raises(RpcError, match="module maxfwd is not loaded: a new module needs a restart"):
        reload(node, file, routes("two", HEAD + 'loadmodule "maxfwd.so"\nmodparam("maxfwd", "max_limit", 9)\n'))
    assert "maxfwd" not in node.worker.modules
    with pytest.raises(RpcError, match="unknown module xlug"):
        reload(node, file, routes("two", HEAD + 'loadmodule "xlug.so"\n'))


def test_the_mode_needs_a_restart(node: Node, file: Path) -> None:
    with pytest.raises(RpcError, match="the mode cannot change at run time"):
        reload(node, file, "#!SER\n" + routes("two"))


def test_parameters_change_or_are_named(node: Node, file: Path) -> None:
    tm = node.worker.module("tm")
    text = (
        "children=4\nmax_while_loops=7\n"
        + HEAD
        + 'modparam("tm", "fr_timer", 7000)\nmodparam("xlog", "buf_size", 999)\n'
    )
    before = tm.cfg.fr_timer
    outcome = reload(node, file, routes("two", text))
    assert node.worker.module("tm") is tm
    assert tm.cfg.fr_timer == 7000
    assert node.worker.settings.max_while_loops == 7
    assert outcome["changed"] == ["core.max_while_loops = 7", "tm.fr_timer = 7000"]
    assert outcome["kept"] == [f"{name} cannot change at run time, kept" for name in ("children", "xlog.buf_size")]
    assert node.logged("xlog.buf_size cannot change at run time, kept", "warning")
    assert reload(node, file, routes("three"))["kept"] == []
    assert tm.cfg.fr_timer == before
    node.rpc("cfg.rollback")
    assert tm.cfg.fr_timer == 7000


def test_what_an_operator_set_survives_an_unchanged_file(node: Node, file: Path) -> None:
    node.worker.cfg.set_now("tm", "fr_timer", 1234)
    reload(node, file, routes("two"))
    assert node.worker.module("tm").cfg.fr_timer == 1234


def test_wrong_parameters_are_errors(node: Node, file: Path) -> None:
    before = node.worker.module("tm").cfg.fr_timer
    text = HEAD + 'modparam("tm", "fr_timer", 7000)\nmodparam("tm", "nonsense", 1)\nmodparam("tm", "fr_timer", "x")\n'
    with pytest.raises(RpcError) as raised:
        reload(node, file, routes("two", text))
    assert "has no parameter 'nonsense'" in str(raised.value)
    assert "must be an integer" in str(raised.value)
    assert node.worker.module("tm").cfg.fr_timer == before


def test_a_module_that_is_gone_from_the_file_stays(node: Node, file: Path) -> None:
    outcome = reload(node, file, routes("two", HEAD.replace('loadmodule "xlog.so"\n', "")))
    assert outcome["kept"] == ["module xlog cannot change at run time, kept"]
    assert "xlog" in node.worker.modules


def test_flags_and_custom_parameters_are_those_of_the_version(file: Path) -> None:
    text = 'route { setflag(KNOWN); sl_send_reply("200", "$mf"); exit; }\n'
    file.write_text("flags KNOWN:3;\n" + HEAD + text)
    with Node(path=file) as node:
        assert answer_of(node) == "8"
        reload(node, file, "mine.limit = 5\nflags OTHER:3, KNOWN:4;\n" + HEAD + text)
        assert answer_of(node) == "16"
        assert node.worker.env.flag_names == {"OTHER": 3, "KNOWN": 4}
        assert node.worker.cfg.get("mine", "limit") == 5
        with pytest.raises(RpcError):
            reload(node, file, "mine.other = 5\n" + HEAD + text)
        assert ("mine", "other") not in node.worker.cfg.vars
        assert answer_of(node) == "16"
        node.rpc("cfg.rollback_script")
        assert answer_of(node) == "8"


def test_rollback(node: Node, file: Path) -> None:
    for mark in ("two", "three", "four"):
        reload(node, file, routes(mark))
    for number, mark in ((3, "three"), (2, "two")):
        assert grouped(node.rpc("cfg.rollback").values[0])["version"] == number
        assert answer_of(node) == mark
    with pytest.raises(RpcError, match="no earlier version"):
        node.rpc("cfg.rollback")
    assert answer_of(node) == "two"
    assert reload(node, file, routes("five"))["version"] == 5


def test_the_rollback_of_cfg_rpc_is_its_own(file: Path) -> None:
    file.write_text(routes("one", HEAD + 'loadmodule "cfg_rpc.so"\n'))
    with Node(path=file) as node:
        reload(node, file, routes("two", HEAD + 'loadmodule "cfg_rpc.so"\n'))
        node.rpc("cfg.rollback")
        assert answer_of(node) == "two"
        node.rpc("cfg.rollback_script")
        assert answer_of(node) == "one"


def test_versions_are_freed(node: Node, file: Path) -> None:
    gc.disable()
    try:
        alice, bob, _ = phones(node)
        bob.on_invite = Call.ring
        alice.call("bob")
        first, function = weakref.ref(node.script), weakref.ref(node.script.routes["go"].run)
        for number in range(2, 6):
            reload(node, file, routes(f"v{number}"))
        found = {item["version"]: item for item in versions(node)}
        assert list(found) == [1, 3, 4, 5]  # nobody uses the second
        assert found[1]["users"] > 0
        assert found[1]["time"] > 0
        assert [item["users"] for item in found.values()][1:] == [0, 0, 0]
        assert [item["running"] for item in found.values()] == [0, 0, 0, 1]
        assert [item["rollback"] for item in found.values()] == [0, 1, 1, 0]
        bob.incoming[0].reject(404)
        node.advance(60)
        assert first() is not None  # the call may be up
        reloader_of(node).dialogs.clear()
        assert first() is None
        assert function() is None
        assert [item["version"] for item in versions(node)] == [3, 4, 5]
    finally:
        gc.enable()


def test_included_files(file: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.cfg"
    part.write_text(ROUTES.replace("MARK", "one"))
    file.write_text(HEAD + 'include_file "part.cfg"\n')
    with Node(path=file) as node:
        assert node.script.files == (str(file), str(part))
        part.write_text(ROUTES.replace("MARK", "two"))
        node.rpc("cfg.reload")
        assert answer_of(node) == "two"
        part.write_text("route { nonsense }")
        with pytest.raises(RpcError, match=r"part\.cfg:1:"):
            node.rpc("cfg.reload")
        assert answer_of(node) == "two"


def test_no_call_is_lost_by_a_hundred_reloads(node: Node, file: Path) -> None:
    alice, bob, _ = phones(node)
    bob.on_invite = Call.ring
    calls: list[Call] = []
    steps: list[Callable[[], None]] = []
    for number in range(500):
        if number % 5 == 0:
            reload(node, file, routes(f"v{number // 5}"))
        calls.append(alice.call("bob"))
        steps.append(bob.incoming[-1].answer)
        if number >= 20:
            steps[number - 20]()
            node.advance(0.002)
    for step in steps[480:]:
        step()
    node.settle()
    assert [call.status for call in calls] == [200] * 500
    assert all(call.established for call in calls)
    marks = [headers_of(item.message, "X-Branch") for item in bob.received if item.method == "INVITE"]
    assert marks == [[f"v{number // 5}"] for number in range(500)]
    answers = [item for item in alice.received if item.status == 200]
    assert len(answers) == 500
    assert {mark for item in answers for mark in headers_of(item.message, "X-Reply")} == {f"v{n}" for n in range(100)}
    assert not node.errors
    node.advance(60)
    assert [item["version"] for item in versions(node)] == [94, 95, 96, 97, 98, 99, 100, 101]  # dialogs run them
    reloader_of(node).dialogs.clear()
    assert [item["version"] for item in versions(node)] == [99, 100, 101]


def test_watching_the_files(node: Node, file: Path) -> None:
    watcher = Watcher(reloader_of(node))
    node.worker.hooks.tick.append(watcher.tick)
    node.advance(3)
    assert node.script.version == 1
    changed(file, routes("two"), 1)
    node.advance(3)
    assert (node.script.version, answer_of(node)) == (2, "two")
    changed(file, "route {", 2)
    node.advance(5)
    assert (node.script.version, answer_of(node)) == (2, "two")
    assert len(node.logged("was not loaded again, version 2 stays", "error")) == 1
    changed(file, routes("four"), 3)
    node.advance(3)
    assert (node.script.version, answer_of(node)) == (3, "four")
    changed(file, routes("five"), 4)
    node.rpc("cfg.reload")
    node.advance(5)
    assert (node.script.version, answer_of(node)) == (4, "five")


async def test_the_server_offers_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    options = RunOptions(Path(file.name), listen=["udp:127.0.0.1:5060"], debug=2, watch=True)
    assembly = Assembly(asyncio.get_running_loop(), Log(lambda record: None))
    worker = assembly.worker
    worker.services["in_memory"] = True
    assembly.load(parse_file(options.file), options)
    monkeypatch.chdir("/")
    worker.services["reloader"].beside = False  # nobody runs the loop here
    first = worker.script
    changed(file, "debug=-3\nmax_while_loops=9\n" + routes("two"), 1)
    for _ in range(3):
        for callback in worker.hooks.tick:
            callback(worker.now())
    assert worker.script is not first
    assert worker.script is not None
    assert worker.script.version == 2
    assert worker.settings.max_while_loops == 9
    assert worker.cfg.get("core", "debug") == 2
    await assembly.tasks.finish(0)


def changed(file: Path, text: str, when: int) -> None:
    """Write a file whose time of change differs, however coarse the clock of the file system is."""
    file.write_text(text)
    os.utime(file, (when, when))


SIMPLE = 'loadmodule "sl.so"\nroute { sl_send_reply("200", "MARK"); }\n'


def ask(node: Node, method: str, call: str, in_dialog: bool) -> str:
    """Which version answers."""
    tag = ";tag=theirs" if in_dialog else ""
    text = (
        f"{method} sip:x@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK{method}{call}{in_dialog}\r\n"
        f"From: <sip:a@b>;tag=ours\r\nTo: <sip:x@b>{tag}\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n\r\n"
    )
    return str(node.receive(text.encode(), "10.0.0.9:5060").replies()[-1].message.reason)


def test_dialogs_end_on_the_version_that_they_began_with(file: Path) -> None:
    file.write_text(SIMPLE.replace("MARK", "one"))
    with Node(path=file) as node:
        assert ask(node, "INVITE", "first", False) == "one"
        reload(node, file, SIMPLE.replace("MARK", "two"))
        assert ask(node, "INVITE", "second", False) == "two"
        assert ask(node, "REGISTER", "phone", False) == "two"
        reload(node, file, SIMPLE.replace("MARK", "three"))
        assert ask(node, "SUBSCRIBE", "third", False) == "three"
        for method in ("INFO", "BYE"):
            answers = [ask(node, method, call, True) for call in ("first", "second", "third")]
            assert answers == ["one", "two", "three"]
        assert ask(node, "BYE", "second", False) == "three"
        node.rpc("cfg.rollback")
        assert [ask(node, "UPDATE", call, True) for call in ("first", "second", "third")] == ["one", "two", "three"]
        assert ask(node, "INVITE", "fourth", False) == "two"
        node.advance(1)
        reloader_of(node).dialogs.eras[0].until = node.worker.now()
        assert ask(node, "INFO", "first", True) == "two"  # nothing lasts for ever
        assert ask(node, "INFO", "third", True) == "three"


def test_dialogs_that_are_too_many_run_the_present_version(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialog_versions, "MAX_DIALOGS", 3)
    file.write_text(SIMPLE.replace("MARK", "one"))
    with Node(path=file) as node:
        hooks = len(node.worker.hooks.request_in)
        reload(node, file, SIMPLE.replace("MARK", "two"))
        assert len(node.worker.hooks.request_in) == hooks + 1
        assert [ask(node, "INVITE", f"call{number}", False) for number in range(4)] == ["two"] * 4
        assert ask(node, "INFO", "old", True) == "two"
        assert len(node.worker.hooks.request_in) == hooks
