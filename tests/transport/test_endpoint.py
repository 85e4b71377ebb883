"""Listeners and endpoints."""

import pytest

from siprouter.transport.endpoint import (
    AF_INET,
    AF_INET6,
    PROTO_IDS,
    PROTO_SCTP,
    PROTO_TCP,
    PROTO_TLS,
    PROTO_UDP,
    PROTO_WS,
    PROTO_WSS,
    Endpoint,
    Listener,
    default_port,
    is_stream,
    url_host,
)


def test_listener_names_itself_as_sip_router_does() -> None:
    listener = Listener(PROTO_UDP, "127.0.0.1", 5060)
    assert (listener.name, listener.af) == ("udp:127.0.0.1:5060", AF_INET)
    listener = Listener(PROTO_TCP, "::1", 5080)
    assert (listener.name, listener.af) == ("tcp:[::1]:5080", AF_INET6)


@pytest.mark.parametrize(
    ("proto", "address", "port", "advertised", "sent_by"),
    [
        (PROTO_UDP, "192.0.2.1", 5060, ("", 0), b"192.0.2.1"),
        (PROTO_UDP, "192.0.2.1", 5080, ("", 0), b"192.0.2.1:5080"),
        (PROTO_TLS, "192.0.2.1", 5061, ("", 0), b"192.0.2.1:5061"),
        (PROTO_UDP, "2001:db8::1", 5060, ("", 0), b"[2001:db8::1]"),
        (PROTO_UDP, "192.0.2.1", 5080, ("sip.example.com", 0), b"sip.example.com:5080"),
        (PROTO_UDP, "192.0.2.1", 5060, ("sip.example.com", 5060), b"sip.example.com:5060"),
        (PROTO_UDP, "192.0.2.1", 5060, ("2001:db8::2", 5070), b"[2001:db8::2]:5070"),
    ],
)
def test_sent_by_shows_the_port_only_where_needed(
    proto: int, address: str, port: int, advertised: tuple[str, int], sent_by: bytes
) -> None:
    assert Listener(proto, address, port, *advertised).sent_by == sent_by


def test_endpoints_compare_by_what_they_are() -> None:
    listener = Listener(PROTO_TCP, "127.0.0.1", 5060)
    one = Endpoint(PROTO_TCP, "127.0.0.1", 6000, 7, listener)
    same = Endpoint(PROTO_TCP, "127.0.0.1", 6000, 7, listener)
    assert one == same and hash(one) == hash(same)
    assert one != Endpoint(PROTO_TCP, "127.0.0.1", 6000, 8, listener)
    assert one != Endpoint(PROTO_UDP, "127.0.0.1", 6000, 7, listener)
    assert str(one) == "tcp:127.0.0.1:6000"


def test_protocol_facts() -> None:
    assert [PROTO_IDS[name] for name in ("udp", "tcp", "tls", "sctp", "ws", "wss")] == [1, 2, 3, 4, 5, 6]
    assert [default_port(proto) for proto in (PROTO_UDP, PROTO_TLS, PROTO_SCTP, PROTO_WSS)] == [5060, 5061, 5060, 5061]
    assert not is_stream(PROTO_UDP) and is_stream(PROTO_TCP) and is_stream(PROTO_WS)
    assert url_host("::1") == "[::1]" and url_host("[::1]") == "[::1]" and url_host("example.com") == "example.com"
