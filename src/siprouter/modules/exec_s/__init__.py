"""exec of SER: runs programs for a message."""

from siprouter.core.declare import SER, Module, function
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.exec import DSET_HELP, HELP, MSG_HELP, PARAMS
from siprouter.modules.exec.command import SerCommand
from siprouter.modules.exec.state import Exec

_COMMAND = SerCommand("command")

module = Module(
    "exec",
    help=f"{HELP}, as SER does",
    state=Exec,
    family=SER,
    uses=("exec",),
    params=[item for item in PARAMS if item.name != "quote_variables"],
    functions=[
        function("exec_dset", Exec.dset, [_COMMAND], routes=REQUEST | FAILURE, waits=True, help=DSET_HELP),
        function("exec_msg", Exec.msg, [_COMMAND], routes=REQUEST | FAILURE, waits=True, help=MSG_HELP),
    ],
)
