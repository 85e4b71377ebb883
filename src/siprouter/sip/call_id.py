"""The Call-ID of a message that nobody has parsed yet: what decides which worker a message belongs to.

A short cut through the header lines to what `parse_message` finds in a message that it accepts; of one that it refuses
(without Call-ID, with several) any answer will do, as long as it is quick.
"""

from siprouter.sip.headers import unfold

NAME = b"call-id"
NAME_LENGTH = 7


def find_call_id(buf: bytes) -> bytes:
    """The Call-ID of the message in `buf`, trimmed and unfolded; b"" where there is none."""
    p = buf
    end = len(buf)
    i = 0
    while i < end and (p[i] == 13 or p[i] == 10):
        i += 1
    while True:
        while i < end and p[i] != 10:
            i += 1
        i += 1
        if i >= end or p[i] == 10 or p[i] == 13:
            return b""
        if (p[i] | 32) == 105 or (p[i] | 32) == 99:
            colon = _colon(buf, i, end)
            if colon:
                return _value(buf, colon + 1, end)


def _colon(buf: bytes, start: int, end: int) -> int:
    """Where the colon behind the name is if the line at `start` is a Call-ID, else 0."""
    p = buf
    q = NAME
    i = start
    if (p[i] | 32) == 105:
        i += 1
    else:
        while i < end and i - start < NAME_LENGTH and (p[i] | 32) == q[i - start]:
            i += 1
        if i - start < NAME_LENGTH:
            return 0
    while i < end and (p[i] == 32 or p[i] == 9):
        i += 1
    return i if i < end and p[i] == 58 else 0


def _value(buf: bytes, start: int, end: int) -> bytes:
    """The value that starts at `start` and ends with its line and the folds of that."""
    p = buf
    stop = start
    while stop < end and not (p[stop] == 10 and (stop + 1 >= end or (p[stop + 1] != 32 and p[stop + 1] != 9))):
        stop += 1
    while start < stop and p[start] <= 32:
        start += 1
    while stop > start and p[stop - 1] <= 32:
        stop -= 1
    value = buf[start:stop]
    return unfold(value) if b"\n" in value else value
