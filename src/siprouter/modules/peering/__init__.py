"""peering: whether other domains are trusted, from a broker's RADIUS server."""

from siprouter.core.declare import Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, REQUEST
from siprouter.modules.peering.state import Peering

_ROUTES = REQUEST | FAILURE | BRANCH | LOCAL

module = Module(
    "peering",
    help="asks a broker's RADIUS server whether the source or destination of a request is a trusted peer",
    state=Peering,
    params=[
        param("radius_config", str, "/usr/local/etc/radiusclient-ng/radiusclient.conf", "configuration of the client"),
        param("verify_destination_service_type", int, -1, "value of Service-Type; -1: that of Sip-Verify-Destination"),
        param("verify_source_service_type", int, -1, "value of Service-Type; -1: that of Sip-Verify-Source"),
    ],
    functions=[
        function(
            "verify_destination",
            Peering.verify_destination,
            routes=_ROUTES,
            waits=True,
            help="whether the domain of the request URI is a trusted peer",
        ),
        function(
            "verify_source",
            Peering.verify_source,
            routes=_ROUTES,
            waits=True,
            help="whether the request came from a trusted peer",
        ),
    ],
)
