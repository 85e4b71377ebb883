"""auth_radius: digest authentication by RADIUS servers."""

from siprouter.core.args import PvRef
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.auth_radius.arguments import Realm
from siprouter.modules.auth_radius.state import AuthRadius

module = Module(
    "auth_radius",
    help="digest authentication by RADIUS servers",
    state=AuthRadius,
    family=KAMAILIO,
    depends=("auth",),
    params=[
        param("radius_config", str, "/usr/local/etc/radiusclient-ng/radiusclient.conf", "configuration of the client"),
        param("service_type", int, -1, "value of Service-Type; -1: that of Sip-Session"),
        param("auth_extra", str, None, "attribute=$variable;…: attributes beside the usual ones"),
        param("use_ruri_flag", int, -1, "message flag: the request URI counts instead of the one in the credentials"),
        param("append_realm_to_username", int, 1, "0: User-Name is the user name as it came, without @realm"),
    ],
    functions=[
        function(
            "radius_www_authorize",
            AuthRadius.www_authorize,
            [Realm("realm")],
            routes=REQUEST,
            waits=True,
            help="check the credentials of Authorization: realm",
        ),
        function(
            "radius_proxy_authorize",
            AuthRadius.proxy_authorize,
            [Realm("realm")],
            routes=REQUEST,
            waits=True,
            help="check the credentials of Proxy-Authorization: realm",
        ),
        function(
            "radius_proxy_authorize",
            AuthRadius.proxy_authorize_user,
            [Realm("realm"), PvRef("uri_user")],
            routes=REQUEST,
            waits=True,
            help="the same, with a variable that holds the user to check",
        ),
    ],
)
