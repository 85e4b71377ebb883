"""Pending edits of a message: a list of "in the place of these octets, put those"."""

from siprouter.sip.headers import HeaderBlock
from siprouter.sip.names import H_CONTENT_LENGTH


class Edit:
    """In the place of `length` octets at `start` of the received message comes `data`. Immutable.

    With length 0 it is an insertion in front of the octet at `start`. `body` marks the exchange of the whole body.
    """

    __slots__ = ("body", "data", "length", "start")

    start: int
    length: int
    data: bytes
    body: bool

    def __repr__(self) -> str:
        return f"<Edit {self.start}+{self.length} {self.data!r}>"


def make_edit(start: int, length: int, data: bytes, body: bool = False) -> Edit:
    """A new edit."""
    edit = Edit.__new__(Edit)
    edit.start = start
    edit.length = length
    edit.data = data
    edit.body = body
    return edit


def _precedes(a: Edit, b: Edit) -> bool:
    """Whether the later made `a` is done before the earlier made `b`.

    At one place insertions come first, in the order they were made; then the longest replacement, of equal ones the
    last.
    """
    if a.start != b.start:
        return a.start < b.start
    if a.length == 0:
        return b.length != 0
    return b.length != 0 and a.length >= b.length


def sort_edits(edits: list[Edit]) -> list[Edit]:
    """A new list in the order in which `splice` does them."""
    ordered: list[Edit] = []
    for edit in edits:
        i = len(ordered)
        while i > 0 and _precedes(edit, ordered[i - 1]):
            i -= 1
        ordered.insert(i, edit)
    return ordered


def splice(buf: bytes, start: int, end: int, ordered: list[Edit], parts: list[bytes]) -> None:
    """Appends `buf[start:end]` with the sorted edits done to `parts`.

    What lies inside octets that an earlier edit of the list took away is gone with them; what lies behind `end` is done
    there.
    """
    if start < 0 or end > len(buf):
        raise IndexError("outside the buffer")
    p = buf
    pos = start
    for edit in ordered:
        first = min(edit.start, end)
        stop = min(edit.start + edit.length, end)
        if first > pos:
            parts.append(p[pos:first])
        elif first < pos and stop <= pos:
            continue
        if edit.data:
            parts.append(edit.data)
        if stop > pos:
            pos = stop
    if pos < end:
        parts.append(p[pos:end])


def assemble(block: HeaderBlock, edits: list[Edit], need_length: bool) -> bytes:
    """The message with `edits` done. Content-Length follows a changed body; with `need_length` there will be one."""
    buf = block.buf
    ordered = sort_edits(edits)
    count = len(ordered)
    while count > 0 and ordered[count - 1].start >= block.body_start:
        count -= 1
    parts: list[bytes] = []
    if count == len(ordered) and not need_length:
        splice(buf, 0, block.length, ordered, parts)
        return b"".join(parts)
    body = _edited_body(block, edits, ordered[count:])
    changed = count < len(ordered)
    del ordered[count:]
    splice(buf, 0, block.body_start, _with_length(block, ordered, len(body), changed, need_length), parts)
    parts.append(body)
    return b"".join(parts)


def _edited_body(block: HeaderBlock, edits: list[Edit], ordered: list[Edit]) -> bytes:
    """The body with its sorted edits done; an exchange of the whole body stands above all other edits."""
    for edit in reversed(edits):
        if edit.body:
            return edit.data
    parts: list[bytes] = []
    splice(block.buf, block.body_start, block.length, ordered, parts)
    return b"".join(parts)


def _with_length(block: HeaderBlock, ordered: list[Edit], size: int, changed: bool, need_length: bool) -> list[Edit]:
    """The edits of the head, and what it takes to say Content-Length: `size`."""
    header = block.get(H_CONTENT_LENGTH)
    value = b"%d" % size
    if header is not None:
        kept = True
        for edit in ordered:
            if edit.length > 0 and edit.start <= header.name_start and edit.start + edit.length >= header.end:
                kept = False
        if kept:
            if not changed:
                return ordered
            return sort_edits([*ordered, make_edit(header.start, header.end - header.start, value)])
        if not need_length:
            return ordered
    return sort_edits([*ordered, make_edit(block.headers_end, 0, b"Content-Length: " + value + b"\r\n")])
