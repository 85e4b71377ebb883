"""Names that must be looked up, failover, routes that wait, suspended transactions."""

import asyncio

import pytest

from siprouter.core.context import Branch
from siprouter.transaction.base import Config
from tests.modules.tm.node import BOB, CAROL


class Gate:
    """What a route awaits; `open` lets it go on."""

    def __init__(self):
        self.waiting = []

    def __await__(self):
        yield self
        return None


class Steps:
    """Runs the spawned coroutines of a node step by step, as a loop would, without one."""

    def __init__(self, node):
        self.node = node
        self.running = []
        node.worker.spawn = lambda coroutine, name: self.start(coroutine)

    def start(self, coroutine):
        if not self.step(coroutine):
            self.running.append(coroutine)

    def step(self, coroutine):
        try:
            coroutine.send(None)
        except StopIteration:
            return True
        return False

    def open(self):
        running, self.running = self.running, []
        for coroutine in running:
            self.start(coroutine)


def relay(node, *setup):
    def route(ctx):
        for name, *args in setup:
            node.call(ctx, name, *args)
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)


def test_a_cached_name_is_sent_at_once(node):
    node.resolver.names["example.com"] = ["198.51.100.10"]
    relay(node)
    node.request(uri="sip:bob@example.com")
    assert node.lines() == ["100 > 192.0.2.1", "INVITE > 198.51.100.10"]


def test_a_name_to_be_looked_up_does_not_make_relay_wait(node):
    node.resolver.names["example.com"] = ["198.51.100.10"]
    node.resolver.slow.add("example.com")
    relay(node)
    node.request(uri="sip:bob@example.com")
    assert node.lines() == ["100 > 192.0.2.1"]
    node.spin()
    (invite,) = node.take()
    assert invite.line == "INVITE > 198.51.100.10"
    node.answer(invite, 200)
    assert node.lines() == ["200 > 192.0.2.1"]


def test_a_name_that_does_not_resolve_is_478_for_the_failure_route(node):
    seen = []
    relay(node, ("t_on_failure", "f"))
    node.on_failure("f", lambda ctx: seen.append((ctx.code, ctx.reply)) or 1)
    node.request(uri="sip:bob@nowhere.invalid")
    node.spin()
    assert seen == [(478, None)]
    assert node.lines() == ["100 > 192.0.2.1", "478 > 192.0.2.1"]


def test_a_call_cancelled_while_its_target_is_looked_up_is_never_sent(node):
    node.resolver.names["example.com"] = ["198.51.100.10"]
    node.resolver.slow.add("example.com")
    relay(node)
    node.request(uri="sip:bob@example.com")
    node.request("CANCEL", uri="sip:bob@example.com")
    assert sorted(node.lines()) == ["100 > 192.0.2.1", "200 > 192.0.2.1", "487 > 192.0.2.1"]
    node.spin()
    assert node.lines() == []


def test_a_resolver_that_takes_too_long(node):
    node.resolver.names["example.com"] = ["198.51.100.10"]
    node.resolver.slow.add("example.com")
    relay(node)
    node.request("OPTIONS", uri="sip:bob@example.com")
    node.wait(31)
    assert node.lines() == ["408 > 192.0.2.1"]
    node.spin()
    assert node.lines() == []


def test_unreachable_after_the_look_up_is_477(node):
    node.resolver.names["example.com"] = ["198.51.100.10"]
    node.resolver.slow.add("example.com")
    node.outlet.broken.add("198.51.100.10")
    relay(node)
    node.request("OPTIONS", uri="sip:bob@example.com")
    node.spin()
    assert node.lines() == ["477 > 192.0.2.1"]


