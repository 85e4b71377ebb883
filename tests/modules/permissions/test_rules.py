"""Rules as files have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.modules.permissions.rules import parse_rule, read_rules, search
from siprouter.util.errors import OperatorError

A, B, C = "sip:alice@example.org", "sip:bob@example.org", "sip:900@example.org"


@pytest.mark.parametrize(
    ("line", "left", "right", "found"),
    [
        ("ALL : ALL", A, B, True),
        ('ALL : "^sip:900@"', A, C, True),
        ('ALL : "^sip:900@"', A, B, False),
        ('ALL EXCEPT "^sip:alice@" : ALL', A, B, False),
        ('ALL EXCEPT "^sip:alice@" : ALL', B, B, True),
        ('"^SIP:ALICE@", "^sip:bob@" : "@example[.]org$" EXCEPT "^sip:9", "^sip:8"', B, A, True),
        ('"^SIP:ALICE@", "^sip:bob@" : "@example[.]org$" EXCEPT "^sip:9", "^sip:8"', B, C, False),
        ("alice : bob # who", A, B, True),
        ('"#" : ALL', A, B, False),
        ('" EXCEPT " : ALL', "x EXCEPT y", B, True),
    ],
)
def test_rules(line: str, left: str, right: str, found: bool) -> None:
    rule = parse_rule(line)
    assert rule is not None
    assert search((rule,), left, right) is found


@pytest.mark.parametrize("line", ["", "   ", "# nothing", "\t# nothing: at all"])
def test_empty_lines(line: str) -> None:
    assert parse_rule(line) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ALL", "no colon"),
        ("ALL :", "expected an expression"),
        (": ALL", "expected an expression"),
        ("a : b : c", "a second colon"),
        ('"a : b', "a quote is not closed"),
        ('"a" "b" : c', "expected a comma"),
        ("a, : b", "expected an expression"),
        ('"(" : b', "unmatched"),
        ("a EXCEPT : b", "expected an expression"),
    ],
)
def test_lines_that_make_no_sense(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_rule(line)


def test_errors_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.allow"
    path.write_text("# rules\nALL : ALL\nALL\n")
    with pytest.raises(OperatorError) as caught:
        read_rules(path)
    assert str(caught.value).startswith(f"{path}:3:1: permissions: there is no colon")
    assert read_rules(tmp_path / "nothing") == ()
