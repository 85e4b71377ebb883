"""SIP over WebSocket on the SIP port and on a port of its own, with the client of the library `websockets`."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.routers import Siprouter
from tests.support.wire import Endpoint, Message, parse

pytestmark = pytest.mark.scenario

CONFIG = """#!KAMAILIO
debug=2
log_stderror=yes
listen=udp:127.0.0.1:@PORT@
listen=tcp:127.0.0.1:@PORT@
listen=ws:127.0.0.1:@WSPORT@
alias="test.local"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "nathelper.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
loadmodule "websocket.so"
loadmodule "counters.so"
modparam("nathelper|registrar", "received_avp", "$avp(RECEIVED)")
modparam("websocket", "keepalive_timeout", @KEEPALIVE@)
modparam("websocket", "cors_mode", 2)

route {
	if (!mf_process_maxfwd_header("10")) {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
	if (nat_uac_test("64")) {
		force_rport();
		if (is_method("REGISTER"))
			fix_nated_register();
		else
			add_contact_alias();
	}
	if (has_totag()) {
		if (loose_route()) {
			if ($du == $null)
				handle_ruri_alias();
			t_relay();
			exit;
		}
		if (is_method("ACK"))
			exit;
		sl_send_reply("404", "Not here");
		exit;
	}
	if (is_method("CANCEL")) {
		if (t_check_trans())
			t_relay();
		exit;
	}
	if (is_method("REGISTER")) {
		save("location");
		exit;
	}
	if (is_method("MESSAGE") && $rU == "bye") {
		ws_close("4000", "as you like");
		exit;
	}
	if (is_method("MESSAGE") && $rU == "number") {
		sl_send_reply("299", "$ws_conid");
		exit;
	}
	if (is_method("INVITE"))
		record_route();
	if ($rU == "out") {
		$ru = "sip:out@127.0.0.1:@PEER@;transport=ws";
		t_relay();
		exit;
	}
	if (!lookup("location")) {
		sl_send_reply("404", "Not Found");
		exit;
	}
	t_on_reply("WS");
	t_relay();
}
onreply_route[WS] {
	if (nat_uac_test("64"))
		add_contact_alias();
}
event_route[xhttp:request] {
	if ($hdr(Upgrade) =~ "websocket") {
		if ($hdr(Origin) == "http://evil.example") {
			xhttp_reply("403", "Forbidden", "", "");
			exit;
		}
		ws_handle_handshake();
		exit;
	}
	if ($hu == "/RPC") {
		jsonrpc_dispatch();
		exit;
	}
	xhttp_reply("404", "Not Found", "", "");
}
event_route[websocket:closed] {
	xlog("L_NOTICE", "closed: $si $pr\\n");
}
"""


@pytest.fixture
def ws_port(ports: Ports) -> int:
    return ports.take()


@pytest.fixture
def peer_port(ports: Ports) -> int:
    return ports.take()


@pytest.fixture(params=["180"])
def keepalive(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def router(tmp_path: Path, ports: Ports, ws_port: int, peer_port: int, keepalive: str) -> Iterator[Siprouter]:
    text = CONFIG.replace("@WSPORT@", str(ws_port)).replace("@PEER@", str(peer_port)).replace("@KEEPALIVE@", keepalive)
    with Siprouter(text, tmp_path, ports) as router:
        yield router


class Browser:
    """A user agent in a web page: it knows no address of its own."""

    def __init__(self, name: str, port: int, scheme: str = "ws", ip: str = "127.0.0.1", **options: object) -> None:
        self.name = name
        self.host = f"{name}host.invalid"
        self.opened = contextlib.ExitStack()
        asked = connect(f"{scheme}://{ip}:{port}/", subprotocols=["sip"], **options)  # type: ignore[arg-type,list-item]
        self.socket: ClientConnection = self.opened.enter_context(asked)
        self.count = 0

    def close(self) -> None:
        self.opened.close()

    def send(self, text: str) -> None:
        self.socket.send(text.replace("\n", "\r\n"))

    def next(self) -> Message:
        data = self.socket.recv(timeout=10)
        return parse(data.encode() if isinstance(data, str) else data)

    def expect(self, what: str | int) -> Message:
        while True:
            message = self.next()
            if message.start.startswith((f"{what} ", f"SIP/2.0 {what} ")):
                return message

    def request(self, method: str, uri: str, to: str = "", extra: str = "", tag: str = "") -> str:
        self.count += 1
        return (
            f"{method} {uri} SIP/2.0\n"
            f"Via: SIP/2.0/WS {self.host};branch=z9hG4bK{self.name}{self.count}\n"
            f"Max-Forwards: 70\nFrom: <sip:{self.name}@test.local>;tag={self.name}\n"
            f"To: <{to or uri}>{tag}\nCall-ID: {self.name}-call\nCSeq: {self.count} {method}\n"
            f"Contact: <sip:{self.name}@{self.host};transport=ws>\n{extra}Content-Length: 0\n\n"
        )

    def register(self) -> None:
        self.send(self.request("REGISTER", "sip:test.local", f"sip:{self.name}@test.local", "Expires: 60\n"))
        self.expect(200)


@contextlib.contextmanager
def browsers(*pairs: tuple[str, int]) -> Iterator[list[Browser]]:
    made = [Browser(name, port) for name, port in pairs]
    try:
        yield made
    finally:
        for one in made:
            one.close()


def answer(request: Message, status: str, host: str, name: str, transport: str = ";transport=ws") -> str:
    lines = [
        f"{key.title()}: {value}"
        for key, value in request.headers
        if key in ("via", "from", "call-id", "cseq", "record-route")
    ]
    to = request.value("to") if ";tag=" in request.value("to") else request.value("to") + f";tag={name}"
    return (
        f"SIP/2.0 {status}\n" + "\n".join(lines) + f"\nTo: {to}\nContact: <sip:{name}@{host}{transport}>\n"
        "Content-Length: 0\n\n"
    )


def rpc(router: Siprouter, method: str, *params: object) -> object:
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
    command = ["curl", "-sS", "-m", "20", "-d", body, f"http://127.0.0.1:{router.port}/RPC"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.parametrize("own", [False, True])
def test_call_between_two_browsers(router: Siprouter, ws_port: int, own: bool) -> None:
    port = ws_port if own else router.port
    with browsers(("alice", port), ("bob", router.port)) as (alice, bob):
        alice.register()
        bob.register()
        alice.send(alice.request("INVITE", "sip:bob@test.local"))
        invite = bob.expect("INVITE")
        assert invite.value("via").startswith("SIP/2.0/WS 127.0.0.1:")
        assert ";transport=ws" in invite.value("record-route")
        bob.send(answer(invite, "200 OK", bob.host, "bob"))
        final = alice.expect(200)
        target = final.value("contact").strip("<>")
        assert ";alias=127.0.0.1~" in target
        route = "".join(f"Route: {value}\n" for value in reversed(final.all("record-route")))
        alice.count -= 1
        alice.send(alice.request("ACK", target, "sip:bob@test.local", route, ";tag=bob"))
        assert bob.expect("ACK")
        alice.send(alice.request("BYE", target, "sip:bob@test.local", route, ";tag=bob"))
        bob.send(answer(bob.expect("BYE"), "200 OK", bob.host, "bob"))
        assert alice.expect(200).value("cseq").endswith("BYE")


def test_call_from_a_udp_phone(router: Siprouter) -> None:
    phone = Endpoint("carol", router.address)
    try:
        with browsers(("bob", router.port)) as (bob,):
            bob.register()
            phone.send(
                f"INVITE sip:bob@test.local SIP/2.0\nVia: SIP/2.0/UDP {phone.address};branch=z9hG4bKc\n"
                "Max-Forwards: 70\nFrom: <sip:carol@test.local>;tag=c\nTo: <sip:bob@test.local>\nCall-ID: mixed\n"
                f"CSeq: 1 INVITE\nContact: <sip:carol@{phone.address}>\nContent-Length: 0\n\n"
            )
            bob.send(answer(bob.expect("INVITE"), "486 Busy Here", bob.host, "bob"))
            phone.expect(486)
            assert bob.expect("ACK")
    finally:
        phone.close()


def test_handshakes_that_are_refused(router: Siprouter, ws_port: int) -> None:
    for port, options in (
        (router.port, {"origin": "http://evil.example"}),
        (router.port, {"subprotocols": ["chat"]}),
        (ws_port, {"subprotocols": None}),
    ):
        arguments = {"subprotocols": ["sip"], **options}
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{port}/", **arguments):  # type: ignore[arg-type]
            pass
        assert refused.value.response.status_code in (400, 403)


def test_origin_is_echoed_and_rpc_tells(router: Siprouter) -> None:
    browser = Browser("alice", router.port, origin="http://good.example")
    try:
        assert browser.socket.response is not None
        assert browser.socket.response.headers["Access-Control-Allow-Origin"] == "http://good.example"
        listed = rpc(router, "ws.dump")["result"]  # type: ignore[index]
        assert listed["info"] == {"wscounter": 1, "truncated": "no"}
        number = int(listed["connections"][0].split(":")[0])
        browser.send(browser.request("MESSAGE", "sip:number@test.local"))
        assert browser.next().start == f"SIP/2.0 299 {number}"
        assert "result" in rpc(router, "ws.ping", number)  # type: ignore[operator]
        assert "error" in rpc(router, "ws.ping", 99)  # type: ignore[operator]
        rpc(router, "ws.disable")
        with pytest.raises(InvalidStatus):
            Browser("bob", router.port)
        rpc(router, "ws.enable")
        Browser("bob", router.port).close()
        rpc(router, "ws.close", number)
        with pytest.raises(ConnectionClosed) as closed:
            browser.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000
    finally:
        browser.close()


def test_closing_from_the_script_and_the_event(router: Siprouter) -> None:
    with browsers(("alice", router.port)) as (alice,):
        alice.send(alice.request("MESSAGE", "sip:bye@test.local"))
        with pytest.raises(ConnectionClosed) as closed:
            alice.next()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "as you like")
    for _ in polls(10):
        if "closed: 127.0.0.1 ws" in router.tail(100):
            return
    raise AssertionError(router.tail())


def test_fragments_keepalives_and_binary(router: Siprouter) -> None:
    with browsers(("alice", router.port)) as (alice,):
        text = alice.request("MESSAGE", "sip:number@test.local").replace("\n", "\r\n")
        alice.socket.send([text[:10], text[10:200], text[200:]])  # one message in three frames
        assert alice.next().start.startswith("SIP/2.0 299")
        alice.socket.send("\r\n\r\n")
        assert alice.socket.recv(timeout=10) == "\r\n"
        alice.socket.send(alice.request("MESSAGE", "sip:number@test.local").replace("\n", "\r\n").encode())
        assert alice.next().start.startswith("SIP/2.0 299")
        alice.socket.ping().wait(10)


def test_too_large_a_message_closes_with_1009(router: Siprouter) -> None:
    with browsers(("alice", router.port)) as (alice,):
        alice.socket.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            alice.socket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_broken_frames_cost_one_connection(router: Siprouter) -> None:
    raw = socket.create_connection(router.address)
    raw.settimeout(10)
    try:
        raw.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n\x81\x01x"
        )
        got = b""
        while not got.endswith(b"masking"):
            piece = raw.recv(4096)
            assert piece, got
            got += piece
        assert got.startswith(b"HTTP/1.1 101 ")
        assert b"\x88" in got
        assert raw.recv(100) == b""
    finally:
        raw.close()
    with browsers(("alice", router.port)) as (alice,):
        alice.register()


@pytest.mark.parametrize("keepalive", ["1"], indirect=True)
def test_idle_connections_get_pings(router: Siprouter) -> None:
    raw = socket.create_connection(router.address)
    raw.settimeout(10)
    try:
        raw.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
        )
        got = b""
        while b"\r\n\r\n\x89" not in got:
            piece = raw.recv(4096)
            assert piece, got
            got += piece
    finally:
        raw.close()


def test_we_connect_to_another_server(router: Siprouter, peer_port: int, tmp_path: Path, ports: Ports) -> None:
    other = CONFIG.replace("@WSPORT@", str(peer_port)).replace("@PEER@", "9").replace("@KEEPALIVE@", "0")
    other = other.replace('if ($rU == "out") {', 'if ($rU == "out") { sl_send_reply("603", "$pr $sp"); exit;')
    folder = tmp_path / "other"
    folder.mkdir()
    phone = Endpoint("carol", router.address)
    try:
        with Siprouter(other, folder, ports):
            for number in (1, 2):
                phone.send(
                    f"OPTIONS sip:out@test.local SIP/2.0\nVia: SIP/2.0/UDP {phone.address};branch=z9hG4bKo{number}\n"
                    "Max-Forwards: 70\nFrom: <sip:carol@test.local>;tag=c\nTo: <sip:out@test.local>\nCall-ID: out\n"
                    f"CSeq: {number} OPTIONS\nContent-Length: 0\n\n"
                )
            first, second = phone.expect(603), phone.expect(603)
            assert first.start == second.start  # over one connection
            assert first.start.startswith("SIP/2.0 603 ws ")
    finally:
        phone.close()


@pytest.mark.parametrize("proto", ["tls", "wss"])
def test_secure_websockets(tmp_path: Path, ports: Ports, proto: str) -> None:
    tls_port = ports.take()
    text = CONFIG.replace("@WSPORT@", str(ports.take())).replace("@PEER@", "9").replace("@KEEPALIVE@", "60")
    text = text.replace(
        'loadmodule "sl.so"', f'listen={proto}:127.0.0.1:{tls_port}\nloadmodule "sl.so"\nloadmodule "tls.so"', 1
    )
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with Siprouter(text, tmp_path, ports) as router, browsers(("bob", router.port)) as (bob,):
        bob.register()
        alice = Browser("alice", tls_port, scheme="wss", ssl=context)
        try:
            alice.register()
            alice.send(alice.request("INVITE", "sip:bob@test.local"))
            invite = bob.expect("INVITE")
            assert ";transport=ws" in invite.value("record-route")
            bob.send(answer(invite, "486 Busy Here", bob.host, "bob"))
            alice.expect(486)
            bob.send(bob.request("MESSAGE", "sip:alice@test.local"))
            message = alice.expect("MESSAGE")
            assert message.value("via").startswith(f"SIP/2.0/WSS 127.0.0.1:{tls_port}")
        finally:
            alice.close()


def test_we_connect_over_tls(tmp_path: Path, ports: Ports) -> None:
    first_port, second_port = ports.take(), ports.take()
    texts = []
    for own, peer in ((first_port, second_port), (second_port, first_port)):
        text = CONFIG.replace("@WSPORT@", str(ports.take())).replace("@PEER@", str(peer)).replace("@KEEPALIVE@", "0")
        text = text.replace("transport=ws", "transport=wss")
        texts.append(
            text.replace(
                'loadmodule "sl.so"', f'listen=wss:127.0.0.1:{own}\nloadmodule "sl.so"\nloadmodule "tls.so"', 1
            )
        )
    texts[1] = texts[1].replace('if ($rU == "out") {', 'if ($rU == "out") { sl_send_reply("603", "$pr $sp"); exit;')
    folder = tmp_path / "other"
    folder.mkdir()
    with Siprouter(texts[0], tmp_path, ports) as router, Siprouter(texts[1], folder, ports):
        phone = Endpoint("carol", router.address)
        try:
            phone.send(
                f"OPTIONS sip:out@test.local SIP/2.0\nVia: SIP/2.0/UDP {phone.address};branch=z9hG4bKo\n"
                "Max-Forwards: 70\nFrom: <sip:carol@test.local>;tag=c\nTo: <sip:out@test.local>\nCall-ID: out\n"
                "CSeq: 1 OPTIONS\nContent-Length: 0\n\n"
            )
            assert phone.expect(603).start.startswith("SIP/2.0 603 wss ")
        finally:
            phone.close()


def test_over_ipv6(tmp_path: Path, ports: Ports) -> None:
    shared, own = ports.take(), ports.take()
    text = CONFIG.replace("@WSPORT@", str(ports.take())).replace("@PEER@", "9").replace("@KEEPALIVE@", "0")
    listen = f"listen=tcp:[::1]:{shared}\nlisten=ws:[::1]:{own}\n"
    with Siprouter(text.replace("loadmodule", f"{listen}loadmodule", 1), tmp_path, ports):
        alice, bob = Browser("alice", shared, ip="[::1]"), Browser("bob", own, ip="[::1]")
        try:
            alice.register()
            bob.register()
            alice.send(alice.request("INVITE", "sip:bob@test.local"))
            invite = bob.expect("INVITE")
            assert invite.value("via").startswith("SIP/2.0/WS [::1]:")
            assert ";alias=[::1]~" in invite.value("contact")
            bob.send(answer(invite, "486 Busy Here", bob.host, "bob"))
            alice.expect(486)
        finally:
            alice.close()
            bob.close()
