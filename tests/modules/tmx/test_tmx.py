"""Functions, variables, management commands and statistics of tmx."""

import asyncio

import pytest

from siprouter.core.context import Branch
from siprouter.util.errors import OperatorError
from tests.modules.tm.node import CAROL, Node
from tests.support.fakes import read


@pytest.fixture
def node():
    made = Node("tmx", "pv")
    yield made
    made.finish()


def mi(node, name, *args):
    command, inst = node.worker.registry.mis[name]
    return command.call(inst, *args)


def fork(node, **setup):
    def route(ctx):
        if ctx.msg.method == "INVITE":
            ctx.append_branch(Branch("sip:carol@198.51.100.11"))
            for name, value in setup.items():
                node.call(ctx, name, value)
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)


@pytest.mark.parametrize(
    ("which", "status", "result", "canceled"),
    [
        ("all", 183, 1, ["CANCEL > 198.51.100.10", "CANCEL > 198.51.100.11"]),
        ("others", 183, 1, ["CANCEL > 198.51.100.11"]),
        ("this", 183, 1, ["CANCEL > 198.51.100.10"]),
        ("all", 486, 1, ["CANCEL > 198.51.100.11"]),
        ("others", 486, 1, ["CANCEL > 198.51.100.11"]),
        ("this", 486, -1, []),
    ],
)
def test_cancel_branches(node, which, status, result, canceled):
    results = []

    def reply(ctx):
        if ctx.msg.status == status:
            results.append(node.call(ctx, "t_cancel_branches", which))
        return 1

    fork(node, t_on_reply="r")
    node.on_reply("r", reply)
    node.request()
    _, bob, carol = node.take()
    node.answer(bob, 180)
    node.answer(carol, 180, CAROL)
    node.take()
    node.answer(bob, status)
    assert results == [result]
    assert sorted(line for line in node.lines() if line.startswith("CANCEL")) == canceled


def test_cancel_by_call_id(node):
    results = []

    def route(ctx):
        if ctx.msg.method == "OPTIONS":
            results.append(node.call(ctx, "t_cancel_callid", "call", "7", "21"))
            results.append(node.call(ctx, "t_cancel_callid", "call", "8", "21"))
            return 0
        return node.call(ctx, "t_relay")

    flags = []
    node.on_request(route)
    node.request(call_id="call", cseq=7)
    invite = node.take()[1]
    node.answer(invite, 180)
    node.take()
    node.request("OPTIONS", branch="z9hG4bKo", call_id="other")
    assert results == [1, -1]
    flags.append(next(iter(node.tm.table.by_label.values())).context.flags)
    assert node.lines() == ["CANCEL > 198.51.100.10"]
    assert flags == [1 << 21]


def test_reply_by_call_id(node):
    results = []

    def route(ctx):
        if ctx.msg.method == "OPTIONS":
            results.append(node.call(ctx, "t_reply_callid", "call", "7", 480, "Away"))
            results.append(node.call(ctx, "t_reply_callid", "none", "7", 480, "Away"))
            return 0
        return node.call(ctx, "t_relay")

    node.on_request(route)
    node.request(call_id="call", cseq=7)
    invite = node.take()[1]
    node.answer(invite, 180)
    node.take()
    node.request("OPTIONS", branch="z9hG4bKo", call_id="other")
    assert results == [1, -1]
    assert node.lines() == ["480 > 192.0.2.1", "CANCEL > 198.51.100.10"]


def test_flush_flags(node):
    seen = []

    def reply(ctx):
        ctx.flags = 8
        seen.append(node.call(ctx, "t_flush_flags"))
        seen.append(ctx.transaction.context.flags)
        return 1

    def route(ctx):
        seen.append(node.call(ctx, "t_flush_flags"))
        node.call(ctx, "t_on_reply", "r")
        return node.call(ctx, "t_relay")

    node.on_request(route)
    node.on_reply("r", reply)
    node.request()
    node.answer(node.take()[1], 180)
    assert seen == [-1, 1, 8]


def test_variables(node):
    seen = []

    def note(*names):
        def run(ctx):
            seen.append([read(ctx, name) for name in names])
            return 1

        return run

    fork(node, t_on_reply="r", t_on_branch="b", t_on_failure="f")
    node.on_branch("b", note("$T_branch_idx", "$T_reply_code"))
    node.on_reply("r", note("$T_branch_idx", "$T_reply_code", "$T_req($ru)", "$T_rpl($rs)"))
    node.on_failure("f", note("$T_branch_idx", "$T_reply_code", "$T_rpl($rs)", "$T_rpl($tt)", "$T_req($ru)"))
    node.request()
    _, bob, carol = node.take()
    node.answer(bob, 404)
    node.answer(carol, 486, CAROL, tag="carols")
    assert seen == [
        [1, 100],
        [2, 100],
        [0, 404, "sip:bob@198.51.100.10", None],
        [1, 486, "sip:bob@198.51.100.10", None],
        [0, 404, 404, "b1", None],
    ]


