"""Failure, branch and reply routes of whole scripts: serial forking, voicemail, redirection, per-branch edits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from siprouter.testing import Call, Node, Phone

HEAD = """
#!KAMAILIO
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", 30000)
modparam("tm", "failure_reply_mode", 3)

route {
    if (is_method("CANCEL")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    if (has_totag()) {
        loose_route();
        t_relay();
        exit;
    }
    t_check_trans();
    record_route();
    route(CALL);
}
"""

BOB, CAROL, MAILBOX = "10.0.0.2:5060", "10.0.0.3:5060", "10.0.0.5:5060"
MakeNode = Callable[[str], Node]


@pytest.fixture
def make() -> Iterator[MakeNode]:
    made: list[Node] = []

    def make_node(text: str) -> Node:
        made.append(Node(HEAD + text))
        return made[-1]

    yield make_node
    for node in made:
        node.close()


class Site:
    """A node with alice, bob, carol and a mailbox that answers at once."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.alice = Phone(node, "alice", "10.0.0.1:5060")
        self.bob = Phone(node, "bob", BOB)
        self.carol = Phone(node, "carol", CAROL)
        self.mailbox = Phone(node, "mailbox", MAILBOX)
        self.mailbox.on_invite = lambda leg: leg.answer()

    def call(self) -> Call:
        return self.alice.call("sip:bob@example.org")

    @property
    def leg(self) -> Call:
        return self.bob.incoming[-1]


VOICEMAIL = """
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    t_on_failure("BUSY");
    t_relay();
    exit;
}
failure_route[BUSY] {
    if (t_is_canceled()) exit;
    if (t_check_status("486|408")) {
        append_hf("Diversion: <sip:bob@example.org>\\r\\n");
        $ru = "sip:mailbox@10.0.0.5:5060";
        t_relay();
    }
}
"""


@pytest.fixture
def voicemail(make: MakeNode) -> Site:
    return Site(make(VOICEMAIL))


def test_busy_goes_to_the_mailbox(voicemail: Site) -> None:
    voicemail.bob.on_invite = lambda leg: leg.reject(486)
    call = voicemail.call()
    assert call.statuses == [100, 200], "the refusal stays here"
    invite = voicemail.mailbox.received.requests("INVITE").only
    assert (invite.uri, invite.header("Diversion")) == ("sip:mailbox@10.0.0.5:5060", "<sip:bob@example.org>")
    assert len(invite.headers("Record-Route")) == 1, "edits of before the first relay are done again, once"
    assert voicemail.bob.received.requests("INVITE").only.header("Diversion") is None
    assert voicemail.bob.received.last.method == "ACK"
    call.hang_up()
    voicemail.node.settle()
    assert voicemail.mailbox.incoming[0].ended


def test_no_answer_goes_to_the_mailbox(voicemail: Site) -> None:
    voicemail.bob.on_invite = lambda leg: leg.ring()
    call = voicemail.call()
    voicemail.node.advance(31)
    assert call.statuses == [100, 180, 200]
    assert voicemail.leg.requests.summary[:1] == ["CANCEL"]


def test_a_dead_phone_goes_to_the_mailbox(voicemail: Site) -> None:
    call = voicemail.call()
    voicemail.node.advance(6)
    assert call.statuses == [100, 200]
    assert voicemail.bob.received.requests("CANCEL") == []
    voicemail.node.advance(40)


def test_other_refusals_pass(voicemail: Site) -> None:
    voicemail.bob.on_invite = lambda leg: leg.reject(404, "Nobody Here")
    call = voicemail.call()
    assert call.statuses == [100, 404]
    assert call.replies.last.message.reason == "Nobody Here"
    assert voicemail.mailbox.incoming == []


def test_the_caller_gives_up_first(voicemail: Site) -> None:
    voicemail.bob.on_invite = lambda leg: leg.ring()
    call = voicemail.call()
    call.cancel()
    voicemail.node.settle()
    assert call.statuses == [100, 180, 487]
    assert voicemail.mailbox.incoming == []


def test_the_caller_gives_up_at_the_mailbox(voicemail: Site) -> None:
    voicemail.bob.on_invite = lambda leg: leg.reject(486)
    voicemail.mailbox.on_invite = lambda leg: leg.ring()
    call = voicemail.call()
    call.cancel()
    voicemail.node.settle()
    assert call.statuses == [100, 180, 487]
    assert voicemail.mailbox.received.requests("CANCEL").only.uri == "sip:mailbox@10.0.0.5:5060"


def test_the_mailbox_refuses_too(voicemail: Site) -> None:
    voicemail.bob.on_invite = lambda leg: leg.reject(486)
    voicemail.mailbox.on_invite = lambda leg: leg.reject(480)
    call = voicemail.call()
    assert call.statuses == [100, 480], "failure_reply_mode 3 forgets the first refusal"


def test_a_late_answer_of_the_first_phone(voicemail: Site) -> None:
    voicemail.bob.on_invite = lambda leg: leg.ring()
    voicemail.bob.obeys_cancel = False
    voicemail.mailbox.on_invite = lambda leg: leg.ring()
    call = voicemail.call()
    voicemail.node.advance(31)
    voicemail.leg.answer()
    voicemail.node.settle()
    assert call.status == 200
    assert voicemail.leg.requests.last.method == "ACK"
    assert voicemail.mailbox.received.requests("CANCEL"), "the second try is cancelled"
    voicemail.node.advance(40)


def test_the_mailbox_cannot_be_reached(voicemail: Site) -> None:
    voicemail.bob.on_invite = lambda leg: leg.reject(486)
    voicemail.node.network.unreachable.add(("10.0.0.5", 5060))
    call = voicemail.call()
    assert call.status >= 400
    assert call.ended


# --- several steps


STEPS = """
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    t_on_failure("SECOND");
    t_relay();
    exit;
}
failure_route[SECOND] {
    $ru = "sip:carol@10.0.0.3:5060";
    append_branch("sip:carol@10.0.0.4:5060");
    t_on_failure("THIRD");
    t_relay();
}
failure_route[THIRD] {
    if ($T_reply_code == 480) {
        t_reply("403", "Enough");
        exit;
    }
    append_branch("sip:mailbox@10.0.0.5:5060");
    t_relay();
}
"""


def test_three_steps(make: MakeNode) -> None:
    site = Site(make(STEPS))
    other = Phone(site.node, "carol", "10.0.0.4:5060")
    site.bob.on_invite = lambda leg: leg.reject(486)
    call = site.call()
    assert (len(site.carol.incoming), len(other.incoming)) == (1, 1)
    site.carol.incoming[0].reject(486)
    site.node.settle()
    assert site.mailbox.incoming == []
    other.incoming[0].reject(486)
    site.node.settle()
    assert call.statuses == [100, 200]
    assert len({sent.message.via.branch for sent in site.node.sent.requests("INVITE")}) == 4


def test_a_failure_route_that_replies(make: MakeNode) -> None:
    site = Site(make(STEPS))
    other = Phone(site.node, "carol", "10.0.0.4:5060")
    site.bob.on_invite = lambda leg: leg.reject(486)
    call = site.call()
    site.carol.incoming[0].reject(480)
    other.incoming[0].reject(486)
    site.node.settle()
    assert (call.statuses, call.replies.last.message.reason) == ([100, 403], "Enough")
    assert site.mailbox.incoming == []


def test_redirection_followed_by_the_router(make: MakeNode) -> None:
    site = Site(
        make("""
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    t_on_failure("MOVED");
    t_relay();
    exit;
}
failure_route[MOVED] {
    if (t_check_status("3[0-9][0-9]")) {
        $ru = $(T_rpl($ct){nameaddr.uri});
        t_relay();
    }
}
""")
    )
    site.bob.on_invite = lambda leg: leg.redirect('"Carol" <sip:carol@10.0.0.3:5060>;q=0.7')
    site.carol.on_invite = lambda leg: leg.answer()
    call = site.call()
    assert call.statuses == [100, 200]
    assert site.carol.received.requests("INVITE").only.uri == "sip:carol@10.0.0.3:5060"


def test_contacts_in_the_order_of_q(make: MakeNode) -> None:
    site = Site(
        make("""
modparam("tm", "contacts_avp", "$avp(s:contacts)")
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    append_branch("sip:carol@10.0.0.3:5060", "0.5");
    append_branch("sip:mailbox@10.0.0.5:5060", "0.5");
    t_load_contacts();
    t_next_contacts();
    t_on_failure("NEXT");
    t_relay();
    exit;
}
failure_route[NEXT] {
    if (t_next_contacts()) {
        t_on_failure("NEXT");
        t_relay();
    }
}
""")
    )
    site.mailbox.on_invite = None
    call = site.call()
    phones = (site.bob, site.carol, site.mailbox)
    assert [len(phone.incoming) for phone in phones] == [0, 1, 1], "without a q value last"
    for _ in range(2):
        for leg in [leg for phone in phones for leg in phone.incoming if not leg.ended]:
            leg.reject(486)
        site.node.settle()
        assert [len(phone.incoming) for phone in phones] == [1, 1, 1]
    assert call.statuses == [100, 486]


# --- branch routes


BRANCHES = """
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    append_branch("sip:carol@10.0.0.3:5060");
    append_branch("sip:mailbox@10.0.0.5:5060");
    t_on_branch("EACH");
    t_relay();
    exit;
}
branch_route[EACH] {
    append_hf("X-Branch: $T_branch_idx $rU\\r\\n");
    if ($rU == "carol") drop;
    if ($rU == "mailbox") $ru = "sip:mailbox@10.0.0.5:5060;late";
    xlog("L_INFO", "branch of $rU\\n");
}
"""


def test_each_branch_has_its_own_edits(make: MakeNode) -> None:
    site = Site(make(BRANCHES))
    site.mailbox.on_invite = None
    call = site.call()
    assert site.carol.incoming == [], "dropped"
    assert site.bob.received.requests("INVITE").only.header("X-Branch") == "1 bob"
    invite = site.mailbox.received.requests("INVITE").only
    assert invite.headers("X-Branch") == ["2 mailbox"], "a dropped branch does not count"
    assert invite.uri == "sip:mailbox@10.0.0.5:5060;late"
    site.leg.answer()
    site.node.settle()
    assert call.established
    site.node.advance(40)


def test_all_branches_dropped(make: MakeNode) -> None:
    text = """
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    t_on_branch("NONE");
    if (!t_relay()) sl_reply_error();
    exit;
}
branch_route[NONE] { drop; }
"""
    site = Site(make(text))
    call = site.call()
    assert site.bob.incoming == []
    assert call.status == 500


# --- reply routes


REPLIES = """
onreply_route {
    if (status == "181") drop;
}
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    $avp(s:who) = $fU;
    setflag(3);
    t_on_reply("ANSWERS");
    t_on_failure("ANSWERS");
    t_relay();
    exit;
}
onreply_route[ANSWERS] {
    append_hf("X-Reply: $avp(s:who) $rs $T_branch_idx\\r\\n");
    remove_hf("Server");
    if (isflagset(3)) append_hf("X-Flag: yes\\r\\n");
    if (status == "182") drop;
}
failure_route[ANSWERS] {
    t_on_reply("AGAIN");
    if (t_check_status("486")) {
        $ru = "sip:mailbox@10.0.0.5:5060";
        t_relay();
    }
}
onreply_route[AGAIN] {
    append_hf("X-Reply: again\\r\\n");
}
"""


def test_replies_are_edited(make: MakeNode) -> None:
    site = Site(make(REPLIES))
    call = site.call()
    site.leg.ring()
    site.leg.answer()
    site.node.settle()
    ringing, answer = call.replies[1:]
    assert ringing.header("X-Reply") == "alice 180 0"
    assert (answer.header("X-Reply"), answer.header("X-Flag")) == ("alice 200 0", "yes")
    assert answer.body == site.bob.sdp.encode()


def test_provisional_replies_can_be_dropped(make: MakeNode) -> None:
    site = Site(make(REPLIES))
    call = site.call()
    for status in (180, 181, 182, 183):
        site.leg.ring(status)
    site.node.settle()
    assert call.statuses == [100, 180, 183]
    site.leg.reject(404)
    site.node.settle()
    assert call.statuses[-1] == 404
    assert call.replies.last.header("X-Reply") == "alice 404 0"


def test_another_reply_route_after_a_failure(make: MakeNode) -> None:
    site = Site(make(REPLIES))
    site.bob.on_invite = lambda leg: leg.reject(486)
    call = site.call()
    assert call.status == 200
    assert call.replies.last.header("X-Reply") == "again"


def test_a_dropped_final_reply_is_relayed_all_the_same(make: MakeNode) -> None:
    """Only provisional replies can be dropped: a transaction must end."""
    text = """
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    t_on_reply("DROP");
    t_relay();
    exit;
}
onreply_route[DROP] { drop; }
"""
    site = Site(make(text))
    call = site.call()
    site.leg.ring()
    site.leg.answer()
    site.node.settle()
    assert call.statuses == [100, 200]


# --- time-outs set by the script


def test_the_script_sets_the_time_outs(make: MakeNode) -> None:
    text = """
route[CALL] {
    $ru = "sip:bob@10.0.0.2:5060";
    t_set_fr(10000, 2000);
    t_relay();
    exit;
}
"""
    site = Site(make(text))
    call = site.call()
    site.node.advance(2.5)
    assert call.statuses == [100, 408]
    site.bob.on_invite = lambda leg: leg.ring()
    call = site.call()
    site.node.advance(9)
    assert call.statuses == [100, 180]
    site.node.advance(2)
    assert call.statuses == [100, 180, 408]
    assert site.leg.requests.summary[:1] == ["CANCEL"]


def test_a_reply_of_the_script_ends_the_transaction(make: MakeNode) -> None:
    text = """
route[CALL] {
    t_newtran();
    t_reply("480", "Not Today");
    exit;
}
"""
    site = Site(make(text))
    site.node.network.loses = lambda sent: sent.status == 480
    call = site.call()
    site.node.advance(1)
    assert len(site.node.sent.replies(480)) == 2, "repeated until the ACK"
    site.node.network.loses = None
    site.node.advance(1)
    assert call.status == 480
    assert site.bob.incoming == []


def test_a_script_that_forgets_its_transaction(make: MakeNode) -> None:
    site = Site(make('route[CALL] { t_newtran(); xlog("L_INFO", "forgotten\\n"); exit; }'))
    call = site.call()
    assert call.statuses in ([], [100])
    assert all(transaction.answered for transaction in site.node.transactions)
    assert any("neither relayed" in text for text in site.node.log)
