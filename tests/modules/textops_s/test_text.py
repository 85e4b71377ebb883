"""Searching, replacing and header lines in `#!SER` scripts."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.core.route_info import SENDING, Sending
from siprouter.script.core_args import parse_attribute
from siprouter.script.selects import register_core_selects
from siprouter.server.inventory import report_gaps
from siprouter.testing import Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context, edited, request

SDP = b"v=0\r\no=x 1 1 IN IP4 10.0.0.1\r\nc=IN IP4 10.0.0.1\r\n"


def make(*headers: str, body: bytes = SDP, **params: int) -> Context:
    worker = FakeWorker()
    worker.load("textops_s", **params)
    register_core_selects(worker)
    assert worker.configure_modules() == []
    return context(worker, request("INVITE", "sip:bob@example.com", *headers, body=body))


@pytest.mark.parametrize(("pattern", "found"), [("^invite", 1), ("IP4 10", 1), ("^C=IN", 1), ("nowhere", -1)])
def test_search(pattern: str, found: int) -> None:
    assert call(make(), "search", pattern) == found


def test_search_in_an_onsend_route_sees_what_leaves() -> None:
    ctx = make()
    ctx.vars[SENDING] = Sending(b"BYE sip:x SIP/2.0\r\n\r\n", ctx.source)
    assert [call(ctx, "search", pattern) for pattern in ("^bye", "^invite")] == [1, -1]


def test_replacing() -> None:
    ctx = make()
    assert call(ctx, "search_append", "^call-id: [^@]*", "-%rm") == 1
    assert call(ctx, "replace", "alice", "%[1-2]rm%|%%41") == 1
    assert call(ctx, "replace_all", "10\\.0\\.0\\.1", "%si") == 1
    text = edited(ctx)
    assert b"\r\nCall-ID: c1-INVITE@192.0.2.1\r\n" in text
    assert b"<sip:NV%41@example.org>" in text
    assert text.count(b"192.0.2.1\r\n") == 3
    for name in ("search_append", "replace", "replace_all"):
        assert call(ctx, name, "nowhere", "x") == -1


def test_substitutions() -> None:
    ctx = make()
    assert [call(ctx, name, "/bob/eve/") for name in ("subst", "subst_uri", "subst_user")] == [1, 1, -1]
    assert (ctx.uri, b"To: <sip:eve@example.com>" in edited(ctx)) == ("sip:eve@example.com", True)
    assert (call(ctx, "subst_user", "/eve/joe/"), ctx.uri) == (1, "sip:joe@example.com")


def test_header_lines() -> None:
    ctx = make("s: long", "Subject: x", "P-A: 1", "P-B: 2")
    assert call(ctx, "append_hf", "X-A: %rm") == 1
    assert call(ctx, "append_hf", "X-B: $rm\r\n") == 1
    assert call(ctx, "append_urihf", "X-C: <%rm ", ">\r\n") == 1
    assert [call(ctx, "is_present_hf", name) for name in ("SUBJECT", "s", "v", "P-C")] == [1, 1, -1, -1]
    assert [call(ctx, "remove_hf", name) for name in ("subject", "v")] == [1, -1]
    assert [call(ctx, "remove_hf_re", pattern) for pattern in ("^p-", "^q-")] == [1, -1]
    text = edited(ctx)
    assert b"X-A: INVITE\r\nX-B: $rm\r\nX-C: <INVITE sip:bob@example.com>\r\n" in text
    assert b"\r\ns: long\r\n" in text and b"Subject" not in text and b"P-" not in text


def test_a_name_may_be_held_by_an_attribute() -> None:
    ctx = make("Subject: x")
    assert [call(ctx, name, "$which") for name in ("is_present_hf", "remove_hf")] == [-1, -1]
    attribute = parse_attribute("$which")
    assert attribute is not None
    attribute.set(ctx, "subject")
    assert [call(ctx, name, "$which") for name in ("is_present_hf", "remove_hf")] == [1, 1]


def test_replies_to_the_request() -> None:
    ctx = make()
    assert [call(ctx, "append_to_reply", "X: %ci"), call(ctx, "append_time")] == [1, 1]
    assert ctx.reply_headers == [b"X: c1@192.0.2.1\r\n", b"Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"]


def test_too_long_a_text() -> None:
    ctx = make(xlbuf_size=10)
    for name, args in (
        ("append_hf", ()),
        ("append_to_reply", ()),
        ("replace", ("v",)),
        ("replace_all", ("v",)),
        ("search_append", ("v",)),
        ("append_hf_value", ("a",)),
        ("insert_hf_value", ("To[1]",)),
        ("assign_hf_value", ("To",)),
        ("assign_hf_value2", ("To",)),
        ("include_hf_value", ("To",)),
        ("exclude_hf_value", ("To",)),
        ("hf_value_exists", ("To",)),
    ):
        assert call(ctx, name, *args, "%rm123") == -1
    assert [call(ctx, "append_urihf", *args) for args in (("%rm123", "x"), ("x", "%rm123"))] == [-1, -1]
    assert (ctx.msg.edits, len(ctx.worker.records), ctx.reply_headers) == ([], 14, None)
    assert [call(ctx, "append_hf", text) for text in ("%rm12", "1234567890123")] == [1, 1]
    ctx.worker.set_param("textops", "xlbuf_size", 2)
    assert len(ctx.worker.configure_modules()) == 1


def test_in_a_script() -> None:
    script = (
        '#!SER\nloadmodule "textops"\nroute { '
        'if (@hf_value_exists.supported.path == "1") { append_hf("X: %@hf_value.to.uri"); }'
        ' assign_hf_value("From.tag", "new"); forward(192.0.2.77, 5060); }'
    )
    with Node(script) as node:
        data = build_message("OPTIONS", "sip:b@example.com", headers=[("Supported", "100rel, Path")])
        sent = node.receive(data, "192.0.2.1:5060")[-1]
        assert (sent.header("X"), sent.header("From")) == ("sip:b@example.com", "<sip:alice@example.org>;tag=new")
    with pytest.raises(OperatorError, match="unknown function assign_hf_value"):
        Node('#!KAMAILIO\nloadmodule "textops.so"\nroute { assign_hf_value("From.tag", "new"); }')


def test_no_gaps() -> None:
    [report] = report_gaps(["textops (ser)"])
    assert (report.declared, report.gaps) == (True, [])
