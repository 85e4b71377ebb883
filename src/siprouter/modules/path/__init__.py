"""path: lets intermediate proxies stay on the way to registered phones (RFC 3327)."""

from siprouter.core.args import Fmt, Opt
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.path.state import Path

module = Module(
    "path",
    help="Path headers for proxies in front of a registrar",
    state=Path,
    family=KAMAILIO,
    params=[param("use_received", int, 0, "1: loose_route() goes to the received parameter of our own Route URI")],
    functions=[
        function("add_path", Path.add_path, [Opt(Fmt("user"))], routes=REQUEST, help="add a Path with our address"),
        function(
            "add_path_received",
            Path.add_path_received,
            [Opt(Fmt("user"))],
            routes=REQUEST,
            help="add a Path with our address and, as a parameter, the one the request came from",
        ),
    ],
)
