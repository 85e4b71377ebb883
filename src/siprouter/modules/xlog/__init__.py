"""xlog: writes formatted log messages."""

from siprouter.core.declare import KAMAILIO, Module, function, param, pvar
from siprouter.core.routes import ANY
from siprouter.modules.xlog.xlog import LogLevel, LogText, XLog, bind_color

module = Module(
    "xlog",
    help="log messages with pseudo-variables",
    state=XLog,
    family=KAMAILIO,
    params=[
        param("buf_size", int, 4096, "longest message in octets"),
        param("force_color", int, 0, "1: colours also where the log does not go to a terminal"),
        param("long_format", int, 0, "1: xlogl and xdbgl write the file name before the line"),
        param("prefix", str, "<script>: ", "what stands before each message"),
    ],
    functions=[
        function("xlog", XLog.log_error, [LogText()], routes=ANY, help="log a message at level L_ERR"),
        function("xlog", XLog.log_at, [LogLevel(), LogText()], routes=ANY, help="log a message at a level"),
        function("xdbg", XLog.log_debug, [LogText()], routes=ANY, help="log a message at level L_DBG"),
        function("xlogl", XLog.log_error_line, [LogText()], routes=ANY, help="xlog with the configuration line"),
        function(
            "xlogl", XLog.log_at_line, [LogLevel(), LogText()], routes=ANY, help="xlog with the configuration line"
        ),
        function("xdbgl", XLog.log_debug_line, [LogText()], routes=ANY, help="xdbg with the configuration line"),
    ],
    pvars=[pvar("C", bind=bind_color, inner_required=True, help="terminal colour: foreground and background letter")],
)
