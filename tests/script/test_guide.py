"""The examples of docs/script.md and docs/privacy.md, run."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from siprouter.testing import Node, Phone
from siprouter.testing.messages import build_message

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "script.md").read_text() + (DOCS / "privacy.md").read_text()


def example(word: str) -> str:
    return next(block for block in re.findall(r"^```\n(.*?)^```$", GUIDE, re.M | re.S) if word in block)


def test_definitions() -> None:
    with closing(Node(example("COUNT_DOWN"))) as node:
        assert [one.message.reason for one in node.receive(build_message("OPTIONS", "sip:x"))] == ["Lift-off"]
        assert [record.text.strip() for record in node.logged("round ")] == ["round 3", "round 2", "round 1"]
        assert node.worker.module("auth").secret == "xvV2Zg7!q"


def test_expressions_as_arguments() -> None:
    with Node(example("t_set_fr($v")) as node:
        alice, bob = Phone(node, "alice", "10.0.0.1:5060"), Phone(node, "bob", "10.0.0.2:5060")
        silent = alice.call("sip:bob@10.0.0.2")
        assert node.logged("7 * 6 = 42")
        node.advance(2.4)
        assert silent.status == 100
        node.advance(0.2)
        assert silent.status == 408
        bob.on_invite = lambda call: call.ring()
        ringing = alice.call("sip:bob@10.0.0.2")
        node.advance(4.9)
        assert ringing.status == 180
        node.advance(0.2)
        assert ringing.status == 408
        node.advance(200)


def test_identity_at_the_border() -> None:
    identity = {"P-Asserted-Identity": "<sip:alice@example.org>", "P-Preferred-Identity": "<sip:al@example.org>"}
    with Node(example('is_privacy("id")')) as node:

        def sent(source: str, host: str, number: int, **more: str) -> tuple[str | None, str | None]:
            headers = {**identity, **more}
            data = build_message("OPTIONS", f"sip:bob@{host}", branch=f"z9hG4bK{number}", headers=headers)
            (relayed,) = node.receive(data, source)
            return relayed.header("P-Asserted-Identity"), relayed.header("P-Preferred-Identity")

        assert sent("10.0.0.1:5060", "192.0.2.9", 1) == (identity["P-Asserted-Identity"], None)
        assert sent("10.0.0.1:5060", "192.0.2.9", 2, Privacy="id") == (None, None)
        assert sent("192.0.2.1:5060", "192.0.2.9", 3) == (None, None)
        node.advance(60)
