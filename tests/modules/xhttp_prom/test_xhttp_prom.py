"""Metrics and statistics, read by Prometheus's own parser."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from siprouter.modules.xhttp_prom.exposition import Family, Sample, metric_name, number, render
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node

HEAD = """
listen=tcp:127.0.0.1:5060
listen=udp:127.0.0.1:5060
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "counters.so"
loadmodule "xhttp.so"
loadmodule "xhttp_prom.so"
"""
EVENT = """
event_route[xhttp:request] {
    if (prom_check_uri()) prom_dispatch(); else xhttp_reply("404", "Not Found", "", "");
}
"""
CLIENT = "tcp:192.0.2.9:40000"


def prom(route: str = "exit;", *params: tuple[str, Any]) -> Node:
    lines = "".join(
        f'modparam("xhttp_prom", "{name}", {value if isinstance(value, int) else chr(34) + value + chr(34)})\n'
        for name, value in params
    )
    return Node(f"{HEAD}{lines}route {{ {route} }}\n{EVENT}")


def ask(node: Node, url: str = "/metrics") -> str:
    (sent,) = node.receive(f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), CLIENT)
    return sent.data.decode()


def scrape(node: Node) -> dict[str, Any]:
    """Families by name, as the parser of Prometheus's client library reads them."""
    head, _, body = ask(node).partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n")
    return {family.name: family for family in text_string_to_metric_families(body)}


def values(family: Any) -> dict[tuple[str, ...], float]:
    """(name, label values) to value; the parser adds _total to the names of counters."""
    samples = family.samples
    return {(sample.name.removesuffix("_total"), *sample.labels.values()): sample.value for sample in samples}


def test_all_statistics_with_their_types_and_help() -> None:
    with closing(prom('sl_send_reply("404", "x");', ("xhttp_prom_stats", "all"))) as node:
        node.receive(node.request("OPTIONS", "sip:x@test"))
        families = scrape(node)
        replies = families["kamailio_sl_404_replies"]
        assert (replies.type, replies.documentation) == ("counter", "stateless replies 404")
        assert values(replies) == {("kamailio_sl_404_replies",): 1}
        assert families["kamailio_sl_sent_replies"].type == "counter"
        assert families["kamailio_tmx_UAS_transactions"].type == "counter"
        assert families["kamailio_tmx_inuse_transactions"].type == "gauge"
        assert len(families) == len(list(node.worker.counters))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", set()),
        ("200_replies", {"kamailio_sl_200_replies"}),
        ("tmx:", {"kamailio_tmx_inuse_transactions", "kamailio_tmx_local_replies"}),
    ],
)
def test_some_statistics(wanted: str, found: set[str]) -> None:
    with closing(prom("exit;", ("xhttp_prom_stats", wanted))) as node:
        names = set(scrape(node))
        assert found <= names and all(":" in wanted or name in found for name in names)


def test_counters_of_the_script_and_another_beginning() -> None:
    text = (
        HEAD
        + """
modparam("counters", "script_counter", "offline  requests for users that are not there")
modparam("xhttp_prom", "xhttp_prom_stats", "script:")
modparam("xhttp_prom", "xhttp_prom_beginning", "")
route { cnt_inc("offline"); }
"""
    )
    with closing(Node(text + EVENT)) as node:
        node.receive(node.request("OPTIONS", "sip:x@test"))
        family = scrape(node)["script_offline"]
        assert (family.type, family.documentation) == ("counter", "requests for users that are not there")
        assert values(family) == {("script_offline",): 1}


METRICS = (
    ("prom_counter", "name=cnt; label=method:who; help=by method"),
    ("prom_gauge", "name=level"),
    ("prom_histogram", "name=size; label=who; buckets=10:100"),
)


