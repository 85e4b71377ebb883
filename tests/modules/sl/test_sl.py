"""Stateless replies, their ACKs, statistics, and send_reply() with and without a transaction."""

import pytest

from tests.modules.tm.node import Node


@pytest.fixture
def node():
    made = Node("sl")
    yield made
    made.finish()


def counted(node, name):
    return node.worker.counters.find("sl", name).get()


def test_a_stateless_reply_and_its_ack(node):
    events = []
    node.on_request(lambda ctx: node.call(ctx, "sl_send_reply", "404", "Not here"))
    node.on_event("sl:filtered-ack", lambda ctx: events.append(ctx.msg.method) or 1)
    node.request()
    node.request()
    first, second = node.take()
    assert first.line == "404 > 192.0.2.1"
    assert "404 Not here\r\n" in first.text
    assert first.msg.to.tag == second.msg.to.tag != ""
    assert len(node.tm.table) == 0
    node.request("ACK", to_tag=first.msg.to.tag)
    assert node.lines() == []
    assert events == ["ACK"]
    assert (counted(node, "404_replies"), counted(node, "received_ACKs"), counted(node, "sent_replies")) == (2, 1, 2)


@pytest.mark.parametrize("change", [{"to_tag": "x"}, {"call_id": "other"}, {"from_tag": "zz"}])
def test_other_acks_go_to_the_script(node, change):
    seen = []

    def route(ctx):
        seen.append(ctx.msg.method)
        return node.call(ctx, "sl_send_reply", "404", "Not here")

    node.on_request(route)
    node.request()
    (reply,) = node.take()
    node.request("ACK", **{"to_tag": reply.msg.to.tag, **change})
    assert seen == ["INVITE", "ACK"]
    assert counted(node, "failures") == 1
    assert node.lines() == []


def test_an_ack_long_after_is_for_the_script(node):
    seen = []

    def route(ctx):
        seen.append(ctx.msg.method)
        return node.call(ctx, "sl_send_reply", "404", "Not here")

    node.on_request(route)
    node.request()
    tag = node.take()[0].msg.to.tag
    node.wait(33)
    node.request("ACK", to_tag=tag)
    assert seen == ["INVITE", "ACK"]


def test_send_reply_is_stateful_within_a_transaction(node):
    def route(ctx):
        node.call(ctx, "t_newtran")
        return node.call(ctx, "send_reply", 486, "Busy")

    node.on_request(route)
    node.request()
    (busy,) = node.take()
    assert not busy.msg.to.tag.endswith(".sl")
    node.wait(0.6)
    assert node.lines() == ["486 > 192.0.2.1"]
    node.request("ACK", to_tag=busy.msg.to.tag)
    assert counted(node, "sent_replies") == 0


def test_send_reply_without_a_transaction_or_without_tm():
    for params in ({}, {"bind_tm": 0}):
        node = Node()
        node.worker.load("sl", **params)
        node.worker.modules["sl"].configure()

        def route(ctx, node=node):
            if node.worker.modules["sl"].bind_tm == 0:
                node.call(ctx, "t_newtran")
            return node.call(ctx, "send_reply", "200", "Fine")

        node.on_request(route)
        node.request("OPTIONS")
        (ok,) = node.take()
        assert ok.msg.to.tag.endswith(".sl")
        node.finish()


def test_defaults_stand_in_for_what_cannot_be_found(node):
    node.on_request(lambda ctx: node.call(ctx, "sl_send_reply", "rubbish", ""))
    node.request("OPTIONS")
    (reply,) = node.take()
    assert reply.text.startswith("SIP/2.0 500 Internal Server Error\r\n")


def test_reply_error_answers_once(node):
    def route(ctx):
        if node.call(ctx, "t_relay") < 0:
            node.call(ctx, "sl_reply_error")
        return 0

    node.on_request(route)
    node.request("OPTIONS", uri="tel:1")
    assert node.lines() == ["479 > 192.0.2.1"]
    assert counted(node, "sent_err_replies") == 1


def test_a_redirect_lists_the_destination_set(node):
    from siprouter.core.context import Branch

    def route(ctx):
        ctx.set_uri("sip:carol@198.51.100.11")
        ctx.append_branch(Branch("sip:dave@198.51.100.12", 500))
        return node.call(ctx, "sl_send_reply", "302", "Moved")

    node.on_request(route)
    node.request("OPTIONS")
    (moved,) = node.take()
    assert moved.header("Contact") == "<sip:carol@198.51.100.11>, <sip:dave@198.51.100.12>;q=0.5"


def test_reply_headers_of_the_script_go_out(node):
    def route(ctx):
        ctx.add_reply_header(b"X-Why: because\r\n")
        return node.call(ctx, "sl_send_reply", "200", "OK")

    node.on_request(route)
    node.request("OPTIONS")
    assert node.take()[0].header("X-Why") == "because"


def test_statistics_by_rpc(node):
    codes = iter((100, 200, 299, 302, 404, 418, 500, 603))

    def route(ctx):
        return node.call(ctx, "sl_send_reply", next(codes), "x")

    node.on_request(route)
    for number in range(8):
        node.request("OPTIONS", branch=f"z9hG4bK{number}")
    command, inst = node.worker.registry.rpcs["sl.stats"]
    counts = command.call(inst, None)
    assert {name: value for name, value in counts.items() if value} == {
        "xxx": 1, "200": 1, "2xx": 1, "302": 1, "404": 1, "4xx": 1, "500": 1, "6xx": 1,
    }  # fmt: skip
    assert counted(node, "1xx_replies") == 1
