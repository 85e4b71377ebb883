"""auth_radius of SER: digest authentication by RADIUS servers."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.auth_radius.arguments import Realm
from siprouter.modules.auth_radius_s.state import SerAuthRadius

module = Module(
    "auth_radius",
    help="digest authentication by RADIUS servers",
    state=SerAuthRadius,
    family=SER,
    depends=("auth",),
    params=[
        param("radius_config", str, "/usr/local/etc/radiusclient/radiusclient.conf", "configuration of the client"),
        param("service_type", int, -1, "value of Service-Type; -1: that of Sip-Session"),
        param("use_did", int, 1, "the id of the domain", obsolete="SIP Router looks it up and sends it to nobody"),
        param("use_ruri_flag", int, -1, "message flag: the request URI counts instead of the one in the credentials"),
    ],
    functions=[
        function(
            "radius_www_authenticate",
            SerAuthRadius.www_authorize,
            [Realm("realm")],
            routes=REQUEST,
            waits=True,
            help="check the credentials of Authorization: realm",
            aliases=("radius_www_authorize",),
        ),
        function(
            "radius_proxy_authenticate",
            SerAuthRadius.proxy_authorize,
            [Realm("realm")],
            routes=REQUEST,
            waits=True,
            help="check the credentials of Proxy-Authorization: realm",
            aliases=("radius_proxy_authorize",),
        ),
    ],
)
