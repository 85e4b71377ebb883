"""CANCEL: each method for unanswered branches, races, Reason lines, what is left when nothing answers."""

import pytest

from siprouter.transaction.branch import B_CANCELED
from siprouter.transaction.server import F_CANCELED
from tests.transaction.kit import callee


def cancel(world, transaction, reason=b""):
    transaction.flags |= F_CANCELED
    transaction.cancel_reason = reason
    return transaction.cancel_branches(reason, None, world.now)


def test_ringing_branches_are_cancelled_at_once(world):
    transaction, first, second = world.call(callee(), callee(1))
    world.reply(first, 180)
    world.reply(second, 100)
    world.take()
    assert cancel(world, transaction, b"Reason: why\r\n") == 2
    assert world.texts() == ["CANCEL 0 Reason: why", "CANCEL 1 Reason: why"]
    world.reply(first, 487)
    world.reply(second, 487)
    assert world.texts() == ["ACK 0 for 487", "ACK 1 for 487", "SIP/2.0 487 from 0"]


def test_keep_retransmitting_until_there_is_something_to_cancel(world):
    transaction, branch = world.call()
    assert cancel(world, transaction, b"Reason: why\r\n") == 1
    assert world.texts() == []
    world.wait(0.6)
    assert world.texts() == ["INVITE 0"]
    world.reply(branch, 100)
    assert world.texts() == ["CANCEL 0 Reason: why"]
    world.wait(0.6)
    assert world.texts() == ["CANCEL 0 Reason: why"]


def test_cancel_is_repeated_when_another_provisional_reply_comes(world):
    transaction, branch = world.call()
    cancel(world, transaction)
    world.reply(branch, 100)
    world.take()
    world.reply(branch, 180)
    assert world.texts() == ["CANCEL 0"]
    world.reply(branch, 200, "CANCEL")
    world.reply(branch, 180)
    assert world.texts() == []


def test_fake_487(world):
    world.config.cancel_b_method = 0
    transaction, first, second = world.call(callee(), callee(1))
    world.reply(second, 180)
    world.take()
    assert cancel(world, transaction) == 1
    assert world.texts() == ["CANCEL 1"]
    assert first.status == 487
    world.reply(second, 487)
    assert world.texts() == ["ACK 1 for 487", "SIP/2.0 487 local"]


def test_fake_487_of_the_only_branch_ends_it(world):
    world.config.cancel_b_method = 0
    transaction, branch = world.call()
    assert cancel(world, transaction) == 0
    assert world.texts() == ["SIP/2.0 487 local"]
    world.reply(branch, 200)
    assert world.texts() == ["SIP/2.0 200 from 0"]


def test_cancel_at_once(world):
    world.config.cancel_b_method = 2
    transaction, branch = world.call()
    cancel(world, transaction)
    assert world.texts() == ["CANCEL 0"]
    world.wait(0.3)
    world.reply(branch, 200, "CANCEL")
    world.wait(5)
    assert world.texts() == []
    world.reply(branch, 487)
    assert world.texts() == ["ACK 0 for 487", "SIP/2.0 487 from 0"]


@pytest.mark.parametrize("rang", [False, True])
def test_nobody_answers_the_cancel(world, rang):
    """RFC 3261 9.1: after 64*T1 the branch counts as cancelled."""
    transaction, branch = world.call()
    if rang:
        world.reply(branch, 180)
    cancel(world, transaction)
    world.take()
    world.wait(30.1)
    assert world.texts()[-1] == "SIP/2.0 487 local"


def test_the_cancel_of_a_branch_that_is_being_looked_up(world):
    transaction = world.serve()
    branch = transaction.add_branch(world.now)
    transaction.await_target(branch)
    assert cancel(world, transaction) == 0
    assert world.texts() == ["SIP/2.0 487 local"]


def test_blind_branches_end_with_487(world):
    transaction = world.serve()
    transaction.add_blind_branch(world.now)
    assert cancel(world, transaction) == 0
    assert world.texts() == ["SIP/2.0 487 local"]


def test_skip_and_twice(world):
    transaction, first, second = world.call(callee(), callee(1))
    world.reply(first, 180)
    world.reply(second, 180)
    world.take()
    assert transaction.cancel_branches(b"", first, world.now) == 1
    assert world.texts() == ["CANCEL 1"]
    assert transaction.cancel_branches(b"", None, world.now) == 2
    assert world.texts() == ["CANCEL 0"]


def test_other_methods_are_only_marked(world):
    transaction, branch = world.call(method="OPTIONS")
    cancel(world, transaction)
    assert branch.flags & B_CANCELED
    world.reply(branch, 100)
    assert world.texts() == []
    world.reply(branch, 200)
    assert world.texts() == ["SIP/2.0 200 from 0"]


def test_failure_route_runs_for_a_cancelled_call(world):
    transaction, branch = world.call()
    transaction.on_failure = lambda *_: 0
    world.reply(branch, 180)
    cancel(world, transaction)
    world.take()
    world.reply(branch, 487)
    assert world.user.log == [("failure", 0, 487)]


def test_no_failover_after_cancel(world):
    world.user.targets = [callee(1)]
    transaction, branch = world.call()
    cancel(world, transaction)
    world.wait(31)
    assert ("failover", 0) not in world.user.log
    assert transaction.status == 487
    assert branch.status == 487


def test_reason_lines_off(world):
    world.config.local_cancel_reason = False
    _, first, second = world.call(callee(), callee(1))
    world.reply(second, 180)
    world.take()
    world.reply(first, 200)
    assert world.texts() == ["SIP/2.0 200 from 0", "CANCEL 1"]


def test_reply_of_our_own_cancels_what_rings(world):
    transaction, branch = world.call()
    world.reply(branch, 180)
    world.take()
    transaction.reply(480, b"480", world.now)
    assert world.texts() == ["480", "CANCEL 0 Reason: SIP;cause=480"]
    world.reply(branch, 487)
    assert world.texts() == ["ACK 0 for 487"]
    world.reply(branch, 200)
    assert world.texts() == ["SIP/2.0 200 from 0"]
