"""The functions of the configuration: what they run, what they return, what the log says."""

import pytest

from siprouter.core.declare import Module, function
from siprouter.core.routes import ANY
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import reply_to

HEAD = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
loadmodule "app_lua.so"
"""


class Lua:
    """Runs one call of the configuration with a Lua file loaded; `answer` is the return code and $var(out)."""

    def __init__(self, folder, script="", params=""):
        (folder / "a.lua").write_text(script)
        load = f'modparam("app_lua", "load", "{folder}/a.lua")\n' if script else ""
        self.head = HEAD + load + params
        self.node = None

    def open(self, route, more=""):
        self.node = Node(f"{self.head}\nroute {{\n{route}\n}}\n{more}")
        return self.node

    def answer(self, call, more="", method="OPTIONS", **fields):
        """Reason phrase of the answer of a route that runs `call`."""
        with self.open(f'{call}; sl_send_reply("200", "$rc $var(out)");', more) as node:
            node.receive(node.request(method, "sip:bob@127.0.0.1", **fields))
            node.advance(10)
            self.errors = [record.text for record in node.logged("", "error")]
            self.failed = node.counter("app_lua", "errors"), node.counter("app_lua", "stopped")
            return node.last.message.reason


@pytest.fixture
def lua(tmp_path):
    def make(script="", params=""):
        return Lua(tmp_path, script, params)

    return make


OUT = 'function out(...) sr.pv.sets("$var(out)", table.concat({...}, ",")) end\n'


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('lua_run("out")', "1 "),
        ('lua_run("out", "a")', "1 a"),
        ('lua_run("out", "$rm", "$fU x")', "1 OPTIONS,alice x"),
        ('lua_run("out", "1", 2 + 3, $rU)', "1 1,5,bob"),
        ('lua_run("o" + "ut", "x")', "1 x"),
        ("lua_runstring(\"out('y')\")", "1 y"),
        ('lua_run("deep.er.out", "z")', "1 z"),
    ],
)
def test_run(lua, call, expected):
    found = lua(OUT + "deep = {er = {out = out}}\n")
    assert found.answer(call) == expected
    assert found.errors == []


def test_three_parameters_at_most(lua):
    with pytest.raises(LoadError, match="lua_run"):
        lua(OUT).open('lua_run("out", "1", "2", "3", "4");')


def test_two_states(lua):
    found = lua(OUT + "where = 'loaded'\n")
    assert found.answer("lua_dostring(\"sr.pv.sets('$$var(out)', tostring(where) .. tostring(out))\")") == "1 nilnil"
    assert found.answer('lua_runstring("out(where)")') == "1 loaded"


def test_globals_stay(lua):
    route = 'lua_run("count"); lua_dostring("m = (m or 0) + 1; sr.pv.seti([[$$var(m)]], m)");'
    script = 'n = 0\nfunction count() n = n + 1 sr.pv.seti("$var(n)", n) end\n'
    with lua(script).open(route + 'sl_send_reply("200", "$var(n) $var(m)");') as node:
        for number in (1, 2, 3):
            node.receive(node.request("OPTIONS", "sip:127.0.0.1"))
            assert node.last.message.reason == f"{number} {number}"


def test_file_is_read_again_when_it_changes(lua, tmp_path):
    path = tmp_path / "b.lua"
    with lua().open(f'lua_dofile("{tmp_path}/$rU.lua"); sl_send_reply("200", "$rc $var(out)");') as node:
        for text in ("sr.pv.sets('$var(out)', 'one')", "sr.pv.sets('$var(out)', 'number two')", "x = = 1"):
            path.write_text(text)
            node.receive(node.request("OPTIONS", "sip:b@127.0.0.1"))
        assert [sent.message.reason for sent in node.sent] == ["1 one", "1 number two", "-1 number two"]
        node.receive(node.request("OPTIONS", "sip:none@127.0.0.1"))
        assert node.last.message.reason.startswith("-1")
        assert f"/{path.name}:1: unexpected symbol near '='" in node.errors[0]
        assert "cannot read" in node.errors[1] and "none.lua" in node.errors[1]


ERRORS = """
function index()
  local x = nil
  return x.y
end
function raise(what) error(what) end
function caller()
  raise("mine")
  return 1
