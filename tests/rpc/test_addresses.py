"""rpc/addresses.py: the forms that ctl's documentation lists, and what is none of them."""

import pytest

from siprouter.rpc.addresses import (
    DEFAULT_PORT,
    FIFO,
    MAX_UNIX_PATH,
    TCP,
    UDP,
    UNIX_DATAGRAM,
    UNIX_STREAM,
    ControlAddress,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:/tmp/ser_ctl", ControlAddress(UNIX_STREAM, "/tmp/ser_ctl")),
        ("unixs:/tmp/x:y", ControlAddress(UNIX_STREAM, "/tmp/x:y")),
        ("UNIXD:relative", ControlAddress(UNIX_DATAGRAM, "relative")),
        ("/tmp/unix_test", ControlAddress(UNIX_STREAM, "/tmp/unix_test")),
        ("udp:localhost:2046", ControlAddress(UDP, "localhost", 2046)),
        ("tcp:localhost", ControlAddress(TCP, "localhost", DEFAULT_PORT)),
        ("localhost:3000", ControlAddress(UDP, "localhost", 3000)),
        ("localhost", ControlAddress(UDP, "localhost", DEFAULT_PORT)),
        ("tcp:3012", ControlAddress(TCP, "*", 3012)),
        ("3012", ControlAddress(UDP, "*", 3012)),
        ("udp:*:3012", ControlAddress(UDP, "*", 3012)),
        ("udp::3012", ControlAddress(UDP, "*", 3012)),
        ("tcp:[::1]:2046", ControlAddress(TCP, "::1", 2046)),
        ("[::1]:2046", ControlAddress(UDP, "::1", 2046)),
        ("tcp:[::1]", ControlAddress(TCP, "::1", DEFAULT_PORT)),
        ("tcp:127.0.0.1:sip", ControlAddress(TCP, "127.0.0.1", 5060)),
    ],
)
def test_forms(text: str, address: ControlAddress) -> None:
    assert parse_address(text) == address
    assert parse_address(text).is_path == address.transport.startswith("unix")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/tmp/ser_fifo2", ControlAddress(FIFO, "/tmp/ser_fifo2")),
        ("fifo:/tmp/ser_fifo", ControlAddress(FIFO, "/tmp/ser_fifo")),
        ("name", ControlAddress(FIFO, "name")),
        ("host:2050", ControlAddress(UDP, "host", 2050)),
        ("udp:*:2050", ControlAddress(UDP, "*", 2050)),
    ],
)
def test_forms_where_a_fifo_is_the_default(text: str, address: ControlAddress) -> None:
    assert parse_address(text, FIFO) == address


@pytest.mark.parametrize(
    "text",
    [
        "unix:",
        "fifo:",
        "unix:/tmp/\0x",
        "unix:/" + "a" * MAX_UNIX_PATH,
        "udp:localhost:99999",
        "udp:localhost:-1",
        "udp:localhost:no-such-service",
        "tcp:[::1",
        "tcp:[::1]x",
    ],
)
def test_bad_addresses(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


def test_longest_path_is_accepted() -> None:
    assert parse_address("unix:/" + "a" * (MAX_UNIX_PATH - 1)).is_path
    assert str(parse_address("tcp:3012")) == "tcp:*:3012"
    assert str(parse_address("/tmp/x")) == "unix_stream:/tmp/x"
