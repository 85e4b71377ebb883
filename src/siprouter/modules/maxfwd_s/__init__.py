"""maxfwd of SER: checks and counts down Max-Forwards."""

from siprouter.core.declare import SER, Module, cfg_var, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.maxfwd_s.maxfwd import MaxFwd
from siprouter.script.ser_args import SerInt

module = Module(
    "maxfwd",
    help="checks and counts down Max-Forwards (RFC 3261 section 16.3), as SER does",
    state=MaxFwd,
    family=SER,
    params=[
        param("max_limit", int, 16, "largest value a request may leave with; 0: any", cfg_var="max_limit"),
    ],
    functions=[
        function(
            "maxfwd_process",
            MaxFwd.process,
            [SerInt("value")],
            routes=REQUEST,
            help="count Max-Forwards down, or add it with this value; false where it is used up",
            aliases=("process_maxfwd", "mf_process_maxfwd_header"),
        ),
        function(
            "maxfwd_at_least",
            MaxFwd.at_least,
            [SerInt("hops")],
            routes=REQUEST,
            help="whether so many hops are left",
            aliases=("mf_lowlimit",),
        ),
    ],
    cfg_vars=[cfg_var("max_limit", int, 16, "largest value a request may leave with; 0: any", least=0, most=255)],
)
