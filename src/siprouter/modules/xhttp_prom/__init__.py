"""xhttp_prom: counters and statistics as Prometheus reads them, on a URL of xhttp."""

from siprouter.core.declare import Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.xhttp_prom.prom import XHttpProm

module = Module(
    "xhttp_prom",
    help="answers Prometheus with counters and statistics",
    state=XHttpProm,
    depends=("xhttp",),
    params=[
        param("xhttp_prom_stats", str, "", 'which: "all", "group:", or the name of one; "": none'),
        param("xhttp_prom_beginning", str, "kamailio_", "what names of metrics begin with"),
    ],
    functions=[
        function("prom_check_uri", XHttpProm.check_uri, routes=REQUEST, help="is the URL /metrics?"),
        function("prom_dispatch", XHttpProm.dispatch, routes=REQUEST, waits=True, help="answer with the metrics"),
    ],
)
