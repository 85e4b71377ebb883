"""debugger: a trace of what the script does, and messages that stop at each action."""

from siprouter.core.declare import JOIN_LISTS, Module, function, param, rpc
from siprouter.modules.debugger.commands import breakpoints, listing, trace
from siprouter.modules.debugger.state import AnchorMode, Debugger

module = Module(
    "debugger",
    help="a trace of what the script does, and messages that stop at each action",
    state=Debugger,
    params=[
        param("cfgtrace", int, 0, "1: log each action that runs, from the start"),
        param("breakpoint", int, 0, "1: messages stop before each action, from the start"),
        param("log_level", int, -1, "log level of what this module writes"),
        param("log_facility", str, None, "syslog facility of it, as LOG_DAEMON"),
        param("log_prefix", str, "*** cfgtrace:", "what its lines begin with"),
        param("step_usleep", int, 100000, "microseconds; times step_loops, how long commands wait for a message"),
        param("step_loops", int, 200, "how many times step_usleep that is"),
    ],
    functions=[
        function(
            "dbg_breakpoint",
            Debugger.anchor,
            [AnchorMode("mode")],
            help='messages stop here: "1" from the start, "0" where dbg.bp on was called',
        )
    ],
    rpcs=[
        rpc("dbg.ls", listing, "*d", help="List the workers and what is stopped in them.", workers=JOIN_LISTS),
        rpc("dbg.trace", trace, "s*d", help="on or off, and a process id.", workers=JOIN_LISTS),
        rpc(
            "dbg.bp",
            breakpoints,
            "s*ds",
            help="on, off, keep, release, next, move, show, eval or log; a process id; a variable.",
            workers=JOIN_LISTS,
        ),
    ],
)
