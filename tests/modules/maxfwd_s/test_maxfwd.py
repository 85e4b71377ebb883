"""Max-Forwards in `#!SER` scripts."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.core.selects import find_select
from siprouter.script.core_args import parse_attribute
from siprouter.script.selects import register_core_selects
from siprouter.server.inventory import report_gaps
from siprouter.testing import Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context, edited, request


def make(hops: str | None, **params: int) -> Context:
    worker = FakeWorker()
    worker.load("maxfwd_s", **params)
    register_core_selects(worker)
    assert worker.configure_modules() == []
    if hops is None:
        return context(worker, request("INVITE", "sip:a@b", drop=("max_forwards",)))
    return context(worker, request("INVITE", "sip:a@b", max_forwards=f"Max-Forwards: {hops}"))


@pytest.mark.parametrize(
    ("before", "result", "after"),
    [("10", 1, "9"), ("1", 1, "0"), ("0", -1, "0"), ("x", -1, "x"), ("17", 1, "16"), ("16", 1, "15"), ("70", 1, "16")],
)
@pytest.mark.parametrize("name", ["maxfwd_process", "process_maxfwd", "mf_process_maxfwd_header"])
def test_counts_down(name: str, before: str, result: int, after: str) -> None:
    ctx = make(before)
    assert call(ctx, name, "10") == result
    assert f"\r\nMax-Forwards: {after}\r\n".encode() in edited(ctx)


def test_without_a_limit() -> None:
    ctx = make("200", max_limit=0)
    assert [call(ctx, "maxfwd_process", 10), call(ctx, "maxfwd_process", 10)] == [1, 1]
    assert b"Max-Forwards: 198\r\n" in edited(ctx)


@pytest.mark.parametrize(
    ("value", "limit", "result"),
    [(10, 16, 1), ("16", 16, 1), (17, 16, -1), (255, 0, 1), (256, 0, -1), (-1, 16, -1), (0, 16, 0)],
)
def test_adds_what_is_missing(value: str | int, limit: int, result: int) -> None:
    ctx = make(None, max_limit=limit)
    assert call(ctx, "maxfwd_process", value) == result
    assert (edited(ctx).split(b"\r\n")[1] == b"Max-Forwards: %d" % int(value)) == (result == 1)


@pytest.mark.parametrize("name", ["maxfwd_at_least", "mf_lowlimit"])
def test_at_least(name: str) -> None:
    assert [call(make("5"), name, hops) for hops in (4, "5", 6)] == [1, 1, -1]
    assert (call(make(None), name, 5), call(make("x"), name, 5)) == (1, -1)
    ctx = make("5")
    call(ctx, "maxfwd_process", 9)
    assert call(ctx, name, 5) == -1


def test_arguments_may_name_what_holds_the_number() -> None:
    ctx = make(None)
    attribute = parse_attribute("$hops")
    assert attribute is not None and find_select(ctx.worker.registry, ["cseq", "num"]) is not None
    assert call(ctx, "maxfwd_process", "$hops") == -1
    attribute.set(ctx, "7")
    assert call(ctx, "maxfwd_process", "$hops") == 1
    assert edited(ctx).split(b"\r\n")[1] == b"Max-Forwards: 7"
    assert [call(make(hops), "maxfwd_at_least", "@cseq.num") for hops in ("102", "101")] == [1, -1]
    assert call(make("5"), "maxfwd_at_least", "@from.uri") == -1
    for wrong in ("x", "@nosuch", "@a..b", "$f.x.y"):
        with pytest.raises(OperatorError):
            call(make("5"), "maxfwd_at_least", wrong)


def test_the_limit_can_change_at_run_time() -> None:
    ctx = make("100")
    ctx.worker.cfg.set_now("maxfwd", "max_limit", 50)
    call(ctx, "maxfwd_process", 10)
    assert b"Max-Forwards: 50\r\n" in edited(ctx)
    with pytest.raises(OperatorError, match="between 0 and 255"):
        make("1", max_limit=256)


def test_the_mode_of_the_script_decides() -> None:
    with Node('#!SER\nloadmodule "maxfwd"\nroute { if (maxfwd_process(10)) { forward(192.0.2.77, 5060); } }') as node:
        sent = node.receive(build_message("OPTIONS", "sip:b@example.com"), "192.0.2.1:5060")
        assert sent[-1].header("Max-Forwards") == "16"
    with pytest.raises(OperatorError, match="maxfwd_process"):
        Node('#!KAMAILIO\nloadmodule "maxfwd.so"\nroute { maxfwd_process("10"); }')
    for mode in ("#!SER", "#!KAMAILIO"):
        with pytest.raises(OperatorError, match="unknown module maxfwd_s"):
            Node(f'{mode}\nloadmodule "maxfwd_s.so"\nroute {{ drop; }}')
    with pytest.raises(OperatorError) as caught:
        Node('#!SER\nroute { maxfwd_process("10"); }')
    assert 'loadmodule "maxfwd.so"' in str(caught.value)


def test_no_gaps() -> None:
    [report] = report_gaps(["maxfwd (ser)"])
    assert (report.declared, report.gaps) == (True, [])
