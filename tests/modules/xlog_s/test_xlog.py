"""Log messages of `#!SER` scripts."""

from __future__ import annotations

import pytest

from siprouter.script.core_args import parse_attribute
from siprouter.script.selects import register_core_selects
from siprouter.server.inventory import report_gaps
from siprouter.testing import Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from siprouter.util.log import format_text
from tests.support.fakes import FakeWorker, call, context, make_worker


def make(**params: int) -> FakeWorker:
    worker = FakeWorker()
    worker.load("xlog_s", **params)
    register_core_selects(worker)
    assert worker.configure_modules() == []
    return worker


@pytest.mark.parametrize(
    ("level", "name"),
    [("L_ALERT", "ALERT"), ("L_CRIT", "CRITICAL"), ("L_ERR", "ERROR"), ("L_WARN", "WARNING"), ("L_NOTICE", "NOTICE"),
     ("L_INFO", "INFO"), ("L_DBG", "DEBUG"), (2, "INFO"), (99, "DEBUG"), (-99, "ALERT"), ("@msg.flags", "WARNING")],
)  # fmt: skip
def test_levels(level: str | int, name: str) -> None:
    worker = make()
    assert call(context(worker), "xlog", level, "%rm %%\\n") == 1
    assert [format_text(record) for record in worker.records] == [f"{name}: <script>: INVITE %"]


def test_debug() -> None:
    worker = make()
    assert call(context(worker), "xdbg", "a %ci") == 1
    assert [format_text(record) for record in worker.records] == ["DEBUG: <script>: a c1@192.0.2.1"]


def test_a_level_may_be_an_attribute() -> None:
    worker = make()
    ctx = context(worker)
    assert call(ctx, "xlog", "$level", "x") == -1
    assert worker.texts() == ["xlog: no log level"]
    attribute = parse_attribute("$level")
    assert attribute is not None
    attribute.set(ctx, "1")
    assert call(ctx, "xlog", "$level", "x") == 1
    assert worker.records[-1].level == 1
    for wrong in ("x", "L_BUG", "", "$", "@nosuch"):
        with pytest.raises(OperatorError):
            call(ctx, "xlog", wrong, "x")


def test_nothing_is_formatted_below_the_level() -> None:
    worker = make()
    worker.log.level = 1
    ctx = context(worker)
    assert [call(ctx, "xlog", "L_INFO", "%mi"), call(ctx, "xdbg", "%mi")] == [1, 1]
    assert worker.records == []
    assert ctx.var_map is None
    call(ctx, "xlog", "L_NOTICE", "%mi")
    assert worker.texts() == ["1"]


def test_too_long_a_message_is_refused() -> None:
    worker = make(buf_size=5)
    ctx = context(worker)
    assert [call(ctx, "xdbg", text) for text in ("1234", "12345", "äää", "ää")] == [1, -1, -1, 1]
    worker.set_param("xlog", "buf_size", 0)
    assert len(worker.configure_modules()) == 1


def test_in_a_script() -> None:
    script = (
        '#!SER\nloadmodule "xlog"\nroute { $who = "al"; xlog("L_ERR", "%$who% %rm %@ruri.user"); '
        'xlog("L_ERR", $who + "%rm"); drop; }'
    )
    with Node(script) as node:
        node.receive(build_message("OPTIONS", "sip:b@example.com"), "192.0.2.1:5060")
        texts = [record.text for record in node.records if record.source == "<script>"]
        assert texts == ["alOPTIONS b", "al%rm"]


def test_the_other_flavour_takes_variables() -> None:
    worker = make_worker("pv", "xlog")
    call(context(worker), "xlog", "L_ERR", "%rm $rm")
    assert worker.texts() == ["%rm INVITE"]


def test_no_gaps() -> None:
    [report] = report_gaps(["xlog (ser)"])
    assert (report.declared, report.gaps) == (True, [])
