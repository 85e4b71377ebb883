"""The Lua states belong to the version of the script."""

import gc
import weakref

import pytest

from siprouter.script.load import ScriptError, parse_again
from siprouter.testing import Node
from siprouter.testing.messages import reply_to

CONFIG = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "cfgutils.so"
loadmodule "app_lua.so"
modparam("app_lua", "load", "a.lua")
%s
route {
    if ($rU == "call") {
        t_on_failure("f");
        $du = "sip:10.0.0.2:5060";
        t_relay();
        exit;
    }
    lua_run($rU);
    sl_send_reply("200", "$var(out)");
}
failure_route[f] { lua_run("failed"); }
"""

SCRIPT = """
local helper = require("helper")
n = 0
function word() sr.pv.sets("$var(out)", "WORD " .. helper.name) end
function count() n = n + 1 sr.pv.seti("$var(out)", n) end
function failed() KSR.tm.t_reply(480, "WORD") end
function slow() sr.modf("sleep", "10") word() end
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.cfg").write_text(CONFIG % "")
    (tmp_path / "helper.lua").write_text("return {name = 'helped'}")
    (tmp_path / "a.lua").write_text(f"package.path = '{tmp_path}/?.lua'\n" + SCRIPT.replace("WORD", "one"))
    return tmp_path


@pytest.fixture
def node(folder):
    with Node.from_file(folder / "a.cfg") as node:
        yield node


def change(folder, word):
    (folder / "a.lua").write_text(f"package.path = '{folder}/?.lua'\n" + SCRIPT.replace("WORD", word))


def reload(node):
    return node.worker.services["reloader"].reload()


def ask(node, what="word"):
    node.receive(node.request("OPTIONS", f"sip:{what}@127.0.0.1"))
    return node.last.message.reason


def test_new_messages_run_the_new_file(node, folder):
    assert ask(node) == "one helped"
    assert [ask(node, "count"), ask(node, "count")] == ["1", "2"]
    change(folder, "two")
    assert ask(node) == "one helped"
    assert reload(node).kept == []
    assert ask(node) == "two helped"
    assert ask(node, "count") == "1"
    node.worker.services["reloader"].rollback()
    assert ask(node) == "one helped"
    assert ask(node, "count") == "3"


def test_required_files_belong_to_the_version(node, folder):
    (folder / "helper.lua").write_text("return {name = 'changed'}")
    assert ask(node) == "one helped"
    assert str(folder / "helper.lua") in node.worker.script.files
    reload(node)
    assert ask(node) == "one changed"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.lua", "\nx = = 1", "a.lua:2: unexpected symbol near '='"),
        ("a.lua", "\n\nlocal x = nil + 1", "a.lua:3: attempt to perform arithmetic"),
        ("helper.lua", "\n\n}", "helper.lua:3: unexpected symbol"),
        ("a.lua", "sr.modf('sleep', '1') error('first')", "a.lua:1: first"),
        ("a.lua", "KSR.tm.t_relay()", "t_relay(): no message is being routed here"),
    ],
)
def test_error_refuses_the_reload(node, folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises(ScriptError) as caught:
        reload(node)
    assert message in str(caught.value)
    assert f"{folder}/a.cfg:7" in str(caught.value)
    assert ask(node) == "one helped"


def test_transactions_end_on_their_version(node, folder):
    node.receive(node.request("INVITE", "sip:call@127.0.0.1"))
    node.settle()
    invite = next(sent for sent in node.sent if sent.method == "INVITE" and not sent.status)
    node.receive(node.request("OPTIONS", "sip:slow@127.0.0.1", call_id="slow"))
    change(folder, "two")
    reload(node)
    node.receive(reply_to(invite.message, 486), "10.0.0.2:5060")
    node.settle()
    assert [sent.message.reason for sent in node.sent if sent.status == 480] == ["one"]
    node.advance(11)
    [slow] = [sent for sent in node.sent if sent.header("Call-ID") == "slow@test" and sent.status == 200]
    assert slow.message.reason == "one helped"
    assert ask(node) == "two helped"


def test_parameters_may_change(node, folder):
    (folder / "b.lua").write_text("function more() sr.pv.sets('$var(out)', tostring(sr.sl)) end")
    (folder / "a.cfg").write_text(
        CONFIG % 'modparam("app_lua", "load", "b.lua")\nmodparam("app_lua", "register", "sl")'
    )
    assert reload(node).kept == []
    assert ask(node, "more").startswith("table")


def test_all_workers_load_the_same_text(node, folder):
    reloader = node.worker.services["reloader"]
    texts = reloader.current.texts
    change(folder, "changed")
    (folder / "helper.lua").unlink()
    reloader.commit(reloader.prepare(parse_again(texts), 2))
    assert ask(node) == "one helped"


def test_states_are_freed(node, folder):
    ask(node)
    part = node.worker.script.parts["app_lua"]
    states = [weakref.ref(part.loaded), weakref.ref(part.dynamic), weakref.ref(part.loaded.host)]
    del part
    for number in range(3):
        change(folder, f"number {number}")
        reload(node)
    gc.collect()
    assert [state() for state in states] == [None, None, None]
