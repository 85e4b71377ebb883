import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.modules.usrloc.contact import (
    FOUND,
    MATCH_CALL_ID,
    MATCH_CONTACT,
    MATCH_PATH,
    OUT_OF_ORDER,
    RETRANSMISSION,
    Contact,
    check_order,
    earliest_expiry,
    find_contact,
    insert_contact,
    parse_q,
    q_text,
    replace_contact,
)
from tests.modules.usrloc.conftest import NOW, contact


def uris(contacts: tuple[Contact, ...]) -> str:
    return " ".join(one.uri for one in contacts)


def test_matching_modes() -> None:
    contacts = (
        contact("a", call_id="1", path="<p1>"),
        contact("a", call_id="2", path="<p2>"),
        contact("b", call_id="3"),
    )
    assert find_contact(contacts, "a", "2", "<p2>", MATCH_CONTACT) == 0
    assert find_contact(contacts, "a", "2", "<p2>", MATCH_CALL_ID) == 1
    assert find_contact(contacts, "a", "x", "<p2>", MATCH_PATH) == 1
    assert find_contact(contacts, "a", "x", None, MATCH_PATH) == 0
    assert find_contact(contacts, "b", "1", "<p>", MATCH_PATH) == -1
    assert find_contact(contacts, "b", "1", None, MATCH_CALL_ID) == -1
    assert find_contact((), "b", "1", None, MATCH_CONTACT) == -1


@pytest.mark.parametrize(
    "call_id,cseq,now,mode,expected",
    [
        ("other", 1, NOW, MATCH_CONTACT, FOUND),
        ("c1@host", 6, NOW, MATCH_CONTACT, FOUND),
        ("c1@host", 4, NOW, MATCH_CONTACT, OUT_OF_ORDER),
        ("c1@host", 5, NOW + 19, MATCH_CONTACT, RETRANSMISSION),
        ("c1@host", 5, NOW + 20, MATCH_CONTACT, OUT_OF_ORDER),
        ("c1@host", 4, NOW, MATCH_CALL_ID, OUT_OF_ORDER),
    ],
)
def test_order_of_requests(call_id: str, cseq: int, now: float, mode: int, expected: int) -> None:
    assert check_order(contact(cseq=5), call_id, cseq, mode, now, 20) == expected


def test_highest_q_first_then_oldest() -> None:
    contacts: tuple[Contact, ...] = ()
    for uri, q in (("a", 500), ("b", 1000), ("c", 500), ("d", -1), ("e", 700)):
        contacts = insert_contact(contacts, contact(uri, q=q), False)
    assert uris(contacts) == "b e a c d"
    assert uris(replace_contact(contacts, 2, contact("a", q=500), False)) == "b e a c d"
    assert uris(replace_contact(contacts, 0, contact("b", q=100), False)) == "e a c b d"
    assert uris(replace_contact(contacts, 4, contact("d", q=1000), False)) == "b d e a c"


def test_newest_first() -> None:
    contacts: tuple[Contact, ...] = ()
    for uri in "abc":
        contacts = insert_contact(contacts, contact(uri, q=ord(uri)), True)
    assert uris(contacts) == "c b a"
    assert uris(replace_contact(contacts, 2, contact("a"), True)) == "a c b"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 3)), max_size=12))
def test_order_holds_after_any_updates(steps: list[tuple[int, int]]) -> None:
    contacts: tuple[Contact, ...] = ()
    for number, q in steps:
        index = find_contact(contacts, str(number), "c1@host", None, MATCH_CONTACT)
        new = contact(str(number), q=q)
        contacts = insert_contact(contacts, new, False) if index < 0 else replace_contact(contacts, index, new, False)
    assert [one.q for one in contacts] == sorted((one.q for one in contacts), reverse=True)
    assert sorted(one.uri for one in contacts) == sorted({str(number) for number, _ in steps})


def test_expiry() -> None:
    assert earliest_expiry((contact(expires=50), contact(expires=0), contact(expires=20))) == 20
    assert earliest_expiry((contact(expires=0),)) == 0
    assert contact(expires=20).is_valid(19.9) and not contact(expires=20).is_valid(20.0)
    assert contact(expires=0).is_valid(1e10)


@pytest.mark.parametrize(
    "text,q,back",
    [
        ("1", 1000, "1"),
        ("0", 0, "0"),
        ("0.5", 500, "0.5"),
        (".25", 250, "0.25"),
        ("1.000", 1000, "1"),
        ("0.001", 1, "0.001"),
    ],
)
def test_q(text: str, q: int, back: str) -> None:
    assert parse_q(text) == q
    assert q_text(q) == back


def test_unset_q() -> None:
    assert q_text(-1) == ""


@pytest.mark.parametrize("text", ["", ".", "1.1", "2", "-1", "0.x", "1.", "a", "0.5.5", "99999999999999", "²"])
def test_bad_q(text: str) -> None:
    with pytest.raises(ValueError):
        parse_q(text)


def test_row() -> None:
    assert contact(q=5, path="p").to_row()[:4] == ("sip:bob@192.0.2.5:5060", NOW + 3600, 5, "c1@host")
