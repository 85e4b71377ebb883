"""Phones and SIPp that are asked for passwords."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.phones import Baresip
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.routers import ROUTERS, Router
from tests.support.sipp import Sipp

pytestmark = pytest.mark.scenario

# "unused" is the password that the phones' accounts have
CONFIG = """\
#!KAMAILIO
debug=0
log_stderror=yes
children=2
auto_aliases=no
listen=udp:127.0.0.1:@PORT@
listen=tcp:127.0.0.1:@PORT@

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")

route {
	if (!mf_process_maxfwd_header("10")) {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
	if (has_totag()) {
		if (!loose_route() && is_method("ACK")) {
			t_check_trans();
			exit;
		}
		t_relay();
		exit;
	}
	if (is_method("CANCEL")) {
		t_relay();
		exit;
	}
	if (is_method("ACK")) {
		t_check_trans();
		exit;
	}
	t_newtran();
	$avp(s:password) = "unused";
	if ($fU == "mallory") {
		$avp(s:password) = "another";
	}
	if (is_method("REGISTER")) {
		if (!pv_www_authenticate("$td", "$avp(s:password)", "0")) {
			www_challenge("$td", "1");
			exit;
		}
		save("location");
		exit;
	}
	if (!pv_proxy_authenticate("$fd", "$avp(s:password)", "0")) {
		proxy_challenge("$fd", "1");
		exit;
	}
	consume_credentials();
	record_route();
	if (!lookup("location")) {
		t_reply("404", "Not Found");
		exit;
	}
	t_relay();
}
"""


@pytest.fixture
def router(pytestconfig: pytest.Config, tmp_path: Path, ports: Ports) -> Iterator[Router]:
    with ROUTERS[pytestconfig.getoption("router")](CONFIG, tmp_path, ports) as router:
        yield router


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_phones_register_and_call(router: Router, tmp_path: Path, ports: Ports, transport: str) -> None:
    with (
        Baresip("alice", router, tmp_path, ports, transport) as alice,
        Baresip("bob", router, tmp_path, ports) as bob,
    ):
        alice.wait_registered()
        bob.wait_registered()
        alice.dial(bob.uri)
        alice.wait_event("CALL_ESTABLISHED")
        bob.wait_event("CALL_ESTABLISHED")
        alice.hang_up()
        bob.wait_event("CALL_CLOSED")


def test_wrong_password(router: Router, tmp_path: Path, ports: Ports) -> None:
    with Baresip("mallory", router, tmp_path, ports) as mallory:
        for _ in polls(30):  # the event may come before anyone listens to events
            if "401 Unauthorized" in mallory.tail():
                return
        raise AssertionError(mallory.tail())


@pytest.mark.parametrize(("user", "served"), [("carol", True), ("mallory", False)])
def test_sipp_registers(router: Router, tmp_path: Path, ports: Ports, user: str, served: bool) -> None:
    with Sipp("digest", router, tmp_path, ports, calls=20, rate=20, user=user) as sipp:
        assert (sipp.wait(60) == 0) == served