def test_metrics_of_the_script() -> None:
    route = """
        prom_counter_inc("cnt", "2", "$rm", "$fU");
        prom_gauge_set("level", "-2.5");
        prom_histogram_observe("size", "$ml", "$rm");
    """
    with closing(prom(route, *METRICS)) as node:
        assert scrape(node) == {}
        for method in ("OPTIONS", "OPTIONS", "INFO"):
            node.receive(node.request(method, "sip:x@test", from_="sip:alice@test"))
        families = scrape(node)
        assert (families["kamailio_cnt"].type, families["kamailio_cnt"].documentation) == ("counter", "by method")
        assert values(families["kamailio_cnt"]) == {
            ("kamailio_cnt", "OPTIONS", "alice"): 4,
            ("kamailio_cnt", "INFO", "alice"): 2,
        }
        assert families["kamailio_level"].type == "gauge"
        assert values(families["kamailio_level"]) == {("kamailio_level",): -2.5}
        sizes = families["kamailio_size"]
        assert sizes.type == "histogram"
        found = values(sizes)
        assert found["kamailio_size_bucket", "OPTIONS", "100"] == 0
        assert found["kamailio_size_bucket", "OPTIONS", "+Inf"] == found["kamailio_size_count", "OPTIONS"] == 2
        assert found["kamailio_size_sum", "OPTIONS"] > 400


def test_label_values_are_escaped() -> None:
    hostile = 'a\\"b\nc\udcff{}=,😀'
    with closing(prom("exit;", *METRICS)) as node:
        node.worker.module("xhttp_prom").counter_inc(None, "cnt", "1", hostile, "x" * 500)
        (sample,) = scrape(node)["kamailio_cnt"].samples
        assert sample.labels == {"method": 'a\\"b\nc\ufffd{}=,😀', "who": "x" * 120}


def test_resets_and_time_out() -> None:
    with closing(prom("exit;", *METRICS, ("xhttp_prom_timeout", 1))) as node:
        module = node.worker.module("xhttp_prom")
        assert module.counter_inc(None, "cnt", "5", "a", "b") == module.gauge_set(None, "level", "7") == 1
        assert module.counter_reset(None, "cnt", "a", "b") == module.gauge_reset(None, "level") == 1
        families = scrape(node)
        assert values(families["kamailio_cnt"]) == {("kamailio_cnt", "a", "b"): 0}
        assert values(families["kamailio_level"]) == {("kamailio_level",): 0}
        node.advance(50)
        module.gauge_set(None, "level", "1")
        node.advance(30)
        assert set(scrape(node)) == {"kamailio_level"}


@pytest.mark.parametrize(
    ("function", "arguments", "why"),
    [
        ("counter_inc", ("none", "1"), "there is no counter none"),
        ("counter_inc", ("level", "1"), "there is no counter level"),
        ("counter_inc", ("cnt", "1", "a"), "has 2 labels, 1 values"),
        ("counter_inc", ("cnt", "-1", "a", "b"), "cannot be counted by -1"),
        ("counter_inc", ("cnt", "1.5", "a", "b"), "no whole number"),
        ("gauge_set", ("level", "much"), "no number"),
        ("gauge_set", ("level", "inf"), "cannot be inf"),
        ("histogram_observe", ("size", "nan", "a"), "cannot count nan"),
    ],
)
def test_what_cannot_be_counted_is_logged(function: str, arguments: tuple[str, ...], why: str) -> None:
    with closing(prom("exit;", *METRICS)) as node:
        assert getattr(node.worker.module("xhttp_prom"), function)(None, *arguments) == -1
        assert node.logged(why)


