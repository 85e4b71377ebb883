"""Records between the processes of one server, several in a datagram; one that is too long for that in parts. No I/O.

A record is its length (32 bits), its kind and the number of its sender (8 bits each), and its payload.
"""

import struct

MAX_FRAME = 61440  # octets of records in one datagram
MAX_RECORD = 64 * 1024 * 1024

PART = 0  # the next octets of a record that goes on
MESSAGE = 1  # a SIP message for its owner: length of the origin, origin, message
WRITE = 2  # a message to send on a connection of the receiver
FAILED = 3  # a WRITE could not be done
UP = 4  # a name of a connection of the sender
DOWN = 5  # a connection of the sender is gone
ALIAS = 6  # a further name wanted for a connection of the receiver
HELLO = 7  # the sender is new: tell it what it cannot know
ROSTER = 8  # the supervisor says who is there
CALL = 9  # a command to run
ANSWER = 10  # what came of it
READY = 11  # to the supervisor: at work
DRAINED = 12  # to the supervisor: nothing left to do
RELEASE = 13  # from the supervisor: end now
VERSION = 14  # to the supervisor: scripts that a new worker is to load
RESTART = 15  # to the supervisor: this worker is out of step

LAST = 0x80  # of a kind: parts of this record came before

_HEAD = struct.Struct("<IBB")
HEAD_SIZE = 6

Record = tuple[int, int, bytes]
"""kind, sender, payload"""


def build_record(kind: int, sender: int, payload: bytes) -> bytes:
    """A record that fits in a frame."""
    return _HEAD.pack(len(payload), kind, sender) + payload


def build_records(kind: int, sender: int, payload: bytes) -> list[bytes]:
    """A record of any length, as the records that carry it."""
    room = MAX_FRAME - HEAD_SIZE
    if len(payload) <= room:
        return [build_record(kind, sender, payload)]
    found = []
    pos = 0
    while len(payload) - pos > room:
        found.append(build_record(PART, sender, payload[pos : pos + room]))
        pos += room
    found.append(build_record(kind | LAST, sender, payload[pos:]))
    return found


class FrameReader:
    """Cuts datagrams into records, and puts together what came in parts. The senders are trusted: they are us."""

    def __init__(self) -> None:
        self._parts: dict[int, bytearray] = {}

    def forget(self, sender: int) -> None:
        """A sender has gone: what it did not finish never ends."""
        self._parts.pop(sender, None)

    def read(self, frame: bytes) -> list[Record]:
        """The records that a datagram completes."""
        found: list[Record] = []
        pos = 0
        end = len(frame)
        while pos + HEAD_SIZE <= end:
            length, kind, sender = _HEAD.unpack_from(frame, pos)
            pos += HEAD_SIZE
            payload = frame[pos : pos + length]
            pos += length
            if kind == PART:
                self._more(sender, payload)
            elif kind & LAST:
                found.append((kind & ~LAST, sender, bytes(self._parts.pop(sender, bytearray())) + payload))
            else:
                found.append((kind, sender, payload))
        return found

    def _more(self, sender: int, payload: bytes) -> None:
        part = self._parts.setdefault(sender, bytearray())
        if len(part) + len(payload) <= MAX_RECORD:
            part += payload
