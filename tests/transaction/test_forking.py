"""The response context: which reply goes upstream, failure routes, challenges, late 2xx, waiting routes."""

import pytest

from siprouter.transaction import states as st
from siprouter.transaction.base import DROPPED
from siprouter.transaction.events import E2EACK_IN, E2EACK_RETR_IN
from siprouter.transaction.forking import priority
from siprouter.transaction.server import F_CANCELED, F_DISABLE_6XX
from siprouter.transaction.table import ACK_RELAYED
from siprouter.transaction.transaction import MAX_INBOX, MAX_TAGS
from tests.transaction.kit import PENDING, callee, make_reply


def test_order_of_final_statuses():
    order = [600, 603, 300, 302, 401, 407, 415, 420, 484, 400, 404, 408, 486, 487, 500, 503, 700]
    assert sorted(order, key=priority) == order


@pytest.mark.parametrize(
    ("statuses", "relayed"),
    [((486, 603), 603), ((404, 302), 302), ((486, 401), 401), ((404, 500), 404), ((500, 302), 302), ((480, 404), 404),
     ((503, 500), 500)],
)  # fmt: skip
def test_best_reply_whatever_the_order(world, statuses, relayed):
    for first in (0, 1):
        call_id = f"{statuses}{first}"
        transaction, *branches = world.call(callee(), callee(1), call_id=call_id)
        world.reply(branches[first], statuses[first])
        world.reply(branches[1 - first], statuses[1 - first])
        assert transaction.status == relayed
        world.take()


def test_nothing_is_sent_while_a_branch_is_pending(world):
    _, first, second = world.call(callee(), callee(1))
    world.reply(first, 486)
    assert world.texts() == ["ACK 0 for 486"]
    world.reply(second, 180)
    assert world.texts() == ["SIP/2.0 180 from 1"]
    world.reply(second, 404)
    assert world.texts() == ["ACK 1 for 404", "SIP/2.0 404 from 1"]


def test_100_stays_here(world):
    _, branch = world.call()
    world.reply(branch, 100)
    assert world.texts() == []


class TestSuccess:
    def test_cancels_the_others(self, world):
        _, first, second, third = world.call(callee(), callee(1), callee(2))
        world.reply(second, 180)
        world.take()
        world.reply(first, 200)
        assert world.texts() == ["SIP/2.0 200 from 0", 'CANCEL 1 Reason: SIP;cause=200;text="Call completed elsewhere"']
        assert third.state == st.C_CALLING
        world.wait(3)
        assert "INVITE 2" not in world.texts()

    def test_a_branch_that_rings_only_afterwards_is_cancelled_then(self, world):
        _, first, second = world.call(callee(), callee(1))
        world.reply(first, 200)
        world.take()
        world.reply(second, 180)
        assert world.texts() == ['CANCEL 1 Reason: SIP;cause=200;text="Call completed elsewhere"']

    def test_200_from_two_branches_both_pass(self, world):
        _, first, second = world.call(callee(), callee(1))
        world.reply(first, 200)
        world.reply(second, 200)
        assert [text for text in world.texts() if text.startswith("SIP")] == [
            "SIP/2.0 200 from 0",
            "SIP/2.0 200 from 1",
        ]

    def test_repeated_200_passes_but_is_not_counted(self, world):
        _, branch = world.call()
        world.reply(branch, 200)
        sent = world.table.stats.sent
        world.reply(branch, 200)
        assert world.texts() == ["SIP/2.0 200 from 0"] * 2
        assert world.table.stats.sent == sent

    def test_forked_downstream_200_with_another_tag_passes(self, world):
        transaction, branch = world.call()
        world.reply(branch, 200, tag="one")
        world.reply(branch, 200, tag="two")
        assert world.texts() == ["SIP/2.0 200 from 0"] * 2
        assert list(transaction.totags) == ["one0", "two0"]

    def test_200_after_a_negative_reply_went_upstream(self, world):
        transaction, branch = world.call()
        world.wait(31)
        world.take()
        world.reply(branch, 200)
        assert world.texts() == ["SIP/2.0 200 from 0"]
        assert transaction.status == 408

    def test_200_on_a_branch_that_timed_out_while_others_are_pending(self, world):
        world.config.fr_inv_timer = 100.0
        transaction, silent, ringing = world.call(callee(), callee(1))
        world.reply(ringing, 180)
        world.wait(31)
        world.take()
        world.reply(silent, 200)
        assert world.texts() == ["SIP/2.0 200 from 0", 'CANCEL 1 Reason: SIP;cause=200;text="Call completed elsewhere"']
        assert transaction.status == 200

    def test_200_crossing_our_cancel(self, world):
        transaction, branch = world.call()
        world.reply(branch, 180)
        transaction.flags |= F_CANCELED
        transaction.cancel_branches(b"", None, world.now)
        world.take()
        world.reply(branch, 200)
        assert world.texts() == ["SIP/2.0 200 from 0"]
        world.reply(branch, 481, "CANCEL")

    def test_second_200_of_another_method_is_dropped(self, world):
        _, first, second = world.call(callee(), callee(1), method="OPTIONS")
        world.reply(first, 200)
        world.reply(second, 200)
        assert world.texts() == ["SIP/2.0 200 from 0"]

    def test_tags_are_bounded(self, world):
        transaction, branch = world.call()
        for number in range(MAX_TAGS + 10):
            world.reply(branch, 200, tag=f"t{number}x")
        assert len(transaction.totags) == MAX_TAGS


