"""Each row of the four tables, driven through a real transaction, and what the tables say about themselves."""

import pytest

from siprouter.transaction import client_invite, client_other, server_invite, server_other
from siprouter.transaction import states as st
from siprouter.util.errors import InternalError
from tests.transaction.kit import callee

TABLES = {
    "server_invite": (server_invite, st.SERVER_STATES, st.SERVER_INPUTS),
    "server_other": (server_other, st.SERVER_STATES, st.SERVER_INPUTS),
    "client_invite": (client_invite, st.CLIENT_STATES, st.CLIENT_INPUTS),
    "client_other": (client_other, st.CLIENT_STATES, st.CLIENT_INPUTS),
}


@pytest.mark.parametrize("name", TABLES)
def test_flat_tables_say_what_the_rows_say(name):
    table, states, inputs = TABLES[name]
    rows = {(state, given): (action, following) for state, given, action, following in table.ROWS}
    assert len(rows) == len(table.ROWS)
    for state in range(len(states)):
        for given in range(inputs):
            index = state * inputs + given
            assert (table.ACTIONS[index], table.NEXT[index]) == rows.get((state, given), (0, state))


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_reached_and_left(name):
    table, states, _ = TABLES[name]
    end = st.S_TERMINATED if name.startswith("server") else st.C_TERMINATED
    start = {"server_invite": st.S_PROCEEDING, "server_other": st.S_TRYING}.get(name, st.C_RESOLVING)
    used = {row[0] for row in table.ROWS} | {row[3] for row in table.ROWS}
    reached = {start}
    for _ in states:
        reached |= {row[3] for row in table.ROWS if row[0] in reached}
    assert reached == used
    for state in used - {end}:
        assert any(row[0] == state and row[3] == end for row in table.ROWS), states[state]


def test_a_pair_named_twice_is_our_mistake():
    with pytest.raises(InternalError):
        st.flatten([(0, 0, 1, 0), (0, 0, 2, 0)], 1, 1)


# --- server rows: bring a transaction into the state, give the input, look at state and bytes

SERVER_ENTRIES = {
    "proceeding": lambda t, now: t.reply(180, b"180", now),
    "completed": lambda t, now: t.reply(486, b"486", now),
    "confirmed": lambda t, now: (t.reply(486, b"486", now), t.receive_ack(now)),
    "accepted": lambda t, now: t.reply(200, b"200", now),
}
# (method, state, input) -> (bytes sent, state after)
SERVER_CASES = [
    ("INVITE", "proceeding", "request", ["180"], "proceeding"),
    ("INVITE", "proceeding", "ack", [], "proceeding"),
    ("INVITE", "proceeding", 183, ["183"], "proceeding"),
    ("INVITE", "proceeding", 200, ["200"], "accepted"),
    ("INVITE", "proceeding", 404, ["404"], "completed"),
    ("INVITE", "completed", "request", ["486"], "completed"),
    ("INVITE", "completed", "ack", [], "confirmed"),
    ("INVITE", "completed", 183, None, "completed"),
    ("INVITE", "completed", 200, ["200"], "completed"),
    ("INVITE", "completed", 404, None, "completed"),
    ("INVITE", "confirmed", "request", [], "confirmed"),
    ("INVITE", "confirmed", "ack", [], "confirmed"),
    ("INVITE", "confirmed", 183, None, "confirmed"),
    ("INVITE", "confirmed", 200, ["200"], "confirmed"),
    ("INVITE", "confirmed", 404, None, "confirmed"),
    ("INVITE", "accepted", "request", ["200"], "accepted"),
    ("INVITE", "accepted", "ack", [], "accepted"),
    ("INVITE", "accepted", 183, None, "accepted"),
    ("INVITE", "accepted", 200, ["200"], "accepted"),
    ("INVITE", "accepted", 404, None, "accepted"),
    ("BYE", "trying", "request", [], "trying"),
    ("BYE", "trying", 183, ["183"], "proceeding"),
    ("BYE", "trying", 200, ["200"], "completed"),
    ("BYE", "trying", 404, ["404"], "completed"),
    ("BYE", "proceeding", "request", ["180"], "proceeding"),
    ("BYE", "proceeding", 183, ["183"], "proceeding"),
    ("BYE", "proceeding", 200, ["200"], "completed"),
    ("BYE", "proceeding", 404, ["404"], "completed"),
    ("BYE", "completed", "request", ["486"], "completed"),
    ("BYE", "completed", 183, None, "completed"),
    ("BYE", "completed", 200, None, "completed"),
    ("BYE", "completed", 404, None, "completed"),
]


@pytest.mark.parametrize(("method", "state", "given", "sent", "after"), SERVER_CASES)
def test_server_row(world, method, state, given, sent, after):
    transaction = world.serve(method)
    if state in SERVER_ENTRIES:
        SERVER_ENTRIES[state](transaction, world.now)
    assert st.SERVER_STATES[transaction.state] == state
    world.take()
    if given == "request":
        world.repeat(method)
    elif given == "ack":
        transaction.receive_ack(world.now)
    else:
        done = transaction.reply(given, str(given).encode(), world.now)
        assert done is (sent is not None)
    assert world.texts() == (sent or [])
    assert st.SERVER_STATES[transaction.state] == after
    if transaction.state in (st.S_TRYING, st.S_PROCEEDING):
        transaction.release(world.now)


def test_terminated_server_refuses_everything(world):
    for method in ("INVITE", "BYE"):
        transaction = world.serve(method)
        transaction.reply(404, b"404", world.now)
        world.wait(60)
        assert transaction.state == st.S_TERMINATED
        world.take()
        assert not any(transaction.reply(status, b"x", world.now) for status in (180, 200, 404))
        assert world.take() == []


