"""rpc/fifo.py: requests as scripts echo them into a FIFO, and the replies they read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.rpc.fifo import (
    MAX_REQUEST,
    FifoError,
    FifoReader,
    FifoRequest,
    build_mi_reply,
    build_rpc_reply,
    parse_mi_arguments,
    unescape,
)
from siprouter.rpc.mi import MiArgument, MiReply
from siprouter.rpc.values import Pairs


def requests(data: bytes) -> list[FifoRequest]:
    reader = FifoReader()
    reader.feed(data)
    found = []
    while (request := reader.next()) is not None:
        found.append(request)
    return found


def test_requests() -> None:
    data = b":get_statistics:reply\ndialog:\ntm:\n\n:uptime:\n\n"
    assert requests(data) == [FifoRequest("get_statistics", "reply", ["dialog:", "tm:"]), FifoRequest("uptime", "", [])]


def test_line_ends_empty_requests_and_pieces() -> None:
    data = b"\n\n:ps:r \r\narg\r\n\r\n\n:which:q\n\n"
    expected = [FifoRequest("ps", "r", ["arg"]), FifoRequest("which", "q", [])]
    assert requests(data) == expected
    reader = FifoReader()
    found = []
    for index in range(len(data)):
        reader.feed(data[index : index + 1])
        while (request := reader.next()) is not None:
            found.append(request)
    assert found == expected
    assert reader.pending == 0


@pytest.mark.parametrize(
    ("first", "reply_file"),
    [
        (b"ps:r", ""),
        (b":ps", ""),
        (b"::r", "r"),
        (b":ps:../x", ""),
        (b":ps:a/b", ""),
        (b":ps:a\\b", ""),
        (b":ps:a.b", ""),
    ],
)
def test_bad_first_lines_cost_one_request(first: bytes, reply_file: str) -> None:
    reader = FifoReader()
    reader.feed(first + b"\nx\n\n:ok:\n\n")
    with pytest.raises(FifoError) as caught:
        reader.next()
    assert caught.value.reply_file == reply_file
    assert reader.next() == FifoRequest("ok", "", [])


def test_endless_request_is_dropped_once_and_the_next_one_works() -> None:
    reader = FifoReader()
    reader.feed(b":x:y\n" + b"a" * MAX_REQUEST)
    with pytest.raises(FifoError):
        reader.next()
    for _ in range(3):
        reader.feed(b"a\n" * MAX_REQUEST)
        assert reader.next() is None
        assert reader.pending <= 1
    reader.feed(b"\n:ok:\n\n")
    assert reader.next() == FifoRequest("ok", "", [])


def test_clear_forgets_half_a_request() -> None:
    reader = FifoReader()
    reader.feed(b":half:r\narg")
    assert reader.next() is None
    reader.clear()
    reader.feed(b":ok:\n\n")
    assert reader.next() == FifoRequest("ok", "", [])


def test_arguments() -> None:
    lines = [
        "plain", "  spaced out  ", "", "  ", "name::value", " name :: value ", "name::", "::value", '"quoted"',
        'name::"a b"  ', r'"with \" quote"', '"two', 'lines"', "a:b", 'n::"x::y"', '""'
    ]  # fmt: skip
    assert parse_mi_arguments(lines) == [
        MiArgument(None, "plain"),
        MiArgument(None, "spaced out"),
        MiArgument("name", "value"),
        MiArgument("name", "value"),
        MiArgument("name", ""),
        MiArgument(None, "value"),
        MiArgument(None, "quoted"),
        MiArgument("name", "a b"),
        MiArgument(None, 'with " quote'),
        MiArgument(None, "two\nlines"),
        MiArgument(None, "a:b"),
        MiArgument("n", "x::y"),
        MiArgument(None, ""),
    ]


@pytest.mark.parametrize("lines", [['"open'], ['a"b'], ['n::a"b'], ['"a" b'], ['"a', 'b" c'], ['a"::b']])
def test_quotes_must_match(lines: list[str]) -> None:
    with pytest.raises(FifoError):
        parse_mi_arguments(lines)


def test_mi_reply() -> None:
    reply = MiReply()
    reply.add("Process").attribute("ID", 0).attribute("PID", 77)
    reply.add("top").add(None, "inner é")
    assert build_mi_reply(reply) == "200 OK\nProcess::  ID=0 PID=77\ntop:: \n\tinner é\n\n".encode()
    assert build_mi_reply(MiReply(404, "Not here"), "  ") == b"404 Not here\n\n"


def test_rpc_reply() -> None:
    values = [
        1,
        "a\tb\\",
        1.5,
        True,
        None,
        [2, "x"],
        {"a": "1,2:3", "b": 7},
        Pairs([("s", {"t": 1}), ("l", [1, 2])]),
        {},
    ]
    assert build_rpc_reply(200, "OK", values) == (
        b"200 OK\n1\na\\tb\\\\\n1.500000\n1\n<null string>\n2\nx\na:1\\c2\\o3,b:7\ns:t\\o1,l:0\\o1\\c1\\o2\n\n"
    )
    assert build_rpc_reply(400, "bad\nline", []) == b"400 bad\\nline\n"


def test_unescape() -> None:
    assert unescape(r"a\n\r\t\0\\\o\c") == "a\n\r\t\0\\:,"
    assert unescape("plain") == "plain"
    for bad in ("x\\", "\\q"):
        with pytest.raises(FifoError):
            unescape(bad)


@given(st.binary(max_size=300))
def test_any_bytes_are_requests_or_refused(data: bytes) -> None:
    reader = FifoReader(100)
    for index in range(0, len(data), 7):
        reader.feed(data[index : index + 7])
        for _ in range(20):
            try:
                request = reader.next()
            except FifoError:
                continue
            if request is None:
                break
            try:
                parse_mi_arguments(request.lines)
            except FifoError:
                pass
        else:
            pytest.fail("reader makes no progress")
        assert reader.pending <= 107
