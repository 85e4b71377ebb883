"""uri_radius of SER: whether users exist."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.uri_radius.state import UriRadius

module = Module(
    "uri_radius",
    help="asks RADIUS servers whether a user exists",
    state=UriRadius,
    family=SER,
    params=[
        param("radius_config", str, "/usr/local/etc/radiusclient/radiusclient.conf", "configuration of the client"),
        param("service_type", int, -1, "value of Service-Type; -1: that of Call-Check"),
    ],
    functions=[
        function(
            "radius_does_uri_exist",
            UriRadius.does_uri_exist,
            routes=REQUEST,
            waits=True,
            help="whether user and host of the request URI are known",
        ),
    ],
)
