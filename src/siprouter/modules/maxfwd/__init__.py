"""maxfwd: checks and counts down Max-Forwards."""

from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, REQUEST
from siprouter.modules.maxfwd.maxfwd import HopLimit, MaxFwd

module = Module(
    "maxfwd",
    help="checks and counts down Max-Forwards (RFC 3261 section 16.3)",
    state=MaxFwd,
    family=KAMAILIO,
    params=[param("max_limit", int, 256, "largest value a request may leave with: 1 to 256")],
    functions=[
        function(
            "mf_process_maxfwd_header",
            MaxFwd.process,
            [HopLimit("value")],
            routes=REQUEST,
            help="count Max-Forwards down, or add it with this value; false where it is used up",
        ),
        function(
            "is_maxfwd_lt",
            MaxFwd.is_less,
            [HopLimit("limit")],
            routes=REQUEST | FAILURE | BRANCH,
            help="whether Max-Forwards is less than a number",
        ),
    ],
)
