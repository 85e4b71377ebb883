"""The destination blacklist: what lists an address, what heeds it, RPC commands."""

import pytest

from siprouter.core.blacklist import ENTRY_SIZE, PERMANENT, blacklist_of, note_undelivered
from siprouter.core.settings import CoreParam
from siprouter.rpc.core_blacklist import BLACKLIST_RPCS
from siprouter.rpc.values import RpcError
from siprouter.transport.endpoint import PROTO_UDP, Endpoint
from tests.modules.tm.node import Node

PARAMS = {
    "use_dst_blacklist": 1, "dst_blacklist_expire": 60, "dst_blacklist_udp_imask": 0, "dst_blacklist_mem": 250,
    "dst_blacklist_gc_interval": 60,
}  # fmt: skip


@pytest.fixture
def make():
    made = []

    def build(core=None, **params):
        node = Node(failover=1, **params)
        for name, value in {**PARAMS, **(core or {})}.items():
            node.worker.settings.declare(CoreParam(name, "int", value, ""))
        node.resolver.names["example.com"] = ["198.51.100.10", "198.51.100.11"]
        node.on_request(lambda ctx: node.call(ctx, "t_relay"))
        made.append(node)
        return node

    yield build
    for node in made:
        node.finish()


def request(node, number, method="INVITE"):
    node.take()
    node.request(method, "sip:bob@example.com", branch=f"z9hG4bK{number}", call_id=str(number))
    return [one for one in node.take() if one.msg.is_request]


def flags(node, ip="198.51.100.10"):
    return blacklist_of(node.worker).flags_of(1, ip, 5060, node.worker.time)


def rpc(node, name, *args):
    command = next(one for one in BLACKLIST_RPCS if one.name == f"dst_blacklist.{name}")
    return command.call(node.worker, None, *args)


def test_time_outs_of_invites_list_the_target(make):
    node = make()
    request(node, 1)
    node.wait(30.1)
    assert flags(node) == 16
    (sent,) = request(node, 2)
    assert sent.to.ip == "198.51.100.11"
    node.wait(61)
    assert flags(node) == 0
    assert blacklist_of(node.worker).hits == 1


@pytest.mark.parametrize(
    ("method", "params", "listed"), [("OPTIONS", {}, 0), ("OPTIONS", {"blst_methods_add": 512}, 16)]
)
def test_methods_that_count(make, method, params, listed):
    node = make(**params)
    request(node, 1, method)
    node.wait(30.1)
    assert flags(node) == listed


def test_byes_go_there_all_the_same(make):
    node = make()
    blacklist_of(node.worker).force(2, 1, "198.51.100.10", 5060, 60, node.worker.time)
    assert request(node, 1, "BYE")[0].to.ip == "198.51.100.10"
    assert request(node, 2, "OPTIONS")[0].to.ip == "198.51.100.11"


def test_send_and_transport_errors(make):
    node = make()
    node.outlet.broken.add("198.51.100.10")
    (sent,) = request(node, 1)
    assert (sent.to.ip, flags(node)) == ("198.51.100.11", 2)
    node.outlet.callbacks[-1](sent.to, OSError("refused"))
    assert flags(node, "198.51.100.11") == 8


@pytest.mark.parametrize(
    ("params", "retry_after", "seconds"),
    [({}, "30", 0), ({"blst_503": 1}, "30", 30), ({"blst_503": 1}, None, 0), ({"blst_503": 1}, "30 (soon);x=1", 30),
     ({"blst_503": 1, "blst_503_def_timeout": 20}, None, 20), ({"blst_503": 1, "blst_503_min_timeout": 50}, "30", 50),
     ({"blst_503": 1, "blst_503_max_timeout": 10}, "30", 10), ({"blst_503": 1}, "rubbish", 0)],
)  # fmt: skip
def test_503(make, params, retry_after, seconds):
    node = make(**params)
    (sent,) = request(node, 1, "OPTIONS")
    node.answer(sent, 503, extra=f"Retry-After: {retry_after}" if retry_after else "")
    entries = list(blacklist_of(node.worker))
    assert [round(entry.expires - node.worker.time) for _, entry in entries] == ([seconds] if seconds else [])


def test_ignore_masks_and_off(make):
    node = make({"dst_blacklist_udp_imask": 16})
    request(node, 1)
    node.wait(30.1)
    assert flags(node) == 0
    off = make({"use_dst_blacklist": 0})
    request(off, 1)
    off.wait(30.1)
    assert not list(blacklist_of(off.worker))


