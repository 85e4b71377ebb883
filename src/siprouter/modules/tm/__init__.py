"""tm: stateful processing of requests: retransmission, forking, failure routes, timers."""

from siprouter.core.declare import Module, event_route
from siprouter.modules.tm.functions import FUNCTIONS
from siprouter.modules.tm.rpc import RPCS
from siprouter.modules.tm.selects import SELECTS
from siprouter.modules.tm.settings import CFG_VARS, PARAMS
from siprouter.modules.tm.state import Tm

module = Module(
    "tm",
    help="transactions: stateful forwarding, forking, failure and reply routes",
    state=Tm,
    params=PARAMS,
    cfg_vars=CFG_VARS,
    functions=FUNCTIONS,
    rpcs=RPCS,
    selects=SELECTS,
    event_routes=[event_route("tm:local-request", "a request of our own is about to be sent")],
)