def test_so_many_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siprouter.modules.xhttp_prom.metrics.MAX_SERIES", 3)
    with closing(prom("exit;", *METRICS)) as node:
        module = node.worker.module("xhttp_prom")
        assert [module.counter_inc(None, "cnt", "1", str(number), "") for number in range(5)] == [1, 1, 1, -1, -1]
        assert module.counter_inc(None, "cnt", "1", "0", "") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prom_counter", "label=a"),
        ("prom_counter", "name=a b"),
        ("prom_counter", "name=a; label=x:y:z:w"),
        ("prom_counter", "name=a; label=x:x"),
        ("prom_counter", "name=a; label=__x"),
        ("prom_counter", "name=a; buckets=1"),
        ("prom_counter", "name=a; name=b"),
        ("prom_gauge", "name=a; strange=1"),
        ("prom_histogram", "name=a; buckets=2:1"),
        ("prom_histogram", "name=a; buckets=x"),
        ("prom_histogram", "name=a; label=le"),
        ("xhttp_prom_beginning", "1 "),
        ("xhttp_prom_timeout", -1),
        ("xhttp_prom_buf_size", -1),
    ],
)
def test_bad_parameters(name: str, value: Any) -> None:
    with pytest.raises(LoadError, match="xhttp_prom"):
        prom("exit;", (name, value))


def test_a_name_counts_once() -> None:
    with pytest.raises(LoadError, match="a is defined already"):
        prom("exit;", ("prom_counter", "name=a"), ("prom_gauge", "name=a"))


def test_other_urls_and_sip() -> None:
    route = 'if (!prom_check_uri() && !prom_dispatch()) sl_send_reply("403", "No");'
    with closing(prom(route)) as node:
        assert ask(node, "/metrics?x=1").startswith("HTTP/1.1 200")
        assert ask(node, "/metricsx").startswith("HTTP/1.1 404")
        sent = node.receive(node.request("OPTIONS", "sip:x@test", via="SIP/2.0/TCP 192.0.2.8"), "tcp:192.0.2.8:5060")
        assert sent.only.status == 403
        assert node.logged("OPTIONS is no HTTP request")


def test_a_reply_that_is_too_large() -> None:
    with closing(prom("exit;", ("xhttp_prom_stats", "all"), ("xhttp_prom_buf_size", 1000))) as node:
        assert ask(node).startswith("HTTP/1.1 500")
        assert node.logged("more than xhttp_prom_buf_size")


def test_an_unknown_statistic_is_told() -> None:
    with closing(prom("exit;", ("xhttp_prom_stats", "nothing"))) as node:
        assert node.logged("there is no statistic 'nothing'")


def test_rpc() -> None:
    with closing(prom("exit;", *METRICS)) as node:
        node.rpc("xhttp_prom.counter_inc", "cnt", 3, "a", "b")
        node.rpc("xhttp_prom.gauge_set", "level", "2.5")
        node.rpc("xhttp_prom.histogram_observe", "size", 50, "a")
        shown = str(node.rpc("xhttp_prom.metric_list_print").values[0])
        assert 'kamailio_cnt{method="a",who="b"} 3\n' in shown and "kamailio_level 2.5\n" in shown
        assert 'kamailio_size_bucket{who="a",le="100"} 1\n' in shown
        node.rpc("xhttp_prom.counter_reset", "cnt", "a", "b")
        node.rpc("xhttp_prom.gauge_reset", "level")
        assert 'who="b"} 0\n' in str(node.rpc("xhttp_prom.metric_list_print").values[0])
        with pytest.raises(RpcError, match="there is no counter x"):
            node.rpc("xhttp_prom.counter_inc", "x", 1)


def test_names_and_numbers() -> None:
    assert [metric_name(text) for text in ("a-b.c", "200_replies", "", "x:y")] == ["a_b_c", "_200_replies", "_", "x:y"]
    assert [number(value) for value in (1.0, 0.25, float("inf"), float("-inf"), 1e20)] == [
        "1",
        "0.25",
        "+Inf",
        "-Inf",
        "1e+20",
    ]
    assert number(float("nan")) == "NaN"


def test_of_two_families_with_one_name_the_first_counts() -> None:
    twice = [Family("a", "counter", "x\\y\nz", [Sample(1)]), Family("a", "gauge", "", [Sample(2)])]
    assert render(twice) == b"# HELP a x\\\\y\\nz\n# TYPE a counter\na 1\n"
    assert render([]) == b""
