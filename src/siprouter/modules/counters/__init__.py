"""The counters module: counters that the script counts with, and the RPC commands that read them."""

from siprouter.core.args import Int, Parsed
from siprouter.core.declare import EVERY_WORKER, SUM_COUNTERS, Module, function, param, rpc
from siprouter.core.routes import FAILURE, ONREPLY, ONSEND, REQUEST
from siprouter.modules.counters.counters import ScriptCounters, find_counter

ROUTES = REQUEST | FAILURE | ONREPLY | ONSEND
COUNTER = Parsed("counter", find_counter, "the name of a counter")

module = Module(
    "counters",
    help="Counters for the script, and RPC commands to read and reset all counters",
    state=ScriptCounters,
    params=[
        param("script_cnt_grp_name", str, "script", "group of counters that are named without one"),
        param("script_counter", str, None, "a counter: [group.]name[ description]; repeatable", setter="add_counter"),
    ],
    functions=[
        function("cnt_inc", ScriptCounters.inc, [COUNTER], routes=ROUTES, help="Counts one."),
        function("cnt_add", ScriptCounters.add, [COUNTER, Int("number")], routes=ROUTES, help="Counts a number."),
        function("cnt_reset", ScriptCounters.reset, [COUNTER], routes=ROUTES, help="Sets a counter to 0."),
    ],
    rpcs=[
        rpc(
            "cnt.get",
            ScriptCounters.rpc_get,
            "s*s",
            help="Value of a counter, or of all in a group.",
            workers=SUM_COUNTERS,
        ),
        rpc("cnt.get_raw", ScriptCounters.rpc_get_raw, "ss", help="Stored value of a counter, even if it is computed."),
        rpc(
            "cnt.grp_get_all",
            ScriptCounters.rpc_get_all,
            "s",
            help="Names and values of the counters in a group.",
            workers=SUM_COUNTERS,
        ),
        rpc("cnt.grps_list", ScriptCounters.rpc_groups, help="Names of the groups.", returns_array=True),
        rpc("cnt.help", ScriptCounters.rpc_help, "ss", help="What a counter counts."),
        rpc("cnt.reset", ScriptCounters.rpc_reset, "ss", help="Sets a counter to 0.", workers=EVERY_WORKER),
        rpc(
            "cnt.var_list", ScriptCounters.rpc_names, "s", help="Names of the counters in a group.", returns_array=True
        ),
    ],
)
