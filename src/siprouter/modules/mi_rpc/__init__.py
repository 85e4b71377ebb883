"""The mi_rpc module: management commands as RPC commands."""

from siprouter.core.declare import Module, rpc
from siprouter.modules.mi_rpc.bridge import MiRpc

ARGS = "s*.s+"

module = Module(
    "mi_rpc",
    help="Runs management (MI) commands by RPC",
    state=MiRpc,
    rpcs=[
        rpc("mi", MiRpc.pretty, ARGS, help="Runs an MI command; a line for each node.", returns_array=True),
        rpc("mi_fifo", MiRpc.fifo, ARGS, help="Runs an MI command; reply as mi_fifo writes it.", returns_array=True),
        rpc(
            "mi_dg",
            MiRpc.datagram,
            ARGS,
            help="Runs an MI command; reply as mi_datagram writes it.",
            returns_array=True,
        ),
        rpc(
            "mi_xmlrpc", MiRpc.xmlrpc, ARGS, help="Runs an MI command; reply as mi_xmlrpc gives it.", returns_array=True
        ),
    ],
)
