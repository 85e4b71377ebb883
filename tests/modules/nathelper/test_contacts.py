import pytest

from siprouter.transport.endpoint import PROTO_TCP
from tests.modules.nathelper.conftest import Phone, header, sent
from tests.support.fakes import call, read


@pytest.mark.parametrize(
    "contact,fixed",
    [
        ("<sip:alice@10.0.0.1>", "<sip:alice@203.0.113.7:1024>"),
        ("<sip:alice@10.0.0.1:5060;ob>;expires=60", "<sip:alice@203.0.113.7:1024;ob>;expires=60"),
        ("sip:10.0.0.1:5060", "sip:203.0.113.7:1024"),
        ('"A @ b" <sip:a:pw@[fe80::1]:5062;x=y>', '"A @ b" <sip:a:pw@203.0.113.7:1024;x=y>'),
        ("<sip:a@h>, <sip:b@h>", "<sip:a@203.0.113.7:1024>, <sip:b@h>"),
    ],
)
def test_fix_nated_contact(phone: Phone, contact: str, fixed: str) -> None:
    ctx = phone.send(f"Contact: {contact}")
    assert call(ctx, "fix_nated_contact") == 1
    assert header(ctx) == fixed
    assert call(ctx, "fix_nated_contact") == -1
    assert header(ctx) == fixed


def test_fix_nated_contact_with_ipv6_source(phone: Phone) -> None:
    ctx = phone.send("Contact: <sip:a@h>", ip="2001:db8::7")
    assert call(ctx, "fix_nated_contact") == 1
    assert header(ctx) == "<sip:a@[2001:db8::7]:1024>"


@pytest.mark.parametrize("contact", ["*", "<tel:+1>", "<sip:a@", "<a>"])
def test_contacts_that_cannot_be_fixed(phone: Phone, contact: str) -> None:
    ctx = phone.send(f"Contact: {contact}")
    assert call(ctx, "fix_nated_contact") == -1
    assert call(ctx, "add_contact_alias") == -1
    assert ctx.msg.edits == []


def test_no_contact(phone: Phone) -> None:
    ctx = phone.send()
    assert call(ctx, "fix_nated_contact") == -1
    assert call(ctx, "add_contact_alias") == 2
    assert call(ctx, "add_rcv_param") == 1


@pytest.mark.parametrize(
    "contact,fixed",
    [
        ("<sip:alice@10.0.0.1:5060;ob>;expires=60", "<sip:alice@10.0.0.1:5060;alias=203.0.113.7~1024~1;ob>;expires=60"),
        ("<sip:h>", "<sip:h;alias=203.0.113.7~1024~1>"),
        ("sip:a@h;expires=60", "<sip:a@h;alias=203.0.113.7~1024~1>;expires=60"),
        ("<sip:alice@203.0.113.7:5060>", "<sip:alice@203.0.113.7:5060;alias=203.0.113.7~1024~1>"),
    ],
)
def test_add_contact_alias(phone: Phone, contact: str, fixed: str) -> None:
    ctx = phone.send(f"Contact: {contact}")
    assert call(ctx, "add_contact_alias") == 1
    assert header(ctx) == fixed
    assert call(ctx, "add_contact_alias") == -1
    assert call(ctx, "fix_nated_contact") == -1


def test_alias_is_not_needed(phone: Phone) -> None:
    assert call(phone.send("Contact: <sip:a@203.0.113.7:1024>"), "add_contact_alias") == 2
    assert call(phone.send("Contact: <sip:a@203.0.113.7>", port=5060), "add_contact_alias") == 2


def test_alias_and_back(phone: Phone) -> None:
    ctx = phone.send("Contact: <sip:a@10.0.0.1;ob>", ip="2001:db8::7", proto=PROTO_TCP)
    assert call(ctx, "add_contact_alias") == 1
    back = phone.send(uri=sent(ctx).contacts()[0].uri)
    assert call(back, "handle_ruri_alias") == 1
    assert (back.uri, back.dst_uri) == ("sip:a@10.0.0.1;ob", "sip:[2001:db8::7]:1024;transport=tcp")


