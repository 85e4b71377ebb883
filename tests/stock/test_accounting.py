"""The accounting lines of whole calls."""

from __future__ import annotations

from siprouter.testing import Node, Phone


def lines(node: Node) -> list[dict[str, str]]:
    """The accounting lines, split into their values; "kind" is what a line begins with."""
    found = []
    for text in node.log:
        if text.startswith("ACC: "):
            kind, _, rest = text.removeprefix("ACC: ").partition(": ")
            found.append({"kind": kind, **dict(part.split("=", 1) for part in rest.split(";"))})
    return found


def brief(node: Node) -> list[tuple[str, str, str]]:
    return [(line["kind"], line["method"], line["code"]) for line in lines(node)]


def test_an_answered_call(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    leg = bob.incoming[0]
    leg.ring()
    node.settle()
    assert lines(node) == []
    leg.answer()
    node.settle()
    call.hang_up()
    node.settle()
    assert brief(node) == [("transaction answered", "INVITE", "200"), ("transaction answered", "BYE", "200")]
    for line in lines(node):
        assert (line["from_tag"], line["to_tag"]) == (call.local_tag, leg.local_tag)
        assert line["call_id"] == f"{call.call_id}@test"
        if node.worker.modules["acc"].log_extra:
            assert (line["src_user"], line["dst_user"]) == ("alice", "bob")
        assert abs(int(line["timestamp"]) - node.clock.wall()) < 2


def test_a_call_that_is_refused(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486, "Occupied")
    alice.call("bob")
    assert brief(node) == [("call missed", "INVITE", "486")]
    assert lines(node)[0]["reason"] == "Occupied"


def test_a_call_that_is_given_up(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    call.cancel()
    node.settle()
    assert brief(node) == [("call missed", "INVITE", "487")]


def test_a_call_that_nobody_takes(node: Node, alice: Phone, bob: Phone) -> None:
    alice.call("bob")
    node.advance(150)
    assert brief(node) == [("call missed", "INVITE", "408")]


def test_registrations_are_not_accounted(node: Node, bob: Phone) -> None:
    assert bob.unregister().status == 200
    assert lines(node) == []