class Test6xx:
    def test_cancels_the_others_and_wins(self, world):
        _, first, second = world.call(callee(), callee(1))
        world.reply(second, 180)
        world.take()
        world.reply(first, 603)
        assert world.texts() == ["ACK 0 for 603", "CANCEL 1 Reason: SIP;cause=603"]
        world.reply(second, 487)
        assert world.texts() == ["ACK 1 for 487", "SIP/2.0 603 from 0"]

    def test_cancels_only_once(self, world):
        _, first, second, third = world.call(callee(), callee(1), callee(2))
        world.reply(third, 180)
        world.reply(first, 603)
        world.take()
        world.reply(second, 600)
        assert world.texts() == ["ACK 1 for 600"]

    def test_can_be_disabled(self, world):
        transaction, first, second = world.call(callee(), callee(1))
        transaction.flags |= F_DISABLE_6XX
        world.reply(second, 180)
        world.take()
        world.reply(first, 603)
        assert world.texts() == ["ACK 0 for 603"]
        world.reply(second, 200)
        assert world.texts() == ["SIP/2.0 200 from 1"]

    def test_other_methods_are_not_cancelled(self, world):
        _, first, second = world.call(callee(), callee(1), method="OPTIONS")
        world.reply(first, 603)
        assert world.texts() == []
        world.reply(second, 404)
        assert world.texts() == ["SIP/2.0 603 from 0"]


class TestChallenges:
    WWW = 'WWW-Authenticate: Digest realm="a"\r\n'
    PROXY = 'Proxy-Authenticate: Digest realm="b"\r\n'

    def test_several_are_put_together(self, world):
        _, first, second, third = world.call(callee(), callee(1), callee(2), method="OPTIONS")
        world.reply(first, 407, extra=self.PROXY)
        world.reply(second, 401, extra=self.WWW)
        world.reply(third, 401, extra=self.WWW)
        assert world.texts() == [
            'SIP/2.0 401 local Proxy-Authenticate: Digest realm="b"|WWW-Authenticate: Digest realm="a"|'
        ]

    def test_a_single_one_is_relayed_as_it_is(self, world):
        _, first, second = world.call(callee(), callee(1), method="OPTIONS")
        world.reply(first, 407, extra=self.PROXY)
        world.reply(second, 404)
        assert world.texts() == ["SIP/2.0 407 from 0"]

    def test_off(self, world):
        world.config.aggregate_challenges = False
        _, first, second = world.call(callee(), callee(1), method="OPTIONS")
        world.reply(first, 407, extra=self.PROXY)
        world.reply(second, 401, extra=self.WWW)
        assert world.texts() == ["SIP/2.0 401 from 1"]


