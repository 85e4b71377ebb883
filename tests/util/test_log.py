"""Log levels, records and their two forms."""

import json

import pytest

from siprouter.util.errors import SourceLocation
from siprouter.util.log import (
    DEFAULT_FACILITY,
    L_ALERT,
    L_CRIT,
    L_DBG,
    L_ERR,
    L_INFO,
    L_NOTICE,
    L_WARN,
    MAX_TEXT,
    Log,
    Record,
    facility_number,
    format_json,
    format_text,
    one_line,
)


def test_records_above_the_level_are_not_written() -> None:
    seen: list[Record] = []
    log = Log(seen.append, L_WARN)
    log.alert("a")
    log.error("b")
    log.warning("c")
    log.notice("d")
    log.info("e")
    log.debug("f")
    assert [(record.level, record.text) for record in seen] == [(L_ALERT, "a"), (L_ERR, "b"), (L_WARN, "c")]
    log.level = L_DBG
    log.notice("d")
    log.info("e")
    log.debug("f")
    assert [record.level for record in seen[3:]] == [L_NOTICE, L_INFO, L_DBG]


def test_arguments_are_formatted_only_when_written() -> None:
    class Costly:
        def __str__(self) -> str:
            raise AssertionError("formatted")

    seen: list[Record] = []
    log = Log(seen.append)
    log.debug("%s", Costly())
    log.error("%s of %d", "one", 2)
    log.error("100% sure")
    assert [record.text for record in seen] == ["one of 2", "100% sure"]


def test_levels_out_of_range_are_drawn_in() -> None:
    seen: list[Record] = []
    log = Log(seen.append, 9)
    log.write(9, "x")
    log.write(-9, "y")
    assert [record.level for record in seen] == [L_DBG, L_ALERT]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("ends\r\n", "ends"),
        ("two\nlines", "two\\nlines"),
        ("esc\x1b[31m", "esc\\x1b[31m"),
        ("tab\tstays", "tab\tstays"),
        ("Zürich ☎", "Zürich ☎"),
        ("byte \udcff", "byte \udcff"),
        ("line\u2028separator", "line\\u2028separator"),
    ],
)
def test_a_record_is_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_record_is_bounded() -> None:
    assert len(one_line("x" * 100_000)) == MAX_TEXT + 3


def test_text_form() -> None:
    place = SourceLocation("kamailio.cfg", 12, 3)
    assert format_text(Record(L_ERR, "no\n", "tm", place)) == "ERROR: tm [kamailio.cfg:12:3]: no"
    assert format_text(Record(L_INFO, "yes")) == "INFO: <core>: yes"
    assert format_text(Record(L_CRIT, "bare", "tm")) == "tm: bare"


def test_json_form() -> None:
    record = Record(L_WARN, "two\nlines", "tm", SourceLocation("k.cfg", 4, 1))
    assert json.loads(format_json(record, 12.5, 77)) == {
        "time": 12.5,
        "level": "warning",
        "process": 77,
        "source": "tm",
        "message": "two\\nlines",
        "file": "k.cfg",
        "line": 4,
        "column": 1,
    }
    assert "file" not in json.loads(format_json(Record(L_WARN, "x"), 1.0, 1))


def test_facilities() -> None:
    assert facility_number("LOG_DAEMON") == 24
    assert facility_number("log_local7") == 184
    assert facility_number("LOG_NOWHERE") is None
    assert Record(L_ERR, "x").facility == DEFAULT_FACILITY


def test_exceptions_say_where_they_were_raised() -> None:
    seen: list[Record] = []
    log = Log(seen.append)
    try:
        raise ValueError("50% off")
    except ValueError:
        log.exception("module %s did not stop", "tm")
    (record,) = seen
    assert record.level == L_ERR
    assert record.text.startswith("module tm did not stop: ValueError: 50% off (test_log.py:")
    assert record.text.endswith("in test_exceptions_say_where_they_were_raised)")
