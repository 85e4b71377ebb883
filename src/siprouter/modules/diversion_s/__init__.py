"""diversion of SER: tells whom a call is sent to who it was for (RFC 5806)."""

from siprouter.core.declare import SER, Module, function
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.diversion import HELP, PARAMS
from siprouter.modules.diversion.diversion import Diversion
from siprouter.script.ser_args import SerStr

module = Module(
    "diversion",
    help="tells whom a call is sent to who it was for (RFC 5806), as SER does",
    state=Diversion,
    family=SER,
    uses=("diversion",),
    params=PARAMS,
    functions=[function("add_diversion", Diversion.add, [SerStr("reason")], routes=REQUEST | FAILURE, help=HELP)],
)
