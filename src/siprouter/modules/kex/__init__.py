"""The kex module: script and branch flags, destination URI, core statistics, and the MI commands of the core."""

from siprouter.core.args import Arg, Flag, Fmt, Int, Opt, PvRef, Str
from siprouter.core.declare import EVERY_WORKER, SUM_COUNTERS, Module, function, mi, stat
from siprouter.core.routes import ANY, FAILURE, REQUEST
from siprouter.modules.kex import functions, management, statistics
from siprouter.modules.kex.state import Kex

FLAG = Flag("flag")
BRANCH_ARGS: list[Arg] = [FLAG, Opt(Int("branch"))]
PRINTF_ARGS: list[Arg] = [PvRef("var", writable=True), Fmt("text")]

module = Module(
    "kex",
    help="Script and branch flags, destination URI, core statistics, and the MI commands of the core",
    family="kamailio",
    state=Kex,
    functions=[
        function("setsflag", functions.setsflag, [FLAG], routes=ANY, help="Sets a script flag."),
        function("resetsflag", functions.resetsflag, [FLAG], routes=ANY, help="Clears a script flag."),
        function("issflagset", functions.issflagset, [FLAG], routes=ANY, help="Whether a script flag is set."),
        function("setbflag", functions.setbflag, BRANCH_ARGS, routes=ANY, help="Sets a branch flag."),
        function("resetbflag", functions.resetbflag, BRANCH_ARGS, routes=ANY, help="Clears a branch flag."),
        function("isbflagset", functions.isbflagset, BRANCH_ARGS, routes=ANY, help="Whether a branch flag is set."),
        function(
            "km_append_branch",
            functions.km_append_branch,
            [Opt(Fmt("uri"))],
            routes=REQUEST | FAILURE,
            help="Adds a branch.",
        ),
        function("setdsturi", functions.setdsturi, [Str("uri")], routes=ANY, help="Sets the destination URI."),
        function("resetdsturi", functions.resetdsturi, routes=ANY, help="Removes the destination URI."),
        function("isdsturiset", functions.isdsturiset, routes=ANY, help="Whether there is a destination URI."),
        function(
            "pv_printf",
            functions.pv_printf,
            PRINTF_ARGS,
            routes=ANY,
            help="Sets a variable to a text with variables.",
            aliases=["avp_printf"],
        ),
    ],
    mis=[
        mi("arg", management.arg, help="Command line of the server."),
        mi("debug", management.debug, help="Shows or changes the log level.", workers=EVERY_WORKER),
        mi("kill", management.kill, help="Stops the server."),
        mi("ps", management.ps, help="Lists the processes."),
        mi("pwd", management.pwd, help="Working directory."),
        mi("uptime", management.uptime, help="Time now, time of the start, and the seconds between."),
        mi("version", management.version, help="Version of the server."),
        mi("which", management.which, help="Names of all MI commands."),
        mi(
            "get_statistics",
            statistics.get_statistics,
            help="Values of statistics: all, group: or name.",
            workers=SUM_COUNTERS,
        ),
        mi("reset_statistics", statistics.reset_statistics, help="Sets statistics to 0.", workers=EVERY_WORKER),
    ],
    stats=[
        stat("core:rcv_requests", "requests received"),
        stat("core:rcv_replies", "replies received"),
        stat("core:fwd_requests", "requests forwarded statelessly"),
        stat("core:fwd_replies", "replies forwarded statelessly"),
        stat("core:drop_requests", "requests dropped, or that could not be forwarded"),
        stat("core:drop_replies", "replies dropped, or that could not be forwarded"),
        stat("core:err_requests", "requests too bad to process"),
        stat("core:err_replies", "replies too bad to process"),
        stat("core:bad_URIs_rcvd", "requests whose request URI could not be parsed"),
        stat("core:unsupported_methods", "requests with an unknown method"),
        stat("core:bad_msg_hdr", "messages with a header that could not be parsed"),
        stat("shmem:total_size", "bytes of memory there are", statistics.memory_total, shared=True),
        stat("shmem:used_size", "bytes of memory in use by this process alone", statistics.memory_used),
        stat("shmem:real_used_size", "bytes of memory in use", statistics.memory_real_used),
        stat("shmem:max_used_size", "most bytes of memory ever in use", statistics.memory_max_used),
        stat("shmem:free_size", "bytes of memory not in use", statistics.memory_free, shared=True),
        stat("shmem:fragments", "always 0: memory is the operating system's", statistics.memory_fragments),
    ],
)
