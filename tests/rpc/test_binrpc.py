"""rpc/binrpc.py: bytes as ctl and kamcmd exchange them, and everything hostile that could come instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.rpc.binrpc import (
    FAULT,
    MAX_DEPTH,
    MAX_PACKET,
    REPLY,
    REQUEST,
    BinrpcError,
    Packet,
    PacketReader,
    build_fault,
    build_packet,
    build_request,
    parse_fault,
    parse_request,
    parse_values,
)
from siprouter.rpc.values import Pairs, RpcValue
from siprouter.util.errors import InternalError


def body_of(*values: RpcValue) -> bytes:
    reader = PacketReader(1 << 30)
    reader.feed(build_packet(REPLY, 1, values))
    packet = reader.next()
    assert packet is not None and reader.pending == 0
    return packet.body


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (7, "10 07"),
        (0x1234, "20 12 34"),
        (-1, "40 ff ff ff ff"),
        (-0x80000000, "40 80 00 00 00"),
        (0x7FFFFFFF, "40 7f ff ff ff"),
        (True, "10 01"),
        ("", "11 00"),
        ("abcdef", "71 61 62 63 64 65 66 00"),
        ("abcdefhij", "91 0a 61 62 63 64 65 66 68 69 6a 00"),
        ("a\0b", "41 61 00 62 00"),
        ("é", "31 c3 a9 00"),
        (b"abcdef", "66 61 62 63 64 65 66"),
        (1.5, "22 05 dc"),
        (0.0, "02"),
        (-0.001, "82 ff ff ff ff ff ff ff ff"),
        ([1, 2], "04 10 01 10 02 84"),
        ([7, "abc"], "04 10 07 41 61 62 63 00 84"),
        ({"test": 11}, "03 55 74 65 73 74 00 10 0b 83"),
        ({}, "03 83"),
        ([], "04 84"),
        ({"a": {"b": 1}}, "03 25 61 00 03 25 62 00 10 01 83 83"),
    ],
)
def test_values_are_built_as_the_protocol_says(value: RpcValue, encoded: str) -> None:
    assert body_of(value) == bytes.fromhex(encoded)
    assert parse_values(bytes.fromhex(encoded)) == [value]


def test_long_string_has_its_size_in_bytes_of_its_own() -> None:
    body = body_of("x" * 65535)
    assert body[:4] == bytes.fromhex("b1 01 00 00")
    assert parse_values(body) == ["x" * 65535]


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("90 02 12 34", 0x1234),
        ("a0 00 02 12 34", 0x1234),
        ("10 00", 0),
        ("80", 0),
        ("01", ""),
        ("42 b2 d0 5e 00", 3000000.0),
    ],
)
def test_roundabout_encodings_are_understood(encoded: str, value: RpcValue) -> None:
    assert parse_values(bytes.fromhex(encoded)) == [value]


def test_bytes_that_are_not_utf8_survive() -> None:
    assert parse_values(bytes.fromhex("31 ff 80 00")) == ["\udcff\udc80"]
    assert body_of("\udcff\udc80") == bytes.fromhex("31 ff 80 00")


def test_wide_integer_goes_as_a_double() -> None:
    assert parse_values(body_of(1 << 40)) == [float(1 << 40)]


def test_none_goes_as_a_text() -> None:
    assert parse_values(body_of(None)) == ["<null string>"]


def test_list_inside_a_structure_goes_as_a_structure_of_nameless_values() -> None:
    body = body_of({"l": [1, [2, "x"]]})
    assert body == bytes.fromhex("03 25 6c 00 03 10 01 03 10 02 21 78 00 83 83 83")
    assert parse_values(body) == [Pairs([("l", [1, [2, "x"]])])]


def test_repeated_names_survive() -> None:
    value = Pairs([("AoR", Pairs([("n", 1)])), ("AoR", Pairs([("n", 2)]))])
    assert parse_values(body_of(value)) == [value]


def test_partly_named_structure() -> None:
    assert parse_values(bytes.fromhex("03 10 01 25 61 00 10 02 83")) == [Pairs([("", 1), ("a", 2)])]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e20, 1 << 70])
def test_numbers_that_do_not_fit_are_our_mistake(value: RpcValue) -> None:
    with pytest.raises(InternalError):
        build_packet(REPLY, 1, [value])


def test_nesting_is_bounded_when_building() -> None:
    value: RpcValue = 1
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(InternalError):
        build_packet(REPLY, 1, [value])
    named: RpcValue = 1
    for _ in range(MAX_DEPTH):
        named = {"a": [named]}
    with pytest.raises(InternalError):
        build_packet(REPLY, 1, [named])


def test_header_lengths_are_minimal() -> None:
    assert build_packet(REPLY, 0, []) == bytes.fromhex("a1 10 00 00")
    assert build_packet(REQUEST, 0x1234, [1]) == bytes.fromhex("a1 01 02 12 34 10 01")
    assert build_packet(FAULT, 0xFFFFFFFF, ["x" * 300])[:8] == bytes.fromhex("a1 37 01 30 ff ff ff ff")


def test_request_and_fault_round_trip() -> None:
    reader = PacketReader()
    reader.feed(build_request(77, "ul.dump", ["brief", 3, 2.5]) + build_fault(77, 400, "no such table"))
    request = reader.next()
    assert request is not None and (request.kind, request.cookie) == (REQUEST, 77)
    assert parse_request(request) == ("ul.dump", ["brief", 3, 2.5])
    fault = reader.next()
    assert fault is not None and fault.kind == FAULT
    assert parse_fault(fault) == (400, "no such table")
    assert reader.next() is None


def test_stream_is_cut_wherever_it_breaks() -> None:
    data = build_request(5, "core.echo", ["x" * 500]) + build_request(6, "core.ps")
    reader = PacketReader()
    cookies = []
    for index in range(len(data)):
        reader.feed(data[index : index + 1])
        while (packet := reader.next()) is not None:
            cookies.append((index, packet.cookie))
    assert [cookie for _, cookie in cookies] == [5, 6]
    assert cookies[-1][0] == len(data) - 1


@pytest.mark.parametrize(
    "start",
    ["00", "a2", "a1 20 01 01", "a1 40 01 01", "a1 f0 01 01", "a1 0c ff ff ff ff 00", "a1 0c 00 01 00 00 00", "51"],
)
def test_bad_header_ends_the_stream_at_once(start: str) -> None:
    reader = PacketReader()
    reader.feed(bytes.fromhex(start))
    with pytest.raises(BinrpcError) as caught:
        reader.next()
    assert caught.value.status == 400


def test_largest_packet_is_accepted_and_one_byte_more_is_not() -> None:
    def request(size: int) -> bytes:
        return bytes.fromhex("a1 08") + size.to_bytes(3, "big") + b"\1" + b"\0" * size

    reader = PacketReader()
    reader.feed(request(MAX_PACKET - 6))
    packet = reader.next()
    assert packet is not None and len(packet.body) == MAX_PACKET - 6
    reader.feed(request(MAX_PACKET - 5)[:6])
    with pytest.raises(BinrpcError):
        reader.next()


@pytest.mark.parametrize(
    "encoded",
    [
        "20 12",  # value cut off
        "f0 00 00 00 00 00 00 01",  # size in seven bytes
        "c0 ff ff ff ff",  # size of 4 GB
        "50 01 02 03 04 05",  # integer of five bytes
        "92 09 00 00 00 00 00 00 00 00 00",  # double of nine bytes
        "21 61 62",  # string without its zero
        "03",  # structure that does not end
        "04 10 01",
        "03 25 61 00",  # name without a value
        "03 25 61 00 83",
        "83",  # end without a start
        "84",
        "03 84",  # wrong end
        "04 83",
        "25 61 00 10 01",  # name outside a structure
        "04 25 61 00 10 01 84",
        "13 00",  # structure with a size
        "93 00",
        "07",  # unknown types
        "0f",
        "03 45 61 62 63 64 00 83",
    ],
)
def test_bad_bodies_are_refused(encoded: str) -> None:
    with pytest.raises(BinrpcError):
        parse_values(bytes.fromhex(encoded))


@pytest.mark.parametrize("mark", [b"\x03", b"\x04", b"\x03\x25a\0"])
def test_nesting_is_bounded_when_parsing(mark: bytes) -> None:
    with pytest.raises(BinrpcError):
        parse_values(mark * 20000)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad request method: end of packet encountered"),
        (b"\x10\x01", "bad request method: record doesn't match type"),
        (b"\x21", "more data needed"),
    ],
)
def test_request_needs_a_method(body: bytes, reason: str) -> None:
    with pytest.raises(BinrpcError) as caught:
        parse_request(Packet(REQUEST, 1, body))
    assert caught.value.reason == reason


def test_reply_is_no_request() -> None:
    with pytest.raises(BinrpcError):
        parse_request(Packet(REPLY, 1, b"\x21a\0"))


def test_fault_needs_code_and_message() -> None:
    with pytest.raises(BinrpcError):
        parse_fault(Packet(FAULT, 1, b"\x10\x01"))


values = st.recursive(
    st.integers(-0x80000000, 0x7FFFFFFF) | st.text(max_size=40) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, min_size=1, max_size=4),
    max_leaves=20,
)


def expected(value: RpcValue, in_struct: bool = False) -> RpcValue:
    """What comes back: an empty list inside a structure cannot be told from an empty structure."""
    if isinstance(value, dict):
        return Pairs((name, expected(member, True)) for name, member in value.items())
    if isinstance(value, list):
        if in_struct and not value:
            return Pairs()
        return [expected(item, in_struct) for item in value]
    return value


@given(st.lists(values, max_size=5))
def test_what_is_built_is_parsed_back(items: list[RpcValue]) -> None:
    assert parse_values(body_of(*items)) == [expected(item) for item in items]


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    reader = PacketReader()
    reader.feed(b"\xa1" + data)
    try:
        while (packet := reader.next()) is not None:
            parse_values(packet.body)
    except BinrpcError:
        pass
    try:
        parse_values(data)
    except BinrpcError:
        pass
