"""jsonrpcs: RPC commands by JSON-RPC 2.0 over HTTP on SIP ports, under the script's control."""

from siprouter.core.declare import Module, function
from siprouter.core.routes import REQUEST
from siprouter.modules.jsonrpcs.jsonrpcs import JsonRpcs, jsonrpc_dispatch

module = Module(
    "jsonrpcs",
    help="RPC commands by JSON-RPC 2.0 (HTTP on SIP ports), with the access policy in the script",
    state=JsonRpcs,
    functions=[
        function(
            "jsonrpc_dispatch",
            jsonrpc_dispatch,
            routes=REQUEST,
            waits=True,
            help="run the calls in the body of the HTTP request, answer",
        ),
    ],
)
