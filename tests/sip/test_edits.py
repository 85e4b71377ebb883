"""Pending edits: their order, and what happens where they meet."""

import pytest

from siprouter.sip.edits import Edit, make_edit, sort_edits, splice

BUF = b"0123456789"


def done(*edits: tuple[int, int, bytes]) -> bytes:
    parts: list[bytes] = []
    made: list[Edit] = [make_edit(*edit) for edit in edits]
    splice(BUF, 0, len(BUF), sort_edits(made), parts)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((), b"0123456789"),
        (((0, 0, b"a"),), b"a0123456789"),
        (((10, 0, b"a"),), b"0123456789a"),
        (((5, 0, b"a"), (5, 0, b"b"), (5, 0, b"c")), b"01234abc56789"),
        (((8, 1, b""), (1, 2, b"x")), b"0x34567" + b"9"),
        (((2, 3, b"x"), (2, 3, b"y")), b"01y56789"),
        (((2, 3, b"x"), (2, 3, b"")), b"0156789"),
        (((2, 3, b""), (2, 0, b"in")), b"01in56789"),
        (((2, 0, b"in"), (2, 3, b"")), b"01in56789"),
        (((2, 3, b""), (5, 0, b"in")), b"01in56789"),
        (((2, 6, b""), (4, 0, b"lost"), (5, 2, b"lost")), b"0189"),
        (((4, 2, b"lost"), (2, 6, b"")), b"0189"),
        (((2, 2, b"a"), (2, 4, b"b")), b"01b6789"),
        (((2, 4, b"a"), (4, 4, b"b")), b"01ab89"),
        (((0, 10, b""), (10, 0, b"x")), b"x"),
    ],
)
def test_splicing(edits: tuple[tuple[int, int, bytes], ...], expected: bytes) -> None:
    assert done(*edits) == expected


def test_sorting_leaves_the_list_alone() -> None:
    edits = [make_edit(5, 0, b"b"), make_edit(1, 0, b"a")]
    assert [edit.start for edit in sort_edits(edits)] == [1, 5]
    assert [edit.start for edit in edits] == [5, 1]


def test_edits_outside_the_message_are_done_at_its_end() -> None:
    assert done((50, 4, b"x")) == b"0123456789x"
    assert done((8, 50, b"x")) == b"01234567x"
    assert done((-5, 3, b"x")) == b"0123456789"
