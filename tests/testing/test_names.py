"""Host names that a test makes up."""

import pytest

from siprouter.dns.plan import ResolveError
from siprouter.dns.wire import Naptr, Srv
from siprouter.testing import Node
from siprouter.testing.names import FakeClient, as_list, type_of

CONFIG = """
#!KAMAILIO
dns_try_naptr=yes
use_dns_failover=yes
loadmodule "tm.so"
loadmodule "sl.so"
route { if (!t_relay()) sl_reply_error(); }
"""


def test_kinds_of_records() -> None:
    data = as_list(["10.0.0.1", "2001:DB8::1", "Other.Example.", Srv(1, 2, 5060, "a"), Naptr(1, 1, "s", "S", "", "b")])
    assert data[:3] == ["10.0.0.1", "2001:db8::1", "other.example"]
    assert [type_of(item) for item in data] == [1, 28, 5, 33, 35]
    assert as_list("10.0.0.1") == ["10.0.0.1"]


def test_a_name_is_looked_up_and_kept() -> None:
    with Node(CONFIG, names={"sip.example.net": "10.0.0.9"}) as node:
        for _ in range(2):
            node.receive(node.request("OPTIONS", "sip:x@sip.example.net"))
            assert node.sent.requests().last.address == "udp:10.0.0.9:5060"
        client = node.worker.resolver.client
        assert isinstance(client, FakeClient)
        assert client.asked.count(("sip.example.net", 1)) == 1
        node.advance(60)


def test_service_records_and_failover() -> None:
    names = {
        "example.net": Naptr(10, 10, "s", "SIP+D2U", "", "_sip._udp.example.net"),
        "_sip._udp.example.net": [Srv(20, 1, 5080, "b.example.net"), Srv(10, 1, 5070, "a.example.net")],
        "a.example.net": "10.0.0.1",
        "b.example.net": "alias.example.net",
        "alias.example.net": "10.0.0.2",
    }
    with Node(CONFIG, names=names) as node:
        node.network.unreachable.add(("10.0.0.1", 5070))
        node.receive(node.request("OPTIONS", "sip:x@example.net"))
        assert node.sent.requests().only.address == "udp:10.0.0.2:5080"
        node.advance(60)


def test_an_unknown_name() -> None:
    with Node(CONFIG) as node:
        node.receive(node.request("OPTIONS", "sip:x@nowhere.example"))
        assert node.last.status == 478
        with pytest.raises(ResolveError):
            node.wait(node.worker.resolver.plan("nowhere.example", 0, 0))


def test_answers_may_take_their_time() -> None:
    with Node(CONFIG, names={"sip.example.net": "10.0.0.9"}, name_delay=2.0) as node:
        node.receive(node.request("INVITE", "sip:x@sip.example.net"))
        assert node.sent.summary == ["100 INVITE"]
        assert [branch.state for branch in node.transactions[0].branches] == ["resolving"]
        assert node.advance(1.9) == []
        assert node.advance(10)[0].address == "udp:10.0.0.9:5060"
        node.advance(60)