end
function object() error({}) end
function yielding() coroutine.yield(1) end
function exiting() os.exit(1) end
function arguments() sr.pv.get({}) end
"""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('lua_run("index")', "a.lua:4: attempt to index local 'x' (a nil value)"),
        ('lua_run("caller")', "a.lua:6: mine (called from {folder}/a.lua:8)"),
        ('lua_run("object")', "a.lua:11: error object is a table"),
        ('lua_run("yielding")', "a.lua:12: attempt to yield outside of a coroutine"),
        ('lua_run("exiting")', "a.lua:13: os.exit() would end the server"),
        ('lua_run("arguments")', "a.lua:14: sr.pv.get(): argument 1 is a table"),
        ('lua_run("nothing")', "no such function in the Lua scripts: nothing"),
        ('lua_dostring("local a\n\nb.c = 1")', "lua_dostring(<text>:11):3: attempt to index global 'b' (a nil value)"),
        ('lua_runstring("x = = 1")', "lua_runstring(<text>:11):1: unexpected symbol near '='"),
        ('lua_dostring("\x1bLua")', "compiled Lua is not accepted"),
    ],
)
def test_errors_name_file_and_line(lua, tmp_path, call, message):
    found = lua(ERRORS)
    assert found.answer(call).startswith("-1")
    [error] = found.errors
    assert message.format(folder=tmp_path) in error
    assert "error from Lua: " in error
    assert found.failed == (1, 0)


def test_nothing_loaded(lua):
    found = lua()
    assert found.answer('lua_run("x")').startswith("-1")
    assert found.errors == ["error from Lua: cannot run x: parameter load names no Lua file"]
    assert found.answer('lua_runstring("x = 1")').startswith("-1")


LOOPS = """
function plain() while true do end end
function caught() while true do pcall(function() while true do end end) end end
function handled() while true do xpcall(function() while true do end end, function(e) return e end) end end
function inner() local c = coroutine.create(plain) while true do coroutine.resume(c) end end
function wrapped() coroutine.wrap(plain)() end
function sorted() table.sort({3, 2, 1}, plain) end
"""


@pytest.mark.parametrize("name", ["plain", "caught", "handled", "inner", "wrapped", "sorted"])
def test_endless_loop_is_cut(lua, name):
    found = lua(LOOPS, 'modparam("app_lua", "time_limit", 30)')
    assert found.answer(f'lua_run("{name}")').startswith("-1")
    [error] = found.errors
    assert "a.lua:" in error and "stopped: it ran longer than time_limit allows" in error
    assert found.failed == (1, 1)


def test_endless_file_is_refused(tmp_path):
    (tmp_path / "a.lua").write_text("local n = 0\nwhile true do n = n + 1 end\n")
    params = f'modparam("app_lua", "load", "{tmp_path}/a.lua")\nmodparam("app_lua", "load_time_limit", 50)\n'
    with pytest.raises(LoadError, match=r"a.lua:2: stopped"):
        Node(f"{HEAD}{params}route {{}}")


MEMORY = """
function table_() local t = {} for i = 1, 1e8 do t[i] = ("x"):rep(1000) .. i end end
function doubled() local s = "x" while true do s = s .. s end end
function repeated() return string.rep("x", 1e10) end
function served()
  for i = 1, 1e8 do sr.pv.sets("$var(x)", ("x"):rep(2000) .. i) leak = {leak, sr.pv.get("$var(x)")} end
