"""rr of SER: record-routing and routing by Route headers."""

from siprouter.core.args import Str
from siprouter.core.declare import SER, Module, function, param, select
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.rr_s.loose import loose_route
from siprouter.modules.rr_s.rr import SerRecordRouting

module = Module(
    "rr",
    help="record-routing, and routing by Route headers (RFC 3261 section 16), as SER does",
    state=SerRecordRouting,
    family=SER,
    params=[
        param("append_fromtag", int, 1, "1: the tag of From goes into Record-Route"),
        param("enable_double_rr", int, 1, "1: two Record-Routes where a request leaves from another socket"),
        param("enable_full_lr", int, 0, '1: "lr=on" in place of "lr", for clients that need a value'),
        param(
            "add_username", str, None, "user part of Record-Route, or the name of what holds it", attribute="username"
        ),
        param("ignore_user", str, None, "a route with this user part is not ours"),
        param("cookie_filter", str, None, "only attributes whose name matches are taken from cookies"),
        param("cookie_secret", str, None, "key that signs cookies; the same on all servers that exchange them"),
        param("user_part_avp", str, None, "attribute that gets the user part of our own route"),
        param("next_route_avp", str, None, "attribute that gets the URI of the next route"),
        param("force_send_socket", int, 1, "1: send from the socket that the second of our two routes names"),
    ],
    functions=[
        function("loose_route", loose_route, routes=REQUEST, help="route by the Route headers"),
        function("record_route", SerRecordRouting.record_route, routes=REQUEST, help="add Record-Route"),
        function(
            "record_route_preset",
            SerRecordRouting.record_route_preset,
            [Str("address")],
            routes=REQUEST,
            help="add Record-Route with a given address",
        ),
        function(
            "remove_record_route",
            SerRecordRouting.remove_record_route,
            routes=REQUEST | FAILURE,
            help="take back what the record_route functions added",
        ),
    ],
    selects=[
        select("rr.dialog_cookie", SerRecordRouting.dialog_cookie, "the cookie that record_route() would add now")
    ],
)
