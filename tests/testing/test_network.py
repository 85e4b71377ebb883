"""The network in memory."""

import pytest

from siprouter.sip.errors import MessageError
from siprouter.testing.clock import FakeClock
from siprouter.testing.messages import build_message, reply_to
from siprouter.testing.network import Messages, Network, Sent, parse_address
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, SEND_REUSE_ONLY, Endpoint

OPTIONS = build_message("OPTIONS", "sip:b@c", headers={"X": ["1", "2"], "s": "compact"})
UDP = Endpoint(PROTO_UDP, "10.0.0.1", 5060)


@pytest.fixture
def network() -> Network:
    return Network(FakeClock())


def sent(data: bytes, to: Endpoint = UDP) -> Sent:
    return Sent(data, to, 0.0)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.1:5060", (PROTO_UDP, "10.0.0.1", 5060)),
        ("udp:10.0.0.1:5060", (PROTO_UDP, "10.0.0.1", 5060)),
        ("tcp:10.0.0.1:70", (PROTO_TCP, "10.0.0.1", 70)),
        ("[2001:DB8::0:1]:5060", (PROTO_UDP, "2001:db8::1", 5060)),
        ("tcp:[::1]:5061", (PROTO_TCP, "::1", 5061)),
    ],
)
def test_addresses(text: str, address: tuple[int, str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["10.0.0.1", "example.org:5060", "10.0.0.1:", "xyz:10.0.0.1:5060", "10.0.0.1:-1", ""])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        parse_address(text)


def test_what_a_sent_message_tells() -> None:
    request = sent(OPTIONS)
    assert (request.method, request.status, request.uri, request.summary) == ("OPTIONS", 0, "sip:b@c", "OPTIONS")
    assert (request.address, request.is_sip, request.body) == ("udp:10.0.0.1:5060", True, b"")
    assert (request.header("x"), request.header("X", 1), request.header("X", -1)) == ("1", "2", "2")
    assert (request.header("X", 2), request.header("Y"), request.header("Subject")) == (None, None, "compact")
    assert request.headers("X") == ["1", "2"]
    assert request.text.startswith("OPTIONS sip:b@c SIP/2.0\r\n")
    assert repr(request) == "<Sent OPTIONS sip:b@c SIP/2.0 to udp:10.0.0.1:5060>"
    reply = sent(reply_to(OPTIONS, 404))
    assert (reply.status, reply.method, reply.uri, reply.summary) == (404, "OPTIONS", "", "404 OPTIONS")


@pytest.mark.parametrize("data", [b"\0\0\0\0", b"\r\n\r\n", b"\r\n"])
def test_keep_alives_are_no_messages(data: bytes) -> None:
    alive = sent(data)
    assert (alive.is_sip, alive.status, alive.method, alive.uri) == (False, 0, "", "")
    assert Messages([alive]).requests() == Messages([alive]).replies() == []
    with pytest.raises(MessageError):
        _ = alive.message


def test_picking_messages() -> None:
    invite = build_message("INVITE", "sip:b@c")
    other = Endpoint(PROTO_TCP, "10.0.0.2", 5060)
    found = Messages(
        [sent(OPTIONS), sent(invite, other), sent(reply_to(OPTIONS, 200)), sent(reply_to(invite, 200)), sent(invite)]
    )
    assert found.requests().summary == ["OPTIONS", "INVITE", "INVITE"]
    assert found.requests("INVITE").to("tcp:10.0.0.2:5060").only is found[1]
    assert found.replies().summary == ["200 OPTIONS", "200 INVITE"]
    assert found.replies(200, "INVITE").only is found[3]
    assert found.replies(404) == []
    assert found.last is found[4]
    assert isinstance(found[1:3], Messages)
    assert found[1:3].summary == ["INVITE", "200 OPTIONS"]
    with pytest.raises(AssertionError, match="found 2"):
        _ = found.requests("INVITE").only
    with pytest.raises(AssertionError, match="no message"):
        _ = Messages().last


def test_messages_wait_for_delivery(network: Network) -> None:
    got: list[Sent] = []
    network.listeners[PROTO_UDP, "10.0.0.1", 5060] = got.append
    assert network.send(OPTIONS, UDP)
    assert network.sent.summary == ["OPTIONS"]
    assert network.moving
    assert got == []
    assert network.deliver() == 1
    assert got == network.sent
    assert not network.moving


def test_what_is_lost_is_recorded_and_reaches_nobody(network: Network) -> None:
    got: list[Sent] = []
    network.listeners[PROTO_UDP, "10.0.0.1", 5060] = got.append
    network.loses = lambda message: message.method == "OPTIONS"
    assert network.send(OPTIONS, UDP)
    network.deliver()
    assert (network.sent.summary, got, network.passed) == (["OPTIONS"], [], [])


def test_filters_change_what_leaves(network: Network) -> None:
    network.filters = [lambda data, to, message: data.replace(b"sip:b@c", b"sip:x@y"), lambda data, to, message: None]
    network.send(OPTIONS, UDP)
    assert network.sent.last.uri == "sip:x@y"


def test_unreachable_by_udp_fails_at_once(network: Network) -> None:
    network.unreachable.add(("10.0.0.1", 5060))
    errors: list[Endpoint] = []
    assert not network.send(OPTIONS, UDP, lambda to, error: errors.append(to))
    network.deliver()
    assert (network.sent, errors) == ([], [])


def test_unreachable_by_tcp_fails_later(network: Network) -> None:
    network.unreachable.add(("10.0.0.1", 5060))
    errors: list[tuple[Endpoint, Exception]] = []
    to = Endpoint(PROTO_TCP, "10.0.0.1", 5060)
    assert network.send(OPTIONS, to, lambda where, error: errors.append((where, error)))
    assert errors == []
    network.deliver()
    ((where, error),) = errors
    assert (where, type(error)) == (to, ConnectionRefusedError)
    assert network.sent == []


def test_a_connection_leads_to_its_peer(network: Network) -> None:
    got: list[Sent] = []
    network.listeners[PROTO_TCP, "10.0.0.1", 40000] = got.append
    number = network.connection((PROTO_TCP, "10.0.0.1", 40000))
    assert number == network.connection((PROTO_TCP, "10.0.0.1", 40000)) == 1
    assert network.connection((PROTO_UDP, "10.0.0.1", 40000)) == 0
    assert network.send(OPTIONS, Endpoint(PROTO_TCP, "10.0.0.1", 5060, number))
    network.deliver()
    assert len(got) == 1


def test_a_closed_connection_is_replaced(network: Network) -> None:
    number = network.connection((PROTO_TCP, "10.0.0.1", 40000))
    network.disconnect("tcp:10.0.0.1:40000")
    reuse_only = Endpoint(PROTO_TCP, "10.0.0.1", 40000, number, None, SEND_REUSE_ONLY)
    assert not network.send(OPTIONS, reuse_only)
    assert network.send(OPTIONS, Endpoint(PROTO_TCP, "10.0.0.1", 40000, number))
    assert network.connection((PROTO_TCP, "10.0.0.1", 40000)) == 2
    assert network.send(OPTIONS, reuse_only)


def test_a_connection_serves_its_alias(network: Network) -> None:
    got: list[Sent] = []
    network.listeners[PROTO_TCP, "10.0.0.1", 40000] = got.append
    number = network.connection((PROTO_TCP, "10.0.0.1", 40000))
    assert network.add_alias(number, 5060)
    assert not network.add_alias(99, 5060)
    network.send(OPTIONS, Endpoint(PROTO_TCP, "10.0.0.1", 5060, number))
    network.deliver()
    assert len(got) == 1


def test_an_endless_exchange_is_noticed(network: Network) -> None:
    def answer(message: Sent) -> None:
        network.send(OPTIONS, UDP)

    network.listeners[PROTO_UDP, "10.0.0.1", 5060] = answer
    network.send(OPTIONS, UDP)
    with pytest.raises(RuntimeError, match="for ever"):
        network.deliver(most=50)


def test_nothing_goes_to_the_broadcast_address(network: Network) -> None:
    assert not network.send(OPTIONS, Endpoint(PROTO_UDP, "255.255.255.255", 5060))
    assert network.sent == []


def test_a_reply_that_repeats_what_is_broken() -> None:
    reply = sent(b"SIP/2.0 400 Bad Via\r\nVia: ;;\r\nCSeq: 8 INVITE\r\n\r\n")
    assert (reply.status, reply.method, reply.summary) == (400, "INVITE", "400 INVITE")
    request = sent(b"INVITE sip:a@b SIP/2.0\r\nVia: ;;\r\n\r\n")
    assert (request.status, request.method) == (0, "INVITE")
