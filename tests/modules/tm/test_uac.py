"""Requests of our own, RPC commands, and what other modules watch."""

import asyncio

import pytest

from siprouter.core.context import Branch
from siprouter.modules.tm.uac import dialog_route
from siprouter.rpc.values import RpcError
from siprouter.transaction.events import EVENT_NAMES
from siprouter.util.errors import PeerError
from tests.support.fakes import message

NAMES = {bit: name for name, bit in EVENT_NAMES.items()}


def rpc(node, name, *args):
    command, inst = node.worker.registry.rpcs[name]
    return command.call(inst, None, *args)


class TestRequest:
    def send(self, node, method="OPTIONS", **given):
        results = []
        local = node.tm.request(
            method, "sip:bob@198.51.100.10", "<sip:me@example.org>", "<sip:bob@example.com>",
            on_reply=lambda _local, status, reply: results.append((status, reply is None)), **given,
        )  # fmt: skip
        return local, results

    def test_what_is_made_up(self, node):
        _, results = self.send(node)
        (sent,) = node.take()
        assert sent.line == "OPTIONS > 198.51.100.10"
        assert sent.msg.from_.tag and sent.msg.call_id and sent.msg.cseq.number == 10
        assert sent.header("Max-Forwards") == "70"
        node.answer(sent, 180)
        node.answer(sent, 200)
        node.answer(sent, 200)
        assert results == [(200, False)]
        assert node.lines() == []

    def test_what_is_given(self, node):
        self.send(
            node, "MESSAGE", headers=b"Content-Type: text/plain\r\nX-At: !!\r\n", body=b"hello", call_id="given",
            cseq=77, next_hop="sip:198.51.100.99:5099;transport=tcp", routes=["<sip:198.51.100.98;lr>"],
        )  # fmt: skip
        (sent,) = node.take()
        assert (sent.to.ip, sent.to.port, sent.to.proto) == ("198.51.100.99", 5099, 2)
        assert (sent.msg.call_id, sent.msg.cseq.number, sent.msg.body) == ("given", 77, b"hello")
        assert sent.header("X-At") == "203.0.113.1:5060"
        assert sent.header("Route") == "<sip:198.51.100.98;lr>"

    def test_the_first_route_is_the_next_hop(self, node):
        self.send(node, routes=["<sip:198.51.100.98;lr>", "<sip:198.51.100.97;lr>"])
        assert node.lines() == ["OPTIONS > 198.51.100.98"]

    def test_time_out_is_ours(self, node):
        _, results = self.send(node)
        node.wait(31)
        assert results == [(408, True)]

    def test_provisional_replies_on_demand(self, make_node):
        node = make_node(pass_provisional_replies=1)
        _, results = self.send(node)
        (sent,) = node.take()
        node.answer(sent, 180)
        node.answer(sent, 404)
        assert results == [(180, False), (404, False)]

    def test_unreachable_raises_and_leaves_nothing(self, node):
        node.outlet.broken.add("198.51.100.10")
        with pytest.raises(PeerError) as raised:
            self.send(node)
        assert raised.value.status == 477

    def test_a_name_that_does_not_resolve(self, node):
        _, results = self.send(node, next_hop="sip:nowhere.invalid")
        node.spin()
        assert results == [(478, True)]

    @pytest.mark.parametrize(
        ("mode", "routes", "expected"),
        [
            (0, "", "ACK sip:bob@198.51.100.50 > 198.51.100.50"),
            (0, "Record-Route: <sip:198.51.100.61;lr>, <sip:198.51.100.62;lr>",
             "ACK sip:bob@198.51.100.50 > 198.51.100.62"),
            (0, "Record-Route: <sip:198.51.100.61>, <sip:198.51.100.62>", "ACK sip:198.51.100.62 > 198.51.100.62"),
            (1, "", "ACK sip:bob@198.51.100.50 > 198.51.100.10"),
            (2, "", "ACK sip:bob@198.51.100.50 > 198.51.100.44"),
        ],
    )  # fmt: skip
    def test_ack_for_a_2xx(self, make_node, mode, routes, expected):
        node = make_node(local_ack_mode=mode)
        _, results = self.send(node, "INVITE")
        (sent,) = node.take()
        extra = "Contact: <sip:bob@198.51.100.50>" + (f"\n{routes}" if routes else "")
        for _ in range(2):
            node.answer(sent, 200, ("198.51.100.44", 5060), extra)
        first, second = node.take()
        assert f"ACK {first.msg.uri} > {first.to.ip}" == expected
        assert first.text == second.text
        assert (first.msg.to.tag, first.msg.cseq.number) == ("b1", 10)
        assert results == [(200, False)]

    def test_negative_reply_to_an_invite_is_acknowledged(self, node):
        _, results = self.send(node, "INVITE")
        (sent,) = node.take()
        node.answer(sent, 486)
        assert node.lines() == ["ACK > 198.51.100.10"]
        assert results == [(486, False)]

    def test_local_request_route_edits(self, node):
        def event(ctx):
            node.runs.append((ctx.msg.method, ctx.source.ip, ctx.dst_uri))
            ctx.msg.append_header(b"X-Event: 1\r\n")
            return 1

        node.on_event("tm:local-request", event)
        self.send(node, next_hop="sip:198.51.100.99")
        (sent,) = node.take()
        assert sent.header("X-Event") == "1"
        assert len(sent.msg.vias()) == 1
        assert node.runs == [("OPTIONS", "203.0.113.1", "sip:198.51.100.99")]


