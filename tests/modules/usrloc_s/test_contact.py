"""Bindings of SER on plain values."""

from siprouter.modules.usrloc_s.contact import SerContact, find_by_instance, find_by_uri, put_contact
from tests.modules.usrloc_s.conftest import NOW, contact


def test_a_row_makes_the_same_contact() -> None:
    one = contact(flags=1, instance='"<urn:x>"', server_id=7, avps=((2, "a", "b", 4),))
    again = SerContact(*one.to_row())  # type: ignore[arg-type]
    assert again.to_row() == one.to_row()
    assert (again.aor, again.instance, again.server_id, again.avps) == (
        "sip:bob@example.com",
        '"<urn:x>"',
        7,
        ((2, "a", "b", 4),),
    )


def test_instance_or_uri_means_the_contact() -> None:
    contacts = (contact("sip:a@h", instance="i1"), contact("sip:b@h"))
    assert find_by_instance(contacts, "sip:new@h", "i1") == 0
    assert find_by_instance(contacts, "sip:b@h", "i2") == 1
    assert find_by_instance(contacts, "sip:new@h", None) == -1
    assert find_by_uri(contacts, "sip:b@h") == 1
    assert find_by_uri(contacts, "SIP:b@h") == -1


def test_order() -> None:
    a, b, c = contact("a", q=500), contact("b", q=900), contact("c", q=500)
    contacts = put_contact((), -1, a, False)
    contacts = put_contact(contacts, -1, b, False)
    contacts = put_contact(contacts, -1, c, False)
    assert [one.uri for one in contacts] == ["b", "a", "c"]
    assert [one.uri for one in put_contact(contacts, 1, contact("a2", q=500), False)] == ["b", "a2", "c"]
    assert [one.uri for one in put_contact(contacts, 1, contact("a2", q=950), False)] == ["a2", "b", "c"]
    assert [one.uri for one in put_contact(contacts, -1, contact("d", q=100), True)] == ["d", "b", "a", "c"]


def test_permanent_ones_stay() -> None:
    assert contact(expires=0, flags=128).is_valid(NOW + 10**6)
    assert not contact(expires=NOW).is_valid(NOW)
