"""rpc/render.py."""

import pytest

from siprouter.rpc.render import parse_argument, reply_lines
from siprouter.rpc.values import Pairs, RpcValue


def test_lines() -> None:
    values: list[RpcValue] = [
        1,
        "a",
        {"now": "today", "inner": Pairs([("x", 1), ("x", 2)]), "list": [1, [2]]},
        [],
        2.0,
        1.5,
        b"b",
        None,
        True,
    ]
    assert "\n".join(reply_lines(values)) == (
        "1\na\n{\n\tnow: today\n\tinner: {\n\t\tx: 1\n\t\tx: 2\n\t}\n\tlist: [\n\t\t1\n\t\t[\n\t\t\t2\n\t\t]\n\t]\n}\n"
        "[\n]\n2\n1.500000\nb\n<null string>\n1"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("+7", 7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("s:1", "1"),
        ("s:", ""),
        ("s", "s"),
        ("", ""),
        ("nan", "nan"),
        ("-inf", "-inf"),
        ("1_000", "1_000"),
        ("sip:bob@example.com", "sip:bob@example.com"),
        ("9" * 40, "9" * 40),
    ],
)
def test_arguments(text: str, value: RpcValue) -> None:
    parsed = parse_argument(text)
    assert (parsed, type(parsed)) == (value, type(value))
