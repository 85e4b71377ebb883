"""xmlrpc: RPC commands by XML-RPC over HTTP on SIP ports, under the script's control."""

from siprouter.core.args import FmtOrInt
from siprouter.core.declare import Module, function, param, select
from siprouter.core.routes import REQUEST
from siprouter.modules.xmlrpc.xmlrpc import XmlRpc, dispatch_rpc, select_method, xmlrpc_reply

module = Module(
    "xmlrpc",
    help="RPC commands by XML-RPC (HTTP on SIP ports), with the access policy in the script",
    state=XmlRpc,
    depends=("sl",),
    params=[
        param("route", str, None, "route that handles the requests; without it the main route does"),
        param("autoconversion", int, 0, "convert arguments to the types that a command expects"),
        param("escape_cr", int, 1, "send a carriage return as &#xD;"),
        param("double_lf_to_crlf", int, 0, "two line feeds in an argument stand for CR LF"),
        param("mode", int, 0, "1: leave HTTP requests to others, the script calls the functions where it likes"),
        param("url_match", str, None, "regular expression: only requests whose URL it matches are handled"),
        param("url_skip", str, None, "regular expression: requests whose URL it matches are left to others"),
    ],
    functions=[
        function("dispatch_rpc", dispatch_rpc, routes=REQUEST, waits=True, help="run the command in the body, answer"),
        function(
            "xmlrpc_reply",
            xmlrpc_reply,
            [FmtOrInt("code"), FmtOrInt("reason")],
            routes=REQUEST,
            help="answer with a fault, or with the text where the code is a success",
        ),
    ],
    selects=[select("xmlrpc.method", select_method, "the name of the command in the body")],
)
