"""The client side: timers A to F, failover, time-outs, transport errors, settings changed on the way."""

import pytest

from siprouter.transaction import states as st
from siprouter.transaction.base import NO_ANSWER, OVERLOADED, TRANSPORT_ERROR
from siprouter.transaction.branch import B_REPLIED, B_TIMED_OUT
from siprouter.transaction.client import MAX_BRANCHES
from siprouter.transport.endpoint import PROTO_TCP
from siprouter.util.errors import PeerError
from tests.transaction.kit import callee


def times(world, seconds, text):
    start, found = world.now, []
    while world.now < start + seconds - 1e-9:
        world.wait(0.1)
        found.extend(round(world.now - start, 1) for sent in world.texts() if sent == text)
    return found


def test_timer_a_grows_to_t2_and_timer_b_ends_it(world):
    _, branch = world.call()
    assert times(world, 29.9, "INVITE 0") == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5]
    world.wait(0.2)
    assert world.texts() == ["SIP/2.0 408 local"]
    assert branch.flags & B_TIMED_OUT


def test_a_provisional_reply_stops_an_invite(world):
    _, branch = world.call()
    world.wait(0.7)
    world.reply(branch, 100)
    world.take()
    assert times(world, 60, "INVITE 0") == []


def test_a_provisional_reply_slows_other_requests_down(world):
    _, branch = world.call(method="OPTIONS")
    world.reply(branch, 100)
    assert times(world, 10, "OPTIONS 0") == [4.0, 8.0]


def test_timer_f(world):
    world.call(method="OPTIONS")
    world.wait(30.1)
    assert world.texts()[-1] == "SIP/2.0 408 local"


def test_over_tcp_nothing_is_repeated(world):
    world.call(callee(0, PROTO_TCP))
    assert times(world, 29, "INVITE 0") == []


def test_timer_c_runs_from_the_last_provisional_reply(world):
    _, branch = world.call()
    world.reply(branch, 180)
    world.wait(100)
    world.reply(branch, 180)
    world.take()
    world.wait(79)
    assert world.texts() == []
    world.wait(1.1)  # max_inv_lifetime comes first: 180 s
    assert world.texts() == ["SIP/2.0 408 local", "CANCEL 0"]


def test_timer_c_without_restart(world):
    world.config.restart_fr_on_each_reply = False
    _, branch = world.call()
    world.reply(branch, 180)
    world.wait(100)
    world.reply(branch, 180)
    world.wait(10)
    world.reply(branch, 183)
    world.take()
    world.wait(60)
    assert world.texts() == []
    world.wait(10.1)
    assert world.texts()[:2] == ["SIP/2.0 408 local", "CANCEL 0"]


def test_100_restarts_only_when_it_is_the_first(world):
    world.config.restart_fr_on_each_reply = False
    world.config.fr_inv_timer = 10.0
    _, branch = world.call()
    world.reply(branch, 100)
    world.wait(5)
    world.reply(branch, 100)
    world.take()
    world.wait(5.1)
    assert world.texts()[0] == "SIP/2.0 408 local"


def test_max_lifetime_bounds_everything(world):
    world.config.max_noninv_lifetime = 3.0
    world.call(method="OPTIONS")
    world.wait(3.1)
    assert world.texts()[-1] == "SIP/2.0 408 local"


def test_487_after_a_time_out_is_acknowledged(world):
    _, branch = world.call()
    world.reply(branch, 180)
    world.wait(121)
    world.take()
    world.reply(branch, 200, "CANCEL")
    world.reply(branch, 487)
    assert world.texts() == ["ACK 0 for 487"]


def test_cancel_after_a_time_out_is_repeated_until_answered(world):
    _, branch = world.call()
    world.reply(branch, 180)
    world.wait(120.1)
    world.take()
    assert times(world, 4, "CANCEL 0") == [0.4, 1.4, 3.4]
    world.reply(branch, 200, "CANCEL")
    assert times(world, 10, "CANCEL 0") == []


