"""Failure, reply and branch routes: what they see, what they may do, and the order of things."""

import pytest

from siprouter.core.context import Branch
from tests.modules.tm.node import CAROL


def start(node, *setup):
    def route(ctx):
        for name, *args in setup:
            node.call(ctx, name, *args)
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)


def test_failure_route_tries_the_next_destination(node):
    seen = []

    def failure(ctx):
        seen.append((ctx.code, ctx.uri, ctx.route_type, node.call(ctx, "t_check_status", "48[0-9]")))
        ctx.set_uri("sip:carol@198.51.100.11")
        node.call(ctx, "t_relay")
        return 1

    start(node, ("t_on_failure", "again"))
    node.on_failure("again", failure)
    node.request()
    invite = node.take()[1]
    node.answer(invite, 486)
    assert node.lines() == ["ACK > 198.51.100.10", "INVITE > 198.51.100.11"]
    assert seen == [(486, "sip:bob@198.51.100.10", 2, 1)]


def test_failure_route_runs_once_unless_set_again(node):
    runs = []

    def failure(ctx):
        runs.append(ctx.code)
        ctx.set_uri("sip:carol@198.51.100.11")
        node.call(ctx, "t_relay")
        return 1

    start(node, ("t_on_failure", "again"))
    node.on_failure("again", failure)
    node.request()
    node.answer(node.take()[1], 486)
    carol = node.take()[1]
    node.answer(carol, 404, CAROL)
    assert runs == [486]
    assert node.lines() == ["ACK > 198.51.100.11", "404 > 192.0.2.1"]


def test_append_branch_alone_makes_one_branch(node):
    """`append_branch(); t_relay();` in a failure route must not fork twice to the same place."""

    def failure(ctx):
        ctx.set_uri("sip:carol@198.51.100.11")
        ctx.append_branch(Branch(ctx.uri))
        node.call(ctx, "t_relay")
        return 1

    start(node, ("t_on_failure", "again"))
    node.on_failure("again", failure)
    node.request()
    node.answer(node.take()[1], 486)
    assert node.lines() == ["ACK > 198.51.100.10", "INVITE > 198.51.100.11"]


def test_a_failure_route_without_new_uri_has_nowhere_to_go(node):
    start(node, ("t_on_failure", "again"))
    codes = []
    node.on_failure("again", lambda ctx: codes.append(node.call(ctx, "t_relay")) or 1)
    node.request()
    node.answer(node.take()[1], 486)
    assert codes == [-1]
    assert node.lines() == ["ACK > 198.51.100.10", "486 > 192.0.2.1"]


def test_a_changed_destination_uri_counts_as_new(node):
    def failure(ctx):
        ctx.dst_uri = "sip:198.51.100.12"
        node.call(ctx, "t_relay")
        return 1

    start(node, ("t_on_failure", "again"))
    node.on_failure("again", failure)
    node.request()
    node.answer(node.take()[1], 486)
    _, invite = node.take()
    assert invite.line == "INVITE > 198.51.100.12"
    assert invite.msg.uri == "sip:bob@198.51.100.10"


def test_failure_route_may_reply_itself(node):
    start(node, ("t_on_failure", "own"))
    node.on_failure("own", lambda ctx: node.call(ctx, "t_reply", 480, "Gone for lunch"))
    node.request()
    node.answer(node.take()[1], 486)
    _, own = node.take()
    assert own.text.startswith("SIP/2.0 480 Gone for lunch")


def test_edits_before_relay_are_seen_by_the_next_branch_but_those_of_the_failure_route_do_not_stay(node):
    def route(ctx):
        ctx.msg.append_header(b"X-Main: 1\r\n")
        node.call(ctx, "t_on_failure", "one")
        node.call(ctx, "t_relay")
        ctx.msg.append_header(b"X-Late: 1\r\n")
        return 1

    def one(ctx):
        ctx.msg.append_header(b"X-One: 1\r\n")
        ctx.set_uri("sip:carol@198.51.100.11")
        node.call(ctx, "t_on_failure", "two")
        node.call(ctx, "t_relay")
        return 1

    def two(ctx):
        ctx.set_uri("sip:dave@198.51.100.12")
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)
    node.on_failure("one", one)
    node.on_failure("two", two)
    node.request()
    first = node.take()[1]
    node.answer(first, 404)
    second = node.take()[1]
    node.answer(second, 404, CAROL)
    third = node.take()[1]
    marks = [[name for name in ("X-Main", "X-One", "X-Late") if sent.header(name)] for sent in (first, second, third)]
    assert marks == [["X-Main"], ["X-Main", "X-One"], ["X-Main"]]


