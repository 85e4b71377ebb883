"""Via values."""

import pytest

from siprouter.sip.errors import MessageError
from siprouter.sip.via import Via, parse_via


def via(text: str) -> Via:
    return parse_via(text.encode(), 0, len(text.encode()))


def test_all_parts() -> None:
    text = "SIP/2.0/UDP [2001:db8::1]:5062;branch=z9hG4bKx;received=192.0.2.1;rport=5070;maddr=224.0.1.75;ttl=16;x"
    found = via(text)
    assert (found.transport, found.host, found.port, found.branch) == ("UDP", "[2001:db8::1]", 5062, "z9hG4bKx")
    assert (found.received, found.rport, found.maddr, found.gaps) == ("192.0.2.1", 5070, "224.0.1.75", False)
    assert found.params == {
        "branch": "z9hG4bKx",
        "received": "192.0.2.1",
        "rport": "5070",
        "maddr": "224.0.1.75",
        "ttl": "16",
        "x": "",
    }
    assert text[found.rport_start : found.rport_end] == "rport=5070"
    assert text[found.received_start : found.received_end] == "received=192.0.2.1"
    assert (found.start, found.end, found.text) == (0, len(text), text)


@pytest.mark.parametrize(
    ("text", "rport"),
    [
        ("SIP/2.0/UDP h", -1),
        ("SIP/2.0/UDP h;rport", 0),
        ("SIP/2.0/UDP h;rport=0", 0),
        ("SIP/2.0/UDP h;RPORT=65535", 65535),
    ],
)
def test_rport(text: str, rport: int) -> None:
    assert via(text).rport == rport


def test_white_space_and_case() -> None:
    found = via(" sip / 2.0 / udp \r\n  example.com : 5061 ; BRANCH = z9 ; rport , SIP/2.0/TCP other")
    assert (found.transport, found.host, found.port, found.branch, found.rport) == ("UDP", "example.com", 5061, "z9", 0)
    assert found.text == "sip / 2.0 / udp \r\n  example.com : 5061 ; BRANCH = z9 ; rport"


def test_any_version_and_transport() -> None:
    assert via("SIP/7.0/quic host;branch=x").transport == "QUIC"
    assert via("SIP/2.0/TLS-SCTP host").transport == "TLS-SCTP"


def test_gaps_are_noted() -> None:
    assert via("SIP/2.0/UDP h;;branch=x").gaps
    assert via("SIP/2.0/UDP h;branch=x;,SIP/2.0/UDP i").gaps
    assert not via("SIP/2.0/UDP h;branch=x; ").gaps


@pytest.mark.parametrize(
    "text", ["", "SIP", "SIP/2.0", "SIP/2.0/UDP", "SIPP/2.0/UDP h", "SIP/2.0/UDP :5060", "SIP/2.0/UDP h x"]
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        via(text)
