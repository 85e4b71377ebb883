"""Packets from anybody: what is not signed for this request is never taken for an answer, and nothing is raised."""

from __future__ import annotations

import hashlib
import hmac
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.radius.dictionary import Dictionary
from siprouter.radius.packets import ACCESS_REQUEST, Request, build_request, is_signed, read_reply

SECRET = b"s3cret"
DICTIONARY = Dictionary(None)


@pytest.fixture(scope="module")
def request_() -> Request:
    pairs = [(1, b"alice"), (207, b"\x01\x03x"), (207, b"\x02\x03y")]
    return build_request(DICTIONARY, ACCESS_REQUEST, 7, SECRET, pairs)


def signed(request: Request, attributes: bytes, code: int = 2, number: int = 7) -> bytes:
    head = struct.pack("!BBH", code, number, 20 + len(attributes))
    return head + hashlib.md5(head + request.data[4:20] + attributes + SECRET).digest() + attributes


def test_what_is_sent(request_: Request) -> None:
    data = request_.data
    assert data[:2] == b"\x01\x07"
    assert int.from_bytes(data[2:4], "big") == len(data)
    # the signature comes first, and the parts of Digest-Attributes keep their order
    assert data[20:22] == b"\x50\x12"
    zeroed = data[:22] + bytes(16) + data[38:]
    assert hmac.new(SECRET, zeroed, "md5").digest() == data[22:38]
    assert data[38:] == b"\x01\x07alice\xcf\x05\x01\x03x\xcf\x05\x02\x03y"


def test_requests_are_not_to_be_guessed() -> None:
    made = {build_request(DICTIONARY, ACCESS_REQUEST, 7, SECRET, []).data[4:20] for _ in range(50)}
    assert len(made) == 50


@given(st.binary(max_size=200))
def test_octets_without_a_meaning(request_: Request, data: bytes) -> None:
    assert read_reply(request_, data, False) is None
    assert read_reply(request_, b"\x02\x07" + len(data[4:]).to_bytes(2, "big") + data, False) is None


@given(st.binary(max_size=300))
def test_attributes_without_a_meaning(request_: Request, attributes: bytes) -> None:
    reply = read_reply(request_, signed(request_, attributes), False)
    if reply is not None:
        assert reply.accepted
        assert isinstance(reply.texts(DICTIONARY.find("SIP-AVP")), list)


@pytest.mark.parametrize(
    ("code", "number", "accepted"),
    [(2, 7, True), (3, 7, False), (11, 7, False), (5, 7, None), (2, 8, None), (1, 7, None)],
)
def test_codes_and_numbers(request_: Request, code: int, number: int, accepted: bool | None) -> None:
    reply = read_reply(request_, signed(request_, b"", code, number), False)
    assert (None if reply is None else reply.accepted) is accepted


def test_padding_is_no_part_of_it(request_: Request) -> None:
    reply = read_reply(request_, signed(request_, b"\xe1\x05a:b") + b"padding", False)
    assert reply is not None
    assert reply.texts(DICTIONARY.find("SIP-AVP")) == ["a:b"]
    assert not is_signed(reply)


def test_what_was_not_sent_must_not_come_back(request_: Request) -> None:
    # Proxy-State that the server was never sent is how answers are forged (CVE-2024-3596)
    assert read_reply(request_, signed(request_, b"\x21\x05abc"), False) is None
    assert read_reply(request_, signed(request_, b"\x50\x12" + bytes(16)), False) is None
    assert read_reply(request_, signed(request_, b""), True) is None
