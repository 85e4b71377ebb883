"""The RPC commands of the DNS cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from siprouter.dns.cache import Answer
from siprouter.dns.wire import NAPTR, NXDOMAIN, PTR, RECORD_TYPES, SRV, TXT, A, Ebl, Naptr, Srv
from siprouter.rpc.values import RpcError
from siprouter.testing import Node

NAMES = {
    "host.example.com": ["192.0.2.1", "192.0.2.2"],
    "_sip._udp.example.com": [Srv(10, 20, 5070, "host.example.com")],
}


@pytest.fixture
def node() -> Iterator[Node]:
    with Node("request_route { forward(); }", names=NAMES) as one:
        yield one


def ask(node: Node, command: str, *arguments: object) -> Any:
    return node.rpc(command, *arguments).result


def put(node: Node, name: str, type: int, *data: object, rcode: int = 0) -> None:
    worker = node.worker
    worker.resolver.cache.put(name, type, Answer(data, 60, rcode), worker.now())  # type: ignore[arg-type]


def test_a_name_is_looked_up_and_shown(node: Node) -> None:
    assert str(ask(node, "dns.lookup", "a", "Host.example.com")).splitlines() == [
        "    name: host.example.com",
        "    type: A",
        "    size (bytes): 534",
        "    reference counter: 1",
        "    permanent: no",
        "    expires in (s): 300",
        "    last used (s): 0",
        "    negative entry: no",
        "    rr ip: 192.0.2.1",
        "    rr expires in (s): 300",
        "    rr ip: 192.0.2.2",
        "    rr expires in (s): 300",
    ]
    assert "rr port: 5070" in str(ask(node, "dns.lookup", "T_SRV", "_sip._udp.example.com"))
    for arguments, text in ((("MX", "x"), "Invalid type"), (("A", "none.example.com"), "Not found")):
        with pytest.raises(RpcError, match=text):
            ask(node, "dns.lookup", *arguments)


def test_the_whole_cache_is_shown(node: Node) -> None:
    put(node, "a.example.com", A, "192.0.2.1")
    put(node, "none.example.com", A, rcode=NXDOMAIN)
    put(node, "e.example.com", NAPTR, Naptr(10, 20, "u", "E2U+sip", "!^.*$!sip:x!", ""))
    put(node, "p.example.com", PTR, "a.example.com")
    put(node, "t.example.com", TXT, (b"one", b"two"))
    put(node, "b.example.com", 65300, Ebl(4, "x", "apex.example.com"))
    node.advance(59)
    text = str(ask(node, "dns.view"))
    assert text.count("{") == text.count("}") == 6 and "negative entry: yes" in text
    for line in (
        "rr flags: u",
        "rr regexp: !^.*$!sip:x!",
        "rr name: a.example.com",
        "txt[1]: two",
        "rr apex: apex.example.com",
        "expires in (s): 1",
    ):
        assert "    " + line in text.splitlines()
    assert ask(node, "dns.debug")[:7] == ["a.example.com", 1, 422, 1, 1, 59, 0]
    assert ask(node, "dns.debug_all")[:11] == ["a.example.com", 1, 0, 422, 1, 1, 59, 0, "ip", "192.0.2.1", 1]
    node.advance(2)
    assert ask(node, "dns.view") == "" and ask(node, "dns.debug")[4] == -1
    used, limit = ask(node, "dns.mem_info")
    assert used == node.worker.resolver.cache.used and limit == 500 * 1024


def test_records_are_added_and_deleted(node: Node) -> None:
    ask(node, "dns.add_a", "GW.example.com", 60, "192.0.2.7", 0)
    ask(node, "dns.add_a", "gw.example.com", 60, "192.0.2.8", 0)
    ask(node, "dns.add_aaaa", "gw6.example.com", 60, "2001:DB8::7", 2)
    ask(node, "dns.add_srv", "_sip._udp.gw.example.com", 60, 1, 2, 5070, "gw.example.com", 0)
    ask(node, "dns.add_a", "none.example.com", 60, "", 1)
    resolver = node.worker.resolver
    plan = resolver.plan_now("gw.example.com", 5060, 1)
    assert plan.next().ip == "192.0.2.7"
    assert resolver.plan_now("none.example.com", 5060, 1).next() is None
    assert resolver.cache.find("gw6.example.com", 28).answer.data == ("2001:db8::7",)
    assert resolver.cache.find("_sip._udp.gw.example.com", SRV).answer.data == (Srv(1, 2, 5070, "gw.example.com"),)
    ask(node, "dns.delete_a", "gw.example.com")
    with pytest.raises(RpcError, match="Not found"):
        ask(node, "dns.delete_a", "gw.example.com")
    with pytest.raises(RpcError, match="Permanent entries cannot be deleted"):
        ask(node, "dns.delete_aaaa", "gw6.example.com")
    ask(node, "dns.delete_all")
    assert len(resolver.cache) == 1
    ask(node, "dns.delete_all_force")
    assert len(resolver.cache) == 0


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("dns.add_a", ("a", 60, "2001:db8::1", 0)),
        ("dns.add_a", ("a", 60, "x", 0)),
        ("dns.add_a", ("a..b", 60, "192.0.2.1", 0)),
        ("dns.add_a", ("", 60, "192.0.2.1", 0)),
        ("dns.add_a", ("a", -1, "192.0.2.1", 0)),
        ("dns.add_a", ("a", 60, "192.0.2.1", 4)),
        ("dns.add_aaaa", ("a", 60, "192.0.2.1", 0)),
        ("dns.add_srv", ("a", 60, 1, 1, 70000, "b", 0)),
        ("dns.add_srv", ("a", 60, 1, 1, 5060, "b..c", 0)),
    ],
)
def test_what_cannot_be_a_record_is_refused(node: Node, command: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(RpcError, match="Failed to add the entry to the cache"):
        ask(node, command, *arguments)
    assert len(node.worker.resolver.cache) == 0


@pytest.mark.parametrize("kind", ["a", "aaaa", "srv", "naptr", "cname", "txt", "ebl", "ptr"])
def test_each_type_can_be_deleted(node: Node, kind: str) -> None:
    put(node, "x.example.com", RECORD_TYPES[kind.upper()], "y")
    ask(node, f"dns.delete_{kind}", "x.example.com")
    assert len(node.worker.resolver.cache) == 0


def test_counts(node: Node) -> None:
    ask(node, "dns.lookup", "A", "host.example.com")
    ask(node, "dns.lookup", "A", "host.example.com")
    assert ask(node, "dns.stats_get", "dc_all_stats", 0) == {
        "dns_req_cnt": 1,
        "dc_hits_cnt": 1,
        "dc_neg_hits_cnt": 0,
        "dc_lru_cnt": 0,
    }
    assert ask(node, "dns.stats_get", "dns_req_cnt", 1) == {"dns_req_cnt": 1}
    assert ask(node, "dns.stats_get", "DNS_req_cnt", 0) == {"dns_req_cnt": 0}
    with pytest.raises(RpcError, match="unknown dns cache stat parameter"):
        ask(node, "dns.stats_get", "x", 0)


def test_servers_that_are_down(node: Node) -> None:
    assert ask(node, "dns.get_server_state") == 1
    ask(node, "dns.set_server_state", 0)
    assert ask(node, "dns.get_server_state") == 0
    with pytest.raises(RpcError, match="Not found"):
        ask(node, "dns.lookup", "A", "host.example.com")
    ask(node, "dns.set_server_state", 1)
    ask(node, "dns.lookup", "A", "host.example.com")


def test_without_the_cache_there_is_nothing_to_see(node: Node) -> None:
    node.worker.resolver.cache.options.enabled = False
    for command, arguments in (("dns.view", ()), ("dns.delete_all", ()), ("dns.add_a", ("a", 1, "192.0.2.1", 0))):
        with pytest.raises(RpcError, match=r"dns cache support disabled \(see use_dns_cache\)"):
            ask(node, command, *arguments)


def test_a_worker_among_others_deletes_what_it_has(node: Node) -> None:
    node.worker.services["team"] = object()  # another worker may have the entry
    ask_here = node.worker.registry.rpcs["dns.delete_a"][0].call
    assert ask_here(node.worker, None, "gw.example.com") is None
    del node.worker.services["team"]