class TestFailureRoute:
    def test_new_branch_keeps_the_reply_waiting(self, world):
        transaction, branch = world.call()
        transaction.on_failure = lambda transaction, picked: world.fork(transaction, callee(1)) and 0
        world.reply(branch, 486)
        assert world.texts() == ["ACK 0 for 486", "INVITE 1"]
        world.reply(transaction.branches[1], 500)
        assert world.texts() == ["ACK 1 for 500", "SIP/2.0 486 from 0"]

    def test_own_reply(self, world):
        transaction, branch = world.call()
        transaction.on_failure = lambda transaction, picked: transaction.reply(480, b"480 own", world.now) and 0
        world.reply(branch, 486)
        assert world.texts() == ["ACK 0 for 486", "480 own"]

    def test_new_branch_that_fails_at_once_counts_for_nothing(self, world):
        world.outlet.broken.add(callee(1).ip)
        transaction, branch = world.call()
        transaction.on_failure = lambda transaction, picked: world.fork(transaction, callee(1)) and 0
        world.reply(branch, 486)
        assert world.texts() == ["ACK 0 for 486", "SIP/2.0 486 from 0"]

    def test_sees_the_winner(self, world):
        transaction, first, second = world.call(callee(), callee(1))
        transaction.on_failure = lambda *_: 0
        world.reply(first, 404)
        world.reply(second, 302)
        assert world.user.log == [("failure", 1, 302)]

    def test_replies_that_come_while_it_runs_wait(self, world):
        transaction, branch = world.call()

        def failure(transaction, picked):
            fresh = world.fork(transaction, callee(1))
            fresh.owner.receive_reply(fresh, make_reply(fresh, 404), 404, world.now)
            assert transaction.status == 0
            return 0

        transaction.on_failure = failure
        world.reply(branch, 486)
        assert world.texts() == ["ACK 0 for 486", "INVITE 1", "ACK 1 for 404", "SIP/2.0 404 from 1"]

    @pytest.mark.parametrize(
        ("mode", "forks", "expected"),
        [(0, True, 302), (1, True, 404), (2, True, 404), (3, True, 404), (0, False, 302), (1, False, 500),
         (2, False, 500), (3, False, 302)],
    )  # fmt: skip
    def test_dropping_replies(self, world, mode, forks, expected):
        world.config.failure_reply_mode = mode
        transaction, branch = world.call(method="OPTIONS")

        def failure(transaction, picked):
            world.config.failure_reply_mode = 0
            if forks:
                world.fork(transaction, callee(1))
            return 0

        transaction.on_failure = failure
        world.reply(branch, 302)
        if forks:
            world.reply(transaction.branches[1], 404)
        assert transaction.status == expected

    def test_only_the_last_step_is_dropped(self, world):
        from siprouter.transaction.branch import B_FIRST

        transaction, branch = world.call(method="OPTIONS")
        branch.flags |= B_FIRST

        def second(transaction, picked):
            transaction.drop_mode = 2
            fresh = world.fork(transaction, callee(2))
            fresh.flags |= B_FIRST
            return 0

        def first(transaction, picked):
            transaction.on_failure = second
            fresh = world.fork(transaction, callee(1))
            fresh.flags |= B_FIRST
            return 0

        transaction.on_failure = first
        world.reply(branch, 404)
        world.reply(transaction.branches[1], 302)
        world.reply(transaction.branches[2], 486)
        assert transaction.status == 404

    def test_an_error_in_it_leaves_the_transaction_usable(self, world):
        transaction, branch = world.call()

        def failure(transaction, picked):
            raise ValueError("broken")

        transaction.on_failure = failure
        with pytest.raises(ValueError):
            world.reply(branch, 486)
        assert not transaction.busy
        transaction.reply(500, b"500", world.now)


