"""nathelper for scripts of SER: phones behind NAT. Finds them, mends their messages, keeps the way to them open."""

from siprouter.core.declare import SER, Module, function, param, select
from siprouter.core.routes import FAILURE, ONREPLY, REQUEST
from siprouter.modules.nathelper.contacts import fix_nated_contact
from siprouter.modules.nathelper_s import checks, contacts, sdp
from siprouter.modules.nathelper_s.state import SerNathelper
from siprouter.script.text_args import AttributeOrInt, AttributeOrText

_CONTACT = "nathelper.rewrite_contact[%i]"

module = Module(
    "nathelper",
    help="NAT traversal: tests, fixes of Contact and SDP, pings",
    state=SerNathelper,
    family=SER,
    params=[
        param("natping_interval", int, 0, "seconds between two pings of a contact; 0: no pings"),
        param("natping_crlf", int, 1, "1: pings are line ends, unless they are stateful; 0: requests"),
        param("natping_method", str, None, "method of pings that are requests; NULL: none"),
        param("natping_stateful", int, 0, "1: pings are requests with a transaction"),
        param("ping_nated_only", int, 0, "1: ping only contacts behind NAT"),
        param("force_socket", str, None, "socket for pings of contacts whose own socket is not known"),
    ],
    functions=[
        function("fix_nated_contact", fix_nated_contact, routes=REQUEST | ONREPLY, help="source address into Contact"),
        function(
            "fix_nated_register",
            contacts.fix_nated_register,
            routes=REQUEST,
            help="source as parameter of the Contacts, for registrar",
        ),
        function(
            "fix_nated_sdp",
            sdp.fix_nated_sdp,
            [AttributeOrInt("flags")],
            routes=REQUEST | FAILURE | ONREPLY,
            help="change addresses in SDP",
        ),
        function(
            "nat_uac_test",
            checks.nat_uac_test,
            [AttributeOrInt("tests")],
            routes=REQUEST | FAILURE | ONREPLY,
            help="is there NAT before us?",
        ),
        function(
            "ping_contact", SerNathelper.ping_contact, [AttributeOrText("uri")], routes=REQUEST, help="ping a URI once"
        ),
    ],
    selects=[
        select(_CONTACT, contacts.rewrite_contact, "a Contact with the source address"),
        select(f"{_CONTACT}.nameaddr.%s", contacts.rewrite_contact_part, "name, uri or params of it"),
        select(f"{_CONTACT}.nameaddr.%s.{{any_nameaddr}}", contacts.rewrite_contact_below, "parts of these"),
    ],
)
