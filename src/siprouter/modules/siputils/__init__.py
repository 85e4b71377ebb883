"""siputils: small functions for requests, URIs, contacts and Remote-Party-ID."""

from siprouter.core.args import Fmt, Opt, PvRef, Str
from siprouter.core.declare import KAMAILIO, Module, cfg_var, function, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.siputils import checks, contacts, ring
from siprouter.modules.siputils.state import SipUtils

_ALL = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL
_ASKING = REQUEST | FAILURE | LOCAL

module = Module(
    "siputils",
    help="small functions for requests, URIs, contacts and Remote-Party-ID",
    state=SipUtils,
    family=KAMAILIO,
    depends=("sl",),
    params=[
        param("ring_timeout", int, 0, "seconds for which 183 becomes 180; 0 switches that off", cfg_var="ring_timeout"),
        param("options_accept", str, "*/*", "Accept in the reply to OPTIONS"),
        param("options_accept_encoding", str, "", "Accept-Encoding in the reply to OPTIONS"),
        param("options_accept_language", str, "en", "Accept-Language in the reply to OPTIONS"),
        param("options_support", str, "", "Supported in the reply to OPTIONS"),
        param("contact_flds_separator", str, "*", "the character between the parts of an encoded contact"),
        param("rpid_prefix", str, "", "what stands before the Remote-Party-ID"),
        param(
            "rpid_suffix", str, ";party=calling;id-type=subscriber;screen=yes", "what stands behind the Remote-Party-ID"
        ),
        param("rpid_avp", str, "$avp(s:rpid)", "the AVP that holds the Remote-Party-ID"),
    ],
    functions=[
        function(
            "ring_insert_callid",
            ring.ring_insert_callid,
            routes=REQUEST | FAILURE,
            help="turn 183 of this call into 180",
        ),
        function("options_reply", checks.options_reply, routes=REQUEST, help="answer OPTIONS to the server itself"),
        function(
            "is_user", checks.is_user, [Str("name")], routes=REQUEST | LOCAL, help="whether this user was checked"
        ),
        function("has_totag", checks.has_totag, routes=REQUEST | LOCAL, help="whether To has a tag"),
        function(
            "uri_param",
            checks.uri_param,
            [Str("name"), Opt(Str("value"))],
            routes=REQUEST | LOCAL,
            help="whether the request URI has a parameter (with a value)",
        ),
        function(
            "add_uri_param", checks.add_uri_param, [Str("param")], routes=REQUEST, help="add a request URI parameter"
        ),
        function("tel2sip", checks.tel2sip, routes=REQUEST, help="make a tel request URI a sip one"),
        function("is_e164", checks.is_e164, [PvRef()], routes=_ASKING, help="whether a variable is an E.164 number"),
        function(
            "is_uri_user_e164",
            checks.is_uri_user_e164,
            [PvRef()],
            routes=_ASKING,
            help="whether the user of a URI is an E.164 number",
        ),
        function(
            "encode_contact",
            contacts.encode_contact,
            [Str("prefix"), Str("address")],
            routes=REQUEST | ONREPLY,
            help="hide the contacts behind our address",
        ),
        function("decode_contact", contacts.decode_contact, routes=REQUEST, help="restore an encoded request URI"),
        function(
            "decode_contact_header",
            contacts.decode_contact_header,
            routes=REQUEST | ONREPLY,
            help="restore the encoded contacts",
        ),
        function("cmp_uri", checks.cmp_uri, [Fmt(), Fmt()], routes=_ALL, help="whether two URIs are equal"),
        function("cmp_aor", checks.cmp_aor, [Fmt(), Fmt()], routes=_ALL, help="whether two addresses are equal"),
        function(
            "append_rpid_hf",
            checks.append_rpid_hf,
            [Opt(Str("prefix")), Opt(Str("suffix"))],
            routes=REQUEST | FAILURE | BRANCH,
            help="add Remote-Party-ID from its AVP",
            arities=(0, 2),
        ),
        function(
            "is_rpid_user_e164",
            checks.is_rpid_user_e164,
            routes=REQUEST,
            help="whether the user of the Remote-Party-ID is an E.164 number",
        ),
    ],
    cfg_vars=[
        cfg_var(
            "ring_timeout",
            int,
            0,
            "seconds for which 183 becomes 180",
            atomic=True,
            on_change="change_ring_timeout",
        )
    ],
)
