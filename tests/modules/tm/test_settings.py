"""Time-outs set by parameters, at run time and by the script; contacts by q; applications behind FIFOs and sockets."""

import os
import socket

import pytest

from siprouter.core.context import Branch
from siprouter.core.settings import CfgError
from siprouter.util.errors import OperatorError
from tests.modules.tm.node import CAROL, Node


def relay(node, *setup):
    def route(ctx):
        for name, *args in setup:
            node.call(ctx, name, *args)
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)


def invites(node):
    return [line for line in node.lines() if line.startswith(("INVITE", "OPTIONS"))]


def when_408(node, limit=200.0):
    """Seconds until the caller gets 408."""
    start = node.worker.time
    while node.worker.time - start < limit:
        node.wait(0.5)
        if any(line.startswith("408") for line in node.lines()):
            return round(node.worker.time - start, 1)
    return None


class TestTimers:
    def test_parameters(self, make_node):
        node = make_node(fr_timer=3000, retr_timer1=200, retr_timer2=400)
        relay(node)
        node.request()
        node.wait(1.5)
        assert invites(node) == ["INVITE > 198.51.100.10"] * 5  # 0, 0.2, 0.6, 1.0, 1.4
        assert when_408(node) == 1.5

    def test_run_time_settings(self, node):
        node.worker.cfg.set_now("tm", "fr_timer", 2000)
        relay(node)
        node.request("OPTIONS")
        assert when_408(node) == 2.0
        with pytest.raises(CfgError):
            node.worker.cfg.set_now("tm", "fr_timer", -5)
        with pytest.raises(CfgError):
            node.worker.cfg.set_now("tm", "cancel_b_method", 3)

    @pytest.mark.parametrize(
        ("setup", "answer", "expected"),
        [
            ([("t_set_fr", 0, 3000)], None, 3.0),
            ([("t_set_fr", 4000)], None, 30.0),
            ([("t_set_fr", 4000)], 180, 4.0),
            ([("t_set_fr", 4000, 3000), ("t_reset_fr",)], None, 30.0),
            ([("t_set_max_lifetime", 5000, 0)], None, 5.0),
            ([("t_set_max_lifetime", 5000, 0)], 180, 5.0),
            ([("t_set_max_lifetime", 5000, 0), ("t_reset_max_lifetime",)], None, 30.0),
            ([("t_newtran",), ("t_set_fr", 0, 3000)], None, 3.0),
            ([("t_newtran",), ("t_set_max_lifetime", 5000, 0)], None, 5.0),
            ([("t_newtran",), ("t_set_fr", 0, 3000), ("t_reset_fr",)], None, 30.0),
            ([("t_newtran",), ("t_set_max_lifetime", 5000, 0), ("t_reset_max_lifetime",)], None, 30.0),
        ],
    )
    def test_script_functions(self, node, setup, answer, expected):
        relay(node, *setup)
        node.request()
        sent = [one for one in node.take() if one.msg.is_request]
        if answer:
            node.answer(sent[0], answer)
        assert when_408(node) == expected

    @pytest.mark.parametrize(
        ("setup", "expected"),
        [
            ([("t_set_retr", 100, 200)], 6),
            ([("t_newtran",), ("t_set_retr", 100, 200)], 6),
            ([("t_set_retr", 100, 200), ("t_reset_retr",)], 2),
            ([("t_newtran",), ("t_set_retr", 100, 200), ("t_reset_retr",)], 2),
        ],
    )
    def test_retransmission_intervals(self, node, setup, expected):
        relay(node, *setup)
        node.request()
        node.wait(0.95)
        assert len(invites(node)) == expected

    def test_changes_from_a_reply_route_work_on_running_branches(self, node):
        relay(node, ("t_on_reply", "r"))
        node.on_reply("r", lambda ctx: node.call(ctx, "t_set_fr", 5000))
        node.request()
        (invite,) = (one for one in node.take() if one.msg.is_request)
        node.answer(invite, 180)
        assert when_408(node) == 5.0

    def test_restart_on_each_reply(self, make_node):
        for restart, expected in ((1, 6.0), (0, 1.5)):
            node = make_node(fr_inv_timer=6000, restart_fr_on_each_reply=restart)
            relay(node)
            node.request()
            (invite,) = (one for one in node.take() if one.msg.is_request)
            node.answer(invite, 180)
            node.wait(4.5)
            node.answer(invite, 180)
            assert when_408(node) == expected

    def test_time_outs_from_avps(self, make_node):
        node = make_node(fr_timer_avp="$avp(fr)", fr_inv_timer_avp="i:55")

        def route(ctx):
            ctx.avps.add("fr", "2")
            ctx.avps.add(55, 4)
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.request("OPTIONS")
        assert when_408(node) == 2.0
        node.request(branch="z9hG4bKother", call_id="other")
        (invite,) = (one for one in node.take() if one.msg.is_request)
        node.answer(invite, 180)
        assert when_408(node) == 4.0

    def test_a_negative_time_out_is_refused(self, node):
        codes = []
        node.on_request(lambda ctx: codes.append(node.call(ctx, "t_set_fr", -1)) or 1)
        node.request("OPTIONS")
        assert codes == [-1]

    def test_silent_time_out(self, make_node):
        node = make_node(noisy_ctimer=0)
        relay(node)
        node.request()
        assert when_408(node, 60) is None
        node.request(branch="z9hG4bKx", call_id="x")
        (invite,) = (one for one in node.take() if one.msg.is_request)
        node.answer(invite, 100)
        assert when_408(node) == 120.0