def test_dialog_route_needs_a_contact():
    with pytest.raises(PeerError):
        dialog_route(
            message("SIP/2.0 200 OK\nVia: SIP/2.0/UDP x\nFrom: <a:b>\nTo: <c:d>\nCall-ID: x\nCSeq: 1 INVITE\n\n")
        )


class TestRpc:
    HEADERS = "From: <sip:me@example.org>\r\nTo: <sip:bob@example.com>\r\nX-A: 1\r\n"

    def test_uac_start(self, node):
        rpc(node, "tm.t_uac_start", "OPTIONS", "sip:bob@198.51.100.10", ".", ".", self.HEADERS)
        (sent,) = node.take()
        assert (sent.line, sent.header("X-A")) == ("OPTIONS > 198.51.100.10", "1")
        given = self.HEADERS + "Call-ID: mine\r\nCSeq: 7 NOTIFY\r\nContent-Type: text/plain\r\n"
        rpc(
            node, "tm.t_uac_start", "NOTIFY", "sip:bob@198.51.100.10", "sip:198.51.100.9", "tcp:203.0.113.1:5060",
            given, "body",
        )  # fmt: skip
        (sent,) = node.take()
        assert (sent.msg.call_id, sent.msg.cseq.number, sent.msg.body) == ("mine", 7, b"body")
        assert sent.line == "NOTIFY > 198.51.100.9"

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({0: ""}, "method"), ({0: "BAD METHOD"}, "method"), ({1: "nothing"}, "request uri"),
            ({2: "nothing"}, "next-hop"), ({3: "192.0.2.200"}, "No local socket"), ({3: "udp:x:y"}, "Invalid send"),
            ({4: "From: <sip:a@b>\r\n"}, "To missing"), ({4: "To: <sip:a@b>\r\n"}, "From missing"),
            ({4: HEADERS + "CSeq: 1 INVITE\r\n"}, "Invalid headers"), ({5: "body"}, "Content-Type missing"),
            ({4: HEADERS + "Content-Type: a/b\r\nContent-Length: 0\r\n", 5: "body"}, "disallowed"),
        ],
    )  # fmt: skip
    def test_uac_start_refuses(self, node, change, text):
        args = ["OPTIONS", "sip:bob@198.51.100.10", ".", ".", self.HEADERS, ""]
        for index, value in change.items():
            args[index] = value
        with pytest.raises(RpcError, match=text):
            rpc(node, "tm.t_uac_start", *args)

    def test_uac_wait(self, node):
        async def run():
            waiting = asyncio.ensure_future(
                rpc(node, "tm.t_uac_wait", "INVITE", "sip:bob@198.51.100.10", "", "", self.HEADERS)
            )
            await asyncio.sleep(0)
            (sent,) = node.take()
            node.answer(sent, 200, extra="Contact: <sip:bob@198.51.100.50>\nRecord-Route: <sip:198.51.100.61;lr>")
            return await waiting

        status, reason, uri, hop, routes, rest = asyncio.run(run())
        assert (status, reason, uri, hop) == (200, "Any", "sip:bob@198.51.100.50", "sip:198.51.100.61;lr")
        assert routes == "Route: <sip:198.51.100.61;lr>"
        assert rest.startswith("Via:")

    def test_uac_wait_times_out(self, node):
        async def run():
            waiting = asyncio.ensure_future(
                rpc(node, "tm.t_uac_wait", "OPTIONS", "sip:bob@198.51.100.10", ".", ".", self.HEADERS)
            )
            await asyncio.sleep(0)
            node.wait(31)
            return await waiting

        assert asyncio.run(run()) == [408, "Request Timeout", "", "", "", ""]

    def test_cancel(self, node):
        node.on_request(lambda ctx: node.call(ctx, "t_relay"))
        node.request(call_id="abc", cseq=3)
        invite = node.take()[1]
        node.answer(invite, 180)
        node.take()
        assert rpc(node, "tm.cancel", "abc", "3") == [1, "branches remaining (waiting for timeout)"]
        assert node.lines() == ["CANCEL > 198.51.100.10"]
        with pytest.raises(RpcError):
            rpc(node, "tm.cancel", "abc", "4")

    def test_reply(self, node):
        node.on_request(lambda ctx: node.call(ctx, "t_newtran") and node.tm.suspend(ctx) and 0)
        node.request("OPTIONS")
        label = next(iter(node.tm.table.by_label))
        for ident in ("x", "1:x", f"{(label & 0xFFFF) + 1}:{label}"):
            with pytest.raises(RpcError):
                rpc(node, "tm.reply", 200, "Fine", ident, "tag", "", "")
        rpc(node, "tm.reply", 200, "Fine", f"{label & 0xFFFF}:{label}", "tagged", "X-A: 1\nX-B: 2", "text")
        (ok,) = node.take()
        assert (ok.status, ok.msg.to.tag, ok.header("X-A"), ok.header("X-B")) == (200, "tagged", "1", "2")
        assert ok.msg.body == b"text"
        with pytest.raises(RpcError):
            rpc(node, "tm.reply", 200, "Fine", f"{label & 0xFFFF}:{label}", "tagged")

    def test_stats(self, node):
        node.on_request(lambda ctx: node.call(ctx, "t_relay"))
        for number, status in enumerate((200, 302, 404, 503, 603)):
            node.request("OPTIONS", branch=f"z9hG4bK{number}", call_id=str(number))
            node.answer(node.take()[-1], status)
        node.tm.request("OPTIONS", "sip:bob@198.51.100.10", "<sip:a@b>", "<sip:c@d>")
        assert rpc(node, "tm.stats") == {
            "current": 6, "waiting": 5, "total": 6, "total_local": 1, "replied_locally": 1, "6xx": 1, "5xx": 1,
            "4xx": 1, "3xx": 1, "2xx": 1,
        }  # fmt: skip
        counts = rpc(node, "tm.hash_stats")
        assert (counts["hash_size"], counts["crt_transactions"], counts["acc_transactions"]) == (65536, 6, 6)
        assert (counts["crt_max"], counts["crt_min"], counts["crt_no_zero_cells"]) == (1, 0, 65530)