def test_save_lumps_fixes_what_failure_routes_begin_with(node):
    def route(ctx):
        node.call(ctx, "t_newtran")
        ctx.msg.append_header(b"X-A: 1\r\n")
        node.call(ctx, "t_save_lumps")
        ctx.msg.append_header(b"X-B: 1\r\n")
        node.call(ctx, "t_on_failure", "again")
        node.call(ctx, "t_relay")
        return 1

    def failure(ctx):
        ctx.set_uri("sip:carol@198.51.100.11")
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)
    node.on_failure("again", failure)
    node.request()
    first = node.take()[1]
    node.answer(first, 404)
    second = node.take()[1]
    assert (first.header("X-A"), first.header("X-B")) == ("1", "1")
    assert (second.header("X-A"), second.header("X-B")) == ("1", None)


def test_avps_and_flags_live_in_the_transaction(node):
    seen = []

    def route(ctx):
        ctx.avps.add("who", "alice")
        ctx.flags = 5
        for name, value in (("t_on_failure", "f"), ("t_on_reply", "r"), ("t_on_branch", "b")):
            node.call(ctx, name, value)
        node.call(ctx, "t_relay")
        return 1

    def look(what):
        def run(ctx):
            seen.append((what, ctx.avps.get("who"), ctx.flags))
            ctx.flags += 1
            ctx.branch_flags += 1
            return 1

        return run

    node.on_request(route)
    node.on_reply("r", look("reply"))
    node.on_failure("f", look("failure"))
    node.on_branch("b", look("branch"))
    node.request()
    invite = node.take()[1]
    node.answer(invite, 180)
    node.answer(invite, 486)
    assert seen == [("branch", "alice", 5), ("reply", "alice", 6), ("reply", "alice", 7), ("failure", "alice", 8)]


def test_reply_route_sees_and_edits_the_reply(node):
    def reply(ctx):
        ctx.msg.append_header(b"X-Seen: yes\r\n")
        return 1

    start(node, ("t_on_reply", "r"))
    node.on_reply("r", reply)
    node.request()
    invite = node.take()[1]
    node.answer(invite, 200)
    (ok,) = node.take()
    assert ok.header("X-Seen") == "yes"


@pytest.mark.parametrize(("status", "relayed"), [(183, []), (200, ["200 > 192.0.2.1"])])
def test_drop_in_a_reply_route_works_for_provisional_replies_only(node, status, relayed):
    def reply(ctx):
        ctx.dropped = True
        return 0

    start(node, ("t_on_reply", "r"))
    node.on_reply("r", reply)
    node.request()
    node.answer(node.take()[1], status)
    assert node.lines() == relayed


def test_reply_from_a_reply_route(node):
    start(node, ("t_on_reply", "r"))
    node.on_reply("r", lambda ctx: node.call(ctx, "t_reply", 488, "No codec") if ctx.msg.status == 183 else 1)
    node.request()
    node.answer(node.take()[1], 183)
    assert node.lines() == ["488 > 192.0.2.1", "CANCEL > 198.51.100.10"]


def test_branch_route_shapes_each_branch(node):
    def branch(ctx):
        ctx.msg.append_header(f"X-Branch: {ctx.branch_index} {ctx.uri}\r\n".encode())
        if "carol" in ctx.uri:
            ctx.dst_uri = "sip:198.51.100.99:5099"
        return 1

    def route(ctx):
        ctx.append_branch(Branch("sip:carol@198.51.100.11"))
        node.call(ctx, "t_on_branch", "b")
        node.call(ctx, "t_relay")
        assert ctx.msg.edits == []
        return 1

    node.on_request(route)
    node.on_branch("b", branch)
    node.request()
    _, bob, carol = node.take()
    assert bob.header("X-Branch") == "0 sip:bob@198.51.100.10"
    assert carol.header("X-Branch") == "1 sip:carol@198.51.100.11"
    assert len(carol.msg.find("X-Branch")) == 1
    assert (carol.to.ip, carol.to.port) == ("198.51.100.99", 5099)


def test_branch_route_may_drop_a_branch(node):
    def branch(ctx):
        ctx.dropped = "bob" in ctx.uri
        return 1

    def route(ctx):
        ctx.append_branch(Branch("sip:carol@198.51.100.11"))
        node.call(ctx, "t_on_branch", "b")
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)
    node.on_branch("b", branch)
    node.request()
    assert node.lines() == ["100 > 192.0.2.1", "INVITE > 198.51.100.11"]


