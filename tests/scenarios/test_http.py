"""HTTP on the SIP port with real clients: curl, Python's xmlrpc, and a SIP phone that is called and cancelled."""

from __future__ import annotations

import json
import socket
import subprocess
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.process import need
from tests.support.routers import Siprouter
from tests.support.wire import Endpoint

pytestmark = pytest.mark.scenario

CONFIG = """#!KAMAILIO
debug=2
log_stderror=yes
listen=udp:127.0.0.1:@PORT@
listen=tcp:127.0.0.1:@PORT@
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
loadmodule "xhttp.so"
loadmodule "xmlrpc.so"
loadmodule "jsonrpcs.so"
modparam("xhttp", "url_skip", "^/RPC2")
modparam("xmlrpc", "route", "XMLRPC")
modparam("xmlrpc", "url_match", "^/RPC2")

route {
	if (!mf_process_maxfwd_header("10")) {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
	t_relay();
}
route[XMLRPC] {
	if ($hdr(User-Agent) =~ "xmlrpc")
		set_reply_close();
	dispatch_rpc();
}
event_route[xhttp:request] {
	if ($hu =~ "^/cancel/") {
		$var(callid) = $(hu{s.select,2,/});
		$var(cseq) = $(hu{s.select,3,/});
		if (t_cancel_callid("$var(callid)", "$var(cseq)", "21"))
			xhttp_reply("200", "OK", "text/plain", "cancelled");
		else
			xhttp_reply("404", "Not Found", "text/plain", "no such call");
		exit;
	}
	switch ($hu) {
		case "/json":
			jsonrpc_dispatch();
			break;
		case "/echo":
			xhttp_reply("200", "OK", "application/octet-stream", "$rb");
			break;
		case /"^/welcome":
			xhttp_reply("200", "OK", "text/html", "<html>Welcome $si</html>");
			break;
		default:
			xhttp_reply("404", "Not Found", "text/plain", "nothing here");
	}
}
"""


@pytest.fixture
def router(tmp_path: Path, ports: Ports) -> Iterator[Siprouter]:
    with Siprouter(CONFIG, tmp_path, ports) as router:
        yield router


def curl(router: Siprouter, path: str, *arguments: str, data: bytes | None = None) -> str:
    need("curl")
    url = f"http://127.0.0.1:{router.port}{path}"
    command = ["curl", "-sS", "-m", "20", *arguments, url]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    return done.stdout.decode()


def test_welcome_page(router: Siprouter) -> None:
    assert curl(router, "/welcome/x") == "<html>Welcome 127.0.0.1</html>"
    assert curl(router, "/", "-o", "/dev/null", "-w", "%{http_code}") == "404"
    assert curl(router, "/welcome", "-0") == "<html>Welcome 127.0.0.1</html>"


def test_chunks_in_both_directions(router: Siprouter) -> None:
    body = b"0123456789abcdef" * 8192
    got = curl(router, "/echo", "-T", "-", "-H", "Transfer-Encoding: chunked", data=body)
    assert got.encode() == body
    head = curl(
        router, "/echo", "-o", "/dev/null", "-D", "-", "-H", "Expect: 100-continue", "--data-binary", "@-", data=body
    )
    assert "transfer-encoding: chunked" in head.lower()


def test_one_connection_for_many_requests(router: Siprouter) -> None:
    url = f"http://127.0.0.1:{router.port}/welcome"
    done = curl(router, "/welcome", "-w", " %{num_connects}\\n", url, "-o", "/dev/null", "-o", "/dev/null")
    assert done.split() == ["1", "0"]


def test_xmlrpc(router: Siprouter) -> None:
    server = xmlrpc.client.ServerProxy(f"http://127.0.0.1:{router.port}/RPC2")
    assert "siprouter" in str(server.core.version()).lower() or server.core.version()
    with pytest.raises(xmlrpc.client.Fault):
        server.no.such()


def test_jsonrpc(router: Siprouter) -> None:
    call = json.dumps({"jsonrpc": "2.0", "method": "core.uptime", "id": 1}).encode()
    assert json.loads(curl(router, "/json", "--data-binary", "@-", data=call))["id"] == 1


def test_cancel_of_a_pending_call(router: Siprouter) -> None:
    caller, callee = Endpoint("caller", router.address), Endpoint("callee", router.address)
    try:
        caller.send(
            f"INVITE sip:b@{callee.address} SIP/2.0\n"
            f"Via: SIP/2.0/UDP {caller.address};branch=z9hG4bKc\n"
            "Max-Forwards: 70\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: call-one\nCSeq: 7 INVITE\n"
            f"Contact: <sip:a@{caller.address}>\nContent-Length: 0\n\n"
        )
        invite = callee.expect("INVITE")
        lines = [
            f"{name.title()}: {value}" for name, value in invite.headers if name in ("via", "from", "call-id", "cseq")
        ]
        callee.send("SIP/2.0 180 Ringing\n" + "\n".join([*lines, "To: <sip:b@x>;tag=2"]) + "\nContent-Length: 0\n\n")
        caller.expect(180)
        assert curl(router, "/cancel/call-one/8") == "no such call"
        assert curl(router, "/cancel/call-one/7") == "cancelled"
        assert callee.expect("CANCEL").value("cseq") == "7 CANCEL"
    finally:
        caller.close()
        callee.close()


def test_slow_and_broken_clients_cost_nobody_else(router: Siprouter) -> None:
    slow = [socket.create_connection(router.address) for _ in range(50)]
    try:
        for number, one in enumerate(slow):
            one.sendall(b"GET /welcome HTTP/1.1\r\nX: " + b"y" * number)
        broken = socket.create_connection(router.address)
        broken.sendall(b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n")
        broken.settimeout(10)
        assert broken.recv(1000).startswith(b"HTTP/1.1 400 ")
        assert broken.recv(1000) == b""
        broken.close()
        assert curl(router, "/welcome").startswith("<html>")
    finally:
        for one in slow:
            one.close()


def test_over_ipv6(tmp_path: Path, ports: Ports) -> None:
    need("curl")
    port = ports.take()
    text = CONFIG.replace("loadmodule", f"listen=tcp:[::1]:{port}\nloadmodule", 1).replace(
        "Welcome $si", "Welcome $si $Ri"
    )
    with Siprouter(text, tmp_path, ports):
        command = ["curl", "-sS", "-g", "-m", "20", f"http://[::1]:{port}/welcome"]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stdout.decode() == "<html>Welcome ::1 ::1</html>"
