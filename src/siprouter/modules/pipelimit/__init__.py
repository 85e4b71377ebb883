"""pipelimit: limits how many requests go through named pipes."""

from siprouter.core.args import Fmt, Int
from siprouter.core.declare import Module, function, mi, param
from siprouter.core.routes import LOCAL, REQUEST
from siprouter.modules.pipelimit import commands
from siprouter.modules.pipelimit.state import PipeLimit

ROUTES = REQUEST | LOCAL
PIPEID = "column of the name"

module = Module(
    "pipelimit",
    help="limits how many requests go through named pipes",
    state=PipeLimit,
    depends=("sl",),
    params=[
        param("db_url", str, None, "the database that has the pipes; without it there is none"),
        param("plp_table_name", str, "pl_pipes", "the table"),
        param("plp_pipeid_colunm", str, "pipeid", PIPEID, attribute="plp_pipeid_column"),
        param("plp_pipeid_column", str, "pipeid", PIPEID),
        param("plp_limit_column", str, "plimit", "column of the limit"),
        param("plp_algorithm_column", str, "algorithm", "column of the algorithm"),
        param("timer_interval", int, 10, "seconds of an interval"),
        param("reply_code", int, 503, "status with which pl_drop() refuses"),
        param("reply_reason", str, "Server Unavailable", "reason phrase with which pl_drop() refuses"),
    ],
    functions=[
        function("pl_check", PipeLimit.check, [Fmt("pipe")], routes=ROUTES, help="may a request go through a pipe?"),
        function(
            "pl_check",
            PipeLimit.check_or_make,
            [Fmt("pipe"), Fmt("algorithm"), Int("limit")],
            routes=ROUTES,
            help="the same; a pipe that does not exist is made",
        ),
        function("pl_drop", PipeLimit.drop, routes=ROUTES, help="refuse the request"),
        function("pl_drop", PipeLimit.drop_for, [Int("seconds")], routes=ROUTES, help="refuse it for some seconds"),
        function(
            "pl_drop",
            PipeLimit.drop_between,
            [Int("least"), Int("most")],
            routes=ROUTES,
            help="refuse it for a random time between two numbers of seconds",
        ),
    ],
    mis=[
        mi("pl_stats", commands.pl_stats, help="load and requests of the last interval, by pipe"),
        mi("pl_get_pipes", commands.pl_get_pipes, help="the pipes"),
        mi("pl_set_pipe", commands.pl_set_pipe, help="change or make a pipe: name, algorithm, limit"),
        mi("pl_get_pid", commands.pl_get_pid, help="the gains of FEEDBACK"),
        mi("pl_set_pid", commands.pl_set_pid, help="set the gains of FEEDBACK: ki kp kd"),
        mi("pl_push_load", commands.pl_push_load, help="tell FEEDBACK a load from 0.0 to 1.0"),
    ],
)
