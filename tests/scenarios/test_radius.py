"""A router and Debian's FreeRADIUS: passwords, groups, AVPs, and calls that are accounted while servers come and go."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.digests import answer, read_challenge
from tests.support.freeradius import FreeRadius, client_config
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.routers import Siprouter
from tests.support.sipp import Sipp
from tests.support.wire import Endpoint, Message

pytestmark = pytest.mark.scenario

USERS = """\
alice@example.org Service-Type == Group-Check, Sip-Group == "pstn", Auth-Type := Accept
	SIP-AVP = "prefix:00"

alice@example.org Service-Type == SIP-Caller-AVPs, Auth-Type := Accept
	SIP-AVP = "lang:de",
	SIP-AVP += "#14#28"

bob@127.0.0.1 Service-Type == Call-Check, Auth-Type := Accept

alice@example.org Cleartext-Password := "wonderland"
	SIP-AVP = "email:alice@example.org"
"""

CONFIG = """\
#!KAMAILIO
debug=0
log_stderror=yes
children=2
auto_aliases=no
listen=udp:127.0.0.1:@PORT@

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "acc.so"
loadmodule "acc_radius.so"
loadmodule "auth_radius.so"
loadmodule "misc_radius.so"
modparam("acc_radius|auth_radius|misc_radius", "radius_config", "@RADIUS@")
modparam("acc_radius", "radius_flag", 1)
modparam("acc_radius", "radius_journal", "@DIR@/radius.journal")
modparam("acc_radius", "radius_extra", "User-Name=$fU; Called-Station-Id=$rU")