end
"""


LIMITS = 'modparam("app_lua", "memory_limit", 4)\nmodparam("app_lua", "time_limit", 0)\n'


def test_memory_is_bounded(lua):
    with lua(MEMORY + OUT, LIMITS).open('lua_run("$rU", "fine"); sl_send_reply("200", "$rc");') as node:
        for name in ("table_", "out", "doubled", "out", "repeated", "out", "served", "out"):
            node.receive(node.request("OPTIONS", f"sip:{name}@127.0.0.1"))
        assert [int(sent.message.reason) for sent in node.sent] == [-1, 1] * 4
        version = node.worker.script.parts["app_lua"]
        assert version.loaded.memory < 5 * 1024 * 1024
        assert all("memory" in error or "begins anew" in error for error in node.errors)


def test_full_state_begins_anew(lua):
    script = (
        OUT
        + """
    start = (start or 0) + 1
    function fill() leak = {} for i = 1, 1e8 do leak[i] = ("x"):rep(1000) .. i end end
    function tell() out(tostring(leak), start) end
    function waiting() leak = "mine" sr.modf("sleep", "2") tell() end
    """
    )
    with lua(script, LIMITS).open('lua_run("$rU"); sl_send_reply("200", "$rc $var(out)");') as node:
        node.receive(node.request("OPTIONS", "sip:waiting@127.0.0.1", call_id="waits"))
        for name in ("fill", "tell"):
            node.receive(node.request("OPTIONS", f"sip:{name}@127.0.0.1"))
        assert node.last.message.reason == "1 nil,1"
        assert len([error for error in node.errors if "begins anew" in error]) == 1
        node.advance(3)
        assert node.last.header("Call-ID") == "waits@test" and node.last.status == 200


def test_scripts_reach_nothing_of_python(lua):
    script = (
        OUT
        + """
    function look()
      local found = {}
      for _, name in ipairs({"python", "newproxy"}) do if _G[name] then found[#found + 1] = name end end
      for name in pairs(debug) do found[#found + 1] = name end
      if package.loaded.python or package.loadlib then found[#found + 1] = "package" end
      table.sort(found)
      out(unpack(found))
    end
    """
    )
    assert lua(script).answer('lua_run("look")') == "1 getinfo,traceback"


def test_exit_and_drop_of_ksr(lua):
    script = """
    function leave() pcall(function() sr.sl.send_reply(486, "Busy") KSR.x.exit() end) sr.err("still here") end
    """
    found = lua(script, 'modparam("app_lua", "register", "sl")')
    assert found.answer('lua_run("leave")') == "Busy"
    assert found.errors == []


# --- waiting


WAITING = """
function sleeper(n)
  local before = sr.pv.get("$ci")
  sr.modf("sleep", n)
  if sr.pv.get("$ci") ~= before then sr.err("another message") end
end
function caught() local ok, code = pcall(sr.modf, "sleep", "2") sr.pv.sets("$var(out)", tostring(ok) .. code) end
function wrapped()
  local step = coroutine.wrap(function() coroutine.yield(sr.modf("sleep", "1")) coroutine.yield("last") end)
  sr.pv.sets("$var(out)", step() .. step())
end
function replaced() return string.gsub("a", "a", function() sr.modf("sleep", "1") end) end
"""


def test_only_the_message_waits(lua):
    with lua(WAITING).open('lua_run("sleeper", "$rU"); sl_send_reply("200", "$rc");') as node:
        for number in ("5", "3", "0"):
            node.receive(node.request("OPTIONS", f"sip:{number}@127.0.0.1", call_id=f"call{number}"))
        node.advance(6)
        assert [(sent.header("Call-ID"), sent.message.reason) for sent in node.sent] == [
            ("call0@test", "1"),
            ("call3@test", "1"),
            ("call5@test", "1"),
        ]
        assert node.errors == []


@pytest.mark.parametrize(("name", "expected"), [("caught", "1 true1"), ("wrapped", "1 1last")])
def test_waiting_through_protected_calls_and_coroutines(lua, name, expected):
    found = lua(WAITING)
    assert found.answer(f'lua_run("{name}")') == expected
    assert found.errors == []


def test_where_lua_cannot_wait(lua):
    found = lua(WAITING)
    assert found.answer('lua_run("replaced")').startswith("-1")
    assert "a function that waits cannot be called in a metamethod" in found.errors[0]


def test_retransmissions_are_absorbed_meanwhile(lua):
    with lua(WAITING).open('lua_run("sleeper", "2"); t_reply("200", "OK");') as node:
        invite = node.request("INVITE", "sip:bob@127.0.0.1")
        node.receive(invite)
        node.receive(invite)
        node.advance(3)
        finals = [sent for sent in node.sent if sent.status == 200]
        assert len({sent.header("To") for sent in finals}) == 1
        assert node.counter("app_lua", "errors") == 0


class Slow:
    """A module with a function that waits in all routes."""

    def __init__(self, worker):
        self.worker = worker

    async def slowly(self, ctx):
        await self.worker.sleep(1)
        return 1


SLOW = Module(
    "slow", help="slow", state=Slow, functions=[function("slowly", Slow.slowly, routes=ANY, waits=True, help="wait")]
)


def test_onsend_route_cannot_wait(tmp_path):
    (tmp_path / "a.lua").write_text("function mark() sr.err('leaving') end\nfunction wait() KSR.slow.slowly() end")
    load = f'modparam("app_lua", "load", "{tmp_path}/a.lua")\n'
    routes = 'route { $du = "sip:10.0.0.2"; forward(); }\nonsend_route { lua_run("wait"); lua_run("mark"); }'
    with Node(HEAD + load + routes, modules=[SLOW]) as node:
        node.receive(node.request("OPTIONS", "sip:bob@10.0.0.2"))
        first, second = node.errors
        assert "a.lua:2: KSR.slow.slowly() waits, which this kind of route cannot" in first
        assert "leaving" in second
        assert node.last.method == "OPTIONS"


def test_all_kinds_of_routes(lua):
    script = """
    function branch() sr.hdr.append("X-Branch: " .. sr.pv.get("$ru") .. "\\r\\n") end
    function reply() sr.hdr.append("X-Reply: " .. sr.pv.get("$rs") .. "\\r\\n") end
    function failure() KSR.tm.t_reply(480, "from Lua") end
    """
    route = 't_on_branch("b"); t_on_reply("r"); t_on_failure("f"); $du = "sip:10.0.0.2:5060"; t_relay();'
    more = "".join(
        f'{kind}_route[{name}] {{ lua_run("{function}"); }}\n'
        for kind, name, function in (("branch", "b", "branch"), ("onreply", "r", "reply"), ("failure", "f", "failure"))
    )
    with lua(script).open(route, more) as node:
        node.receive(node.request("INVITE", "sip:bob@10.0.0.2"))
        node.settle()
        sent = next(sent for sent in node.sent if sent.method == "INVITE" and not sent.status)
        assert sent.header("X-Branch") == "sip:bob@10.0.0.2"
        node.receive(reply_to(sent.message, 486, "Busy"), "10.0.0.2:5060")
        node.settle()
        assert node.last.message.reason == "from Lua"
        assert node.errors == []


# --- parameters


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('modparam("app_lua", "register", "dispatcher")', "module dispatcher"),
        ('modparam("app_lua", "register", "registrar")', "module registrar is registered for Lua but not loaded"),
        ('modparam("app_lua", "register", "snmpstats")', "module snmpstats"),
        ('modparam("app_lua", "register", "tn")', "there is no module tn to register for Lua"),
        ('modparam("app_lua", "load", "/nonexistent.lua")', "cannot read /nonexistent.lua: No such file"),
        ('modparam("app_lua", "memory_limit", 1)', "memory_limit of app_lua must be 2 or more"),
        ('modparam("app_lua", "time_limit", -1)', "time_limit of app_lua must be 0 or more"),
    ],
)
def test_bad_parameters(line, message):
    with pytest.raises(LoadError, match=message):
        Node(f"{HEAD}{line}\nroute {{}}")


def test_bad_file_is_refused_with_its_place(tmp_path):
    for text, message in (("x = = 1", "a.lua:1: unexpected"), ("\nnothing.x = 1", "a.lua:2: attempt to index global")):
        (tmp_path / "a.lua").write_text(text)
        with pytest.raises(LoadError) as caught:
            Node(f'{HEAD}modparam("app_lua", "load", "{tmp_path}/a.lua")\nroute {{}}')
        assert message in str(caught.value)
        assert "<text>:8" in str(caught.value)


def test_files_load_in_order_and_require_others(lua, tmp_path):
    (tmp_path / "helper.lua").write_text("local helper = {} function helper.name() return 'helped' end return helper")
    (tmp_path / "first.lua").write_text("first = 1")
    params = f'modparam("app_lua", "load", "{tmp_path}/second.lua")'
    (tmp_path / "second.lua").write_text(
        f"package.path = '{tmp_path}/?.lua;' .. package.path\nlocal h = require('helper')\n"
        "function name() sr.pv.sets('$var(out)', h.name() .. (where or '')) end\n"
    )
    assert lua("where = ' here'\n", params).answer('lua_run("name")') == "1 helped here"


def test_route_for_our_own_requests(lua):
    """It cannot wait; a script that does not is no trouble."""
    script = 'function mark() sr.hdr.append("X-Own: " .. sr.pv.get("$rm") .. "\\r\\n") end\n'
    route = 't_on_failure("f"); $du = "sip:10.0.0.2:5060"; t_relay();'
    more = 'failure_route[f] { exit; }\nevent_route[tm:local-request] { lua_run("mark"); }'
    with lua(script).open(route, more) as node:
        tm = node.worker.module("tm")
        tm.request("OPTIONS", "sip:10.0.0.2", "<sip:a@example.org>", "<sip:b@example.org>")
        node.settle()
        assert node.last.header("X-Own") == "OPTIONS"
        assert node.errors == []
        node.receive(reply_to(node.last.message, 200), "10.0.0.2:5060")
