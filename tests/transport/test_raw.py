"""Datagrams with a made-up source; only where raw sockets are allowed."""

import socket
from collections.abc import Iterator

import pytest

from siprouter.transport.raw import MAX_DATA, RawUdp


@pytest.fixture
def raw() -> Iterator[RawUdp]:
    try:
        sender = RawUdp("127.0.0.2", 5999)
    except PermissionError:
        pytest.skip("raw sockets need CAP_NET_RAW")
    yield sender
    sender.close()


def test_source_is_the_one_asked_for(raw: RawUdp) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        assert raw.send(b"\0\0\0\0", "127.0.0.1", receiver.getsockname()[1])
        assert receiver.recvfrom(100) == (b"\0\0\0\0", ("127.0.0.2", 5999))


def test_what_cannot_be_sent(raw: RawUdp) -> None:
    assert not raw.send(b"x" * (MAX_DATA + 1), "127.0.0.1", 5060)
    assert not raw.send(b"x", "::1", 5060)
