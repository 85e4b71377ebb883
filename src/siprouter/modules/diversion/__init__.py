"""diversion: tells whom a call is sent to who it was for (RFC 5806)."""

from siprouter.core.args import Fmt
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import FAILURE, LOCAL, REQUEST
from siprouter.modules.diversion.diversion import Diversion

PARAMS = [param("suffix", str, "", "more parameters, behind the reason")]
HELP = "add a Diversion header with the request URI as received: reason"

module = Module(
    "diversion",
    help="tells whom a call is sent to who it was for (RFC 5806)",
    state=Diversion,
    family=KAMAILIO,
    params=PARAMS,
    functions=[
        function("add_diversion", Diversion.add, [Fmt("reason")], routes=REQUEST | FAILURE | LOCAL, help=HELP),
    ],
)
