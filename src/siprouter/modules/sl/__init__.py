"""sl: replies without a transaction."""

from siprouter.core.args import FmtOrInt
from siprouter.core.declare import SUM_VALUES, Module, event_route, function, param, rpc
from siprouter.core.routes import BRANCH, FAILURE, REQUEST
from siprouter.modules.sl import functions
from siprouter.modules.sl.state import Sl
from siprouter.modules.sl.stats import STATS, rpc_stats

_REPLY = (FmtOrInt("code"), FmtOrInt("reason"))

module = Module(
    "sl",
    help="stateless replies, and replies that are stateful where there is a transaction",
    state=Sl,
    params=[
        param("default_code", int, 500, "status sent where the function's own cannot be found"),
        param("default_reason", str, "Internal Server Error", "reason phrase sent where there is no other"),
        param("bind_tm", int, 1, "send_reply() is stateful where there is a transaction"),
    ],
    functions=[
        function("sl_send_reply", functions.sl_send_reply, _REPLY, routes=REQUEST, help="reply statelessly"),
        function("sl_reply", functions.sl_send_reply, _REPLY, routes=REQUEST, help="reply statelessly"),
        function(
            "send_reply",
            functions.send_reply,
            _REPLY,
            routes=REQUEST | FAILURE | BRANCH,
            help="reply, statefully where there is a transaction",
        ),
        function("sl_reply_error", functions.sl_reply_error, routes=REQUEST, help="reply with the last error"),
    ],
    rpcs=[rpc("sl.stats", rpc_stats, help="numbers of stateless replies by status", workers=SUM_VALUES)],
    stats=STATS,
    event_routes=[event_route("sl:filtered-ack", "an ACK for a stateless reply was absorbed")],
)
