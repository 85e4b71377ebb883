import pytest

from siprouter.core.sockets import parse_socket


@pytest.mark.parametrize(
    "text,parsed",
    [
        ("udp:192.0.2.1:5060", (1, "192.0.2.1", 5060)),
        ("TLS:192.0.2.1:5061", (3, "192.0.2.1", 5061)),
        ("192.0.2.1", (0, "192.0.2.1", 0)),
        ("tcp:[2001:db8::1]:5060", (2, "[2001:db8::1]", 5060)),
        ("[2001:db8::1]", (0, "[2001:db8::1]", 0)),
        ("host:x", None),
        ("host:99999", None),
        (":5060", None),
        ("", None),
    ],
)
def test_parse_socket(text: str, parsed: tuple[int, str, int] | None) -> None:
    assert parse_socket(text) == parsed
