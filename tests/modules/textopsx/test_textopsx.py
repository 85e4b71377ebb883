"""Applying changes at once; changing the status of replies."""

from __future__ import annotations

import pytest

from siprouter.core.context import Branch, Context
from siprouter.core.routes import FAILURE, TM_ONREPLY
from siprouter.sip.message import parse_message
from tests.modules.tm.node import Node
from tests.support.fakes import call, context, edited, make_worker, read, reply, write


def test_changes_are_seen_after_applying_them() -> None:
    ctx = context(make_worker("pv", "textops", "textopsx", "rr"))
    write(ctx, "$rU", "carol")
    write(ctx, "$du", "sip:proxy")
    write(ctx, "$fU", "alicia")
    call(ctx, "append_hf", "X-A: b\r\n")
    call(ctx, "record_route")
    ctx.flags = 5
    assert read(ctx, "$hdr(X-A)") is None
    assert call(ctx, "msg_apply_changes") == 1
    names = ("$hdr(X-A)", "$ou", "$ru", "$du", "$fU", "$mf", "$hdr(Record-Route)", "$rb")
    assert [read(ctx, name) for name in names] == [
        "b", "sip:carol@example.com;transport=tcp", "sip:carol@example.com;transport=tcp", "sip:proxy", "alicia", 5,
        "<sip:192.0.2.10;lr;ftag=a1>", "v=0\r\n",
    ]  # fmt: skip
    assert ctx.msg.edits == []
    assert call(ctx, "msg_apply_changes") == 1
    assert edited(ctx).count(b"X-A: b") == 1


def test_a_broken_result_changes_nothing() -> None:
    ctx = context(make_worker("pv", "textops", "textopsx"))
    write(ctx, "$ru", "no good uri")
    call(ctx, "append_hf", "X: y\r\n")
    before = ctx.msg
    assert call(ctx, "msg_apply_changes") == -1
    assert ctx.msg is before
    assert len(ctx.msg.edits) == 1
    assert "the changed message is broken" in ctx.worker.texts()[-1]


def test_only_in_the_request_route() -> None:
    ctx = context(make_worker("textopsx"), route_type=FAILURE)
    assert call(ctx, "msg_apply_changes") == -1


@pytest.mark.parametrize(
    ("before", "code", "result"),
    [(603, 486, 1), (486, 302, 1), (180, 183, 1), (200, 202, 1), (180, 200, -1), (200, 180, -1), (486, 200, -1),
     (486, 99, -1), (486, 700, -1)],
)  # fmt: skip
def test_status(before: int, code: int, result: int) -> None:
    ctx = context(make_worker("pv", "textopsx"), reply(before, "Before"), TM_ONREPLY)
    assert call(ctx, "change_reply_status", code, "New $rs") == result
    first = edited(ctx).split(b"\r\n")[0].decode()
    assert first == (f"SIP/2.0 {code} New {before}" if result == 1 else f"SIP/2.0 {before} Before")


def test_status_of_other_things() -> None:
    worker = make_worker("pv", "textopsx")
    assert call(context(worker), "change_reply_status", 500, "x") == -1
    ctx = context(worker, reply(486, "Busy"), TM_ONREPLY)
    assert call(ctx, "change_reply_status", "$var(x)", "x") == -1
    assert call(ctx, "change_reply_status", 487, "") == -1
    assert call(ctx, "change_reply_status", "487", "a\r\nX: y") == 1
    assert edited(ctx).startswith(b"SIP/2.0 487 a  X: y\r\nVia")


def test_a_new_status_is_seen_at_once_and_other_changes_stay() -> None:
    ctx = context(make_worker("pv", "textops", "textopsx"), reply(486, "Busy", "X-A: b", body=b"abc"), TM_ONREPLY)
    call(ctx, "remove_hf", "X-A")
    call(ctx, "append_hf", "X-C: d\r\n")
    assert call(ctx, "replace_body", "b", "BB") == 1
    assert call(ctx, "change_reply_status", 480, "Gone for a while") == 1
    assert (ctx.msg.status, read(ctx, "$rs"), read(ctx, "$rr")) == (480, 480, "Gone for a while")
    after = edited(ctx)
    assert after.startswith(b"SIP/2.0 480 Gone for a while\r\nVia: ")
    assert b"X-A" not in after and b"X-C: d\r\n" in after and after.endswith(b"\r\n\r\naBBc")
    assert call(ctx, "change_reply_status", 404, "x") == 1
    assert edited(ctx) == after.replace(b"480 Gone for a while", b"404 x")


def test_a_reply_without_reason() -> None:
    ctx = context(make_worker("textopsx"), parse_message(reply(486, "Busy").buf.replace(b" Busy", b"", 1)), TM_ONREPLY)
    assert call(ctx, "change_reply_status", 480, "Away") == 1
    assert edited(ctx) == reply(480, "Away").buf


def test_the_transaction_decides_by_the_new_status() -> None:
    node = Node("textopsx")

    def route(ctx: Context) -> int:
        ctx.append_branch(Branch("sip:carol@198.51.100.11"))
        node.call(ctx, "t_on_reply", "1")
        return int(node.call(ctx, "t_relay"))

    node.on_reply("1", lambda ctx: node.call(ctx, "change_reply_status", 486, "Busy") or 1)
    node.on_request(route)
    node.request()
    _, bob, carol = node.take()
    node.answer(bob, 603)
    assert node.lines() == ["ACK > 198.51.100.10"], "a 603 would have cancelled the other branch"
    node.answer(carol, 404)
    assert node.lines() == ["ACK > 198.51.100.11", "486 > 192.0.2.1"]
    node.finish()


def test_not_after_the_request_was_relayed() -> None:
    node = Node("textopsx")
    results: list[int] = []

    def route(ctx: Context) -> int:
        node.call(ctx, "t_newtran")
        results.append(node.call(ctx, "msg_apply_changes"))
        node.call(ctx, "t_relay")
        results.append(node.call(ctx, "msg_apply_changes"))
        return 1

    node.on_request(route)
    node.request()
    assert results == [1, -1]
    node.answer(node.take()[-1], 486)
    node.finish()
