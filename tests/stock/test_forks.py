"""Calls to users with several phones: who wins, who is cancelled, and which refusal the caller hears."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from siprouter.testing import Call, Node, Phone


@pytest.fixture
def phones(node: Node) -> list[Phone]:
    """Three registered phones of bob."""
    made = [Phone(node, "bob", f"10.0.0.{number}:5060") for number in (2, 3, 4)]
    for phone in made:
        assert phone.register().status == 200
    return made


def legs(phones: list[Phone]) -> list[Call]:
    return [phone.incoming[0] for phone in phones]


def cancelled(leg: Call) -> bool:
    return bool(leg.requests.requests("CANCEL"))


def test_each_branch_is_a_request_of_its_own(node: Node, alice: Phone, phones: list[Phone]) -> None:
    alice.call("bob")
    invites = [phone.received.requests("INVITE").only for phone in phones]
    assert [sent.uri for sent in invites] == [phone.contact_uri for phone in phones]
    assert len({sent.message.via.branch for sent in invites}) == 3
    for leg in legs(phones):
        leg.reject()
    node.settle()


def test_all_ring_and_one_answers(node: Node, alice: Phone, phones: list[Phone]) -> None:
    call = alice.call("bob")
    first, second, third = legs(phones)
    for leg in (first, second, third):
        leg.ring()
    node.settle()
    second.answer()
    node.settle()
    assert call.statuses == [100, 180, 180, 180, 200]
    assert [cancelled(leg) for leg in (first, second, third)] == [True, False, True]
    assert [leg.statuses[-1] for leg in (first, second, third)] == [487, 200, 487]
    assert second.requests.summary == ["ACK"]
    for phone in (phones[0], phones[2]):
        reason = phone.received.requests("CANCEL").only.header("Reason")
        assert reason in (None, "SIP;cause=200") or "200" in reason


def test_a_branch_that_does_not_ring_is_cancelled_when_it_does(node: Node, alice: Phone, phones: list[Phone]) -> None:
    call = alice.call("bob")
    first, second, third = legs(phones)
    first.answer()
    second.ring()
    node.settle()
    assert call.established
    third.ring()
    node.settle()
    assert [cancelled(leg) for leg in (second, third)] == [True, True]
    assert call.statuses == [100, 200]
    node.advance(10)


def test_two_answers_at_once_both_reach_the_caller(node: Node, alice: Phone, phones: list[Phone]) -> None:
    call = alice.call("bob")
    first, second, third = legs(phones)
    third.reject(486)
    first.answer()
    second.answer()
    node.settle()
    assert call.statuses == [100, 200, 200]
    (other,) = call.others
    other.hang_up()
    node.settle()
    assert (first.ended, second.ended) == (False, True)


def test_a_late_answer_after_the_transaction_is_gone(node: Node, alice: Phone, phones: list[Phone]) -> None:
    """A 200 is never lost: without a transaction it goes by its Via (RFC 3261 16.7)."""
    for phone in phones:
        phone.obeys_cancel = False
    call = alice.call("bob")
    first, second, third = legs(phones)
    for leg in (first, second, third):
        leg.ring()
    first.answer()
    node.settle()
    third.reject(487)
    node.advance(200)
    assert node.transactions == []
    second.answer()
    node.settle()
    assert call.statuses[-2:] == [200, 200]
    assert second.requests.last.method == "ACK"


REFUSALS = [
    ([486, 480, 404], 404),
    ([404, 404, 404], 404),
    ([500, 486, 480], 480),
    ([302, 486, 500], 302),
    ([503, 503, 503], 500),
    ([486, 408, 486], 408),
    ([404, 486, 401], 401),
    ([404, 484, 408], 484),
    ([600, 486, 302], 600),
    ([603, 404, 404], 603),
]


@pytest.mark.parametrize(("statuses", "expected"), REFUSALS)
def test_the_best_refusal_wins(
    node: Node, alice: Phone, phones: list[Phone], statuses: list[int], expected: int
) -> None:
    """RFC 3261 16.7 step 6: 6xx before all, else the lowest class; in 4xx first what helps the caller to go on."""
    call = alice.call("bob")
    for leg, status in zip(legs(phones), statuses, strict=True):
        leg.reject(status)
    node.settle()
    assert call.statuses == [100, expected]


def test_six_hundred_ends_the_search(node: Node, alice: Phone, phones: list[Phone]) -> None:
    call = alice.call("bob")
    first, second, third = legs(phones)
    first.ring()
    second.ring()
    node.settle()
    third.reject(603)
    node.settle()
    assert [cancelled(leg) for leg in (first, second)] == [True, True]
    assert call.statuses == [100, 180, 180, 603]


@pytest.mark.parametrize(("status", "header"), [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")])
def test_challenges_of_all_branches(node: Node, alice: Phone, phones: list[Phone], status: int, header: str) -> None:
    call = alice.call("bob")
    for number, leg in enumerate(legs(phones)):
        leg.reject(status, headers={header: f'Digest realm="r{number}", nonce="n{number}"'})
    node.settle()
    assert call.status == status
    assert [f"r{number}" in value for number, value in enumerate(call.replies.last.headers(header))] == [True] * 3


def test_one_phone_does_not_answer_at_all(node: Node, alice: Phone, phones: list[Phone]) -> None:
    call = alice.call("bob")
    first, second, _ = legs(phones)
    first.reject(480)
    second.reject(480)
    node.advance(40)
    assert call.statuses == [100, 408]


def test_an_unreachable_contact_does_not_stop_the_others(node: Node, alice: Phone, phones: list[Phone]) -> None:
    node.network.unreachable.add(("10.0.0.2", 5060))
    call = alice.call("bob")
    assert [len(phone.incoming) for phone in phones] == [0, 1, 1]
    phones[1].incoming[0].reject(486)
    phones[2].incoming[0].answer()
    node.settle()
    assert call.established


def test_all_contacts_unreachable(node: Node, alice: Phone, phones: list[Phone]) -> None:
    node.network.unreachable.update((phone.ip, phone.port) for phone in phones)
    call = alice.call("bob")
    node.settle()
    assert call.status >= 400


def test_phones_of_different_transports(node: Node, alice: Phone, bob: Phone) -> None:
    other = Phone(node, "bob", "tcp:10.0.0.7:5070")
    other.register()
    call = alice.call("bob")
    assert (len(bob.incoming), len(other.incoming)) == (1, 1)
    bob.incoming[0].ring()
    other.incoming[0].answer()
    node.settle()
    assert call.established
    assert cancelled(bob.incoming[0])
    call.hang_up()
    node.settle()
    assert other.incoming[0].ended


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_early_media_of_one_and_ringing_of_the_other(
    node: Node, alice: Phone, phones: list[Phone], order: tuple[int, int]
) -> None:
    call = alice.call("bob")
    acts: list[Callable[[], None]] = [phones[0].incoming[0].progress, phones[1].incoming[0].ring]
    for number in order:
        acts[number]()
        node.settle()
    assert sorted(call.statuses) == [100, 180, 183]
    assert call.replies.replies(183).only.body == phones[0].sdp.encode()
    phones[2].incoming[0].reject(404)
    phones[1].incoming[0].reject(486)
    phones[0].incoming[0].answer()
    node.settle()
    assert call.established
