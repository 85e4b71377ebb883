"""Messages cut out of a stream."""

import pytest

from siprouter.sip.framing import PING, PONG, Framer
from siprouter.sip.message import parse_message
from tests.sip.samples import INVITE, REPLY

STREAM = INVITE + REPLY + INVITE.replace(b"\r\n", b"\n", 3)


def feed(framer: Framer, data: bytes, size: int) -> list[bytes]:
    found: list[bytes] = []
    for start in range(0, len(data), size):
        found += framer.feed(data[start : start + size])
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 500, 5000])
def test_any_cutting_gives_the_same_messages(size: int) -> None:
    framer = Framer()
    assert feed(framer, STREAM, size) == [INVITE, REPLY, STREAM[len(INVITE) + len(REPLY) :]]
    assert framer.idle and framer.error is None and framer.rest == b""


def test_a_whole_message_is_handed_on_as_it_came() -> None:
    assert Framer().feed(INVITE)[0] is INVITE


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_keep_alives(size: int) -> None:
    framer = Framer()
    found = feed(framer, b"\r\n\r\n" + INVITE + b"\r\n\r\n", size)
    assert [item for item in found if item is not PONG] == [PING, INVITE, PING]


def test_single_line_ends() -> None:
    framer = Framer()
    found = framer.feed(b"\r\n" + INVITE + b"\r\n" + REPLY)
    assert [item for item in found if item is not PONG] == [INVITE, REPLY]
    assert framer.feed(b"\r\n")[0] is PONG
    assert framer.feed(b"\r\n")[0] is PING


def test_a_flood_of_keep_alives_is_one_event() -> None:
    assert Framer().feed(b"\r\n" * 30000) == [PING]


def test_the_first_of_two_empty_lines_ends_the_headers() -> None:
    data = INVITE.partition(b"\r\n\r\n")[0].replace(b"Content-Length: 5", b"Content-Length: 0") + b"\r\n\n"
    for size in (1, len(data) - 1, 1000):
        assert feed(Framer(), data + b"\r\n" + INVITE, size)[0] == data


def test_bounds() -> None:
    framer = Framer(max_message=1000, max_head=500)
    assert framer.feed(b"x" * 600) == []
    assert framer.error is not None and framer.error.status == 513
    assert framer.rest == b"x" * 600
    framer = Framer(max_message=1000, max_head=500)
    assert framer.feed(INVITE.replace(b"Content-Length: 5", b"Content-Length: 900")) == []
    assert framer.error is not None and framer.error.status == 513
    framer = Framer(max_message=1000, max_head=500)
    assert feed(framer, INVITE.replace(b"Max-Forwards", b"M" * 200), 10) == []
    assert framer.error is not None and framer.error.status == 513
    assert framer.feed(INVITE) == []


def test_messages_before_an_error_are_delivered() -> None:
    framer = Framer()
    broken = REPLY.replace(b"Content-Length: 0", b"Content-Length: zero")
    assert framer.feed(INVITE + broken + INVITE) == [INVITE]
    assert framer.error is not None and framer.error.reason == "Bad Content-Length"
    assert framer.rest.startswith(broken)


def test_content_length_is_needed_unless_told_otherwise() -> None:
    data = INVITE.replace(b"Content-Length: 5\r\n", b"").replace(b"v=0\r\n", b"")
    framer = Framer()
    assert framer.feed(data) == []
    assert framer.error is not None and framer.error.reason == "Missing Content-Length"
    assert Framer(need_length=False).feed(data + data) == [data, data]


def test_long_bodies_in_small_pieces() -> None:
    body = b"x" * 200_000
    data = INVITE.replace(b"Content-Length: 5", b"Content-Length: %d" % len(body)).replace(b"v=0\r\n", body)
    assert [parse_message(found).body for found in feed(Framer(), data + INVITE, 50)] == [body, b"v=0\r\n"]
