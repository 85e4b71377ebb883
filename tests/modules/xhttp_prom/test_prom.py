"""What Prometheus reads."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

import siprouter.modules.xhttp_prom
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from tests.support.ports import Ports
from tests.support.wire import Endpoint
from tests.support.workers import Workers

README = (Path(siprouter.modules.xhttp_prom.__path__[0]) / "README.md").read_text()
EXAMPLE, MORE = re.findall(r"^```\n(.*?)^```$", README, re.M | re.S)
GET = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"
OFFLINE = """\
# HELP kamailio_script_offline requests for users that are not registered
# TYPE kamailio_script_offline counter
kamailio_script_offline {}
"""


def fetch(node: Node, url: str = "/metrics", source: str = "tcp:127.0.0.1:40000") -> str:
    (reply,) = node.receive(GET.format(url).encode(), source)
    return reply.text


def test_the_example() -> None:
    with Node(EXAMPLE) as node:
        for number in range(3):
            (refused,) = node.receive(build_message("INVITE", f"sip:nobody{number}@127.0.0.1"))
            assert refused.status == 404
        text = fetch(node)
        assert text.startswith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4")
        assert OFFLINE.format(3) in text
        assert fetch(node, "/metrics?x=1").startswith("HTTP/1.1 200")
        assert fetch(node, "/metricsandmore").startswith("HTTP/1.1 404")
        assert fetch(node, source="tcp:192.0.2.9:40000").startswith("HTTP/1.1 403")


@pytest.mark.parametrize(("stats", "found"), [("script:", 1), ("offline", 1), ("", 0), ("none:", 0), ("nothing", 0)])
def test_what_is_shown(stats: str, found: int) -> None:
    with Node(EXAMPLE.replace('"all"', f'"{stats}"')) as node:
        assert fetch(node).count("# TYPE") == found


def test_the_example_with_labels() -> None:
    with Node(MORE) as node:
        node.receive(build_message("OPTIONS", "sip:x@127.0.0.1"))
        text = fetch(node)
        shown = re.findall(r"^    ((?:# \w+ )?kamailio_(?:requests|octets).*)$", README, re.M)
        assert len(shown) == 5
        assert [line for line in shown if line not in text] == []


def test_a_bad_beginning() -> None:
    with pytest.raises(LoadError, match="no metric can begin with '1x'"):
        Node(EXAMPLE.replace('"xhttp_prom_stats", "all"', '"xhttp_prom_beginning", "1x"'))


def test_sip_requests_are_no_http() -> None:
    text = EXAMPLE.replace("t_relay();", "").replace('if (!lookup("location")) {', "if (!prom_dispatch()) {")
    with Node(text) as node:
        (refused,) = node.receive(build_message("OPTIONS", "sip:x@127.0.0.1"))
        assert refused.status == 404
        assert "is no HTTP request" in node.errors[0]
        node.records.clear()


@pytest.mark.scenario
def test_values_are_those_of_all_workers(tmp_path: Path, ports: Ports) -> None:
    text = "debug=1\n" + re.sub("^listen=.*$", "", EXAMPLE, flags=re.M)
    with Workers(text, tmp_path, ports) as server:
        phone = Endpoint("phone", server.address)
        try:
            for number in range(8):
                phone.send(
                    f"OPTIONS sip:nobody@x SIP/2.0\nVia: SIP/2.0/UDP {phone.address};branch=z9hG4bK{number}\n"
                    f"From: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: prom{number}\nCSeq: 1 OPTIONS\n"
                    "Content-Length: 0\n\n"
                )
                phone.expect(404, call=f"prom{number}")
        finally:
            phone.close()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
            assert OFFLINE.format(8) in answer.read().decode()
