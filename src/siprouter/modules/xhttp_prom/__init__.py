"""xhttp_prom: statistics and metrics of the script for Prometheus, on a URL of the SIP ports."""

from siprouter.core.args import Fmt, Opt
from siprouter.core.declare import Module, function, param, rpc
from siprouter.core.routes import ANY, REQUEST
from siprouter.modules.xhttp_prom.commands import XhttpProm
from siprouter.modules.xhttp_prom.state import DEFAULT_BEGINNING, DEFAULT_TIMEOUT

LABELS = (Opt(Fmt("label")), Opt(Fmt("label")), Opt(Fmt("label")))
NUMBERED = (Fmt("name"), Fmt("number"), *LABELS)
NAMED = (Fmt("name"), *LABELS)

module = Module(
    "xhttp_prom",
    help="statistics and metrics of the script in the text format of Prometheus, over HTTP",
    state=XhttpProm,
    depends=("xhttp",),
    params=[
        param("xhttp_prom_buf_size", int, 0, "most octets of a reply (0: no limit); a longer one is answered with 500"),
        param(
            "xhttp_prom_timeout",
            int,
            DEFAULT_TIMEOUT,
            "minutes that a metric is kept when it is not used (0: for ever)",
        ),
        param("xhttp_prom_stats", str, "", 'statistics to show: "all", "group:", a name, or "" for none'),
        param("xhttp_prom_beginning", str, DEFAULT_BEGINNING, "what the name of each metric begins with"),
        param("prom_counter", str, None, "a counter: name=…; label=a:b:c; help=…; repeatable", setter="add_counter"),
        param("prom_gauge", str, None, "a gauge: name=…; label=a:b:c; help=…; repeatable", setter="add_gauge"),
        param(
            "prom_histogram",
            str,
            None,
            "a histogram: name=…; label=a:b:c; buckets=1:2:5; help=…; repeatable",
            setter="add_histogram",
        ),
    ],
    functions=[
        function("prom_counter_reset", XhttpProm.counter_reset, NAMED, routes=ANY, help="set a counter to 0"),
        function("prom_counter_inc", XhttpProm.counter_inc, NUMBERED, routes=ANY, help="add a number to a counter"),
        function("prom_gauge_reset", XhttpProm.gauge_reset, NAMED, routes=ANY, help="set a gauge to 0"),
        function("prom_gauge_set", XhttpProm.gauge_set, NUMBERED, routes=ANY, help="set a gauge to a number"),
        function(
            "prom_histogram_observe",
            XhttpProm.histogram_observe,
            NUMBERED,
            routes=ANY,
            help="count a number in the buckets of a histogram",
        ),
        function(
            "prom_dispatch",
            XhttpProm.dispatch,
            routes=REQUEST,
            waits=True,
            help="answer the HTTP request with all metrics",
        ),
        function(
            "prom_check_uri", XhttpProm.check_uri, routes=REQUEST, help="whether the HTTP request is for /metrics"
        ),
    ],
    rpcs=[
        rpc("xhttp_prom.counter_reset", XhttpProm.rpc_counter_reset, "s*.s.s.s", help="Sets a counter to 0."),
        rpc("xhttp_prom.counter_inc", XhttpProm.rpc_counter_inc, "sd*.s.s.s", help="Adds a number to a counter."),
        rpc("xhttp_prom.gauge_reset", XhttpProm.rpc_gauge_reset, "s*.s.s.s", help="Sets a gauge to 0."),
        rpc("xhttp_prom.gauge_set", XhttpProm.rpc_gauge_set, "s.f*.s.s.s", help="Sets a gauge to a number."),
        rpc(
            "xhttp_prom.histogram_observe",
            XhttpProm.rpc_histogram_observe,
            "s.f*.s.s.s",
            help="Counts a number in the buckets of a histogram.",
        ),
        rpc("xhttp_prom.metric_list_print", XhttpProm.rpc_list, help="The metrics that the script defined, as text."),
    ],
)
