import pytest

from siprouter.transport.endpoint import PROTO_UDP, PROTO_WS, PROTO_WSS
from tests.modules.nathelper.conftest import Phone
from tests.support.fakes import call

SAME = "Via: SIP/2.0/UDP 203.0.113.7:1024;branch=z9hG4bK1"
SDP = b"v=0\r\no=- 1 1 IN IP4 %b\r\ns=-\r\nc=IN IP4 %b\r\nt=0 0\r\n"


@pytest.mark.parametrize(
    "via,port,found",
    [
        ("203.0.113.7:1024", 1024, -1),
        ("203.0.113.7:1024", 1025, 1),
        ("203.0.113.7", 5060, -1),
        ("203.0.113.7", 1024, 1),
    ],
)
def test_port_of_via(phone: Phone, via: str, port: int, found: int) -> None:
    ctx = phone.send(port=port, via=f"Via: SIP/2.0/UDP {via};branch=z9hG4bK1")
    assert call(ctx, "nat_uac_test", 16) == found


@pytest.mark.parametrize(
    "via,ip,found",
    [
        ("203.0.113.7:1024", "203.0.113.7", -1),
        ("203.0.113.8:1024", "203.0.113.7", 1),
        ("phone.example.com", "203.0.113.7", 1),
        ("[2001:DB8::7]:1024", "2001:db8::7", -1),
        ("203.0.113.7;received=203.0.113.7", "203.0.113.7", 1),
    ],
)
def test_host_of_via(phone: Phone, via: str, ip: str, found: int) -> None:
    ctx = phone.send(ip=ip, via=f"Via: SIP/2.0/UDP {via};branch=z9hG4bK1")
    assert call(ctx, "nat_uac_test", 2) == found


@pytest.mark.parametrize(
    "host,found", [("10.1.2.3", 1), ("172.16.0.1", 1), ("192.168.9.9", 1), ("8.8.8.8", -1), ("h", -1)]
)
def test_private_addresses(phone: Phone, host: str, found: int) -> None:
    ctx = phone.send(f"Contact: <sip:a@{host}>", via=SAME)
    assert call(ctx, "nat_uac_test", 1) == found
    ctx = phone.send(via=f"Via: SIP/2.0/UDP {host};branch=z9hG4bK1")
    assert call(ctx, "nat_uac_test", 4) == found
    address = "203.0.113.7" if host == "h" else host
    ctx = phone.send(via=SAME, ip=address)
    assert call(ctx, "nat_uac_test", 32) == found
    ctx = phone.send("Content-Type: application/sdp", via=SAME, body=SDP % (b"8.8.8.8", address.encode()))
    assert call(ctx, "nat_uac_test", 8) == found
    assert call(ctx, "is_rfc1918", host) == found


def test_sdp_in_odd_places(phone: Phone) -> None:
    private = SDP % (b"8.8.8.8", b"10.0.0.1")
    assert call(phone.send(body=private), "nat_uac_test", 8) == 1
    assert call(phone.send("Content-Type: text/plain", body=private), "nat_uac_test", 8) == -1
    assert call(phone.send("Content-Type: /", body=private), "nat_uac_test", 8) == -1
    assert call(phone.send("Content-Type: application/sdp"), "nat_uac_test", 8) == -1
    assert call(phone.send("Content-Type: application/sdp", body=b"v=0\r\n"), "nat_uac_test", 8) == -1
    mixed = b"--b\r\nContent-Type: application/sdp\r\n\r\n" + private + b"\r\n--b--\r\n"
    assert call(phone.send("Content-Type: multipart/mixed;boundary=b", body=mixed), "nat_uac_test", 8) == 1


@pytest.mark.parametrize("proto,found", [(PROTO_UDP, -1), (PROTO_WS, 1), (PROTO_WSS, 1)])
def test_websocket(phone: Phone, proto: int, found: int) -> None:
    assert call(phone.send(proto=proto, via=SAME), "nat_uac_test", 64) == found


def test_any_of_several(phone: Phone) -> None:
    ctx = phone.send("Contact: <sip:a@10.0.0.1>", via=SAME)
    assert call(ctx, "nat_uac_test", 1 | 2 | 16) == 1
    assert call(ctx, "nat_uac_test", "19") == 1
    assert call(ctx, "nat_uac_test", 2 | 16) == -1
    assert call(ctx, "nat_uac_test", 0) == -1
