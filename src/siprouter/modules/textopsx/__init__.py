"""textopsx: applies pending changes at once, and changes the status of replies."""

from siprouter.core.args import Fmt, Int
from siprouter.core.declare import COMMON, Module, function
from siprouter.core.routes import ONREPLY, REQUEST
from siprouter.modules.textopsx.textopsx import TextOpsX

module = Module(
    "textopsx",
    help="apply changes of a message at once, change the status of a reply",
    state=TextOpsX,
    family=COMMON,
    functions=[
        function(
            "msg_apply_changes",
            TextOpsX.apply_changes,
            routes=REQUEST,
            help="make the pending changes now",
        ),
        function(
            "change_reply_status",
            TextOpsX.change_status,
            [Int("code"), Fmt("reason")],
            routes=ONREPLY,
            help="change the status of a reply",
        ),
    ],
)
