"""pike of SER: notices addresses that send too many requests."""

from siprouter.core.declare import SER, Module, function, rpc
from siprouter.core.routes import REQUEST
from siprouter.modules.pike import PARAMS
from siprouter.modules.pike.commands import pike_top
from siprouter.modules.pike_s.pike import SerPike
from siprouter.script.ser_args import SerInt

module = Module(
    "pike",
    help="notices addresses that send too many requests, as SER does",
    state=SerPike,
    family=SER,
    uses=("pike",),
    params=PARAMS,
    functions=[
        function(
            "pike_check_req",
            SerPike.check,
            [SerInt("leave")],
            arities=[0, 1],
            routes=REQUEST,
            help="false for a request from a blocked address",
        )
    ],
    rpcs=[rpc("pike.top", pike_top, "*s", help="addresses with their counts: [ALL|HOT|WARM]")],
)