def test_the_invite_of_a_cancel(node):
    seen = []

    def route(ctx):
        seen.append((ctx.msg.method, read(ctx, "$T_inv($rm)"), read(ctx, "$T_inv($fu)")))
        return node.call(ctx, "t_relay")

    node.on_request(route)
    node.request()
    node.request("CANCEL")
    assert seen == [("INVITE", None, None), ("CANCEL", "INVITE", "sip:alice@example.org")]


def test_inner_name_must_be_a_variable(node):
    node.on_request(lambda ctx: 1)
    with pytest.raises(OperatorError):
        node.worker.env.parse_pvar("$T_req(ru)")


class TestManagement:
    HEADERS = "From: <sip:me@example.org>\r\nTo: <sip:bob@example.com>\r\n"

    def test_uac_dlg(self, node):
        async def run():
            waiting = asyncio.ensure_future(
                mi(node, "t_uac_dlg", "OPTIONS", "sip:bob@198.51.100.10", ".", ".", self.HEADERS)
            )
            await asyncio.sleep(0)
            node.answer(node.take()[0], 404, reason="Not here")
            return await waiting

        reply = asyncio.run(run())
        assert (reply.code, [child.value for child in reply.children][:4]) == (200, ["404 Not here", ".", ".", "."])

    def test_uac_dlg_refuses(self, node):
        assert asyncio.run(mi(node, "t_uac_dlg", "OPTIONS", "nothing", ".", ".", self.HEADERS)).code == 400
        node.outlet.broken.add("198.51.100.10")
        reply = asyncio.run(mi(node, "t_uac_dlg", "OPTIONS", "sip:bob@198.51.100.10", ".", ".", self.HEADERS))
        assert [child.value for child in reply.children] == ["477 Next Hop Not Reached"]

    def test_cancel(self, node):
        node.on_request(lambda ctx: node.call(ctx, "t_relay"))
        node.request(call_id="call", cseq=7)
        node.answer(node.take()[1], 180)
        node.take()
        assert mi(node, "t_uac_cancel", "call", "8").code == 481
        assert mi(node, "t_uac_cancel", "call", "7").code == 200
        assert node.lines() == ["CANCEL > 198.51.100.10"]

    def test_hash(self, node):
        node.on_request(lambda ctx: node.call(ctx, "t_relay"))
        node.request("OPTIONS")
        node.request("OPTIONS", branch="z9hG4bKtwo", call_id="two")
        reply = mi(node, "t_hash")
        assert [child.attributes for child in reply.children] == [[("Current", "1"), ("Total", "1")]] * 2
        assert [int(child.value) for child in reply.children] == sorted(
            label & 0xFFFF for label in node.tm.table.by_label
        )

    def test_reply(self, node):
        node.on_request(lambda ctx: node.tm.suspend(ctx) and 0)
        node.request("OPTIONS")
        label = next(iter(node.tm.table.by_label))
        ident = f"{label & 0xFFFF}:{label}"
        assert mi(node, "t_reply", "99", "x", ident, "t", ".").code == 400
        assert mi(node, "t_reply", "200", "x", "nothing", "t", ".").code == 400
        assert mi(node, "t_reply", "200", "x", f"1{ident}", "t", ".").code == 404
        assert mi(node, "t_reply", "200", "Fine", ident, "tag1", "X-A: 1").code == 200
        (ok,) = node.take()
        assert (ok.status, ok.msg.to.tag, ok.header("X-A")) == (200, "tag1", "1")
        assert mi(node, "t_reply", "200", "Fine", ident, "tag1", ".").code == 500


def test_statistics(node):
    node.on_request(lambda ctx: node.call(ctx, "t_relay"))
    for number, status in enumerate((200, 302, 404, 503, 603)):
        node.request("OPTIONS", branch=f"z9hG4bK{number}", call_id=str(number))
        node.answer(node.take()[-1], status)
    node.tm.request("OPTIONS", "sip:bob@198.51.100.10", "<sip:a@b>", "<sip:c@d>")
    values = {counter.name: counter.get() for counter in node.worker.counters.in_group("tmx")}
    assert values == {
        "UAS_transactions": 6, "UAC_transactions": 1, "2xx_transactions": 1, "3xx_transactions": 1,
        "4xx_transactions": 1, "5xx_transactions": 1, "6xx_transactions": 1, "inuse_transactions": 6,
        "local_replies": 1,
    }  # fmt: skip