class TestWatch:
    def watch_all(self, node):
        log = []

        def note(kind, transaction, request, reply, status):
            log.append((NAMES[kind], status, reply is not None))

        every = sum(EVENT_NAMES.values())
        node.tm.watch(None, "request_in local_request_in", note)
        node.tm.watch(None, "request_in", lambda kind, transaction, *_: node.tm.watch(transaction, every, note))
        return log

    def test_a_call(self, node):
        log = self.watch_all(node)
        node.on_request(lambda ctx: node.call(ctx, "t_relay"))
        node.request()
        invite = node.take()[1]
        node.request()
        node.answer(invite, 180)
        node.answer(invite, 200)
        node.answer(invite, 200)
        node.request("ACK", branch="z9hG4bKack", to_tag="b1")
        node.request("ACK", branch="z9hG4bKack", to_tag="b1")
        node.wait(10)
        assert [name for name, _, _ in log] == [
            "request_in", "response_ready", "response_sent", "request_fwded", "request_sent", "req_retr_in",
            "response_sent",
            "response_in", "response_fwded", "response_ready", "response_out", "response_sent",
            "response_in", "response_fwded", "response_ready", "response_out", "response_sent",
            "response_in", "response_fwded", "response_sent", "e2eack_in", "e2eack_retr_in", "destroy",
        ]  # fmt: skip

    def test_a_failed_call(self, node):
        log = self.watch_all(node)
        node.on_request(lambda ctx: node.call(ctx, "t_relay"))
        node.request()
        invite = node.take()[1]
        node.answer(invite, 486)
        node.request("ACK", to_tag="b1")
        names = [name for name, _, _ in log][5:]
        assert names == [
            "response_in", "request_sent", "on_failure_ro", "on_failure", "response_ready", "response_out",
            "response_sent", "ack_neg_in",
        ]  # fmt: skip
        assert ("response_out", 486, True) in log

    def test_cancel_and_local_replies(self, node):
        log = self.watch_all(node)

        def route(ctx):
            if ctx.msg.method == "CANCEL":
                return node.call(ctx, "t_relay")
            node.call(ctx, "t_newtran")
            node.tm.suspend(ctx)
            return 0

        node.on_request(route)
        node.request()
        node.request("CANCEL")
        assert "e2ecancel_in" in [name for name, _, _ in log]
        assert ("response_out", 487, False) in log

    def test_requests_of_our_own(self, node):
        log = self.watch_all(node)
        local = node.tm.request("OPTIONS", "sip:bob@198.51.100.10", "<sip:a@b>", "<sip:c@d>")
        node.tm.watch(local.transaction, "local_completed local_response_in", lambda *event: log.append(event[0]))
        node.answer(node.take()[0], 200)
        assert [entry if isinstance(entry, int) else entry[0] for entry in log] == [
            "local_request_in", EVENT_NAMES["local_response_in"], EVENT_NAMES["local_completed"],
        ]  # fmt: skip

    def test_request_fwded_may_still_edit_each_branch(self, node):
        def stamp(kind, transaction, request, reply, status):
            request.append_header(f"X-N: {len(transaction.branches)}\r\n".encode())

        def route(ctx):
            ctx.append_branch(Branch("sip:carol@198.51.100.11"))
            node.call(ctx, "t_newtran")
            node.tm.watch(ctx, "request_fwded", stamp)
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.request("OPTIONS")
        assert [one.header("X-N") for one in node.take()] == ["0", "1"]

    def test_a_callback_that_raises_is_logged(self, node):
        def boom(*_):
            raise ValueError("broken callback")

        node.tm.watch(None, "request_in", boom)
        node.on_request(lambda ctx: node.call(ctx, "t_relay"))
        node.request("OPTIONS")
        assert node.lines() == ["OPTIONS > 198.51.100.10"]
        assert any("broken callback" in text for text in node.worker.texts())