class TestFailover:
    @pytest.fixture
    def node(self, make_node):
        node = make_node(failover=1)
        node.resolver.names["example.com"] = ["198.51.100.10", "198.51.100.11", "198.51.100.12"]
        return node

    def test_send_error_goes_to_the_next_address(self, node):
        node.outlet.broken.add("198.51.100.10")
        relay(node)
        node.request(uri="sip:bob@example.com")
        assert node.lines() == ["100 > 192.0.2.1", "INVITE > 198.51.100.11"]

    def test_503_goes_to_the_next_address_with_a_new_branch(self, node):
        relay(node)
        node.request(uri="sip:bob@example.com")
        first = node.take()[1]
        node.answer(first, 503)
        ack, second = node.take()
        assert (ack.line, second.line) == ("ACK > 198.51.100.10", "INVITE > 198.51.100.11")
        assert first.msg.via.branch != second.msg.via.branch
        assert second.msg.uri == "sip:bob@example.com"
        node.answer(second, 200)
        assert node.lines() == ["200 > 192.0.2.1"]

    def test_no_answer_goes_to_the_next_address(self, node):
        relay(node, ("t_set_fr", 0, 2000))
        node.request(uri="sip:bob@example.com")
        node.wait(2.2)
        assert "INVITE > 198.51.100.11" in node.lines()
        node.wait(2)
        assert "INVITE > 198.51.100.12" in node.lines()
        node.wait(3)
        assert "408 > 192.0.2.1" in node.lines()

    def test_late_transport_error_goes_to_the_next_address(self, node):
        relay(node)
        node.request("OPTIONS", uri="sip:bob@example.com")
        (sent,) = node.take()
        node.outlet.callbacks[-1](sent.to, OSError("refused"))
        assert node.lines() == ["OPTIONS > 198.51.100.11"]

    def test_503_from_all_becomes_500(self, node):
        relay(node)
        node.request("OPTIONS", uri="sip:bob@example.com")
        for _ in range(3):
            (sent,) = node.take()
            node.answer(sent, 503)
        assert node.lines() == ["500 > 192.0.2.1"]

    @pytest.mark.parametrize("setup", [("t_set_disable_failover", 1), ("t_relay_to", "4")])
    def test_can_be_switched_off(self, node, setup):
        def route(ctx):
            node.call(ctx, *setup)
            if setup[0] != "t_relay_to":
                node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.request("OPTIONS", uri="sip:bob@example.com")
        (sent,) = node.take()
        node.answer(sent, 503)
        assert node.lines() == ["500 > 192.0.2.1"]

    def test_branch_route_edits_stay_unless_reparse_is_off(self, make_node):
        for reparse, expected in ((1, "1"), (0, None)):
            node = make_node(failover=1, reparse_on_dns_failover=reparse)
            node.resolver.names["example.com"] = ["198.51.100.10", "198.51.100.11"]
            node.on_branch("b", lambda ctx: ctx.msg.append_header(b"X-B: 1\r\n") or 1)
            relay(node, ("t_on_branch", "b"))
            node.request("OPTIONS", uri="sip:bob@example.com")
            (first,) = node.take()
            node.answer(first, 503)
            (second,) = node.take()
            assert (first.header("X-B"), second.header("X-B")) == ("1", expected)

    def test_requests_of_our_own_fail_over_too(self, node):
        results = []
        node.tm.request(
            "OPTIONS", "sip:bob@example.com", "<sip:me@here>", "<sip:bob@example.com>",
            on_reply=lambda local, status, reply: results.append(status),
        )  # fmt: skip
        (first,) = node.take()
        node.answer(first, 503)
        (second,) = node.take()
        assert second.to.ip == "198.51.100.11"
        node.answer(second, 200)
        assert results == [200]


class TestWaitingRoutes:
    def test_the_first_wait_makes_the_transaction(self, node):
        steps, gate = Steps(node), Gate()

        async def route(ctx):
            node.runs.append(ctx.msg.method)
            await gate
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route, waits=True)
        node.request()
        node.request()
        assert node.runs == ["INVITE"]
        assert node.lines() == ["100 > 192.0.2.1", "100 > 192.0.2.1"]
        steps.open()
        (invite,) = node.take()
        assert invite.line == "INVITE > 198.51.100.10"
        node.answer(invite, 486)
        assert node.lines() == ["ACK > 198.51.100.10", "486 > 192.0.2.1"]

    def test_a_call_cancelled_while_the_script_waits(self, node):
        steps, gate = Steps(node), Gate()
        codes = []

        async def route(ctx):
            if ctx.msg.method == "CANCEL":
                return node.call(ctx, "t_relay")
            await gate
            codes.append(node.call(ctx, "t_relay"))
            return 1

        node.on_request(route, waits=True)
        node.request()
        node.take()
        node.request("CANCEL")
        assert sorted(node.lines()) == ["200 > 192.0.2.1", "487 > 192.0.2.1"]
        steps.open()
        assert codes == [-487]
        assert node.lines() == []

    def test_a_script_that_waits_longer_than_the_caller(self, node):
        steps, gate = Steps(node), Gate()

        async def route(ctx):
            await gate
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route, waits=True)
        node.request("OPTIONS")
        node.wait(31)
        assert node.lines() == ["408 > 192.0.2.1"]
        steps.open()
        assert node.lines() == []

    def test_a_script_that_waits_and_replies(self, node):
        steps, gate = Steps(node), Gate()

        async def route(ctx):
            await gate
            node.call(ctx, "t_reply", 404, "Nobody")
            return 1

        node.on_request(route, waits=True)
        node.request("OPTIONS")
        steps.open()
        assert node.lines() == ["404 > 192.0.2.1"]

    def test_replies_wait_for_a_reply_route_that_waits_and_keep_their_order(self, node):
        steps, gate = Steps(node), Gate()

        async def reply(ctx):
            node.runs.append(ctx.msg.status)
            if ctx.msg.status == 180:
                await gate
            return 1

        relay(node, ("t_on_reply", "r"))
        node.on_reply("r", reply, waits=True)
        node.request()
        invite = node.take()[1]
        node.answer(invite, 180)
        node.answer(invite, 200)
        assert node.runs == [180]
        assert node.lines() == []
        steps.open()
        assert node.runs == [180, 200]
        assert node.lines() == ["180 > 192.0.2.1", "200 > 192.0.2.1"]

    def test_a_failure_route_that_waits(self, node):
        steps, gate = Steps(node), Gate()

        async def failure(ctx):
            await gate
            ctx.set_uri("sip:carol@198.51.100.11")
            node.call(ctx, "t_relay")
            return 1

        relay(node, ("t_on_failure", "f"))
        node.on_failure("f", failure, waits=True)
        node.request()
        node.answer(node.take()[1], 486)
        assert node.lines() == ["ACK > 198.51.100.10"]
        steps.open()
        (carol,) = node.take()
        assert carol.line == "INVITE > 198.51.100.11"
        node.answer(carol, 404, CAROL)
        assert node.lines() == ["ACK > 198.51.100.11", "404 > 192.0.2.1"]

    def test_cancel_while_a_failure_route_waits(self, node):
        steps, gate = Steps(node), Gate()

        async def failure(ctx):
            await gate
            ctx.set_uri("sip:carol@198.51.100.11")
            node.call(ctx, "t_relay")
            return 1

        relay(node, ("t_on_failure", "f"))
        node.on_failure("f", failure, waits=True)
        node.request()
        node.answer(node.take()[1], 486)
        node.take()
        node.request("CANCEL")
        assert node.lines() == ["200 > 192.0.2.1"]
        steps.open()
        assert node.lines() == ["486 > 192.0.2.1"]

    def test_a_branch_route_that_waits(self, node):
        steps, gate = Steps(node), Gate()

        async def branch(ctx):
            await gate
            ctx.msg.append_header(b"X-B: 1\r\n")
            ctx.dropped = "carol" in ctx.uri
            return 1

        def route(ctx):
            ctx.append_branch(Branch("sip:carol@198.51.100.11"))
            ctx.msg.append_header(b"X-A: 1\r\n")
            node.call(ctx, "t_on_branch", "b")
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.on_branch("b", branch, waits=True)
        node.request("OPTIONS")
        assert node.lines() == []
        steps.open()
        (bob,) = node.take()
        assert (bob.line, bob.header("X-B"), bob.header("X-A")) == ("OPTIONS > 198.51.100.10", "1", "1")
        node.answer(bob, 404)
        assert node.lines() == ["404 > 192.0.2.1"]