class TestWaitingRoutes:
    def test_reply_route(self, world):
        transaction, branch = world.call()
        replies = []
        world.user.on_reply = lambda transaction, branch, reply: replies.append(reply) or PENDING
        world.reply(branch, 180)
        world.reply(branch, 200)
        assert world.texts() == []
        assert len(replies) == 1
        transaction.resume_reply(branch, replies[0], 180, world.now)
        assert world.texts() == ["SIP/2.0 180 from 0"]
        transaction.resume_reply(branch, replies[1], 200, world.now)
        assert world.texts() == ["SIP/2.0 200 from 0"]

    def test_dropped_after_waiting(self, world):
        transaction, branch = world.call()
        replies = []
        world.user.on_reply = lambda transaction, branch, reply: replies.append(reply) or PENDING
        world.reply(branch, 183)
        transaction.resume_reply(branch, replies[0], DROPPED, world.now)
        assert world.texts() == []
        world.user.on_reply = None
        world.reply(branch, 200)
        assert world.texts() == ["SIP/2.0 200 from 0"]

    def test_dropped_at_once(self, world):
        _, branch = world.call()
        world.user.on_reply = lambda *_: DROPPED
        world.reply(branch, 183)
        assert world.texts() == []
        world.user.on_reply = None
        world.reply(branch, 404)

    def test_failure_route(self, world):
        transaction, branch = world.call()
        transaction.on_failure = lambda *_: PENDING
        world.reply(branch, 486)
        assert world.texts() == ["ACK 0 for 486"]
        fresh = world.fork(transaction, callee(1))
        world.reply(fresh, 404)
        assert world.texts() == ["INVITE 1", "ACK 1 for 404"]
        transaction.resume_failure(world.now)
        assert world.texts() == ["SIP/2.0 404 from 1"]

    def test_time_outs_wait_too(self, world):
        transaction, first, second = world.call(callee(), callee(1))
        replies = []
        world.user.on_reply = lambda transaction, branch, reply: replies.append(reply) or PENDING
        world.reply(first, 180)
        transaction.fail(second, 408, world.now)
        assert second.status == 0
        world.user.on_reply = None
        transaction.resume_reply(first, replies[0], 180, world.now)
        assert world.texts() == ["SIP/2.0 180 from 0"]
        assert second.status == 408
        world.reply(first, 404)

    def test_a_transaction_that_is_gone_before_the_route_ends(self, world):
        transaction, branch = world.call()
        replies = []
        world.user.on_reply = lambda transaction, branch, reply: replies.append(reply) or PENDING
        world.reply(branch, 180)
        transaction.reply(480, b"480", world.now)
        world.wait(60)
        world.take()
        assert transaction in world.user.gone
        transaction.resume_reply(branch, replies[0], 180, world.now)
        assert world.take() == []

    def test_the_inbox_is_bounded(self, world):
        transaction, branch = world.call()
        world.user.on_reply = lambda *_: PENDING
        for _ in range(MAX_INBOX + 20):
            world.reply(branch, 180)
        assert len(transaction.inbox) == MAX_INBOX
        transaction.release(world.now)


def test_end_to_end_acks_are_found_where_somebody_watches(world):
    transaction, branch = world.call()
    transaction.watched |= E2EACK_IN | E2EACK_RETR_IN
    world.reply(branch, 200)
    to = "<sip:bob@example.com>;tag=tt0"
    assert world.ack(branch="z9hG4bKother", to=to) == ACK_RELAYED
    assert world.ack(branch="z9hG4bKother", to="<sip:bob@example.com>;tag=else") == 0
    assert world.ack(branch="z9hG4bKother", to=to, from_tag="else") == 0
    transaction.watched = 0
    assert world.ack(branch="z9hG4bKother", to=to) == 0
