"""pike: notices addresses that send too many requests."""

from siprouter.core.declare import KAMAILIO, Module, function, mi, param, rpc
from siprouter.core.routes import REQUEST
from siprouter.modules.pike.commands import pike_list, pike_top
from siprouter.modules.pike.pike import Pike

PARAMS = [
    param("sampling_time_unit", int, 2, "seconds over which requests are counted"),
    param("reqs_density_per_unit", int, 30, "requests in that time from which on an address is blocked"),
    param("remove_latency", int, 120, "seconds after its last request when an address is forgotten"),
]

module = Module(
    "pike",
    help="notices addresses that send too many requests",
    state=Pike,
    family=KAMAILIO,
    params=[*PARAMS, param("pike_log_level", int, 0, "log level of messages about blocked addresses")],
    functions=[
        function("pike_check_req", Pike.check_req, routes=REQUEST, help="false for a request from a blocked address")
    ],
    rpcs=[rpc("pike.top", pike_top, "*s", help="addresses with their counts: [ALL|HOT|WARM]")],
    mis=[mi("pike_list", pike_list, help="the blocked addresses")],
)
