"""Message ladders."""

from __future__ import annotations

import pytest

from siprouter.util.ladder import Arrow, draw_ladder, order_parties

CALL = [
    Arrow(10.0, "alice", "router", "INVITE sip:bob@example.org"),
    Arrow(10.0015, "router", "bob", "INVITE sip:bob@127.0.0.1:40001"),
    Arrow(10.25, "bob", "router", "180 Ringing (INVITE)"),
    Arrow(11, "router", "alice", "180 Ringing (INVITE)"),
]


def test_a_call_looks_like_this() -> None:
    drawn = draw_ladder(CALL, middle="router", width=80)
    assert drawn.splitlines() == [
        "          alice                           router                             bob",
        "            │                                │                                │",
        "  0.000     │── INVITE sip:bob@example.org ─►│                                │",
        "  0.002     │                                │── INVITE sip:bob@127.0.0.1:… ─►│",
        "  0.250     │                                │◄──── 180 Ringing (INVITE) ─────│",
        "  1.000     │◄──── 180 Ringing (INVITE) ─────│                                │",
        "            │                                │                                │",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 132, 200])
def test_no_line_is_too_long(width: int) -> None:
    assert max(map(len, draw_ladder(CALL, middle="router", width=width).splitlines())) <= max(width, 64)


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "c"], ["a" * 30, "b" * 30, "c" * 30], list("abcdefgh")])
def test_any_number_of_parties(names: list[str]) -> None:
    arrows = [Arrow(0, names[number], names[number + 1], "X" * 90) for number in range(len(names) - 1)]
    lines = draw_ladder(arrows, middle=names[1], parties=names, width=100).splitlines()
    assert len(lines) == len(names) + 2
    assert all(line.count("►") == 1 for line in lines[2:-1])
    assert max(map(len, lines)) <= max(100, 12 + 24 * len(names))


def test_an_arrow_crosses_what_lies_between() -> None:
    drawn = draw_ladder([*CALL, Arrow(12, "alice", "bob", "ACK")], middle="router", width=80)
    crossing = drawn.splitlines()[-2]
    assert crossing.count("│") == 2
    assert crossing.endswith("►│")


def test_parties_stand_in_the_order_of_their_words() -> None:
    assert order_parties(CALL, "router") == ["alice", "router", "bob"]
    assert order_parties(CALL[1:], "router") == ["bob", "router", "alice"]


def test_nothing_to_draw() -> None:
    assert draw_ladder([], middle="router") == "no messages"
