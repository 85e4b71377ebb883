"""msilo and imc on real database servers, through real sockets: what was kept is delivered after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from siprouter.cli.main import main
from tests.support.database_fixtures import mariadb_server, postgres_server
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.wire import Endpoint, Message
from tests.support.workers import Workers

__all__ = ["mariadb_server", "postgres_server"]

SCRIPT = """
debug=1
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "msilo.so"
loadmodule "imc.so"
loadmodule "kex.so"
loadmodule "counters.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("msilo|imc", "db_url", "@URL@")
modparam("msilo", "add_date", 0)
modparam("msilo|imc", "outbound_proxy", "sip:@PHONE@")
route {
    if (method == "REGISTER") { save("location"); m_dump(); exit; }
    if ($rU == "chat") {
        if (imc_manager()) { sl_send_reply("200", "OK"); } else { sl_send_reply("500", "Refused"); }
        exit;
    }
    if (m_store()) { sl_send_reply("202", "Accepted"); } else { sl_send_reply("503", "Not kept"); }
}
"""

pytestmark = [pytest.mark.scenario, pytest.mark.xdist_group("databases")]


@pytest.fixture(params=["postgres", "mysql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with all tables."""
    server = request.getfixturevalue("mariadb_server" if request.param == "mysql" else "postgres_server")
    url = server.url(f"stores_{request.param}")
    assert main(["db", "create", url]) == 0
    yield url


class Phone(Endpoint):
    def request(self, method: str, user: str, call: str, body: bytes = b"") -> None:
        kind = "Content-Type: text/plain\r\n" if body else f"Contact: <sip:bob@{self.address}>\r\n"
        head = (
            f"{method} sip:{user}@test SIP/2.0\r\nVia: SIP/2.0/UDP {self.address};branch=z9hG4bK{call}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:alice@test>;tag=a\r\nTo: <sip:bob@test>\r\nCall-ID: {call}\r\n"
            f"CSeq: 1 {method}\r\n{kind}Content-Length: {len(body)}\r\n\r\n"
        )
        self.send(head.encode() + body)

    def heard(self) -> Message:
        received = self.expect("MESSAGE", 60)
        lines = "".join(f"Via: {value}\n" for value in received.all("via"))
        self.send(
            f"SIP/2.0 200 OK\n{lines}From: {received.value('from')}\nTo: {received.value('to')};tag=b\n"
            f"Call-ID: {received.value('call-id')}\nCSeq: {received.value('cseq')}\nContent-Length: 0\n\n"
        )
        return received


def test_what_is_kept_comes_back(database: str, tmp_path: Path, ports: Ports) -> None:
    text = "h\xe9llo '; DROP TABLE silo; --\r\n\\"
    with closing(Phone("phone", ("127.0.0.1", 9))) as phone:
        script = SCRIPT.replace("@URL@", database).replace("@PHONE@", phone.address)
        with Workers(script, tmp_path, ports) as server:
            phone.router = server.address
            phone.request("MESSAGE", "bob", "m1", text.encode())
            phone.expect(202, 60, call="m1")
            phone.request("MESSAGE", "chat", "c1", b"#create chat private")
            assert phone.heard().body == "*** room was created"
        with Workers(script, tmp_path, ports) as server:
            phone.router = server.address
            phone.taken = len(phone.received)
            phone.request("REGISTER", "bob", "r1")
            assert phone.heard().body == text
            for _ in polls(60):
                if server.counter("msilo", "dumped_messages") == 1:
                    break
            phone.request("MESSAGE", "chat", "c2", b"#list")
            assert phone.heard().body == "Members:\n*sip:alice@test"
            phone.request("REGISTER", "bob", "r2")
            phone.expect(200, 60, call="r2")
            phone.request("MESSAGE", "chat", "c3", b"#destroy")
            assert phone.heard().body == "The room has been destroyed"
