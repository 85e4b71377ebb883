"""Log messages of the script."""

from __future__ import annotations

import pytest

from siprouter.core.args import Constant
from siprouter.modules.xlog.xlog import LogText
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.log import format_text
from tests.support.fakes import FakeWorker, call, context, expand, make_worker, read, write


def make(**params: int | str) -> FakeWorker:
    worker = FakeWorker()
    worker.load("pv")
    worker.load("xlog", **params)
    assert worker.configure_modules() == []
    return worker


@pytest.mark.parametrize(
    ("level", "name"),
    [("L_ALERT", "ALERT"), ("L_BUG", "BUG"), ("L_CRIT", "CRITICAL"), ("L_CRIT2", "CRITICAL"), ("L_ERR", "ERROR"),
     ("L_WARN", "WARNING"), ("L_NOTICE", "NOTICE"), ("L_INFO", "INFO"), ("L_DBG", "DEBUG"), (2, "INFO"),
     ("-1", "ERROR")],
)  # fmt: skip
def test_levels(level: str | int, name: str) -> None:
    worker = make()
    assert call(context(worker), "xlog", level, "$rm\n") == 1
    assert [format_text(record) for record in worker.records] == [f"{name}: <script>: INVITE"]


def test_short_forms() -> None:
    worker = make()
    ctx = context(worker)
    assert [call(ctx, "xlog", "a"), call(ctx, "xdbg", "b 100% $rm")] == [1, 1]
    assert [format_text(record) for record in worker.records] == [
        "ERROR: <script>: a",
        "DEBUG: <script>: b 100% INVITE",
    ]


def test_nothing_is_formatted_below_the_level() -> None:
    worker = make()
    worker.log.level = 1
    ctx = context(worker)
    for name, args in (("xlog", ("L_INFO",)), ("xdbg", ()), ("xdbgl", ()), ("xlogl", ("L_INFO",))):
        assert call(ctx, name, *args, "$mi") == 1
    assert worker.records == []
    assert worker.modules["pv"].last_message_id == 0
    worker.log.level = -2
    assert [call(ctx, "xlog", "$mi"), call(ctx, "xlogl", "$mi")] == [1, 1]
    assert worker.records == []


def test_a_level_may_be_a_variable() -> None:
    worker = make()
    ctx = context(worker)
    write(ctx, "$var(level)", 1)
    assert call(ctx, "xlog", "$var(level)", "x") == 1
    assert worker.records[-1].level == 1
    write(ctx, "$var(level)", "none")
    for name in ("xlog", "xlogl"):
        assert call(ctx, name, "$var(level)", "x") == -1
        assert worker.texts()[-1] == "invalid log level"
    with pytest.raises(OperatorError, match="unknown log level"):
        call(ctx, "xlog", "x", "x")


def at_line(worker: FakeWorker, name: str, level: int | None = None) -> int:
    folded = LogText().fold("text $rm", worker.env, SourceLocation("a.cfg", 7, 3))
    assert isinstance(folded, Constant)
    count = 1 if level is None else 2
    declared = next(f for f, _, _ in worker.registry.find_functions(name) if len(f.args) == count)
    args = [] if level is None else [level]
    result: int = declared.call(worker.modules["xlog"], context(worker), *args, folded.value)
    return result


def test_with_the_line_of_the_configuration() -> None:
    worker = make()
    assert [at_line(worker, "xlogl"), at_line(worker, "xlogl", 0), at_line(worker, "xdbgl")] == [1, 1, 1]
    assert [(record.level, record.text) for record in worker.records] == [
        (-1, "7:text INVITE"), (0, "7:text INVITE"), (3, "7:text INVITE"),
    ]  # fmt: skip
    worker = make(long_format=1)
    at_line(worker, "xlogl")
    assert worker.texts() == ["a.cfg:7:text INVITE"]


def test_prefixes() -> None:
    for prefix, line in (("me: ", "ERROR: me: x"), ("me> ", "ERROR: me> x"), ("", "ERROR: x")):
        worker = make(prefix=prefix)
        call(context(worker), "xlog", "x")
        assert format_text(worker.records[0]) == line


def test_too_long_a_message_is_refused() -> None:
    worker = make(buf_size=5)
    ctx = context(worker)
    assert [call(ctx, "xlog", text) for text in ("1234", "12345", "äää", "ää")] == [1, -1, -1, 1]
    worker.set_param("xlog", "buf_size", 0)
    assert len(worker.configure_modules()) == 1


def test_colours() -> None:
    ctx = context(make())
    assert read(ctx, "$C(rg)") == ""
    ctx = context(make(force_color=1))
    assert expand(ctx, "$C(rg)$C(Bx)$C(xx)") == "\033[0;31;42m\033[1;34;49m\033[0;39;49m"
    for wrong in ("r", "rgb", "rG", "Xx", "zz", ""):
        with pytest.raises(OperatorError):
            read(ctx, f"$C({wrong})")


def test_a_text_computed_by_an_expression_is_not_expanded_again() -> None:
    worker = make()
    text = LogText().convert(context(worker), "$rm")
    worker.modules["xlog"].log_error(context(worker), text)
    assert worker.texts() == ["$rm"]


def test_the_module_needs_no_other() -> None:
    assert make_worker("xlog").modules["xlog"].source == "<script>"
