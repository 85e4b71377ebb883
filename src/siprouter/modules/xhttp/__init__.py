"""xhttp: HTTP requests on SIP ports, answered by the script."""

from siprouter.core.args import Fmt, FmtOrInt
from siprouter.core.declare import Module, event_route, function, param, pvar
from siprouter.core.routes import REQUEST
from siprouter.modules.xhttp.xhttp import XHttp, get_url, xhttp_reply

module = Module(
    "xhttp",
    help="an HTTP server on the SIP ports: event_route[xhttp:request] answers",
    state=XHttp,
    params=[
        param("url_match", str, None, "regular expression: only requests whose URL it matches are handled"),
        param("url_skip", str, None, "regular expression: requests whose URL it matches are left to others"),
    ],
    functions=[
        function(
            "xhttp_reply",
            xhttp_reply,
            [FmtOrInt("code"), Fmt("reason"), Fmt("content_type"), Fmt("body")],
            routes=REQUEST,
            help="answer the HTTP request",
        ),
    ],
    pvars=[pvar("hu", get=get_url, help="URL of the HTTP request as on its first line")],
    event_routes=[event_route("xhttp:request", "an HTTP request came in")],
)
