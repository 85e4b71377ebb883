"""ratelimit: limits how many requests go through numbered pipes, by method."""

from siprouter.core.args import Int, PvRef
from siprouter.core.declare import Module, function, param, rpc
from siprouter.core.routes import LOCAL, REQUEST
from siprouter.modules.ratelimit import commands
from siprouter.modules.ratelimit.state import RateLimit

ROUTES = REQUEST | LOCAL

module = Module(
    "ratelimit",
    help="limits how many requests go through numbered pipes, by method",
    state=RateLimit,
    uses=("pipelimit",),
    params=[
        param("timer_interval", int, 10, "seconds of an interval"),
        param("pipe", str, None, "a pipe: number:algorithm:limit", setter="add_pipe"),
        param("queue", str, None, "which pipe a method goes through: pipe:method", setter="add_queue"),
    ],
    functions=[
        function("rl_check", RateLimit.check, routes=ROUTES, help="may a request go through the pipe of its method?"),
        function(
            "rl_check",
            RateLimit.check_variable,
            [PvRef("pipe")],
            routes=ROUTES,
            help="may it go through the pipe whose number a variable holds?",
        ),
        function("rl_check_pipe", RateLimit.check_pipe, [Int("pipe")], routes=ROUTES, help="the same with a number"),
    ],
    rpcs=[
        rpc("rl.stats", commands.stats, help="requests of the last interval, limit and load of each pipe"),
        rpc("rl.get_pipes", commands.get_pipes, help="the pipes with an algorithm"),
        rpc("rl.set_pipe", commands.set_pipe, "dsd", help="change or make a pipe: number algorithm limit"),
        rpc("rl.get_queues", commands.get_queues, help="pipe and method of each queue"),
        rpc("rl.set_queue", commands.set_queue, "dsd", help="change a queue: number method pipe"),
        rpc("rl.get_pid", commands.get_pid, help="the gains of FEEDBACK"),
        rpc("rl.set_pid", commands.set_pid, "fff", help="set the gains of FEEDBACK: ki kp kd"),
        rpc("rl.push_load", commands.push_load, "f", help="tell FEEDBACK a load from 0.0 to 1.0"),
        rpc("rl.set_dbg", commands.set_dbg, "d", help="1: each interval leaves its counts in the log; 0: not"),
    ],
)
