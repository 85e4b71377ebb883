import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.util.address import (
    Network,
    format_ip,
    is_ip,
    is_ipv4,
    is_ipv6,
    is_private_ipv4,
    normalize_ip,
    parse_ip,
    same_ip,
)


@pytest.mark.parametrize(
    "text,packed",
    [
        ("127.0.0.1", b"\x7f\x00\x00\x01"),
        ("255.255.255.255", b"\xff" * 4),
        ("::1", b"\0" * 15 + b"\1"),
        ("[::1]", b"\0" * 15 + b"\1"),
        ("1.2.3", None),
        ("1.2.3.4.5", None),
        ("256.1.1.1", None),
        ("example.com", None),
        ("", None),
        ("[1.2.3.4]", None),
        ("2001:db8:::192.0.2.1", b"\x20\x01\r\xb8" + b"\0" * 8 + b"\xc0\0\2\1"),
        ("::::1", None),
        (":" * 99999, None),
        ("1:2", None),
        ("::1%lo", None),
        ("1.2.3.4\0", None),
        ("\udcff:1", None),
        ("1.2.3.4:5060", None),
    ],
)
def test_parse_ip(text: str, packed: bytes | None) -> None:
    assert parse_ip(text) == packed
    assert is_ip(text) is (packed is not None)


@given(st.ip_addresses())
def test_addresses_survive(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    packed = parse_ip(str(address))
    assert packed == address.packed
    assert ipaddress.ip_address(format_ip(address.packed)) == address
    assert is_ipv4(str(address)) is (address.version == 4)
    assert is_ipv6(str(address)) is (address.version == 6)


@given(st.text(max_size=20))
def test_never_raises(text: str) -> None:
    assert is_ip(text) in (True, False)


def test_same_ip() -> None:
    assert same_ip("2001:DB8:0::1", "[2001:db8::1]")
    assert same_ip("10.0.0.1", "10.0.0.1")
    assert not same_ip("10.0.0.1", "10.0.0.2")
    assert not same_ip("host", "host")
    assert normalize_ip("[2001:DB8:0:0::1]") == "2001:db8::1"


@pytest.mark.parametrize(
    "text,inside,outside",
    [
        ("10.0.0.0/8", ["10.1.2.3"], ["11.0.0.0", "::1", "x"]),
        ("192.168.1.77/255.255.255.0", ["192.168.1.0", "192.168.1.255"], ["192.168.2.1"]),
        ("10.0.0.1", ["10.0.0.1"], ["10.0.0.2"]),
        ("0.0.0.0/0", ["8.8.8.8"], ["::1"]),
        ("2001:db8::/32", ["2001:db8:ffff::1", "[2001:db8::]"], ["2001:db9::", "1.2.3.4"]),
        ("[2001:db8::1]/ffff:ffff::", ["2001:db8::2"], ["2002::"]),
    ],
)
def test_network(text: str, inside: list[str], outside: list[str]) -> None:
    network = Network.parse(text)
    assert [address for address in inside if address not in network] == []
    assert [address for address in outside if address in network] == []


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/255.0.255.0", "x/8", "::/129", "::/255.0.0.0"])
def test_bad_network(text: str) -> None:
    with pytest.raises(ValueError):
        Network.parse(text)


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 128))
def test_network_like_the_standard_library(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    probe: ipaddress.IPv4Address | ipaddress.IPv6Address,
    bits: int,
) -> None:
    bits = min(bits, address.max_prefixlen)
    expected = ipaddress.ip_network((address, bits), strict=False)
    network = Network.parse(f"{address}/{bits}")
    assert network.contains(str(probe)) is (probe in expected)
    assert Network.parse(str(network)) == network


def test_private() -> None:
    def private(text: str) -> bool:
        return is_private_ipv4(parse_ip(text) or b"")

    assert [private(t) for t in ("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1")] == [True] * 4
    assert [private(t) for t in ("11.0.0.1", "172.32.0.1", "172.15.0.1", "192.169.0.1", "::1")] == [False] * 5
