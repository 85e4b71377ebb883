"""Phones that do anything at any time: whatever they do, each call ends, once, and the router forgets it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from siprouter.testing import Call, Node, Phone, Sent

OURS = Path(__file__).resolve().parents[2] / "etc" / "siprouter.cfg"

VOICEMAIL = """
#!KAMAILIO
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("tm", "fr_timer", 4000)
modparam("tm", "fr_inv_timer", 20000)
route {
    if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
    if (has_totag()) { loose_route(); t_relay(); exit; }
    t_check_trans();
    if (is_method("REGISTER")) { save("location"); exit; }
    record_route();
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    t_on_failure("NEXT");
    t_on_branch("BRANCH");
    t_on_reply("REPLY");
    t_relay();
}
branch_route[BRANCH] { append_hf("X-Branch: $ru\\r\\n"); }
onreply_route[REPLY] { append_hf("X-Reply: $rs\\r\\n"); }
failure_route[NEXT] {
    if (t_is_canceled()) exit;
    if (t_check_status("486|408|603")) {
        $ru = "sip:mailbox@10.0.0.9:5060";
        append_branch("sip:second@10.0.0.8:5060");
        t_on_failure("LAST");
        t_relay();
    }
}
failure_route[LAST] {
    if (t_check_status("486")) t_reply("480", "Later");
}
"""

CALLEE_STATUSES = (180, 180, 183, 200, 200, 302, 404, 480, 486, 487, 500, 503, 603)
RUNS = 40
EARLY = 3.0


class Players:
    """A caller, three phones of bob over UDP and TCP, and two that only the failure route knows."""

    def __init__(self, node: Node, random: Random) -> None:
        self.node = node
        self.random = random
        self.caller = Phone(node, "alice", random.choice(["10.0.0.1:5060", "tcp:10.0.0.1:5070"]))
        bobs = [Phone(node, "bob", "10.0.0.2:5060"), Phone(node, "bob", "tcp:10.0.0.3:5070")]
        bobs.append(Phone(node, "bob", "10.0.0.4:5060"))
        for phone in bobs[: random.randint(1, 3)]:
            assert phone.register().status == 200
        self.callees = [*bobs, Phone(node, "second", "10.0.0.8:5060"), Phone(node, "mailbox", "10.0.0.9:5060")]
        for phone in self.callees:
            phone.obeys_cancel = random.random() < 0.8
        self.started = node.clock()
        self.refused: list[Call] = []
        self.call = self.caller.call("bob")

    @property
    def early(self) -> bool:
        """Whether the transaction cannot be gone yet."""
        return self.node.clock() < self.started + EARLY

    def act(self) -> None:
        """One random thing."""
        random = self.random
        if not any(transaction.method == "INVITE" for transaction in self.node.transactions):
            return  # what comes now is forwarded by its Via, whatever it is
        legs = [leg for phone in self.callees for leg in phone.incoming]
        choice = random.random()
        if choice < 0.55 and legs:
            self.answer(random.choice(legs))
        elif choice < 0.65:
            if self.early:
                self.caller.transmit(self.call.invite)
        elif choice < 0.72 and legs:
            leg = random.choice(legs)
            if leg.statuses:
                leg.resend()
        elif choice < 0.80:
            self.call.cancel()
        elif choice < 0.85:
            if self.early or not self.call.last_sent.startswith(b"INVITE"):
                self.call.resend()
        elif choice < 0.90 and self.call.established:
            self.call.hang_up()
        else:
            self.node.advance(random.choice([0.1, 0.6, 3, 25]))
        if random.random() < 0.7:
            self.node.settle()

    def answer(self, leg: Call) -> None:
        """A phone says something, nothing after its final answer but that again."""
        if leg.statuses and leg.statuses[-1] >= 200:
            leg.phone.transmit(leg.last_sent)
            return
        status = self.random.choice(CALLEE_STATUSES)
        if status < 200:
            leg.ring(status)
        elif status < 300:
            leg.answer(status)
        else:
            leg.reject(status, headers={"Contact": "<sip:elsewhere@10.0.0.77>"} if status == 302 else None)
            if self.early:
                self.refused.append(leg)

    def finish(self) -> None:
        """Everybody comes to an end."""
        self.node.settle()
        self.node.advance(300)


def check(node: Node, call: Call) -> None:
    finals = [status for status in call.statuses if status >= 200]
    refusals = {status for status in finals if status >= 300}
    assert len(refusals) <= 1, "one refusal, however often it is repeated"
    successes = [status for status in finals if status < 300]
    if successes and refusals:
        assert finals.index(successes[0]) > 0, "a refusal never follows an answer"
        assert all(status < 300 for status in finals[finals.index(successes[0]) :])
    assert node.transactions == []
    assert [timer for timer in node.timers if "branch" in timer.what or "transaction" in timer.what] == []
    assert not [text for text in node.errors if "failed" in text], node.errors


def play(node: Node, seed: int) -> Players:
    random = Random(seed)
    players = Players(node, random)
    for _ in range(random.randint(3, 25)):
        players.act()
    players.finish()
    return players


@pytest.mark.parametrize("seed", range(RUNS))
@pytest.mark.parametrize("config", ["default", "voicemail"])
def test_any_order(config: str, seed: int) -> None:
    text = "" if config == "default" else VOICEMAIL
    with Node(text, path=OURS if config == "default" else None, aliases=["example.org"], debug=0) as node:
        players = play(node, seed)
        check(node, players.call)
        assert [status for status in players.call.statuses if status >= 200], "the caller hears how it ended"
        assert all("ACK" in leg.requests.summary for leg in players.refused), "each refusal is acknowledged"


@pytest.mark.parametrize("seed", range(RUNS))
def test_any_order_with_losses(seed: int) -> None:
    """A third of what the router sends is lost."""
    lost = Random(seed + 1000)

    def loses(sent: Sent) -> bool:
        return lost.random() < 0.33

    with Node(VOICEMAIL, aliases=["example.org"], debug=0) as node:
        random = Random(seed)
        players = Players(node, random)
        node.network.loses = loses
        for _ in range(random.randint(3, 25)):
            players.act()
        players.finish()
        check(node, players.call)
