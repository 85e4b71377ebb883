"""What the script and the settings say about streams, tried with real sockets on IPv4 and IPv6."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from siprouter.rpc.addresses import parse_address
from siprouter.rpc.client import call
from tests.support.ports import Ports
from tests.support.routers import Siprouter
from tests.support.wire import Message, parse

pytestmark = pytest.mark.scenario

CONFIG = """
debug=2
log_stderror=yes
tcp_connect_timeout=3
listen=udp:127.0.0.1:@PORT@
listen=tcp:127.0.0.1:@PORT@
listen=tcp:[::1]:@PORT@
loadmodule "ctl.so"
loadmodule "cfg_rpc.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "cfgutils.so"
modparam("ctl", "binrpc", "unixs:@DIR@/ctl")
route {
    if ($fU == "alias") force_tcp_alias();
    if ($fU == "alias-port") force_tcp_alias(15999);
    if ($fU == "no-connect") set_forward_no_connect();
    if ($fU == "close") set_forward_close();
    if ($fU == "reply-close") set_reply_close();
    if ($fU == "reply-no-connect") set_reply_no_connect();
    if (method == "INFO") { sleep("1"); sl_send_reply("200", "Late"); exit; }
    if ($rU == "here" || proto == UDP) { sl_send_reply("200", "OK"); exit; }
    t_relay();
}
"""
REQUEST = """\
{method} sip:{user}@{host}:{port};transport=tcp SIP/2.0
Via: SIP/2.0/TCP {own}:{via};branch=z9hG4bK{branch}
Max-Forwards: 70
From: <sip:{what}@test>;tag=1
To: <sip:x@test>
Call-ID: {branch}@test
CSeq: 1 {method}
Content-Length: 0

"""


class Peer:
    """One end of a stream."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.pending = b""
        stream.settimeout(5)

    def send(self, text: str) -> None:
        self.stream.sendall(text.replace("\n", "\r\n").encode())

    def next(self) -> Message:
        while b"\r\n\r\n" not in self.pending:
            data = self.stream.recv(65536)
            assert data, "closed"
            self.pending += data
        head, _, self.pending = self.pending.partition(b"\r\n\r\n")
        return parse(head + b"\r\n\r\n")

    def is_closed(self, seconds: float = 5) -> bool:
        self.stream.settimeout(seconds)
        try:
            return self.stream.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


class Place:
    """A client of the server with its own listening socket, on one address."""

    def __init__(self, server: Siprouter, own: str) -> None:
        self.own = own
        self.server = server
        family = socket.AF_INET6 if ":" in own else socket.AF_INET
        self.listener = socket.create_server((own, 0), family=family)
        self.listener.settimeout(5)
        self.port = self.listener.getsockname()[1]
        self.opened: list[socket.socket] = [self.listener]
        self.count = 0

    @property
    def host(self) -> str:
        return f"[{self.own}]" if ":" in self.own else self.own

    def connect(self) -> Peer:
        self.opened.append(socket.create_connection((self.own, self.server.port), 5))
        return Peer(self.opened[-1])

    def accept(self) -> Peer:
        self.opened.append(self.listener.accept()[0])
        return Peer(self.opened[-1])

    def request(self, what: str, user: str = "there", method: str = "OPTIONS", port: int = 0, via: int = 0) -> str:
        self.count += 1
        return REQUEST.format(
            method=method,
            user=user,
            host=self.host,
            port=port or self.port,
            own=self.host,
            via=via or self.port,
            branch=f"{what}{self.port}{self.count}",
            what=what,
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siprouter]:
    with Siprouter(CONFIG, tmp_path_factory.mktemp("streams"), Ports()) as running:
        yield running


@pytest.fixture(params=["127.0.0.1", "::1"])
def place(server: Siprouter, request: pytest.FixtureRequest) -> Iterator[Place]:
    made = Place(server, request.param)
    yield made
    for opened in made.opened:
        opened.close()


def reply(request: Message, status: str = "200 OK") -> str:
    lines = [f"SIP/2.0 {status}", *(f"via: {value}" for value in request.all("via"))]
    lines += [f"{name}: {request.value(name)}" for name in ("from", "to", "call-id", "cseq")]
    return "\n".join([*lines, "content-length: 0", "", ""])


@pytest.mark.parametrize(("what", "via"), [("alias", 15998), ("alias-port", 15997)])
def test_force_tcp_alias(place: Place, what: str, via: int) -> None:
    first = place.connect()
    first.send(place.request(what, user="here", via=via))
    assert first.next().status == 200
    second = place.connect()
    second.send(place.request("any", port=15999 if what == "alias-port" else via))
    arrived = first.next()
    assert arrived.method == "OPTIONS"
    first.send(reply(arrived))
    assert second.next().status == 200


def test_without_an_alias_a_connection_is_opened(place: Place) -> None:
    first = place.connect()
    first.send(place.request("any", user="here"))
    assert first.next().status == 200
    first.send(place.request("any"))
    there = place.accept()
    there.send(reply(there.next()))
    assert first.next().status == 200
    first.send(place.request("any"))  # on the connection that is there now
    there.send(reply(there.next()))
    assert first.next().status == 200


def test_set_forward_no_connect(place: Place) -> None:
    first = place.connect()
    first.send(place.request("no-connect"))
    assert first.next().status == 477
    first.send(place.request("any"))
    there = place.accept()
    there.send(reply(there.next()))
    assert first.next().status == 200
    first.send(place.request("no-connect"))
    there.send(reply(there.next()))
    assert first.next().status == 200


def test_set_forward_close(place: Place) -> None:
    first = place.connect()
    first.send(place.request("close"))
    there = place.accept()
    assert there.next().method == "OPTIONS"
    assert there.is_closed()


def test_set_reply_close(place: Place) -> None:
    first = place.connect()
    first.send(place.request("reply-close", user="here"))
    assert first.next().status == 200
    assert first.is_closed()


@pytest.mark.parametrize("what", ["any", "reply-no-connect"])
def test_set_reply_no_connect(place: Place, what: str) -> None:
    first = place.connect()
    first.send(place.request(what, method="INFO"))
    first.stream.close()
    if what == "any":
        assert place.accept().next().status == 200
    else:
        place.listener.settimeout(2.5)
        with pytest.raises(TimeoutError):
            place.accept()


def test_settings_count_at_run_time(server: Siprouter, place: Place) -> None:
    control = parse_address(f"unixs:{server.folder}/ctl")

    def setting(name: str, value: int) -> None:
        call(control, "cfg.set_now_int", ["tcp", name, value])

    first = place.connect()
    setting("crlf_ping", 0)
    first.send("\n\n")
    first.send(place.request("any", user="here"))
    assert first.next().status == 200  # and no pong before it
    setting("crlf_ping", 1)
    first.send("\n\n")
    assert first.stream.recv(2) == b"\r\n"
    setting("no_connect", 1)
    first.send(place.request("any"))
    assert first.next().status == 477
    setting("no_connect", 0)
    setting("max_connections", 0)
    assert place.connect().is_closed()
    setting("max_connections", 2048)
    setting("connection_lifetime", 1)
    assert place.connect().is_closed()
    setting("connection_lifetime", 120)