def test_provisional_reply_to_a_cancel_stops_its_repetition(world):
    _, branch = world.call()
    world.reply(branch, 180)
    world.wait(120.1)
    world.reply(branch, 100, "CANCEL")
    world.take()
    assert times(world, 10, "CANCEL 0") == []


def test_silent_time_out_when_asked(world):
    world.config.noisy_ctimer = False
    transaction, _ = world.call()
    world.wait(31)
    assert [text for text in world.texts() if not text.startswith("INVITE")] == []
    world.wait(6)
    assert transaction in world.user.gone


@pytest.mark.parametrize("why", ["answered", "forked", "failure route", "blind"])
def test_not_silent_when(world, why):
    world.config.noisy_ctimer = False
    transaction, branch = world.call()
    if why == "answered":
        world.reply(branch, 100)
    elif why == "forked":
        world.fork(transaction, callee(1))
    elif why == "failure route":
        transaction.on_failure = lambda *_: 0
    else:
        transaction.add_blind_branch(world.now)
    world.wait(125)
    assert any(text.startswith("SIP/2.0 408") for text in world.texts())


class TestFailover:
    def test_time_out_tries_the_next_target(self, world):
        world.user.targets = [callee(1)]
        _, first = world.call()
        world.wait(30.1)
        assert world.user.reasons == [NO_ANSWER]
        assert world.take()[-1] == "INVITE 1 > 198.51.100.11"
        second = first.owner.branches[1]
        world.reply(second, 200)
        assert world.texts() == ["SIP/2.0 200 from 1"]

    def test_both_time_out(self, world):
        world.user.targets = [callee(1)]
        transaction, _ = world.call()
        world.wait(60.2)
        assert [text for text in world.texts() if text.startswith("SIP")] == ["SIP/2.0 408 local"]
        assert world.user.log == [("failover", 0)]
        assert transaction.status == 408

    def test_503_tries_the_next_target(self, world):
        world.user.targets = [callee(1)]
        transaction, first = world.call()
        world.reply(first, 503)
        assert world.user.reasons == [OVERLOADED]
        assert world.texts() == ["ACK 0 for 503", "INVITE 1"]
        world.reply(transaction.branches[1], 486)
        assert world.texts() == ["ACK 1 for 486", "SIP/2.0 486 from 1"]

    def test_503_from_the_last_becomes_500(self, world):
        _, branch = world.call()
        world.reply(branch, 503)
        assert world.texts() == ["ACK 0 for 503", "SIP/2.0 500 local Service Unavailable"]

    def test_transport_error_tries_the_next_target(self, world):
        world.user.targets = [callee(1)]
        _, branch = world.call()
        world.outlet.callbacks[0](callee(), OSError("refused"))
        assert world.user.reasons == [TRANSPORT_ERROR]
        assert world.texts() == ["INVITE 1"]
        assert branch.state == st.C_COMPLETED

    def test_transport_error_after_a_reply_is_ignored_for_invites(self, world):
        _, branch = world.call()
        world.reply(branch, 180)
        world.take()
        world.outlet.callbacks[0](callee(), OSError("reset"))
        assert world.texts() == []

    def test_retransmission_that_cannot_be_sent(self, world):
        world.user.targets = [callee(1)]
        world.call()
        world.outlet.broken.add(callee().ip)
        world.wait(0.6)
        assert world.texts() == ["INVITE 1"]

    def test_no_failover_once_it_rang(self, world):
        world.user.targets = [callee(1)]
        _, branch = world.call()
        world.reply(branch, 180)
        world.wait(121)
        assert world.user.log == []

    def test_a_transport_error_for_a_transaction_that_is_gone(self, world):
        transaction, branch = world.call()
        world.reply(branch, 200)
        world.wait(10)
        world.take()
        world.outlet.callbacks[0](callee(), OSError("late"))
        assert world.take() == []
        assert transaction in world.user.gone