class TestSuspend:
    def test_resume_relays(self, node):
        handles = []

        def route(ctx):
            handles.append(node.tm.suspend(ctx))
            return 0

        node.on_request(route)
        node.request()
        assert node.lines() == ["100 > 192.0.2.1"]
        ctx = node.tm.resume(handles[0])
        ctx.set_uri("sip:carol@198.51.100.11")
        node.call(ctx, "t_relay")
        node.tm.resumed(handles[0], ctx)
        (invite,) = node.take()
        assert invite.line == "INVITE > 198.51.100.11"
        node.answer(invite, 486, CAROL)
        assert node.lines() == ["ACK > 198.51.100.11", "486 > 192.0.2.1"]
        assert node.tm.resume(handles[0]) is None

    def test_nothing_done_after_resume_is_an_error_for_the_caller(self, node):
        handles = []
        node.on_request(lambda ctx: handles.append(node.tm.suspend(ctx)) or 0)
        node.request("OPTIONS")
        node.tm.resumed(handles[0], node.tm.resume(handles[0]))
        assert node.lines() == ["500 > 192.0.2.1"]

    def test_time_out_runs_the_failure_route(self, node):
        handles, seen = [], []

        def route(ctx):
            node.call(ctx, "t_on_failure", "f")
            handles.append(node.tm.suspend(ctx))
            return 0

        node.on_request(route)
        node.on_failure("f", lambda ctx: seen.append(ctx.code) or node.call(ctx, "t_reply", 504, "Slow"))
        node.request("OPTIONS")
        node.wait(31)
        assert seen == [408]
        assert node.lines() == ["504 > 192.0.2.1"]
        assert node.tm.resume(handles[0]) is None

    def test_cancel_while_suspended(self, node):
        handles = []

        def route(ctx):
            if ctx.msg.method == "CANCEL":
                return node.call(ctx, "t_relay")
            handles.append(node.tm.suspend(ctx))
            return 0

        node.on_request(route)
        node.request()
        node.take()
        node.request("CANCEL")
        assert sorted(node.lines()) == ["200 > 192.0.2.1", "487 > 192.0.2.1"]
        assert node.tm.resume(handles[0]) is None


def test_run_on_a_real_loop(node):
    """The same through asyncio: a route that sleeps, then relays."""

    async def route(ctx):
        await asyncio.sleep(0)
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route, waits=True)
    node.request("OPTIONS")
    node.spin()
    (sent,) = node.take()
    node.answer(sent, 200, BOB)
    assert node.lines() == ["200 > 192.0.2.1"]
    assert Config().fr_timer == 30.0
