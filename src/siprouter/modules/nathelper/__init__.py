"""nathelper: phones behind NAT. Finds them, mends their messages, keeps the way to them open."""

from siprouter.core.args import Fmt, Int, Opt
from siprouter.core.declare import EVERY_WORKER, KAMAILIO, Module, function, mi, param, pvar
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.nathelper import checks, contacts, record_routes, sdp
from siprouter.modules.nathelper.state import Nathelper

_MOST = REQUEST | ONREPLY | BRANCH | LOCAL

module = Module(
    "nathelper",
    help="NAT traversal: tests, fixes of Contact and SDP, pings",
    state=Nathelper,
    family=KAMAILIO,
    uses=("usrloc",),
    params=[
        param("natping_interval", int, 0, "seconds between two pings of a contact; 0: no pings"),
        param("ping_nated_only", int, 0, "1: ping only contacts with the flag nat_bflag of usrloc"),
        param("nortpproxy_str", str, "a=nortpproxy:yes", "SDP line that fix_nated_sdp adds for the flag 4"),
        param("received_avp", str, None, "AVP in which fix_nated_register leaves the source, as in registrar"),
        param("force_socket", str, None, "socket for pings of contacts whose own socket is not known"),
        param("sipping_from", str, None, "From URI of SIP pings"),
        param("sipping_method", str, "OPTIONS", "method of SIP pings"),
        param("sipping_bflag", int, -1, "branch flag of contacts that get SIP pings; -1: none does"),
        param("natping_processes", int, 1, "processes for pings", obsolete="one event loop sends all pings"),
        param("natping_socket", str, None, "source address of pings without SIP, through a raw socket"),
    ],
    functions=[
        function("fix_nated_contact", contacts.fix_nated_contact, routes=_MOST, help="source address into Contact"),
        function("add_contact_alias", contacts.add_contact_alias, routes=_MOST, help="source as alias in Contact"),
        function(
            "handle_ruri_alias",
            contacts.handle_ruri_alias,
            routes=REQUEST | BRANCH | LOCAL,
            help="alias of the request URI becomes the destination",
        ),
        function(
            "fix_nated_sdp",
            sdp.fix_nated_sdp,
            [Int("flags"), Opt(Fmt("address"))],
            routes=_MOST | FAILURE,
            help="change addresses in SDP",
        ),
        function(
            "nat_uac_test", checks.nat_uac_test, [Int("tests")], routes=_MOST | FAILURE, help="is there NAT before us?"
        ),
        function("is_rfc1918", checks.is_rfc1918, [Fmt("address")], help="is this a private address?"),
        function(
            "fix_nated_register", contacts.fix_nated_register, routes=REQUEST, help="source into the AVP for registrar"
        ),
        function(
            "add_rcv_param",
            contacts.add_received_param,
            [Opt(Int("in_uri"))],
            routes=REQUEST,
            help="source as parameter of the Contacts",
        ),
    ],
    pvars=[
        pvar("rr_count", get=record_routes.count, help="number of Record-Route values"),
        pvar("rr_top_count", get=record_routes.top_count, help="Record-Route values of the topmost proxy: 0, 1 or 2"),
    ],
    mis=[mi("nh_enable_ping", Nathelper.enable_ping, help="switch pings on (1) or off (0)", workers=EVERY_WORKER)],
)
