"""The source of a request and the socket that got it as one URI, there and back."""

import pytest

from siprouter.core.received import received_with_socket, receiving_socket
from siprouter.transport.endpoint import PROTO_NONE, PROTO_TCP, PROTO_TLS, PROTO_UDP, Endpoint, Listener
from tests.support.fakes import FakeWorker

UDP = Listener(PROTO_UDP, "192.0.2.10", 5060)
TCP = Listener(PROTO_TCP, "192.0.2.10", 5060)
SIX = Listener(PROTO_UDP, "2001:db8::10", 5080)


@pytest.mark.parametrize(
    "source,uri",
    [
        (Endpoint(PROTO_UDP, "192.0.2.1", 9, 0, UDP), "sip:192.0.2.1:9;dstip=192.0.2.10;dstport=5060"),
        (Endpoint(PROTO_TCP, "192.0.2.1", 9, 3, TCP), "sip:192.0.2.1:9;transport=TCP;dstip=192.0.2.10;dstport=5060"),
        (Endpoint(PROTO_UDP, "2001:db8::1", 9, 0, SIX), "sip:[2001:db8::1]:9;dstip=[2001:db8::10];dstport=5080"),
    ],
)
def test_there_and_back(source: Endpoint, uri: str) -> None:
    assert received_with_socket(source) == uri
    assert receiving_socket(FakeWorker(TCP, UDP, SIX), uri) is source.listener


def test_without_a_socket() -> None:
    assert received_with_socket(Endpoint(PROTO_NONE, "192.0.2.1", 9)) == "sip:192.0.2.1:9"
    assert received_with_socket(Endpoint(PROTO_TLS, "192.0.2.1", 9)) == "sip:192.0.2.1:9;transport=TLS"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "nonsense",
        "sip:192.0.2.1",
        "sip:192.0.2.1;dstip",
        "sip:192.0.2.1;dstip=192.0.2.10;dstport=x",
        "sip:192.0.2.1;dstip=192.0.2.10;dstport=123456",
        "sip:192.0.2.1;dstip=192.0.2.10;dstport=5061",
        "sip:192.0.2.1;transport=sctp;dstip=192.0.2.10;dstport=5060",
        "sip:192.0.2.1;dstip=203.0.113.1;dstport=5060",
    ],
)
def test_no_socket_of_ours(uri: str) -> None:
    assert receiving_socket(FakeWorker(UDP), uri) is None
