"""A scrape of a server with two workers: sums, and metrics that belong to both."""

from __future__ import annotations

import urllib.request
from contextlib import closing
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.support.ports import Ports
from tests.support.wire import Endpoint
from tests.support.workers import REQUEST, Workers, call_ids

CONFIG = """\
debug=2
fork=no
tcp_accept_no_cl=yes
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xhttp.so"
loadmodule "xhttp_prom.so"
modparam("xhttp_prom", "xhttp_prom_stats", "sl:")
modparam("xhttp_prom", "prom_counter", "name=requests; label=method")
route {
    prom_counter_inc("requests", "1", "$rm");
    sl_send_reply("404", "Not here");
}
event_route[xhttp:request] {
    prom_dispatch();
}
"""


def test_sums_over_workers(tmp_path: Path, ports: Ports) -> None:
    with Workers(CONFIG, tmp_path, ports) as server:
        with closing(Endpoint("caller", server.address)) as caller:
            for index in (0, 1, 1):
                call_id = next(call_ids(index, 2, f"p{len(caller.received)}x"))
                names = {"branch": call_id.partition("@")[0], "routes": "", "tag": "1", "to": "", "number": 1}
                text = REQUEST.format(method="OPTIONS", uri="sip:x@test", address=caller.address, call=call_id, **names)
                caller.send(text)
                caller.expect(404, 30, call=call_id)
        for _ in range(4):  # whichever worker answers
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
                body = answer.read().decode()
            found = {
                sample.name: sample.value for one in text_string_to_metric_families(body) for sample in one.samples
            }
            assert (found["kamailio_sl_404_replies_total"], found["kamailio_requests_total"]) == (3, 3)
