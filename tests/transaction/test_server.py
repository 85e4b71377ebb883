"""The server side: retransmissions, timers G, H, I, J, L, replies from above, ACK loss, reliable transports."""

import pytest

from siprouter.transaction import states as st
from siprouter.transaction.server import F_LINGERING, LOCAL_REPLY, NOT_RELAYED
from siprouter.transaction.table import ACK_LOCAL, ACK_NEGATIVE, ACK_NONE
from tests.transaction.kit import CALLER, CALLER_TCP


def gaps(world, seconds, text):
    """At which times after now `text` was sent."""
    start, times = world.now, []
    while world.now < start + seconds - 1e-9:
        world.wait(0.1)
        times.extend(round(world.now - start, 1) for sent in world.texts() if sent == text)
    return times


def test_negative_reply_is_repeated_with_growing_gaps_until_timer_h(world):
    transaction = world.serve()
    transaction.reply(486, b"486", world.now)
    assert world.texts() == ["486"]
    assert gaps(world, 40, "486") == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5]


def test_ack_ends_the_repetition_and_the_transaction_lingers(world):
    transaction = world.serve()
    transaction.reply(486, b"486", world.now)
    world.wait(1)
    world.take()
    assert world.ack() == ACK_NEGATIVE
    assert gaps(world, 4.8, "486") == []
    assert transaction not in world.user.gone
    world.wait(0.3)
    assert transaction in world.user.gone


def test_no_ack_at_all_ends_after_h_and_lingering(world):
    transaction = world.serve()
    transaction.reply(486, b"486", world.now)
    world.wait(34.8)
    assert transaction not in world.user.gone
    world.wait(0.3)
    assert transaction in world.user.gone


def test_over_tcp_the_reply_is_not_repeated_but_the_ack_is_awaited(world):
    transaction = world.serve(target=CALLER_TCP)
    transaction.reply(486, b"486", world.now)
    assert [text for text, to in world.outlet.sent if to is CALLER_TCP] == ["486"]
    world.take()
    assert gaps(world, 20, "486") == []
    assert transaction.state == st.S_COMPLETED


def test_our_own_2xx_is_repeated_over_any_transport_until_its_ack(world):
    for target in (CALLER, CALLER_TCP):
        transaction = world.serve(target=target, call_id=target.ip + str(target.proto))
        transaction.to_tag = "mine"
        transaction.reply(200, b"200", world.now)
        world.take()
        assert gaps(world, 4, "200") == [0.5, 1.5, 3.5]
        assert world.ack(call_id=target.ip + str(target.proto), branch="z9hG4bKnew", to="<sip:b>;tag=mine") == ACK_LOCAL
        assert gaps(world, 4, "200") == []


def test_our_own_2xx_without_ack_gives_up(world):
    transaction = world.serve()
    transaction.reply(200, b"200", world.now)
    world.wait(36)
    assert transaction in world.user.gone


@pytest.mark.parametrize("target", [CALLER, CALLER_TCP])
def test_relayed_2xx_is_not_repeated(world, target):
    transaction = world.serve(target=target)
    transaction.send_reply(200, b"200", 0, object(), world.now)
    world.take()
    assert gaps(world, 4.5, "200") == []
    assert transaction.flags & F_LINGERING


def test_non_invite_lingers_after_its_final_reply(world):
    transaction = world.serve("BYE")
    transaction.reply(200, b"200", world.now)
    world.take()
    world.wait(4.9)
    world.repeat("BYE")
    assert world.texts() == ["200"]
    world.wait(0.2)
    assert transaction in world.user.gone


def test_the_last_reply_is_the_one_repeated(world):
    transaction = world.serve()
    world.repeat()
    assert world.texts() == []
    for status in (100, 180, 183):
        transaction.reply(status, str(status).encode(), world.now)
        world.take()
        world.repeat()
        assert world.texts() == [str(status)]
    transaction.release(world.now)


def test_what_is_remembered_of_a_reply(world):
    transaction = world.serve()
    assert (transaction.status, transaction.relayed_branch, transaction.data) == (0, NOT_RELAYED, None)
    transaction.send_reply(183, b"183", 2, object(), world.now)
    assert (transaction.status, transaction.relayed_branch, transaction.data) == (183, 2, b"183")
    transaction.reply(404, b"404", world.now)
    assert (transaction.status, transaction.relayed_branch) == (404, LOCAL_REPLY)


def test_a_final_reply_is_refused_after_another(world):
    transaction = world.serve()
    assert transaction.reply(404, b"404", world.now)
    assert not transaction.reply(486, b"486", world.now)
    assert transaction.status == 404
    assert world.texts() == ["404"]


def test_a_2xx_after_a_negative_reply_is_sent_and_changes_nothing(world):
    transaction = world.serve()
    transaction.reply(408, b"408", world.now)
    world.take()
    assert transaction.send_reply(200, b"200", 0, object(), world.now)
    assert world.texts() == ["200"]
    assert (transaction.status, transaction.data) == (408, b"408")
    world.wait(0.6)
    assert world.texts() == ["408"]


def test_sending_fails_and_the_reply_is_kept_for_the_next_time(world):
    transaction = world.serve("OPTIONS")
    world.outlet.broken.add(CALLER.ip)
    assert transaction.reply(200, b"200", world.now)
    assert world.take() == []
    world.outlet.broken.clear()
    world.repeat("OPTIONS")
    assert world.texts() == ["200"]


def test_lingering_starts_once(world):
    transaction = world.serve("OPTIONS")
    transaction.reply(200, b"200", world.now)
    world.wait(3)
    transaction.linger(world.now)
    assert world.table.stats.waiting == 1
    world.wait(2.1)
    assert transaction in world.user.gone


def test_release_without_a_reply(world):
    transaction = world.serve()
    transaction.release(world.now)
    world.wait(5.1)
    assert transaction in world.user.gone
    assert world.take() == []


def test_timer_settings(world):
    world.config.retr_timer1 = 0.2
    world.config.retr_timer2 = 0.4
    world.config.fr_timer = 2.0
    world.config.wt_timer = 1.0
    transaction = world.serve()
    transaction.reply(486, b"486", world.now)
    world.take()
    assert gaps(world, 2, "486") == [0.2, 0.6, 1.0, 1.4, 1.8]
    world.wait(1.1)
    assert transaction in world.user.gone


def test_close_drops_everything(world):
    transaction, branch = world.call()
    world.reply(branch, 180)
    world.table.close()
    assert transaction in world.user.gone
    assert len(world.table) == 0
    assert len(world.wheel) == 0


def test_an_ack_for_nothing(world):
    assert world.ack() == ACK_NONE