class TestOtherSettings:
    def test_no_automatic_100(self, make_node):
        node = make_node(auto_inv_100=0)
        relay(node)
        node.request()
        assert node.lines() == ["INVITE > 198.51.100.10"]
        relay(node, ("t_set_auto_inv_100", 1))
        node.request(branch="z9hG4bKx", call_id="x")
        assert node.lines() == ["100 > 192.0.2.1", "INVITE > 198.51.100.10"]

    def test_reason_of_the_100(self, make_node):
        node = make_node(auto_inv_100_reason="Busy looking")
        relay(node)
        node.request()
        assert "100 Busy looking\r\n" in node.take()[0].text

    @pytest.mark.parametrize(("params", "setup"), [({"disable_6xx_block": 1}, ()), ({}, (("t_set_disable_6xx", 1),))])
    def test_6xx_like_any_other(self, make_node, params, setup):
        node = make_node(**params)

        def route(ctx):
            for name, *args in setup:
                node.call(ctx, name, *args)
            ctx.append_branch(Branch("sip:carol@198.51.100.11"))
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.request()
        _, bob, carol = node.take()
        node.answer(carol, 180, CAROL)
        node.take()
        node.answer(bob, 603)
        assert node.lines() == ["ACK > 198.51.100.10"]
        node.answer(carol, 486, CAROL)
        assert node.lines() == ["ACK > 198.51.100.11", "603 > 192.0.2.1"]

    def test_6xx_cancels_the_others(self, node):
        def route(ctx):
            ctx.append_branch(Branch("sip:carol@198.51.100.11"))
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.request()
        _, bob, carol = node.take()
        node.answer(carol, 180, CAROL)
        node.take()
        node.answer(bob, 603)
        ack, cancel = node.take()
        assert (ack.line, cancel.line) == ("ACK > 198.51.100.10", "CANCEL > 198.51.100.11")
        assert cancel.header("Reason") == "SIP;cause=603"
        node.answer(carol, 487, CAROL)
        assert node.lines() == ["ACK > 198.51.100.11", "603 > 192.0.2.1"]

    @pytest.mark.parametrize(
        ("params", "setup", "expected"),
        [
            ({}, (), 'SIP;cause=200;text="x"'),
            ({"e2e_cancel_reason": 0}, (), None),
            ({}, (("t_set_no_e2e_cancel_reason", 1),), None),
            ({"e2e_cancel_reason": 0}, (("t_disable_e2e_cancel_reason", 0),), 'SIP;cause=200;text="x"'),
        ],
    )
    def test_reason_of_a_cancel(self, make_node, params, setup, expected):
        node = make_node(**params)

        def route(ctx):
            if ctx.msg.method == "INVITE":
                for name, *args in setup:
                    node.call(ctx, name, *args)
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.request()
        node.answer(node.take()[1], 180)
        node.take()
        node.request("CANCEL", extra='Reason: SIP;cause=200;text="x"')
        assert node.take()[0].header("Reason") == expected

    def test_local_cancel_reason_off(self, make_node):
        node = make_node(local_cancel_reason=0)

        def route(ctx):
            ctx.append_branch(Branch("sip:carol@198.51.100.11"))
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.request()
        _, bob, carol = node.take()
        node.answer(carol, 180, CAROL)
        node.take()
        node.answer(bob, 200)
        assert node.take()[1].header("Reason") is None

    @pytest.mark.parametrize(
        ("method", "expected"),
        [(0, ["200 > 192.0.2.1", "487 > 192.0.2.1"]), (1, ["200 > 192.0.2.1"]),
         (2, ["200 > 192.0.2.1", "CANCEL > 198.51.100.10"])],
    )  # fmt: skip
    def test_cancel_of_an_unanswered_branch(self, make_node, method, expected):
        node = make_node(cancel_b_method=method)
        relay(node)
        node.request()
        node.take()
        node.request("CANCEL")
        assert sorted(node.lines()) == expected

    def test_challenges_of_all_branches_are_aggregated(self, make_node):
        for aggregate, expected in ((1, ['Digest realm="a"', 'Digest realm="b"']), (0, ['Digest realm="a"'])):
            node = make_node(aggregate_challenges=aggregate)

            def route(ctx, node=node):
                ctx.append_branch(Branch("sip:carol@198.51.100.11"))
                node.call(ctx, "t_relay")
                return 1

            node.on_request(route)
            node.request("OPTIONS")
            bob, carol = node.take()
            node.answer(bob, 401, extra='WWW-Authenticate: Digest realm="a"')
            node.answer(carol, 407, CAROL, extra='Proxy-Authenticate: Digest realm="b"')
            (final,) = node.take()
            assert final.status == 401
            found = [*final.msg.find("WWW-Authenticate"), *final.msg.find("Proxy-Authenticate")]
            assert [final.msg.value(header) for header in found] == expected

    def test_extra_headers_in_ack_and_cancel(self, make_node):
        node = make_node(ac_extra_hdrs="x-keep")

        def route(ctx):
            ctx.msg.append_header(b"X-Keep-Me: 1\r\nX-Other: 2\r\nRoute: <sip:198.51.100.77;lr>\r\n")
            return node.call(ctx, "t_relay")

        node.on_request(route)
        node.request()
        node.answer(node.take()[1], 486)
        ack = node.take()[0]
        assert (ack.header("X-Keep-Me"), ack.header("X-Other")) == ("1", None)
        assert ack.header("Route") == "<sip:198.51.100.77;lr>"

    def test_without_reparse_invite_the_received_routes_count(self, make_node):
        node = make_node(reparse_invite=0)

        def route(ctx):
            ctx.msg.append_header(b"Route: <sip:198.51.100.77;lr>\r\n")
            return node.call(ctx, "t_relay")

        node.on_request(route)
        node.request(extra="Route: <sip:198.51.100.78;lr>")
        invite = node.take()[1]
        node.answer(invite, 486)
        ack = node.take()[0]
        assert [ack.msg.value(header) for header in ack.msg.find("Route")] == ["<sip:198.51.100.78;lr>"]
        assert ack.msg.via.branch == invite.msg.via.branch

    @pytest.mark.parametrize(
        "params",
        [{"failure_reply_mode": 4}, {"fr_timer_avp": "$avp("}, {"tw_append": "nothing"}, {"tw_append": "a:msg[head]"},
         {"tw_append": "a:foo[x]"}],
    )  # fmt: skip
    def test_bad_parameters(self, params):
        node = Node.__new__(Node)
        with pytest.raises((OperatorError, AssertionError)):
            node.__init__(**params)

    def test_cookieless_matching_settings(self, make_node):
        """A client without RFC 3261 branches: a repeated request with another Via or URI."""
        for params, runs in (({}, 2), ({"via1_matching": 0}, 1)):
            node = make_node(**params)
            relay(node)
            seen = node.runs
            node.on_request(lambda ctx, node=node: node.runs.append(1) or node.call(ctx, "t_relay"))
            node.request("OPTIONS", branch="old1")
            node.request("OPTIONS", branch="old2")
            assert len(seen) == runs
            node.take()