def test_failing_at_once_leaves_nothing_to_choose_from(world):
    transaction = world.serve()
    world.outlet.broken.add(callee().ip)
    assert world.fork(transaction, callee()) is None
    branch = transaction.branches[0]
    assert (branch.status, branch.reply, branch.state) == (408, None, st.C_TERMINATED)
    good = world.fork(transaction, callee(1))
    world.reply(good, 404)
    assert world.texts() == ["INVITE 1", "ACK 1 for 404", "SIP/2.0 404 from 1"]


def test_all_fail_at_once_and_a_blind_branch_ends(world):
    transaction = world.serve()
    blind = transaction.add_blind_branch(world.now)
    transaction.fail(blind, 500, world.now)
    assert world.texts() == ["SIP/2.0 500 local"]


def test_a_branch_that_ended_while_it_was_looked_up_is_not_sent(world):
    transaction = world.serve()
    branch = transaction.add_branch(world.now)
    transaction.fail(branch, 478, world.now)
    assert world.texts() == ["SIP/2.0 478 local"]
    assert transaction.start(branch, b"late", callee(), world.now)
    assert world.take() == []


def test_branches_are_bounded(world):
    transaction = world.serve()
    for _ in range(MAX_BRANCHES):
        world.fork(transaction, callee())
    with pytest.raises(PeerError):
        transaction.add_branch(world.now)


def test_blind_branch_that_did_its_duty(world):
    transaction = world.serve()
    blind = transaction.add_blind_branch(world.now)
    other = world.fork(transaction, callee())
    world.reply(other, 404)
    assert world.texts() == ["INVITE 1", "ACK 1 for 404"]
    transaction.end_blind_branch(blind)
    transaction.settle(world.now)
    assert world.texts() == ["SIP/2.0 404 from 1"]


def test_settle_waits_while_something_is_pending_or_nothing_came(world):
    transaction = world.serve()
    blind = transaction.add_blind_branch(world.now)
    world.fork(transaction, callee())
    transaction.end_blind_branch(blind)
    transaction.settle(world.now)
    assert world.texts() == ["INVITE 1"]
    lonely = world.serve("OPTIONS", call_id="lonely")
    lonely.end_blind_branch(lonely.add_blind_branch(world.now))
    lonely.settle(world.now)
    assert world.texts() == []
    lonely.release(world.now)


class TestChanges:
    def test_set_fr_on_running_branches(self, world):
        transaction, ringing, silent = world.call(callee(), callee(1))
        world.reply(ringing, 180)
        world.take()
        transaction.set_fr(20.0, 5.0, world.now)
        world.wait(5.1)
        assert silent.flags & B_TIMED_OUT
        world.wait(15.1)
        assert ringing.flags & B_TIMED_OUT
        assert ringing.flags & B_REPLIED

    def test_set_fr_zero_leaves_it(self, world):
        transaction, branch = world.call()
        transaction.set_fr(20.0, 0.0, world.now)
        assert branch.expire_at == world.now + 30.0
        assert (transaction.fr_inv_timeout, transaction.fr_timeout) == (20.0, 30.0)

    def test_set_retransmission_takes_effect_after_the_next_one(self, world):
        transaction, _ = world.call()
        transaction.set_retransmission(0.2, 0.4)
        assert times(world, 2, "INVITE 0") == [0.5, 0.7, 1.1, 1.5, 1.9]

    def test_set_retransmission_when_t2_is_reached(self, world):
        transaction, _ = world.call()
        world.wait(8)
        world.take()
        transaction.set_retransmission(0.2, 1.0)
        assert times(world, 6, "INVITE 0") == [3.5, 4.5, 5.5]

    def test_set_lifetime_shortens_running_branches(self, world):
        transaction, _ = world.call()
        transaction.set_lifetime(4.0, world.now)
        world.wait(4.1)
        assert world.texts()[-1] == "SIP/2.0 408 local"
