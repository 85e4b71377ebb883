"""avp_radius of SER: attributes of users and URIs."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.avp_radius.state import AttributeClass, AvpRadius
from siprouter.script.ser_args import SerStr

module = Module(
    "avp_radius",
    help="loads attributes of users and URIs from RADIUS servers",
    state=AvpRadius,
    family=SER,
    params=[
        param("radius_config", str, "/usr/local/etc/radiusclient/radiusclient.conf", "configuration of the client"),
    ],
    functions=[
        function(
            "radius_load_attrs",
            AvpRadius.load_attrs,
            [AttributeClass("class"), SerStr("id")],
            routes=REQUEST | FAILURE,
            waits=True,
            help="load attributes: $fu, $tu (of a user) or $fr, $tr (of a URI), id or URI",
        ),
    ],
)
