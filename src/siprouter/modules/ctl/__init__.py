"""The ctl module: binrpc, and the old text protocol, over Unix sockets, UDP, TCP and FIFOs."""

from siprouter.core.declare import Module, param, rpc
from siprouter.modules.ctl.ctl import Ctl

NO_BUFFERS = "replies grow as needed, up to 16 MB (65507 bytes in a datagram)"

module = Module(
    "ctl",
    help="Control sockets: RPC commands over binrpc (for kamcmd) and over the old FIFO text protocol",
    state=Ctl,
    params=[
        param("binrpc", str, "unixs:/tmp/ser_ctl", "address to speak binrpc on; repeatable", setter="add_binrpc"),
        param("fifo", str, None, "address to speak the text protocol on; repeatable", setter="add_fifo"),
        param("mode", int, 0o600, "mode bits of the Unix sockets and FIFOs"),
        param("user", "int|str", None, "owner of the Unix sockets and FIFOs", setter="set_user"),
        param("group", "int|str", None, "group of the Unix sockets and FIFOs", setter="set_group"),
        param("autoconversion", int, 0, "convert arguments to the type that a command expects"),
        param("binrpc_max_body_size", int, 4, "kilobytes of a reply", obsolete=NO_BUFFERS),
        param("binrpc_struct_max_body_size", int, 1, "kilobytes of a structure in a reply", obsolete=NO_BUFFERS),
    ],
    rpcs=[
        rpc("ctl.listen", Ctl.rpc_listen, help="Lists the control sockets.", returns_array=True),
        rpc("ctl.who", Ctl.rpc_who, help="Lists the open control connections.", returns_array=True),
        rpc("ctl.connections", Ctl.rpc_connections, help="Number of open control connections."),
    ],
)
