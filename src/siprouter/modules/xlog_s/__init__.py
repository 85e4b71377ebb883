"""xlog of SER: writes formatted log messages."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, ONREPLY, REQUEST
from siprouter.modules.xlog_s.xlog import LogFormat, LogLevel, XLog

_ROUTES = REQUEST | FAILURE | ONREPLY | BRANCH

module = Module(
    "xlog",
    help="log messages with the specifiers of SER",
    state=XLog,
    family=SER,
    params=[param("buf_size", int, 4096, "longest message in octets")],
    functions=[
        function("xlog", XLog.log_at, [LogLevel(), LogFormat()], routes=_ROUTES, help="log a message at a level"),
        function("xdbg", XLog.log_debug, [LogFormat()], routes=_ROUTES, help="log a message at level L_DBG"),
    ],
)
