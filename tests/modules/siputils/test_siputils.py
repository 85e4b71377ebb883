"""The functions of siputils."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.core.route_info import AUTHORIZED
from siprouter.sip.auth import AuthParams
from siprouter.sip.message import Message, parse_message
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context, edited, message, reply, request, write


def make(msg: Message | None = None, uri: str = "sip:bob@example.com", **params: int | str) -> Context:
    worker = FakeWorker()
    worker.load("pv")
    worker.load("sl")
    worker.load("siputils", **params)
    assert worker.configure_modules() == []
    return context(worker, msg or request("INVITE", uri))


def test_tag_of_to() -> None:
    assert call(make(), "has_totag") == -1
    assert call(make(request("BYE", "sip:a", to="To: <sip:b>;tag=1")), "has_totag") == 1


def test_user_of_the_credentials() -> None:
    ctx = make()
    assert call(ctx, "is_user", "alice") == -1
    ctx.vars[AUTHORIZED] = AuthParams("digest", {"username": "alice@example.org"})
    assert [call(ctx, "is_user", name) for name in ("alice", "alice@example.org", "")] == [1, -1, -1]


@pytest.mark.parametrize(
    ("uri", "args", "result"),
    [
        ("sip:a@b;x;y=1", ("x",), 1), ("sip:a@b;x;y=1", ("y",), -1), ("sip:a@b;x;y=1", ("y", "1"), 1),
        ("sip:a@b;x;y=1", ("y", "2"), -1), ("sip:a@b;x;y=1", ("X",), -1), ("sip:a@b", ("x",), -1),
        ("sip:a@b;y=1;y=2", ("y", "2"), 1), ("tel:+1;x", ("x",), 1), ("foo:a", ("x",), -1),
    ],
)  # fmt: skip
def test_uri_parameters(uri: str, args: tuple[str, ...], result: int) -> None:
    assert call(make(uri=uri), "uri_param", *args) == result


@pytest.mark.parametrize(
    ("uri", "param", "result", "changed"),
    [
        ("sip:a@b", "x=1", 1, "sip:a@b;x=1"), ("sip:a@b;y", "x=1", 1, "sip:a@b;y;x=1"), ("sip:a@b", "", 1, "sip:a@b"),
        ("sip:a:p@b:5;y?h=1", "x", 1, "sip:a:p@b:5;y;x?h=1"), ("foo:a", "x", -1, "foo:a"),
        ("sip:a@b", "x" * 5000, -1, "sip:a@b"),
    ],
)  # fmt: skip
def test_adding_uri_parameters(uri: str, param: str, result: int, changed: str) -> None:
    ctx = make()
    write(ctx, "$ru", uri)
    assert (call(ctx, "add_uri_param", param), ctx.uri) == (result, changed)


def test_tel_to_sip() -> None:
    ctx = make(uri="tel:+1-(555)-00.A;ext=1-2")
    assert call(ctx, "tel2sip") == 1
    assert ctx.uri == "sip:+155500a;ext=1-2@example.org;user=phone"
    assert call(ctx, "tel2sip") == 1
    assert ctx.uri == "sip:+155500a;ext=1-2@example.org;user=phone"
    ctx = make(request("INVITE", "tel:+1", from_="From: <tel:+2>;tag=1"))
    assert (call(ctx, "tel2sip"), ctx.uri) == (-1, "tel:+1")


@pytest.mark.parametrize(
    ("text", "result"),
    [("+4930123", 1), ("+49", 1), ("+4", -1), ("4930123", -1), ("+49x", -1), ("+1234567890123456", -1), ("", -1),
     ("+123456789012345", 1)],
)  # fmt: skip
def test_e164(text: str, result: int) -> None:
    ctx = make()
    write(ctx, "$avp(x)", text)
    assert call(ctx, "is_e164", "$avp(x)") == result
    write(ctx, "$avp(u)", f"sip:{text}@h" if text else "sip:h")
    assert call(ctx, "is_uri_user_e164", "$avp(u)") == result
    for form in ("sip:{}@h", "<sip:{}@h>", '"x" <sip:{}@h>;a=b'):
        write(ctx, "$avp(s:rpid)", form.format(text) if text else form.format("x"))
        assert call(ctx, "is_rpid_user_e164") == result


def test_e164_of_nothing() -> None:
    ctx = make()
    write(ctx, "$avp(u)", "no uri")
    assert [call(ctx, "is_e164", "$avp(none)"), call(ctx, "is_uri_user_e164", "$avp(u)")] == [-1, -1]
    assert call(ctx, "is_rpid_user_e164") == -1
    write(ctx, "$avp(s:rpid)", "<sip:broken")
    assert call(ctx, "is_rpid_user_e164") == -1
    write(ctx, "$avp(s:rpid)", 5)
    assert call(ctx, "is_rpid_user_e164") == -1


def test_remote_party_id() -> None:
    ctx = make()
    assert call(ctx, "append_rpid_hf") == -1
    write(ctx, "$avp(s:rpid)", "sip:a@b")
    assert call(ctx, "append_rpid_hf") == 1
    assert call(ctx, "append_rpid_hf", "<", ">;x") == 1
    text = edited(ctx)
    assert b"\r\nRemote-Party-ID: sip:a@b;party=calling;id-type=subscriber;screen=yes\r\n" in text
    assert b"\r\nRemote-Party-ID: <sip:a@b>;x\r\n" in text
    ctx = make(rpid_avp="$avp(i:5)", rpid_prefix="<", rpid_suffix=">")
    write(ctx, "$avp(i:5)", "sip:c@d")
    assert call(ctx, "append_rpid_hf") == 1
    assert b"\r\nRemote-Party-ID: <sip:c@d>\r\n" in edited(ctx)
    assert call(make(rpid_avp=""), "append_rpid_hf") == -1


def test_a_bad_rpid_avp_is_refused() -> None:
    for wrong in ("rpid", "$var(x)", "$avp(q:1)"):
        worker = FakeWorker()
        worker.load("sl")
        worker.load("siputils", rpid_avp=wrong)
        assert ["rpid_avp" in str(error) for error in worker.configure_modules()] == [True]


@pytest.mark.parametrize(
    ("name", "first", "second", "result"),
    [
        ("cmp_uri", "sip:a@B", "sip:a@b", 1), ("cmp_uri", "sip:a@b", "sip:A@b", -1), ("cmp_uri", "$ru", "$ru", 1),
        ("cmp_uri", "sip:a@b;x=1", "sip:a@b;x=2", -1), ("cmp_uri", "sip:a@b", "x", -2),
        ("cmp_aor", "sip:a@b;x=1", "sips:a@B:5060", 1), ("cmp_aor", "sip:a@b", "sip:a@b:5061", -1),
        ("cmp_aor", "sip:a@b", "sip:c@b", -1), ("cmp_aor", "", "sip:c@b", -2),
    ],
)  # fmt: skip
def test_comparing(name: str, first: str, second: str, result: int) -> None:
    assert call(make(), name, first, second) == result


CONTACTS = ("Contact: <sip:al:pw@10.0.0.1:5070;transport=tcp;x=y>;expires=5, sip:10.0.0.2", "m: <sip:c@d>")


def test_contacts_are_hidden_and_restored() -> None:
    ctx = make(request("INVITE", "sip:a", *CONTACTS))
    assert call(ctx, "encode_contact", "pre", "192.0.2.10") == 1
    hidden = parse_message(edited(ctx))
    assert [contact.uri for contact in hidden.contacts()] == [
        "sip:pre*al*pw*10.0.0.1*5070*tcp@192.0.2.10", "sip:pre***10.0.0.2**@192.0.2.10", "sip:pre*c**d**@192.0.2.10",
    ]  # fmt: skip
    assert hidden.contacts()[0].params == {"expires": "5"}
    ctx = make(hidden)
    assert call(ctx, "decode_contact_header") == 1
    assert [contact.uri for contact in parse_message(edited(ctx)).contacts()] == [
        "sip:al:pw@10.0.0.1:5070;transport=tcp", "sip:10.0.0.2", "sip:c@d",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("uri", "decoded"),
    [
        ("sip:pre*al**10.0.0.1*5070*@x;lr", "sip:al@10.0.0.1:5070;lr"), ("sip:a@b", None), ("sip:p*a**h**", None),
        ("sip:p*a*b*h*1*2*3@x", None), ("sip:p*a***1*@x", None), ("sip:p**pw*h**@x", None), ("sip:p*a**h*x*@x", None),
    ],
)  # fmt: skip
def test_restoring_the_request_uri(uri: str, decoded: str | None) -> None:
    ctx = make()
    write(ctx, "$ru", uri)
    assert call(ctx, "decode_contact") == 1
    assert ctx.uri == (uri if decoded is None else decoded)
    assert bool(ctx.worker.texts()) == (decoded is None)


def test_contacts_that_cannot_be_changed() -> None:
    ctx = make(request("INVITE", "sip:a"))
    assert [call(ctx, "encode_contact", "p", "h"), call(ctx, "decode_contact_header")] == [-1, -1]
    ctx = make(request("REGISTER", "sip:a", "Contact: *"))
    assert call(ctx, "encode_contact", "p", "h") == 1
    ctx = make(request("INVITE", "sip:a", "Contact: <sip:a*b@c>, <tel:+1>"))
    assert call(ctx, "encode_contact", "p", "h") == 1
    assert not ctx.msg.edits
    ctx = make(request("INVITE", "sip:a", "Contact: <sip:a*b@c>"), contact_flds_separator="#")
    assert call(ctx, "encode_contact", "p", "h") == 1
    assert b"<sip:p#a*b##c##@h>" in edited(ctx)


def test_options() -> None:
    ctx = make(request("OPTIONS", "sip:example.com"), options_support="path", options_accept_encoding="gzip")
    assert call(ctx, "options_reply") == 0
    text = ctx.worker.outlet.sent[0][0].decode()
    assert text.startswith("SIP/2.0 200 OK\r\n")
    assert "\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nAccept-Language: en\r\nSupported: path\r\n" in text
    for wrong in (request("OPTIONS", "sip:a@b"), request("INVITE", "sip:b")):
        ctx = make(wrong)
        assert call(ctx, "options_reply") == -1
        assert ctx.worker.outlet.sent == []


def test_183_becomes_180_for_a_while() -> None:
    ctx = make(ring_timeout=30)
    worker = ctx.worker
    assert call(ctx, "ring_insert_callid") == 1
    progress = bytes(reply(183, "Session Progress", "Content-Type: a/b", "X: y", body=b"body").buf)
    (convert,) = worker.hooks.message_in
    changed = convert(progress, ctx.source)
    msg = message(changed)
    assert (msg.status, msg.reason, msg.body) == (180, "Ringing", b"")
    assert b"Content-Type" not in changed
    assert b"\r\nX: y\r\n" in changed
    assert convert(progress.replace(b"c1@", b"c2@"), ctx.source) is None
    assert convert(bytes(reply(200, "OK").buf), ctx.source) is None
    assert convert(b"SIP/2.0 183 broken", ctx.source) is None
    worker.wall_time += 31
    assert convert(progress, ctx.source) is None


def test_ringing_needs_its_parameter() -> None:
    ctx = make()
    assert call(ctx, "ring_insert_callid") == -1
    assert ctx.worker.hooks.message_in == []


def test_it_needs_sl() -> None:
    worker = FakeWorker()
    worker.load("siputils")
    assert [error.suggestion for error in worker.configure_modules()] == ['add: loadmodule "sl.so"']
    with pytest.raises(OperatorError):
        worker.set_param("siputils", "rpid_avp", 5)