def test_dropping_every_branch_is_an_error(node):
    codes = []

    def branch(ctx):
        ctx.dropped = True
        return 0

    def route(ctx):
        node.call(ctx, "t_on_branch", "b")
        codes.append(node.call(ctx, "t_relay"))
        return 1

    node.on_request(route)
    node.on_branch("b", branch)
    node.request("OPTIONS")
    assert codes == [-6]
    assert node.lines() == ["500 > 192.0.2.1"]


def test_a_route_that_raises_costs_nothing_else(node):
    def boom(ctx):
        raise ValueError("broken")

    start(node, ("t_on_reply", "r"), ("t_on_failure", "f"))
    node.on_reply("r", boom)
    node.on_failure("f", boom)
    node.request()
    node.answer(node.take()[1], 486)
    assert node.lines() == ["ACK > 198.51.100.10", "486 > 192.0.2.1"]
    assert len([text for text in node.worker.texts() if "broken" in text]) == 2


def test_questions_about_branches(node):
    answers = {}
    names = ("t_branch_timeout", "t_branch_replied", "t_any_timeout", "t_any_replied", "t_is_canceled", "t_is_expired")

    def failure(ctx):
        answers.update({name: node.call(ctx, name) for name in names})
        answers["grep 486"] = node.call(ctx, "t_grep_status", 486)
        return 1

    def route(ctx):
        ctx.append_branch(Branch("sip:carol@198.51.100.11"))
        node.call(ctx, "t_on_failure", "f")
        node.call(ctx, "t_set_fr", "8000", "4000")
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)
    node.on_failure("f", failure)
    node.request()
    _, bob, carol = node.take()
    node.answer(carol, 486, CAROL)
    node.answer(bob, 180)
    node.take()
    node.wait(9)
    assert answers == {
        "t_branch_timeout": 1, "t_branch_replied": 1, "t_any_timeout": 1, "t_any_replied": 1, "t_is_canceled": -1,
        "t_is_expired": -1, "grep 486": 1,
    }  # fmt: skip
    assert node.lines()[:2] == ["408 > 192.0.2.1", "CANCEL > 198.51.100.10"]


@pytest.mark.parametrize(("mode", "expected"), [(0, 302), (1, 500), (2, 500), (3, 404)])
def test_failure_reply_mode_with_a_second_leg(make_node, mode, expected):
    """First leg 302, second leg 404: which one goes upstream?"""
    node = make_node(failure_reply_mode=mode)

    def one(ctx):
        ctx.set_uri("sip:carol@198.51.100.11")
        node.call(ctx, "t_on_failure", "two")
        node.call(ctx, "t_relay")
        return 1

    start(node, ("t_on_failure", "one"))
    node.on_failure("one", one)
    node.on_failure("two", lambda ctx: 1)
    node.request("OPTIONS")
    (first,) = node.take()
    node.answer(first, 302)
    (second,) = node.take()
    node.answer(second, 404, CAROL)
    (final,) = node.take()
    assert final.status == expected


@pytest.mark.parametrize(("mode", "expected"), [("n", 302), ("a", 404), ("l", 404), (None, 404)])
def test_drop_replies(node, mode, expected):
    def one(ctx):
        node.call(ctx, "t_drop_replies", *([mode] if mode else []))
        ctx.set_uri("sip:carol@198.51.100.11")
        node.call(ctx, "t_relay")
        return 1

    start(node, ("t_on_failure", "one"))
    node.on_failure("one", one)
    node.request("OPTIONS")
    (first,) = node.take()
    node.answer(first, 302)
    (second,) = node.take()
    node.answer(second, 404, CAROL)
    assert [sent.status for sent in node.take()] == [expected]


def test_timeout_runs_the_failure_route_and_cancel_stops_it(node):
    seen = []

    def failure(ctx):
        seen.append((ctx.code, node.call(ctx, "t_is_canceled")))
        if node.call(ctx, "t_is_canceled") < 0:
            ctx.set_uri("sip:carol@198.51.100.11")
            node.call(ctx, "t_relay")
        return 1

    start(node, ("t_on_failure", "f"))
    node.on_failure("f", failure)
    node.request()
    invite = node.take()[1]
    node.answer(invite, 180)
    node.take()
    node.request("CANCEL")
    node.answer(invite, 487)
    assert seen == [(487, 1)]
    assert "487 > 192.0.2.1" in node.lines()


