"""RFC 4474 between siprouter and Debian's Kamailio: one signs, the other one checks."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.identities import DomainAuthority, Identity
from tests.support.ports import Ports
from tests.support.process import need
from tests.support.routers import ROUTERS, Router
from tests.support.wire import Endpoint, Message

pytestmark = pytest.mark.scenario

MODULE = "kamailio/modules/auth_identity.so"
PACKAGE = "kamailio-tls-modules"

CONFIG = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=1
auto_aliases=no
listen=udp:127.0.0.1:@PORT@

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth_identity.so"
modparam("auth_identity", "privatekey_path", "@KEY@")
modparam("auth_identity", "certificate_path", "@CERT@")
modparam("auth_identity", "certificate_url", "@URL@")
modparam("auth_identity", "cainfo_path", "@CA@")

route {
	if (method == "OPTIONS") {
		sl_send_reply("200", "OK");
		exit;
	}
	if ($rU == "sign") {
		if (!auth_date_proc() || !auth_add_identity()) {
			sl_send_reply("480", "Not signed");
			exit;
		}
		$rU = "check";
		$du = "sip:127.0.0.1:@NEXT@";
		forward();
		exit;
	}
	if (!vrfy_check_date()) {
		sl_send_reply("403", "Date");
		exit;
	}
	if (!vrfy_get_certificate()) {
		sl_send_reply("436", "Certificate");
		exit;
	}
	if (!vrfy_check_certificate()) {
		sl_send_reply("437", "Trust");
		exit;
	}
	if (!vrfy_check_msgvalidity()) {
		sl_send_reply("438", "Signature");
		exit;
	}
	if (!vrfy_check_callid()) {
		sl_send_reply("403", "Replay");
		exit;
	}
	sl_send_reply("202", "Good");
}
"""

REQUEST = """\
MESSAGE sip:{user}@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP {own};branch=z9hG4bK{number};rport
Max-Forwards: 70
From: "Alice" <sip:alice@{domain}>;tag=t{number}
To: <sip:bob@example.com>
Contact: <sip:alice@{own}>
Call-ID: {number}@{own}
CSeq: {number} MESSAGE
Content-Type: text/plain
Content-Length: 7

hello
"""


class Files(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, directory=self.folder, **kwargs)

    folder = ""

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[int]:
    handler = type("Handler", (Files,), {"folder": str(tmp_path)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class Pair:
    """The one that checks, and the one that signs for example.org with the key of `identity`."""

    def __init__(self, kinds: tuple[str, str], folder: Path, ports: Ports, web: int) -> None:
        authority = DomainAuthority(folder)
        identity = Identity(folder, authority, "example.org")
        (folder / "cert.der").write_bytes(identity.der)
        values = {
            "KEY": identity.key_path,
            "CERT": identity.path,
            "CA": authority.path,
            "URL": f"http://127.0.0.1:{web}/cert.der",
        }
        text = CONFIG
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        self.checker: Router = ROUTERS[kinds[1]](text.replace("@NEXT@", "9"), folder, ports, "checker")
        next_hop = str(self.checker.port)
        self.signer: Router = ROUTERS[kinds[0]](text.replace("@NEXT@", next_hop), folder, ports, "signer")


class Phone(Endpoint):
    number = 0

    def ask(self, domain: str = "example.org") -> Message:
        self.number += 1
        fields = {"own": self.address, "number": self.number, "domain": domain, "user": "sign"}
        self.send(REQUEST.format(**fields))
        for _ in range(20):
            found = self.next(60)
            if found.status >= 200 and found.value("cseq") == f"{self.number} MESSAGE":
                return found
        raise AssertionError("no final answer")


@pytest.mark.parametrize("kinds", [("siprouter", "kamailio"), ("kamailio", "siprouter"), ("siprouter", "siprouter")])
def test_identities(kinds: tuple[str, str], tmp_path: Path, ports: Ports, web: int) -> None:
    if "kamailio" in kinds:
        need("kamailio")
        if not any(Path("/usr/lib").glob(f"*/{MODULE}")):
            pytest.skip(f"auth_identity of Kamailio not found: apt-get install {PACKAGE}")
    pair = Pair(kinds, tmp_path, ports, web)
    with pair.checker, pair.signer:
        phone = Phone("alice", pair.signer.address)
        assert phone.ask().start == "SIP/2.0 202 Good"
        # the certificate is known now, and the next request is another one
        assert phone.ask().start == "SIP/2.0 202 Good"
        if kinds[1] == "siprouter":
            assert phone.ask("example.net").start == "SIP/2.0 437 Trust"
        phone.close()