class TestWriting:
    LINES = (
        "0.3", "sip_request.vm", "INVITE", "bob", "198.51.100.10", "203.0.113.1", ".", "sip:bob@198.51.100.10",
        "sip:alice@192.0.2.1:5060", "<sip:alice@example.org>;tag=a1", "<sip:bob@example.com>", "c1", "a1", "", "1",
    )  # fmt: skip

    def route(self, node, function, path, action, result):
        def run(ctx):
            ctx.avps.add("who", "boss")
            node.call(ctx, "t_newtran")
            result.append(node.call(ctx, function, str(path), action))
            return 1

        node.on_request(run)

    def test_to_a_fifo(self, make_node, tmp_path):
        node = make_node(tw_append="more:avp[s:who];Agent=hdr[Max-Forwards];msg[body]")
        path, result = tmp_path / "fifo", []
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.route(node, "t_write_req", path, "vm/more", result)
        node.request(body="v=0", extra="Content-Type: application/sdp")
        lines = os.read(reader, 65536).decode().split("\n")
        os.close(reader)
        assert result == [1]
        assert tuple(lines[:15]) == self.LINES
        label = next(iter(node.tm.table.by_label))
        assert lines[15:18] == [f"{label & 0xFFFF}:{label}", ".", "."]
        assert lines[18:] == ["P-MsgFlags: 0", "who: boss", "Agent: 70", ".", "v=0", ""]
        command, inst = node.worker.registry.rpcs["tm.reply"]
        command.call(inst, None, 200, "Recorded", lines[15], "vm1", "X-A: 1", "")
        (ok,) = node.take()
        assert (ok.line, ok.msg.to.tag, ok.header("X-A")) == ("200 > 192.0.2.1", "vm1", "1")
        node.request("ACK", branch="z9hG4bKack", to_tag="vm1")

    def test_record_routes_make_the_route_set(self, make_node, tmp_path):
        for first, expected in (
            ("<sip:p1;lr>, <sip:p2>", ["sip:alice@192.0.2.1:5060", "<sip:p1;lr>,<sip:p2>", "sip:p1;lr"]),
            ("<sip:p1>, <sip:p2>", ["sip:p1", "<sip:p2>,<sip:alice@192.0.2.1:5060>", "."]),
        ):
            node = make_node()
            path, result = tmp_path / f"fifo{len(first)}", []
            os.mkfifo(path)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            self.route(node, "t_write_req", path, "vm", result)
            node.request("OPTIONS", extra=f"Record-Route: {first}")
            lines = os.read(reader, 65536).decode().split("\n")
            os.close(reader)
            assert [lines[8], lines[16], lines[17]] == expected

    def test_nobody_reads(self, node, tmp_path):
        path, result = tmp_path / "fifo", []
        os.mkfifo(path)
        self.route(node, "t_write_req", path, "vm", result)
        node.request("OPTIONS")
        self.route(node, "t_write_req", tmp_path / "none", "vm/unknown", result)
        node.request("OPTIONS", branch="z9hG4bKx", call_id="x")
        assert result == [-1, -1]

    def test_to_a_unix_socket(self, node, tmp_path):
        path = str(tmp_path / "socket")
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        server.bind(path)
        result = []

        async def run(ctx):
            node.call(ctx, "t_newtran")
            result.append(await node.call(ctx, "t_write_unix", path, "vm"))
            return 1

        node.on_request(run, waits=True)
        node.request()
        node.spin()
        lines = server.recv(65536).decode().split("\n")
        server.close()
        assert result == [1]
        assert tuple(lines[:15]) == self.LINES

    def test_a_socket_that_is_not_there(self, node, tmp_path):
        result = []

        async def run(ctx):
            node.call(ctx, "t_newtran")
            result.append(await node.call(ctx, "t_write_unix", str(tmp_path / "none"), "vm"))
            return 1

        node.on_request(run, waits=True)
        node.request("OPTIONS")
        node.spin()
        assert result == [-1]
