"""Message ladders for terminals: one column for each party, one arrow for each message, with times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TIME_WIDTH = 9
NARROWEST = 24  # of the space between two parties
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message at `time` (seconds)."""

    time: float
    source: str
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that one party did at `time`: a line of text to the right of its column."""

    time: float
    party: str
    text: str


def order_parties(rows: Sequence[Arrow | Note], middle: str) -> list[str]:
    """The parties from left to right: the first that speaks, then `middle`, then the others as they appear."""
    arrows = [row for row in rows if isinstance(row, Arrow)]
    found = dict.fromkeys(party for arrow in arrows for party in (arrow.source, arrow.target))
    found.pop(middle, None)
    others = list(found)
    return [*others[:1], middle, *others[1:]]


def draw_ladder(rows: Sequence[Arrow | Note], *, middle: str, parties: Sequence[str] = (), width: int = 100) -> str:
    """The ladder as text, no line longer than `width` where that leaves room for the parties.

    `parties` from left to right; without them as `order_parties` says. Times are printed from the first message on, in
    seconds. An arrow between two parties that are not neighbours crosses the columns between them. Notes may be longer
    than the line, up to `width` characters behind their column.
    """
    if not rows:
        return "no messages"
    columns = list(parties) or order_parties(rows, middle)
    gap = max((width - TIME_WIDTH - 2) // max(len(columns) - 1, 1), NARROWEST)
    gap = min(gap, 44)
    centres = [TIME_WIDTH + 1 + max(len(columns[0]) // 2, 1) + number * gap for number in range(len(columns))]
    room = width - max(len(columns[-1]) - len(columns[-1]) // 2, 1)
    if centres[-1] > room and len(columns) > 1:
        gap = max((room - centres[0]) // (len(columns) - 1), NARROWEST)
        centres = [centres[0] + number * gap for number in range(len(columns))]
    start = rows[0].time
    lines = [_heads(columns, centres, gap), _bars(centres)]
    for row in rows:
        if isinstance(row, Arrow):
            lines.append(_arrow(row, row.time - start, columns, centres))
        else:
            lines.append(_note(row, row.time - start, columns, centres, width))
    lines.append(_bars(centres))
    return "\n".join(line.rstrip() for line in lines)


def _place(line: list[str], position: int, text: str) -> None:
    for offset, char in enumerate(text):
        if 0 <= position + offset < len(line):
            line[position + offset] = char


def _heads(columns: Sequence[str], centres: Sequence[int], gap: int) -> str:
    line = [" "] * (centres[-1] + gap)
    for name, centre in zip(columns, centres, strict=True):
        shown = name if len(name) < gap else name[: gap - 2] + ELLIPSIS
        _place(line, centre - len(shown) // 2, shown)
    return "".join(line)


def _bars(centres: Sequence[int]) -> str:
    line = [" "] * (centres[-1] + 1)
    for centre in centres:
        line[centre] = "│"
    return "".join(line)


def _arrow(arrow: Arrow, elapsed: float, columns: Sequence[str], centres: Sequence[int]) -> str:
    line = list(_bars(centres))
    _place(line, 0, f"{elapsed:>{TIME_WIDTH - 2}.3f}")
    first, last = centres[columns.index(arrow.source)], centres[columns.index(arrow.target)]
    left, right = sorted((first, last))
    space = right - left - 1
    text = arrow.text if len(arrow.text) <= space - 6 else arrow.text[: space - 7] + ELLIPSIS
    label = f" {text} ".center(space, "─")
    label = label[:-1] + "►" if first < last else "◄" + label[1:]
    _place(line, left + 1, label)
    return "".join(line)


def _note(note: Note, elapsed: float, columns: Sequence[str], centres: Sequence[int], width: int) -> str:
    line = list(_bars(centres))
    _place(line, 0, f"{elapsed:>{TIME_WIDTH - 2}.3f}")
    start = centres[columns.index(note.party)] + 2
    text = note.text if len(note.text) <= width else note.text[: width - 1] + ELLIPSIS
    kept = line[start + len(text) + 1 :]
    return "".join(line[:start]) + text + (" " + "".join(kept) if kept else "")