route {
	if (!mf_process_maxfwd_header("10")) {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
	if (is_method("REGISTER")) {
		if (!radius_www_authorize("example.org")) {
			$var(code) = $rc;
			append_to_reply("X-Result: $var(code)\\r\\n");
			append_to_reply("$avp(digest_challenge)");
			sl_send_reply("401", "Unauthorized");
			exit;
		}
		append_to_reply("X-Email: $avp(s:email)\\r\\n");
		sl_send_reply("200", "OK");
		exit;
	}
	if (is_method("MESSAGE")) {
		if (radius_does_uri_exist()) append_to_reply("X-Exists: yes\\r\\n");
		if (radius_is_user_in("$fU@example.org", "pstn")) append_to_reply("X-Group: $avp(s:prefix)\\r\\n");
		if (radius_is_user_in("$fU@example.org", "staff")) append_to_reply("X-Staff: yes\\r\\n");
		if (radius_load_caller_avps("$fU@example.org")) append_to_reply("X-Caller: $avp(s:lang) $avp(i:14)\\r\\n");
		sl_send_reply("200", "OK");
		exit;
	}
	if (is_method("INVITE|BYE")) {
		setflag(1);
	}
	if (has_totag()) {
		loose_route();
		t_relay();
		exit;
	}
	record_route();
	$ru = "sip:callee@127.0.0.1:@CALLEE@";
	t_relay();
}
"""

REQUEST = """\
{method} sip:{user}@127.0.0.1:{port} SIP/2.0
Via: SIP/2.0/UDP {own};branch=z9hG4bK{number};rport
Max-Forwards: 70
From: <sip:{user}@example.org>;tag=t{number}
To: <sip:alice@example.org>
Call-ID: {number}@{own}
CSeq: {number} {method}
{more}Content-Length: 0

"""


class Phone(Endpoint):
    """Sends requests and waits for their final answers."""

    number = 0

    def ask(self, method: str, user: str, more: str = "") -> Message:
        self.number += 1
        fields = {"own": self.address, "port": self.router[1], "number": self.number, "user": user}
        self.send(REQUEST.format(method=method, more=more, **fields))
        for _ in range(20):
            found = self.next(60)
            if found.status >= 200 and found.value("cseq") == f"{self.number} {method}":
                return found
        raise AssertionError("no final answer")

    def register(self, password: str) -> Message:
        challenge = read_challenge(self.ask("REGISTER", "alice").value("www-authenticate"))
        credentials = answer(challenge, "REGISTER", "sip:example.org", password=password)
        return self.ask("REGISTER", "alice", f"Authorization: {credentials}\n")


def configured(path: Path, callee: int = 9) -> str:
    return CONFIG.replace("@RADIUS@", str(path)).replace("@CALLEE@", str(callee))


def test_passwords_groups_and_avps(tmp_path: Path, ports: Ports) -> None:
    with FreeRadius(tmp_path / "server", ports, USERS) as server:
        text = configured(client_config(tmp_path / "client", server))
        with Siprouter(text, tmp_path, ports) as router:
            phone = Phone("alice", router.address)
            reply = phone.register("wonderland")
            assert (reply.status, reply.value("x-email")) == (200, "alice@example.org")
            reply = phone.register("guessed")
            assert (reply.status, reply.value("x-result")) == (401, "-1")
            reply = phone.ask("MESSAGE", "alice")
            names = ("x-exists", "x-group", "x-staff", "x-caller")
            assert [reply.all(name) for name in names] == [[], ["00"], [], ["de 28"]]
            reply = phone.ask("MESSAGE", "bob")
            assert [reply.all(name) for name in names] == [["yes"], [], [], []]
            phone.close()


def test_the_second_server_answers(tmp_path: Path, ports: Ports) -> None:
    first = FreeRadius(tmp_path / "first", ports, USERS, "first")
    with FreeRadius(tmp_path / "second", ports, USERS, "second") as second:
        text = configured(client_config(tmp_path / "client", first, second))
        with first, Siprouter(text, tmp_path, ports) as router:
            phone = Phone("alice", router.address)
            assert phone.register("wonderland").status == 200
            assert "Access-Accept" in first.output() and "Access-Accept" not in second.output()
            first.kill()
            assert phone.register("wonderland").status == 200
            assert phone.register("guessed").value("x-result") == "-1"
            second.wait_for("Access-Accept")
            phone.close()


CALLS = 120


def counted(server: FreeRadius) -> dict[str, set[str]]:
    """Call-IDs by Acct-Status-Type."""
    found: dict[str, set[str]] = {"Start": set(), "Stop": set()}
    for record in server.records():
        found[record["Acct-Status-Type"]].add(record["Acct-Session-Id"])
    return found


def wait_for(server: FreeRadius, number: int) -> dict[str, set[str]]:
    for _ in polls(120):
        found = counted(server)
        if all(len(calls) >= number for calls in found.values()):
            return found
    raise AssertionError({status: len(calls) for status, calls in counted(server).items()})


@pytest.mark.parametrize("killed", ["server", "both"])
def test_no_record_is_lost(tmp_path: Path, ports: Ports, killed: str) -> None:
    server = FreeRadius(tmp_path / "server", ports, USERS)
    callee = ports.take()
    router = Siprouter(configured(client_config(tmp_path / "client", server), callee), tmp_path, ports)
    with server, router:
        uas = Sipp("uas", router, tmp_path, ports, calls=CALLS)
        uas.command[uas.command.index("-p") + 1] = str(callee)
        with uas, Sipp("uac", router, tmp_path, ports, calls=CALLS, rate=30) as uac:
            wait_for(server, 10)
            server.kill()
            assert uac.wait(120) == 0
            assert uas.wait(60) == 0
        before = counted(server)
        assert len(before["Stop"]) < CALLS
        if killed == "both":
            os.kill(router.pid, signal.SIGKILL)
            router.wait(20)
            router.stop()
            router.start()
            router.ready()
        server.start()
        found = wait_for(server, CALLS)
        assert {status: len(calls) for status, calls in found.items()} == {"Start": CALLS, "Stop": CALLS}
        assert found["Start"] == found["Stop"]
        order = [(record["Acct-Session-Id"], record["Acct-Status-Type"]) for record in server.records()]
        assert all(order.index((call, "Start")) < order.index((call, "Stop")) for call in found["Start"])
        invites = [record for record in server.records() if record["Acct-Status-Type"] == "Start"]
        assert {record["Called-Station-Id"] for record in invites} == {"callee"}
