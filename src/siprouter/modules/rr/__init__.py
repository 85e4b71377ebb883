"""rr: record-routing and routing by Route headers."""

from siprouter.core.args import Fmt, Opt, RegexArg
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, REQUEST
from siprouter.modules.rr.loose import loose_route
from siprouter.modules.rr.rr import DirectionArg, RecordRouting

_RECORDING = REQUEST | FAILURE | BRANCH

module = Module(
    "rr",
    help="record-routing, and routing by Route headers (RFC 3261 section 16)",
    state=RecordRouting,
    family=KAMAILIO,
    params=[
        param("append_fromtag", int, 1, "1: the tag of From goes into Record-Route; is_direction() needs it"),
        param("enable_double_rr", int, 1, "1: two Record-Routes where a request leaves from another socket"),
        param("enable_full_lr", int, 0, '1: "lr=on" in place of "lr", for clients that need a value'),
        param("add_username", int, 0, "1: the user part of the request URI goes into Record-Route"),
        param("ignore_user", str, None, "a route with this user part is not ours"),
    ],
    functions=[
        function("loose_route", loose_route, routes=REQUEST, help="route by the Route headers"),
        function(
            "record_route", RecordRouting.record_route, [Opt(Fmt("params"))], routes=_RECORDING, help="add Record-Route"
        ),
        function(
            "record_route_preset",
            RecordRouting.record_route_preset,
            [Fmt("address")],
            routes=_RECORDING,
            help="add Record-Route with a given address",
        ),
        function(
            "add_rr_param",
            RecordRouting.add_rr_param,
            [Fmt("params")],
            routes=_RECORDING,
            help="add parameters to our Record-Route",
        ),
        function(
            "check_route_param",
            RecordRouting.check_route_param,
            [RegexArg(icase=True, newline=True)],
            routes=REQUEST,
            help="whether the parameters of our route match",
        ),
        function(
            "is_direction",
            RecordRouting.check_direction,
            [DirectionArg()],
            routes=REQUEST,
            help="whether a request goes upstream or downstream",
        ),
    ],
)
