"""RFC 3261 section 10.3 on plain values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.modules.registrar.bindings import Rules, apply_registration, remove_all
from siprouter.modules.registrar.rejection import Rejected
from siprouter.modules.registrar.request import Registration, make_registration, make_wanted
from siprouter.modules.usrloc.contact import Contacts
from siprouter.modules.usrloc.domain import DELETE, INSERT, UPDATE

NOW = 1000


def reg(cseq: int, *wanted: tuple[str, int] | str, call_id: str = "c1", now: int = NOW) -> Registration:
    made = make_registration(call_id, cseq, now)
    for one in wanted:
        uri, seconds = (one, 60) if isinstance(one, str) else one
        made.contacts.append(make_wanted(uri, now + seconds if seconds else 0, -1, 1, None))
    return made


def after(*registrations: Registration, rules: Rules | None = None) -> Contacts:
    contacts: Contacts = ()
    for one in registrations:
        contacts = apply_registration(contacts, one, rules or Rules()).contacts
    return contacts


def test_insert_update_remove() -> None:
    outcome = apply_registration((), reg(1, "a", "b", ("c", 0)), Rules())
    assert outcome.code == 1
    assert [event for event, _ in outcome.changes] == [INSERT, INSERT]
    outcome = apply_registration(outcome.contacts, reg(2, ("a", 600)), Rules())
    assert outcome.code == 2
    assert [(event, one.uri, one.expires, one.cseq) for event, one in outcome.changes] == [(UPDATE, "a", NOW + 600, 2)]
    outcome = apply_registration(outcome.contacts, reg(3, ("a", 0)), Rules())
    assert outcome.code == 3
    assert [(event, one.uri) for event, one in outcome.changes] == [(DELETE, "a")]
    assert [one.uri for one in outcome.contacts] == ["b"]


def test_all_or_nothing() -> None:
    contacts = after(reg(5, "a"))
    with pytest.raises(Rejected, match="400"):
        apply_registration(contacts, reg(4, "new", "a"), Rules())
    with pytest.raises(Rejected, match="503"):
        apply_registration(contacts, reg(6, "b", "c"), Rules(max_contacts=2))


def test_old_request_is_refused_and_the_same_one_ignored() -> None:
    contacts = after(reg(5, "a"))
    with pytest.raises(Rejected):
        apply_registration(contacts, reg(4, "a"), Rules())
    again = apply_registration(contacts, reg(5, ("a", 90), now=NOW + 19), Rules())
    assert (again.contacts, again.changes, again.code) == (contacts, [], 0)
    with pytest.raises(Rejected):
        apply_registration(contacts, reg(5, "a", now=NOW + 20), Rules())


def test_another_call_id_may_have_any_cseq_and_takes_over() -> None:
    contacts = after(reg(5, "a"), reg(1, "a", call_id="c2"))
    assert [(one.call_id, one.cseq) for one in contacts] == [("c2", 1)]


def test_twice_the_same_contact_in_one_request() -> None:
    contacts = after(reg(1, ("a", 60), ("a", 90)))
    assert [(one.uri, one.expires) for one in contacts] == [("a", NOW + 90)]
    contacts = after(reg(1, "a"), reg(2, ("a", 60), ("a", 0)))
    assert contacts == ()


def test_replace_keeps_only_the_first_contact() -> None:
    rules = Rules(replace=True)
    outcome = apply_registration(after(reg(1, "a", "b")), reg(2, "c", "d"), rules)
    assert [one.uri for one in outcome.contacts] == ["c"]
    assert [(event, one.uri) for event, one in outcome.changes] == [(INSERT, "c"), (DELETE, "a"), (DELETE, "b")]
    outcome = apply_registration(after(reg(1, "a", "b")), reg(2, "b"), rules)
    assert [(event, one.uri) for event, one in outcome.changes] == [(UPDATE, "b"), (DELETE, "a")]
    outcome = apply_registration(after(reg(1, "a", "b")), reg(1, "b", "c"), rules)
    assert outcome.changes == []


def test_limit() -> None:
    rules = Rules(max_contacts=2)
    contacts = after(reg(1, "a", "b"), rules=rules)
    assert len(apply_registration(contacts, reg(2, ("a", 0), "c"), rules).contacts) == 2
    with pytest.raises(Rejected, match="503"):
        apply_registration(contacts, reg(2, "c"), rules)
    tighter = Rules(max_contacts=1)
    assert apply_registration(contacts, reg(2, "a", "b"), tighter).code == 2
    assert apply_registration(contacts, reg(2, ("a", 0)), tighter).code == 3


def test_star() -> None:
    contacts = after(reg(5, "a"), reg(1, "b", call_id="c2"))
    outcome = remove_all(contacts, reg(6))
    assert (outcome.contacts, outcome.code) == ((), 3)
    assert [event for event, _ in outcome.changes] == [DELETE, DELETE]
    with pytest.raises(Rejected, match="400"):
        remove_all(contacts, reg(4))


def test_by_call_id() -> None:
    contacts = after(reg(1, "a"), reg(1, "a", call_id="c2"), rules=Rules(matching_mode=1))
    assert [one.call_id for one in contacts] == ["c1", "c2"]


_requests = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(["c1", "c2"]),
        st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([0, 60])), min_size=1, max_size=3),
    ),
    max_size=12,
)


@given(_requests, st.integers(0, 3), st.booleans())
def test_changes_tell_the_whole_story(
    requests: list[tuple[int, str, list[tuple[str, int]]]], limit: int, replace: bool
) -> None:
    contacts: Contacts = ()
    told: list[str] = []
    rules = Rules(max_contacts=limit, replace=replace)
    for cseq, call_id, wanted in requests:
        try:
            outcome = apply_registration(contacts, reg(cseq, *wanted, call_id=call_id), rules)
        except Rejected:
            continue
        for event, one in outcome.changes:
            if event == INSERT:
                told.append(one.uri)
            elif event == DELETE:
                told.remove(one.uri)
        contacts = outcome.contacts
        assert sorted(one.uri for one in contacts) == sorted(told) == sorted(set(told))
        assert not limit or len(contacts) <= limit