@pytest.mark.parametrize(
    "uri,result,new_uri,dst_uri",
    [
        ("sip:a@h", 2, None, None),
        ("sip:a@h;lr;x=alias", 2, None, None),
        ("sip:a@h;lr;alias=1.2.3.4~5~1;x=y", 1, "sip:a@h;lr;x=y", "sip:1.2.3.4:5"),
        ("sip:a@h;alias=1.2.3.4~5~3", 1, "sip:a@h", "sip:1.2.3.4:5;transport=tls"),
        ("sip:a@h;alias=1.2.3.4", -1, None, None),
        ("sip:a@h;alias=1.2.3.4~5", -1, None, None),
        ("sip:a@h;alias=1.2.3.4~99999~1", -1, None, None),
        ("sip:a@h;alias=~5~1", -1, None, None),
        ("sip:a@h;alias=1.2.3.4~5~9", -1, None, None),
        ("sip:a@h;alias=1.2.3.4~5~0", -1, None, None),
    ],
)
def test_handle_ruri_alias(phone: Phone, uri: str, result: int, new_uri: str | None, dst_uri: str | None) -> None:
    ctx = phone.send(uri=uri)
    assert call(ctx, "handle_ruri_alias") == result
    assert (ctx.new_uri, ctx.dst_uri) == (new_uri, dst_uri)


def test_alias_of_a_bad_uri(phone: Phone) -> None:
    ctx = phone.send()
    ctx.set_uri("nonsense")
    assert call(ctx, "handle_ruri_alias") == -1


def test_add_rcv_param(phone: Phone) -> None:
    ctx = phone.send("Contact: <sip:a@h>;q=1, sip:b@h", "Contact: <sip:c@h>")
    assert call(ctx, "add_rcv_param") == 1
    received = ';received="sip:203.0.113.7:1024"'
    contacts = [contact.text for contact in sent(ctx).contacts()]
    assert contacts == [f"<sip:a@h>;q=1{received}", f"sip:b@h{received}", f"<sip:c@h>{received}"]
    assert [contact.params["received"] for contact in sent(ctx).contacts()] == ["sip:203.0.113.7:1024"] * 3


def test_add_rcv_param_in_the_uri(phone: Phone) -> None:
    ctx = phone.send("Contact: <sip:a@h>;q=1", proto=PROTO_TCP)
    assert call(ctx, "add_rcv_param", 1) == 1
    assert header(ctx) == '<sip:a@h;received="sip:203.0.113.7:1024;transport=TCP">;q=1'


def test_add_rcv_param_to_odd_contacts(phone: Phone) -> None:
    ctx = phone.send("Contact: *")
    assert call(ctx, "add_rcv_param") == 1
    assert ctx.msg.edits == []
    assert call(phone.send("Contact: <"), "add_rcv_param") == -1


def test_fix_nated_register() -> None:
    phone = Phone(received_avp="$avp(s:rcv)")
    ctx = phone.send(method="REGISTER")
    assert call(ctx, "fix_nated_register") == 1
    assert read(ctx, "$avp(s:rcv)") == "sip:203.0.113.7:1024"


def test_fix_nated_register_needs_its_avp(phone: Phone) -> None:
    assert call(phone.send(method="REGISTER"), "fix_nated_register") == -1
    assert any("received_avp must be set" in text for text in phone.worker.texts())


@pytest.mark.parametrize(
    "routes,count,top",
    [
        ([], 0, 0),
        (["<sip:p1;lr>"], 1, 1),
        (["<sip:p1;r2=on;lr>, <sip:p1;transport=tcp;r2=on;lr>", "<sip:p2;lr>"], 3, 2),
        (["<sip:"], None, None),
    ],
)
def test_record_route_variables(phone: Phone, routes: list[str], count: int | None, top: int | None) -> None:
    ctx = phone.send(*[f"Record-Route: {route}" for route in routes])
    assert (read(ctx, "$rr_count"), read(ctx, "$rr_top_count")) == (count, top)