def test_t_reply_in_request_route_keeps_one_tag(node):
    def route(ctx):
        node.call(ctx, "t_newtran")
        node.call(ctx, "t_reply", "183", "Progress")
        node.call(ctx, "t_reply", "200", "OK")
        return 1

    node.on_request(route)
    node.request()
    progress, ok = node.take()
    assert progress.msg.to.tag == ok.msg.to.tag != ""
    node.wait(0.6)
    assert node.lines() == ["200 > 192.0.2.1"]
    node.request("ACK", branch="z9hG4bKother", to_tag=ok.msg.to.tag)
    node.wait(10)
    assert node.lines() == []


def test_reply_code_defaults(node):
    def route(ctx):
        node.call(ctx, "t_newtran")
        return node.call(ctx, "t_reply", "nonsense", "")

    node.on_request(route)
    node.request("OPTIONS")
    assert node.take()[0].text.startswith("SIP/2.0 500 Server Internal Error\r\n")


def test_retransmit_and_release(node):
    def route(ctx):
        node.call(ctx, "t_newtran")
        assert node.call(ctx, "t_newtran") == -10
        assert node.call(ctx, "t_retransmit_reply") == -1
        node.call(ctx, "t_reply", 180, "Ringing")
        assert node.call(ctx, "t_retransmit_reply") == 1
        node.call(ctx, "t_release")
        assert ctx.transaction is None
        return 1

    node.on_request(route)
    node.request()
    assert node.lines() == ["180 > 192.0.2.1", "180 > 192.0.2.1"]
    assert node.tm.table.stats.waiting == 1


def test_lookups(node):
    seen = []

    def route(ctx):
        method = ctx.msg.method
        if method == "CANCEL":
            ctx.flags = 0
            seen.append((node.call(ctx, "t_lookup_cancel", 1), ctx.flags, node.call(ctx, "t_check_trans")))
            seen.append(node.call(ctx, "t_relay_cancel"))
            return 0
        seen.append((method, node.call(ctx, "t_lookup_request"), node.call(ctx, "t_check_trans")))
        assert node.call(ctx, "t_relay_cancel") == 1
        ctx.flags = 9
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)
    node.request("CANCEL", branch="z9hG4bKnone")
    node.request()
    node.request("CANCEL")
    assert seen == [(-1, 0, -1), 1, ("INVITE", -1, -1), (1, 9, 1), 0]
    assert node.lines() == ["100 > 192.0.2.1", "INVITE > 198.51.100.10", "200 > 192.0.2.1"]


def test_selects(node):
    from siprouter.core.selects import find_select, split_select_path

    values = {}
    paths = (
        "tm", "tm.method", "tm.uas.status", "tm.uas.local_to_tag", "tm.uac.count", "tm.uac.relayed",
        "tm.uac.last_status", "tm.uac.response_retransmission", "tm.uac[0].status", "tm.uac[0].uri", "tm.uac[7].uri",
        "tm.uas.req.neg_ack_retransmission",
    )  # fmt: skip

    def reply(ctx):
        for path in (*paths, "tm.uas.request", "tm.uas.response", "tm.uac[0].request", "tm.uac[0].response"):
            values[path] = find_select(node.worker.registry, split_select_path(path))(ctx)
        return 1

    start(node, ("t_on_reply", "r"))
    node.on_reply("r", reply)
    node.request()
    invite = node.take()[1]
    node.answer(invite, 180)
    node.answer(invite, 180)
    label = next(iter(node.tm.table.by_label))
    assert {path: values[path] for path in paths} == {
        "tm": f"{label & 0xFFFF}:{label}", "tm.method": "INVITE", "tm.uas.status": "180", "tm.uas.local_to_tag": None,
        "tm.uac.count": "1", "tm.uac.relayed": "0", "tm.uac.last_status": "180",
        "tm.uac.response_retransmission": "1", "tm.uac[0].status": "180", "tm.uac[0].uri": "sip:bob@198.51.100.10",
        "tm.uac[7].uri": None, "tm.uas.req.neg_ack_retransmission": "-1",
    }  # fmt: skip
    assert values["tm.uas.request"].startswith("INVITE sip:bob")
    assert values["tm.uas.response"].startswith("SIP/2.0 180")
    assert values["tm.uac[0].request"] == invite.text
    assert values["tm.uac[0].response"] is None
