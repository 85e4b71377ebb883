"""benchmark: measures how long parts of the script take."""

from siprouter.core.declare import EVERY_WORKER, KAMAILIO, Module, function, mi, param, pvar
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.benchmark.state import Benchmark, TimerArg

ROUTES = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL

module = Module(
    "benchmark",
    help="measures how long parts of the script take",
    state=Benchmark,
    family=KAMAILIO,
    params=[
        param("enable", int, 0, "1: all timers measure; 0: those that are enabled; -1: none"),
        param("granularity", int, 1, "measurements for each line in the log"),
        param("loglevel", int, 2, "log level of these lines"),
    ],
    functions=[
        function("bm_start_timer", Benchmark.start_timer, [TimerArg("timer")], routes=ROUTES, help="start a timer"),
        function(
            "bm_log_timer", Benchmark.log_timer, [TimerArg("timer")], routes=ROUTES, help="stop a timer and log it"
        ),
    ],
    pvars=[pvar("BM_time_diff", get=Benchmark.time_diff, help="the last measurement, in microseconds")],
    mis=[
        mi("bm_enable_global", Benchmark.enable_global, help="parameter enable: -1, 0, 1", workers=EVERY_WORKER),
        mi("bm_enable_timer", Benchmark.enable_timer, help="a timer: name, 0 or 1", workers=EVERY_WORKER),
        mi("bm_granularity", Benchmark.set_granularity, help="parameter granularity", workers=EVERY_WORKER),
        mi("bm_loglevel", Benchmark.set_loglevel, help="parameter loglevel", workers=EVERY_WORKER),
    ],
)
