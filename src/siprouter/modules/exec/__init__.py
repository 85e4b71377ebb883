"""exec: runs programs for a message."""

from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import FAILURE, LOCAL, REQUEST
from siprouter.modules.exec.command import AvpList, ShellCommand
from siprouter.modules.exec.state import Exec

HELP = "runs programs for a message"
DSET_HELP = "run a program that gets the request URI and writes those to send the request to"
MSG_HELP = "run a program that gets the message as input"
AVP_HELP = "run a program and keep the lines that it writes in AVPs"
PARAMS = (
    param("setvars", int, 1, "1: programs find the headers and more of the message in their environment"),
    param("time_to_kill", int, 0, "seconds after which a program is ended; 0: never"),
    param("quote_variables", int, 1, "1: the shell takes values of variables as they are; 0: as parts of the command"),
    param("max_output", int, 65536, "octets of the output of a program that are read"),
)
_COMMAND = ShellCommand("command")

module = Module(
    "exec",
    help=HELP,
    state=Exec,
    family=KAMAILIO,
    params=PARAMS,
    functions=[
        function("exec_dset", Exec.dset, [_COMMAND], routes=REQUEST | FAILURE, waits=True, help=DSET_HELP),
        function("exec_msg", Exec.msg, [_COMMAND], routes=REQUEST | FAILURE | LOCAL, waits=True, help=MSG_HELP),
        function("exec_avp", Exec.avp, [_COMMAND], routes=REQUEST | FAILURE | LOCAL, waits=True, help=AVP_HELP),
        function(
            "exec_avp",
            Exec.avp,
            [_COMMAND, AvpList("avps")],
            routes=REQUEST | FAILURE | LOCAL,
            waits=True,
            help=AVP_HELP,
        ),
    ],
)
