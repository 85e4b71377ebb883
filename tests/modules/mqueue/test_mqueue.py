"""What goes into a queue comes out in order, once, and belongs to the message that took it."""

from __future__ import annotations

import pytest

from siprouter.modules.mqueue.queues import UNSIZED, parse_definition
from siprouter.state.factory import StateOptions, open_state
from siprouter.testing import LoadError, Node
from siprouter.util.errors import OperatorError

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "cfgutils.so"
loadmodule "mqueue.so"
modparam("mqueue", "mqueue", "name=small;size=3;")
modparam("mqueue", "mqueue", "name=qaz")
%s
route {
	if ($rU == "add") {
		mq_add("small", "$hdr(X-K)", "$hdr(X-V)");
		sl_send_reply("200", "$rc");
	} else {
		mq_fetch("small");
		$var(rc) = $rc;
		$avp(s:got) = $mqk(small);
		mq_fetch("qaz");
		sl_send_reply("200", "$var(rc) $mqk(small) $mqv(small)");
	}
}
route[FREE] {
	mq_add("qaz", "k", 1 + 2);
	mq_fetch("qaz");
	$var(before) = $mqv(qaz);
	mq_pv_free("qaz");
	$var(after) = $mqv(qaz);
	mq_pv_free("qaz");
}
route[DRAIN] {
	$var(seen) = "";
	while (mq_fetch("small")) {
		$var(seen) = $var(seen) + $mqk(small);
	}
}
route[WAIT] {
	mq_fetch("small");
	usleep("1000000");
	$var(seen) = $mqk(small);
}
"""


@pytest.fixture(params=["local", "shared"])
def node(request):
    with Node(CONFIG % "", state=request.param) as node:
        yield node


def message(node, user, *pairs):
    return node.request("OPTIONS", f"sip:{user}@b", headers=dict(pairs))


def ask(node, user, *pairs):
    """The reason phrase of the reply."""
    return node.receive(message(node, user, *pairs)).last.text.split("\r\n")[0].removeprefix("SIP/2.0 200 ")


def add(node, key, value="v"):
    assert ask(node, "add", ("X-K", key), ("X-V", value)) == "1"


def test_first_in_first_out(node):
    add(node, "a", "sip:x@y")
    add(node, "b", "2")
    assert ask(node, "get") == "1 a sip:x@y"
    assert ask(node, "get") == "1 b 2"
    assert ask(node, "get") == "-2 <null> <null>"


def test_oldest_goes_where_the_queue_is_full(node):
    for key in "abcde":
        add(node, key)
    run = node.run_route("DRAIN", message(node, "x"))
    assert run.variable("$var(seen)") == "cde"
    assert not node.logged("dropped")


def test_freed_items_and_values_of_expressions(node):
    run = node.run_route("FREE", message(node, "x"))
    assert run.variable("$var(before)") == "3"
    assert run.variable("$var(after)") in (0, None)
    assert run.variable("$mqk(qaz)") is None


def test_empty_key_and_value_read_as_null(node):
    mqueue = node.worker.module("mqueue")
    run = node.run_route("FREE", message(node, "x"))
    mqueue.add(run.ctx, "small", "", "")
    assert mqueue.fetch(run.ctx, "small") == 1
    assert (run.variable("$mqk(small)"), run.variable("$mqv(small)")) == (None, None)


def test_items_of_a_waiting_message_are_its_own(node):
    add(node, "a")
    add(node, "b")
    seen = []
    first, second = context(node), context(node)

    async def both():
        first_task = node.loop.create_task(node.script.routes["WAIT"].run(first))
        await node.worker.sleep(0.1)
        node.worker.module("mqueue").fetch(second, "small")
        seen.append(node.worker.env.parse_pvar("$mqk(small)").get(second))
        await first_task

    node.wait(both())
    assert seen == ["b"]
    assert node.worker.env.parse_pvar("$var(seen)").get(first) == "a"


def context(node):
    return node.run_route("FREE", message(node, "x")).ctx


def test_a_queue_without_size_drops_in_the_end(node):
    mqueue, ctx = node.worker.module("mqueue"), context(node)
    assert mqueue.queues["qaz"].max_length == UNSIZED
    mqueue.queues["qaz"] = node.worker.state.queue("short", 2)
    for key in "abcd":
        assert mqueue.add(ctx, "qaz", key, "v") == 1
    assert len(node.logged("the oldest ones are dropped", "warning")) == 1
    mqueue.fetch(ctx, "qaz")
    mqueue.add(ctx, "qaz", "e", "v")
    mqueue.add(ctx, "qaz", "f", "v")
    assert len(node.logged("the oldest ones are dropped", "warning")) == 2
    assert mqueue.fetch(ctx, "qaz") == 1
    assert node.worker.env.parse_pvar("$mqk(qaz)").get(ctx) == "e"


def test_the_queue_lies_in_the_shared_state(tmp_path):
    config = CONFIG % ""
    with Node(config, state=str(tmp_path)) as node:
        add(node, "a", "1")
        add(node, "b", "2")
        assert len(node.worker.module("mqueue").queues["small"]) == 2
        queue = node.worker.state.queue("mqueue:small", 3)
        assert queue.pop() == ("a", "1")
        assert ask(node, "get") == "1 b 2"


def test_full_state_refuses(tmp_path):
    with Node(CONFIG % "") as node:
        mqueue, ctx = node.worker.module("mqueue"), context(node)
        state = open_state(StateOptions("shared", str(tmp_path), 1), node.clock.wall, node.worker.log)
        try:
            mqueue.worker.state, own = state, mqueue.worker.state
            mqueue.queues["qaz"] = state.queue("mqueue:qaz", UNSIZED)
            results = {mqueue.add(ctx, "qaz", "k", "v" * 60_000) for _ in range(40)}
            assert results == {1, -1}
            assert node.logged("cannot add to queue qaz", "error")
            assert mqueue.fetch(ctx, "qaz") == 1
        finally:
            mqueue.worker.state = own
            state.close()


UNKNOWN = CONFIG % "" + 'route[X] { mq_add("smal", "k", "v"); $var(a) = $rc; mq_fetch("smal"); $var(b) = $rc; }'


def test_unknown_queue_is_warned_of_and_fails():
    with Node(UNKNOWN) as node:
        assert node.logged("there is no queue 'smal': did you mean small?", "warning")
        run = node.run_route("X", message(node, "x"))
        assert (run.variable("$var(a)"), run.variable("$var(b)")) == (-1, -1)
        assert len(node.logged("there is no queue 'smal'", "error")) == 2


def test_unknown_queue_in_a_variable():
    with pytest.raises(LoadError, match=r"there is no queue 'smal'[\s\S]*did you mean small\?"):
        Node(CONFIG % "" + "route[X] { $var(a) = $mqk(smal); }")


def test_no_queue_at_all():
    with Node('loadmodule "mqueue.so"\nroute { drop; }') as node:
        assert node.logged("no queue is defined", "warning")


def test_defined_twice():
    with pytest.raises(LoadError, match="'qaz' is defined twice"):
        Node(CONFIG % 'modparam("mqueue", "mqueue", "size=2;name=qaz")')


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name=q", ("q", 0)),
        ("name=q;size=20;", ("q", 20)),
        (' Size = 20 ; NAME = "q" ', ("q", 20)),
        ("name=q;size=-1", ("q", 0)),
    ],
)
def test_definitions(text, found):
    assert parse_definition(text) == found


@pytest.mark.parametrize(
    "text", ["", ";", "size=3", "name=", "name=q;size=x", "name=q;length=3", "q", "name=q;size=2147483648"]
)
def test_bad_definitions(text):
    with pytest.raises(OperatorError, match="mqueue: "):
        parse_definition(text)