def test_size_is_bounded(make):
    node = make({"dst_blacklist_mem": 1})
    blacklist = blacklist_of(node.worker)
    for number in range(100):
        blacklist.force(2, 1, f"192.0.2.{number}", 5060, 60, node.worker.time)
    assert blacklist.memory() == 1024 == len(list(blacklist)) * ENTRY_SIZE
    assert blacklist.evicted == 84
    blacklist.force(2, 1, "192.0.2.99", 5060, 90, node.worker.time)
    assert blacklist.memory() == 1024
    node.wait(120)
    blacklist.force(2, 1, "192.0.2.1", 5060, 60, node.worker.time)
    assert len(list(blacklist)) == 1


def test_any_port_and_protocol(make):
    node = make()
    blacklist = blacklist_of(node.worker)
    blacklist.force(2, 0, "198.51.100.10", 0, 60, node.worker.time)
    assert flags(node) == 2
    assert blacklist.delete(0, "198.51.100.10", 0)
    assert not blacklist.delete(0, "198.51.100.10", 0)


def test_rpc(make):
    node = make()
    rpc(node, "add", "198.51.100.10", 5060, 1, 64)
    rpc(node, "add", "2001:DB8::1", 0, 0, PERMANENT)
    assert rpc(node, "debug") == ["udp", "198.51.100.10", 5060, 60, 64, "*", "2001:db8::1", 0, 60, PERMANENT | 1]
    assert "ip: 198.51.100.10\n    port: 5060\n" in rpc(node, "view")
    assert rpc(node, "mem_info") == [2 * ENTRY_SIZE, 250 * 1024]
    assert request(node, 1, "OPTIONS")[0].to.ip == "198.51.100.11"
    assert rpc(node, "stats_get", "bkl_hit_cnt", 1) == {"bkl_hit_cnt": 1}
    assert rpc(node, "stats_get", "bkl_all_stats", 0) == {"bkl_hit_cnt": 0, "bkl_lru_cnt": 0}
    rpc(node, "delete_all")
    assert len(list(blacklist_of(node.worker))) == 1
    for args in (("x", 1, 1, 1), ("192.0.2.1", 1, 9, 1), ("192.0.2.1", 70000, 1, 1)):
        with pytest.raises(RpcError):
            rpc(node, "add", *args)
    with pytest.raises(RpcError):
        rpc(node, "stats_get", "other", 0)
    node.worker.settings.use_dst_blacklist = 0
    with pytest.raises(RpcError):
        rpc(node, "view")


def undelivered(node, sent, to=None, cut=500):
    """ICMP brings the beginning of a message back."""
    to = to or sent.to
    return note_undelivered(node.worker, sent.msg.buf[:cut], Endpoint(PROTO_UDP, to.ip, to.port))


def test_a_request_that_icmp_brings_back_has_failed(make):
    node = make()
    (sent,) = request(node, 1)
    undelivered(node, sent)
    assert flags(node) == 8
    (second,) = [one for one in node.take() if one.msg.is_request]
    assert second.to.ip == "198.51.100.11"
    undelivered(node, second)
    assert [one.status for one in node.take() if not one.msg.is_request] == [500]


def test_icmp_must_know_what_was_sent_and_where(make):
    node = make({"dst_blacklist_udp_imask": 8})
    (sent,) = request(node, 1)
    undelivered(node, sent, cut=40)
    undelivered(node, sent, Endpoint(PROTO_UDP, "198.51.100.77", 5060))
    forged = sent.msg.buf.replace(b"branch=z9hG4bK", b"branch=z9hG4bK0", 1)
    note_undelivered(node.worker, forged, sent.to)
    note_undelivered(node.worker, b"CANCEL" + sent.msg.buf.removeprefix(b"INVITE"), sent.to)
    note_undelivered(node.worker, b"SIP/2.0 200 OK\r\n", sent.to)
    note_undelivered(node.worker, b"", sent.to)
    assert node.take() == [] and flags(node) == 0
    node.answer(sent, 200)
    assert [one.status for one in node.take()] == [200]


def test_icmp_for_stateless_requests_lists_their_target(make):
    node = make()
    to = Endpoint(PROTO_UDP, "2001:db8::9", 5060)
    note_undelivered(node.worker, b"SIP/2.0 200 OK\r\n", to)
    assert flags(node, to.ip) == 0
    note_undelivered(node.worker, b"OPTIONS sip:x SIP/2.0\r\n", to)
    assert flags(node, to.ip) == 8 | 1
