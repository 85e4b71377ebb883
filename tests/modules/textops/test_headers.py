"""Header lines: adding, removing, asking; bodies; comparisons."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.core.outgoing import build_own_reply
from siprouter.core.route_info import REPLY_BODY
from siprouter.sip.message import Message
from siprouter.util.errors import OperatorError
from tests.support.fakes import call, context, edited, make_worker, reply, request, write


def make(msg: Message | None = None) -> Context:
    lines = ("X-A: 1", "Privacy: id; User", "Content-Type: Application/SDP;x=y", "x-a: 2")
    return context(
        make_worker("pv", "textops"), msg or request("INVITE", "sip:bob@example.com", *lines, body=b"v=0\r\n")
    )


def lines_of(ctx: Context) -> list[str]:
    return edited(ctx).partition(b"\r\n\r\n")[0].decode().split("\r\n")


def test_append_and_insert() -> None:
    ctx = make()
    write(ctx, "$var(x)", 5)
    for text in ("P-One: $var(x)\r\n", "P-Two: $ci"):
        assert call(ctx, "append_hf", text) == 1
        assert call(ctx, "insert_hf", text.replace("P-", "I-")) == 1
    assert call(ctx, "append_hf", "P-Three: 3\r\n", "x-a") == 1
    assert call(ctx, "insert_hf", "I-Three: 3\r\n", "Privacy") == 1
    assert call(ctx, "insert_hf", "I-Four: 4\r\n", "i") == 1
    assert call(ctx, "append_hf", "P-Five: 5\r\n", "No-Such") == 1
    assert call(ctx, "append_urihf", "P-Six: <", ">\r\n") == 1
    lines = lines_of(ctx)
    assert lines[1:3] == ["I-One: 5", "I-Two: c1@192.0.2.1"]
    assert lines[-4:] == ["P-One: 5", "P-Two: c1@192.0.2.1", "P-Five: 5", "P-Six: <sip:bob@example.com>"]
    assert lines[lines.index("X-A: 1") + 1] == "P-Three: 3"
    assert lines[lines.index("I-Three: 3") + 1].startswith("Privacy")
    assert lines[lines.index("I-Four: 4") + 1].startswith("Call-ID")


def test_remove() -> None:
    ctx = make()
    assert [call(ctx, "remove_hf", name) for name in ("X-A", "No-Such", "c")] == [1, -1, 1]
    assert [call(ctx, "remove_hf_re", text) for text in ("^priv", "^nothing")] == [1, -1]
    assert not [line for line in lines_of(ctx) if line.lower().startswith(("x-a", "privacy", "content-type"))]


def test_present() -> None:
    ctx = make()
    names = ("X-a", "f", "From", "Route", "Nothing")
    assert [call(ctx, "is_present_hf", name) for name in names] == [1, 1, 1, -1, -1]
    assert [call(ctx, "is_present_hf_re", text) for text in ("^x-", "^y-")] == [1, -1]
    with pytest.raises(OperatorError):
        call(ctx, "is_present_hf", "two words")
    with pytest.raises(OperatorError):
        call(ctx, "remove_hf", "")


@pytest.mark.parametrize(
    ("methods", "result"),
    [("INVITE", 1), ("invite", 1), ("ACK", -1), ("ACK|INVITE", 1), ("ACK,BYE", -1), ("FOO", -1), ("INVITE|ACK|BYE", 1)],
)
def test_methods(methods: str, result: int) -> None:
    assert call(make(), "is_method", methods) == result
    assert call(make(reply(200, "OK")), "is_method", methods) == result


def test_unknown_methods_by_name() -> None:
    ctx = make(request("FOO", "sip:a"))
    assert [call(ctx, "is_method", name) for name in ("foo", "FOO", "BAR", "INVITE")] == [1, 1, -1, -1]
    for wrong in ("FOO|INVITE", "", "A B", "|"):
        with pytest.raises(OperatorError):
            call(ctx, "is_method", wrong)


def test_privacy() -> None:
    ctx = make()
    assert [call(ctx, "is_privacy", word) for word in ("id", "USER", "none", "header")] == [1, 1, -1, -1]
    assert call(make(request("INVITE", "sip:a", "Privacy: none;id")), "is_privacy", "id") == -1
    assert call(make(request("INVITE", "sip:a", "Privacy: none")), "is_privacy", "none") == 1
    assert call(make(request("INVITE", "sip:a", "Privacy: id;wrong")), "is_privacy", "id") == -1
    assert call(make(request("INVITE", "sip:a")), "is_privacy", "id") == -1
    with pytest.raises(OperatorError):
        call(ctx, "is_privacy", "nothing")


def test_has_body() -> None:
    ctx = make()
    kinds = ((), ("application/sdp",), ("text/plain",), ("",))
    assert [call(ctx, "has_body", *kind) for kind in kinds] == [1, 1, -1, 1]
    assert call(make(request("INVITE", "sip:a")), "has_body") == -1
    assert call(make(request("INVITE", "sip:a", body=b"x")), "has_body", "application/sdp") == 1
    for wrong in ("sdp", "a/b, c/d", "a/"):
        with pytest.raises(OperatorError):
            call(ctx, "has_body", wrong)


def test_set_body() -> None:
    ctx = make()
    assert call(ctx, "set_body", "new $rm\r\n", "text/plain") == 1
    assert edited(ctx).endswith(b"\r\n\r\nnew INVITE\r\n")
    lines = lines_of(ctx)
    assert "Content-Type: text/plain" in lines
    assert "Content-Length: 12" in lines
    assert sum(line.lower().startswith("content-type") for line in lines) == 1
    ctx = make(request("INVITE", "sip:a"))
    assert call(ctx, "set_body", "x", "a/b") == 1
    assert {"Content-Type: a/b", "Content-Length: 1"} <= set(lines_of(ctx))
    assert [call(ctx, "set_body", *args) for args in (("", "a/b"), ("x", ""))] == [-1, -1]
    assert [call(ctx, "set_reply_body", *args) for args in (("", "a/b"), ("x", ""))] == [-1, -1]


def test_what_goes_into_replies() -> None:
    ctx = make()
    assert call(ctx, "append_to_reply", "X-R: $rm") == 1
    assert call(ctx, "append_time") == 1
    assert call(ctx, "set_reply_body", "b $rm", "text/plain") == 1
    assert ctx.vars[REPLY_BODY] == b"b INVITE"
    text = build_own_reply(ctx, ctx.msg, 200, None, "tag").decode()
    assert "\r\nX-R: INVITE\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Type: text/plain\r\n" in text
    assert text.endswith("Content-Length: 8\r\n\r\nb INVITE")


MULTIPART = (
    b"preamble\r\n--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    b"--b1\r\nContent-Disposition: x\r\ncontent-type:application/sdp; x=y\r\n\r\nv=0\r\n\r\n--b1--\r\nepilogue"
)


@pytest.mark.parametrize(
    ("header", "wanted", "left"),
    [
        ("multipart/mixed;boundary=b1", "application/sdp", b"v=0\r\n\r\n"),
        ('multipart/mixed; boundary="b1"', "Text/Plain", b"hello\r\n"),
        ("multipart/mixed;boundary=b1", "image/png", None),
        ("multipart/mixed;boundary=b2", "text/plain", None),
        ("multipart/mixed", "text/plain", None),
        ("text/plain;boundary=b1", "text/plain", None),
    ],
)
def test_filter_body(header: str, wanted: str, left: bytes | None) -> None:
    ctx = make(request("INVITE", "sip:a", f"Content-Type: {header}", body=MULTIPART))
    assert call(ctx, "filter_body", wanted) == (-1 if left is None else 1)
    assert edited(ctx).partition(b"\r\n\r\n")[2] == (MULTIPART if left is None else left)


@pytest.mark.parametrize(
    "body",
    [b"--b1", b"--b1\r\n", b"--b1--", b"--b1\r\n--b1", b"--b1\r\nContent-Type: a/b", b"\r\n--b1\r\n\r\n"],
)
def test_filter_body_of_broken_multiparts(body: bytes) -> None:
    ctx = make(request("INVITE", "sip:a", "Content-Type: multipart/mixed;boundary=b1", body=body))
    assert call(ctx, "filter_body", "a/b") == -1


@pytest.mark.parametrize(
    ("name", "first", "second", "result"),
    [
        ("cmp_str", "a", "a", 1), ("cmp_str", "b", "a", -1), ("cmp_str", "a", "b", -2), ("cmp_str", "a", "A", -1),
        ("cmp_str", "", "", 1), ("cmp_str", "", "a", -2), ("cmp_str", "ab", "a", -1), ("cmp_str", "$rm", "INVITE", 1),
        ("cmp_istr", "aB", "Ab", 1), ("cmp_istr", "b", "A", -1), ("starts_with", "abc", "ab", 1),
        ("starts_with", "abc", "", 1), ("starts_with", "ab", "abc", -1), ("starts_with", "abc", "b", -2),
        ("starts_with", "b", "a", -1), ("starts_with", "$ru", "sip:$rU", 1),
    ],
)  # fmt: skip
def test_comparisons(name: str, first: str, second: str, result: int) -> None:
    assert call(make(), name, first, second) == result
