"""The small header types."""

from collections.abc import Callable

import pytest

from siprouter.sip import contact as contacts
from siprouter.sip.content_type import parse_content_type
from siprouter.sip.date import format_date, parse_date
from siprouter.sip.dialog_ref import DialogRef, parse_dialog_ref
from siprouter.sip.errors import MessageError
from siprouter.sip.event import Event, SubscriptionState, parse_event, parse_subscription_state
from siprouter.sip.lists import has_token, list_values, method_mask, split_list
from siprouter.sip.message import parse_message
from siprouter.sip.names import H_ALLOW, H_SUPPORTED, M_ACK, M_INVITE
from siprouter.sip.privacy import parse_privacy
from siprouter.sip.rack import RAck, parse_rack, parse_rseq
from siprouter.sip.reason import Reason, build_reason, parse_reasons
from siprouter.sip.retry_after import RetryAfter, parse_retry_after
from siprouter.sip.session_expires import SessionExpires, parse_min_se, parse_session_expires
from siprouter.sip.valueparams import parse_seconds
from tests.sip.samples import INVITE


def test_lists() -> None:
    assert split_list(" a , b,,c ") == ["a", "b", "c"]
    assert split_list('"a,b\\"",<c,d>,e') == ['"a,b\\""', "<c,d>", "e"]
    assert split_list("") == []
    with pytest.raises(MessageError):
        split_list('a,"b')
    msg = parse_message(
        INVITE.replace(b"Contact", b"Supported: path, 100rel\r\nAllow: INVITE,ACK, FOO\r\nk: timer\r\nContact")
    )
    assert list_values(msg, H_SUPPORTED) == ["path", "100rel", "timer"]
    assert has_token(msg, H_SUPPORTED, "Timer") and not has_token(msg, H_SUPPORTED, "gruu")
    assert method_mask(list_values(msg, H_ALLOW)) == 1 << M_INVITE | 1 << M_ACK | 1


def test_content_type() -> None:
    found = parse_content_type(' Multipart / Mixed ; Boundary="a;b" ; x')
    assert (found.essence, found.params) == ("multipart/mixed", {"boundary": "a;b", "x": ""})


def test_event_and_subscription_state() -> None:
    assert parse_event("presence.winfo;id=5") == Event("presence.winfo", {"id": "5"})
    assert parse_event("dialog").id == ""
    assert parse_subscription_state("Terminated;reason=timeout;retry-after=7") == SubscriptionState(
        "terminated", "timeout", None, 7
    )
    assert parse_subscription_state("active;expires=600").expires == 600


def test_session_expires() -> None:
    assert parse_session_expires("1800 ; refresher=UAS") == SessionExpires(1800, "uas")
    assert parse_min_se("90;x") == 90


def test_seconds() -> None:
    assert [parse_seconds(text) for text in ("0", "007", "4294967295", "4294967296", "1" + "0" * 100)] == [
        0, 7, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    ]  # fmt: skip


def test_retry_after() -> None:
    text = "18000 (I'm in (a) \\) meeting) ; duration=3600"
    assert parse_retry_after(text) == RetryAfter(18000, "I'm in (a) \\) meeting", {"duration": "3600"})
    assert parse_retry_after("5").comment == ""


def test_dialog_references() -> None:
    assert parse_dialog_ref("a@b;from-tag=1;to-tag=2;early-only") == DialogRef("a@b", "2", "1", True)


def test_reasons() -> None:
    assert parse_reasons('SIP;cause=200;text="Call, completed", Q.850;cause=16;text=x, foo') == [
        Reason("SIP", 200, "Call, completed"),
        Reason("Q.850", 16, "x"),
        Reason("foo", 0, ""),
    ]
    assert build_reason(200, 'say "x"') == b'Reason: SIP;cause=200;text="say \\"x\\""\r\n'


def test_reliability() -> None:
    assert parse_rack(" 776656  1 INVITE") == RAck(776656, 1, "INVITE")
    assert parse_rseq("988789") == 988789


def test_privacy() -> None:
    assert parse_privacy("ID; user;critical") == {"id", "user", "critical"}
    assert parse_privacy("id, none") == {"id", "none"}


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_event, ""),
        (parse_event, "a b"),
        (parse_event, ";id=1"),
        (parse_subscription_state, "active;expires=x"),
        (parse_subscription_state, "é"),
        (parse_session_expires, "x"),
        (parse_session_expires, "90;refresher=me"),
        (parse_min_se, "-1"),
        (parse_retry_after, "5 (a"),
        (parse_retry_after, "soon"),
        (parse_dialog_ref, "a@b;from-tag=1"),
        (parse_rack, "1 INVITE"),
        (parse_rack, "x 1 INVITE"),
        (parse_rseq, "0"),
        (parse_rseq, "2147483648"),
        (parse_date, "Fri, 01 Jan 2010 16:00:00 EST"),
        (parse_date, "Fri, 31 Feb 2010 16:00:00 GMT"),
        (parse_date, "Fri, 01 Foo 2010 16:00:00 GMT"),
        (parse_date, "Fri, 01 Jan 2010 24:00:00 GMT"),
        (parse_date, "now"),
    ],
)
def test_malformed(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse(text)
    assert caught.value.status == 400


def test_dates() -> None:
    text = "Sat, 13 Nov 2010 23:29:00 GMT"
    assert parse_date(text) == 1289690940
    assert format_date(1289690940) == text


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("1", 1000), ("0.5", 500), ("1.000", 1000), (".33", 330), ("0.001", 1), ("1.", 1000)]
)
def test_q_values(text: str, value: int) -> None:
    assert contacts.parse_q(text) == value
    assert contacts.parse_q(contacts.format_q(value)) == value


@pytest.mark.parametrize("text", ["", ".", "2", "1.001", "0.1234", "-0", "0.x", "x", "0.٥"])
def test_bad_q_values(text: str) -> None:
    with pytest.raises(MessageError):
        contacts.parse_q(text)


def test_contact_parameters() -> None:
    found = contacts.parse_contacts(
        '<sip:a@b>;q=0.7;expires=60;+sip.instance="<urn:uuid:1>";reg-id=2, <sip:c@d>;expires=x;reg-id=-1, '
        "<sip:e@f>;expires=280297596632815"
    )
    assert [contacts.contact_q(addr) for addr in found] == [700, contacts.Q_UNSET, contacts.Q_UNSET]
    assert [contacts.contact_expires(addr) for addr in found] == [60, 3600, 0xFFFFFFFF]
    assert contacts.contact_expires(contacts.parse_contacts("*")[0]) is None
    assert [contacts.contact_instance(addr) for addr in found] == ["urn:uuid:1", "", ""]
    assert [contacts.contact_reg_id(addr) for addr in found] == [2, 0, 0]
    assert [contacts.format_q(value) for value in (0, 1, 10, 100, 330, 1000)] == [
        "0",
        "0.001",
        "0.01",
        "0.1",
        "0.33",
        "1",
    ]
