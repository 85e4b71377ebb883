"""app_lua: scripts in Lua, called from the configuration."""

from siprouter.core.args import Fmt
from siprouter.core.declare import Module, function, param, stat
from siprouter.core.routes import ANY
from siprouter.modules.app_lua.app import LuaApp
from siprouter.modules.app_lua.state import AT_ONCE
from siprouter.modules.app_lua.text import ScriptText

WAITING = ANY & ~AT_ONCE
_CALL = (Fmt("function"), *(Fmt(f"parameter {number}") for number in (1, 2, 3)))
_COUNTS = (1, 2, 3, 4)

module = Module(
    "app_lua",
    help="scripts in Lua",
    state=LuaApp,
    params=[
        param("load", str, None, "a Lua file that is loaded at start; repeatable", versioned=True),
        param("register", str, None, "a module whose functions Lua finds as sr.module; repeatable", versioned=True),
        param("time_limit", int, 500, "milliseconds of processor time that a script may use at a stretch; 0: no limit"),
        param("load_time_limit", int, 10_000, "the same for the files of `load`"),
        param("memory_limit", int, 64, "MiB that each of the two Lua states may use"),
    ],
    functions=[
        function("lua_dofile", LuaApp.do_file, [Fmt("path")], routes=WAITING, waits=True, help="run a Lua file"),
        function("lua_dofile", LuaApp.do_file_now, [Fmt("path")], routes=AT_ONCE, help="run a Lua file"),
        function(
            "lua_dostring",
            LuaApp.do_string,
            [ScriptText("lua_dostring")],
            routes=WAITING,
            waits=True,
            help="run a text in Lua",
        ),
        function(
            "lua_dostring", LuaApp.do_string_now, [ScriptText("lua_dostring")], routes=AT_ONCE, help="run a text in Lua"
        ),
        function(
            "lua_run",
            LuaApp.run,
            _CALL,
            routes=WAITING,
            waits=True,
            arities=_COUNTS,
            help="call a function of the loaded Lua files",
        ),
        function(
            "lua_run",
            LuaApp.run_now,
            _CALL,
            routes=AT_ONCE,
            arities=_COUNTS,
            help="call a function of the loaded Lua files",
        ),
        function(
            "lua_runstring",
            LuaApp.run_string,
            [ScriptText("lua_runstring")],
            routes=WAITING,
            waits=True,
            help="run a text where the Lua files were loaded",
        ),
        function(
            "lua_runstring",
            LuaApp.run_string_now,
            [ScriptText("lua_runstring")],
            routes=AT_ONCE,
            help="run a text where the Lua files were loaded",
        ),
    ],
    stats=[
        stat("errors", "scripts that failed"),
        stat("stopped", "scripts that were stopped because they used too much time or memory"),
    ],
)