# --- client rows


def bring(world, method, state):
    """A transaction whose only branch is in `state`."""
    transaction = world.serve(method)
    branch = transaction.add_branch(world.now)
    if state == "resolving":
        transaction.await_target(branch)
    else:
        transaction.start(branch, b"request", callee(), world.now)
    if state == "proceeding":
        world.reply(branch, 180)
    if state == "completed":
        transaction.reply(183, b"keep open", world.now)
        other = world.fork(transaction, callee(1))
        assert other is not None
        world.reply(branch, 486)
    if state == "accepted":
        world.reply(branch, 200)
    assert st.CLIENT_STATES[branch.state] == state
    world.take()
    return transaction, branch


# (method, state, input, bytes sent, state after); inputs: a status, "t1", "final", "error", "fail"
CLIENT_CASES = [
    ("INVITE", "resolving", "fail", ["SIP/2.0 478 local"], "terminated"),
    ("INVITE", "resolving", "final", ["SIP/2.0 408 local"], "completed"),
    ("INVITE", "calling", 100, [], "proceeding"),
    ("INVITE", "calling", 180, ["SIP/2.0 180 from 0"], "proceeding"),
    ("INVITE", "calling", 200, ["SIP/2.0 200 from 0"], "accepted"),
    ("INVITE", "calling", 486, ["ACK 0 for 486", "SIP/2.0 486 from 0"], "completed"),
    ("INVITE", "calling", "t1", ["request"], "calling"),
    ("INVITE", "calling", "final", ["SIP/2.0 408 local"], "completed"),
    ("INVITE", "calling", "error", ["SIP/2.0 500 local Service Unavailable"], "completed"),
    ("INVITE", "proceeding", 183, ["SIP/2.0 183 from 0"], "proceeding"),
    ("INVITE", "proceeding", 200, ["SIP/2.0 200 from 0"], "accepted"),
    ("INVITE", "proceeding", 404, ["ACK 0 for 404", "SIP/2.0 404 from 0"], "completed"),
    ("INVITE", "proceeding", "t1", [], "proceeding"),
    ("INVITE", "proceeding", "final", ["SIP/2.0 408 local", "CANCEL 0"], "completed"),
    ("INVITE", "proceeding", "error", [], "proceeding"),
    ("INVITE", "completed", 180, [], "completed"),
    ("INVITE", "completed", 200, ["SIP/2.0 200 from 0"], "accepted"),
    ("INVITE", "completed", 486, ["ACK 0 for 486"], "completed"),
    ("INVITE", "completed", "error", [], "completed"),
    ("INVITE", "accepted", 180, [], "accepted"),
    ("INVITE", "accepted", 200, ["SIP/2.0 200 from 0"], "accepted"),
    ("INVITE", "accepted", 486, [], "accepted"),
    ("INVITE", "accepted", "error", [], "accepted"),
    ("BYE", "resolving", "fail", ["SIP/2.0 478 local"], "terminated"),
    ("BYE", "resolving", "final", ["SIP/2.0 408 local"], "completed"),
    ("BYE", "calling", 100, [], "proceeding"),
    ("BYE", "calling", 180, ["SIP/2.0 180 from 0"], "proceeding"),
    ("BYE", "calling", 200, ["SIP/2.0 200 from 0"], "completed"),
    ("BYE", "calling", 486, ["SIP/2.0 486 from 0"], "completed"),
    ("BYE", "calling", "t1", ["request"], "calling"),
    ("BYE", "calling", "final", ["SIP/2.0 408 local"], "completed"),
    ("BYE", "calling", "error", ["SIP/2.0 500 local Service Unavailable"], "completed"),
    ("BYE", "proceeding", 183, ["SIP/2.0 183 from 0"], "proceeding"),
    ("BYE", "proceeding", 200, ["SIP/2.0 200 from 0"], "completed"),
    ("BYE", "proceeding", 404, ["SIP/2.0 404 from 0"], "completed"),
    ("BYE", "proceeding", "t1", [], "proceeding"),
    ("BYE", "proceeding", "final", ["SIP/2.0 408 local"], "completed"),
    ("BYE", "proceeding", "error", ["SIP/2.0 500 local Service Unavailable"], "completed"),
    ("BYE", "completed", 180, [], "completed"),
    ("BYE", "completed", 200, [], "completed"),
    ("BYE", "completed", 486, [], "completed"),
    ("BYE", "completed", "error", [], "completed"),
]


@pytest.mark.parametrize(("method", "state", "given", "sent", "after"), CLIENT_CASES)
def test_client_row(world, method, state, given, sent, after):
    transaction, branch = bring(world, method, state)
    if given == "fail":
        transaction.fail(branch, 478, world.now)
    elif given == "error":
        transaction.transport_failed(branch, OSError("refused"))
    elif given == "t1":
        world.wait(0.6)
    elif given == "final":
        branch.expire_at = world.now
        transaction.branch_timer(branch, world.now)
    else:
        world.reply(branch, given)
    assert world.texts() == sent
    assert st.CLIENT_STATES[branch.state] == after
    if transaction.status < 300:
        transaction.release(world.now)


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
@pytest.mark.parametrize("state", ["resolving", "calling", "proceeding", "completed", "accepted"])
def test_every_client_state_ends_with_the_transaction(world, method, state):
    if state == "accepted" and method == "BYE":
        state = "completed"
    transaction, branch = bring(world, method, state)
    transaction.release(world.now)
    world.wait(40)
    assert st.CLIENT_STATES[branch.state] == "terminated"
    assert transaction in world.user.gone
