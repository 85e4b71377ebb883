"""misc_radius: groups, users and attributes from RADIUS servers."""

from siprouter.core.args import Fmt, PvRef, Str
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, REQUEST
from siprouter.modules.misc_radius.state import MiscRadius

_EXTRA = "attribute=$variable;…: attributes beside the usual ones, of questions for "

module = Module(
    "misc_radius",
    help="asks RADIUS servers for groups, users and attributes",
    state=MiscRadius,
    family=KAMAILIO,
    params=[
        param("radius_config", str, "/usr/local/etc/radiusclient-ng/radiusclient.conf", "configuration of the client"),
        param("caller_service_type", int, -1, "value of Service-Type; -1: that of SIP-Caller-AVPs"),
        param("callee_service_type", int, -1, "value of Service-Type; -1: that of SIP-Callee-AVPs"),
        param("group_service_type", int, -1, "value of Service-Type; -1: that of Group-Check"),
        param("uri_service_type", int, -1, "value of Service-Type; -1: that of Call-Check"),
        param("caller_extra", str, None, _EXTRA + "callers"),
        param("callee_extra", str, None, _EXTRA + "callees"),
        param("group_extra", str, None, _EXTRA + "groups"),
        param("uri_extra", str, None, _EXTRA + "URIs"),
        param("use_sip_uri_host", int, 0, "1: the host of a URI is sent as SIP-URI-Host, not within User-Name"),
    ],
    functions=[
        function(
            "radius_load_caller_avps",
            MiscRadius.load_caller,
            [Fmt("caller")],
            routes=REQUEST | FAILURE,
            waits=True,
            help="load the AVPs of a caller",
        ),
        function(
            "radius_load_callee_avps",
            MiscRadius.load_callee,
            [Fmt("callee")],
            routes=REQUEST | FAILURE,
            waits=True,
            help="load the AVPs of a callee",
        ),
        function(
            "radius_is_user_in",
            MiscRadius.is_user_in,
            [Fmt("user"), Str("group")],
            routes=REQUEST | FAILURE | BRANCH | LOCAL,
            waits=True,
            help="whether a user is in a group",
        ),
        function(
            "radius_does_uri_exist",
            MiscRadius.does_uri_exist,
            [PvRef("uri")],
            routes=REQUEST | LOCAL,
            waits=True,
            arities=(0, 1),
            help="whether the request URI, or the one in a variable, is known",
        ),
        function(
            "radius_does_uri_user_exist",
            MiscRadius.does_user_exist,
            [PvRef("user")],
            routes=REQUEST | LOCAL,
            waits=True,
            arities=(0, 1),
            help="whether the user of the request URI, or the one in a variable, is known",
        ),
    ],
)
