"""Settings of modules changed over RPC: the next message is treated by the new value."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from siprouter.rpc.values import RpcError
from siprouter.testing import Node, Phone
from siprouter.testing.messages import build_message
from siprouter.testing.network import Sent

SCRIPT = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "siputils.so"
loadmodule "blst.so"
loadmodule "cfg_rpc.so"
modparam("usrloc", "use_domain", 1)
use_dst_blacklist=yes

request_route {
	if (method == "REGISTER") { save("location"); exit; }
	if (method == "CANCEL") { t_relay(); exit; }
	if (method == "INFO") { ring_insert_callid(); sl_send_reply("200", "$rc"); exit; }
	if ($rU == "fork") {
		$ru = "sip:one@10.0.0.3";
		append_branch("sip:two@10.0.0.4");
	} else if ($rd == "example.org") {
		if (!lookup("location")) { sl_send_reply("404", "Not here"); exit; }
	}
	if ($rU == "ring") { ring_insert_callid(); }
	t_relay();
}
"""


class Bench:
    """A node, two phones, and what the tests look at."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.alice = Phone(node, "alice", "10.0.0.1:5060")
        self.bob = Phone(node, "bob", "10.0.0.2:5060")
        self.one = Phone(node, "one", "10.0.0.3:5060")
        self.two = Phone(node, "two", "10.0.0.4:5060")
        self.number = 0

    def set(self, group: str, name: str, value: int | str) -> None:
        kind = "int" if isinstance(value, int) else "string"
        self.node.rpc(f"cfg.set_now_{kind}", group, name, value)

    def register(self, *contacts: str, to: str = "sip:bob@example.org", **headers: str) -> Sent:
        """A REGISTER in a call of its own."""
        contact = ", ".join(contacts) or "<sip:bob@10.0.0.2:5060>"
        self.number += 1
        data = build_message(
            "REGISTER", "sip:example.org", to=to, from_=to, contact=contact, call_id=f"r{self.number}", headers=headers
        )
        return self.node.receive(data, "10.0.0.2:5060")[-1]

    def granted(self, **headers: str) -> str:
        """The expires of a new contact."""
        contact = self.register(**headers).header("Contact") or ""
        self.register("*", Expires="0")
        return contact.partition(";expires=")[2].partition(";")[0]

    def options(self, uri: str) -> list[Sent]:
        self.number += 1
        return list(self.node.receive(build_message("OPTIONS", uri, call_id=f"o{self.number}"), "10.0.0.1:5060"))

    def seconds_until(self, ended: Callable[[], bool]) -> float:
        for step in range(400):
            if ended():
                return step / 2
            self.node.advance(0.5)
        return -1.0


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Node(SCRIPT) as node:
        yield Bench(node)
        node.advance(400)
        node.records.clear()


class TestRegistrar:
    def test_expires(self, bench: Bench) -> None:
        assert bench.granted() == "3600"
        bench.set("registrar", "default_expires", 120)
        assert bench.granted() == "120"
        bench.set("registrar", "default_expires_range", 50)
        found = {int(bench.granted()) for _ in range(30)}
        assert len(found) > 1 and all(60 <= value <= 180 for value in found)
        bench.set("registrar", "default_expires_range", 0)
        assert bench.granted(Expires="10") == "60"
        bench.set("registrar", "min_expires", 5)
        assert bench.granted(Expires="10") == "10"
        assert bench.granted(Expires="9999") == "9999"
        bench.set("registrar", "max_expires", 300)
        assert bench.granted(Expires="9999") == "300"

    def test_numbers_of_contacts(self, bench: Bench) -> None:
        bench.set("registrar", "max_contacts", 1)
        refused = bench.register("<sip:a@10.0.0.8>", "<sip:b@10.0.0.9>")
        assert (refused.status, refused.header("Retry-After")) == (503, None)
        bench.set("registrar", "retry_after", 30)
        assert bench.register("<sip:a@10.0.0.8>", "<sip:b@10.0.0.9>").header("Retry-After") == "30"
        bench.set("registrar", "max_contacts", 2)
        assert bench.register("<sip:a@10.0.0.8>", "<sip:b@10.0.0.9>").status == 200
        assert len(bench.options("sip:bob@example.org")) == 2
        bench.set("registrar", "append_branches", 0)
        assert len(bench.options("sip:bob@example.org")) == 1

    def test_names_and_q(self, bench: Bench) -> None:
        bench.set("registrar", "default_q", 500)
        assert ";q=0.5" in (bench.register().header("Contact") or "")
        assert bench.options("sip:BOB@example.org")[0].uri == "sip:bob@10.0.0.2:5060"
        bench.set("registrar", "case_sensitive", 1)
        assert bench.options("sip:BOB@example.org")[0].status == 404
        bench.set("registrar", "realm_pref", "sip.")
        bench.register("<sip:c@10.0.0.2:5060>", to="sip:carol@sip.example.org")
        assert bench.options("sip:carol@example.org")[0].uri == "sip:c@10.0.0.2:5060"


class TestTm:
    def test_times(self, bench: Bench) -> None:
        bench.set("tm", "fr_timer", 3000)
        call = bench.alice.call("sip:nobody@10.0.0.9")
        assert bench.seconds_until(lambda: call.status == 408) == 3.0
        bench.set("tm", "fr_inv_timer", 7000)
        bench.bob.on_invite = lambda call: call.ring()
        ringing = bench.alice.call("sip:bob@10.0.0.2")
        assert bench.seconds_until(lambda: ringing.status == 408) == 7.0
        bench.set("tm", "fr_inv_timer", 60000)
        bench.set("tm", "max_inv_lifetime", 5000)
        ringing = bench.alice.call("sip:bob@10.0.0.2")
        assert bench.seconds_until(lambda: ringing.status == 408) == 5.0
        bench.set("tm", "fr_timer", 30000)
        bench.set("tm", "max_noninv_lifetime", 4000)
        bench.node.receive(build_message("MESSAGE", "sip:x@10.0.0.7", call_id="message"), "10.0.0.1:5060")

        def answered() -> bool:
            return any(one.status == 408 and one.message.call_id == "message@test" for one in bench.node.sent)

        assert bench.seconds_until(answered) == 4.0

    def test_retransmissions(self, bench: Bench) -> None:
        def sent(uri: str) -> int:
            bench.node.receive(build_message("INVITE", uri), "10.0.0.1:5060")
            bench.node.advance(3.4)
            return len([one for one in bench.node.sent if one.method == "INVITE" and one.uri == uri and not one.status])

        assert sent("sip:x@10.0.0.7") == 3  # 0, 0.5, 1.5
        bench.set("tm", "retr_timer1", 200)
        assert sent("sip:x@10.0.0.8") == 5  # 0, 0.2, 0.6, 1.4, 3.0
        bench.set("tm", "retr_timer2", 400)
        assert sent("sip:x@10.0.0.9") == 10  # 0, 0.2, 0.6, 1.0 …

    def test_the_100(self, bench: Bench) -> None:
        def first(number: int) -> list[str]:
            data = build_message("INVITE", "sip:x@10.0.0.9", call_id=f"i{number}")
            return [one.message.reason for one in bench.node.receive(data, "10.0.0.1:5060") if one.status]

        assert first(1) == ["trying -- your call is important to us"]
        bench.set("tm", "auto_inv_100_reason", "Wait")
        assert first(2) == ["Wait"]
        bench.set("tm", "auto_inv_100", 0)
        assert first(3) == []

    def test_forking(self, bench: Bench) -> None:
        def statuses() -> list[int]:
            call = bench.alice.call("sip:fork@example.org")
            bench.node.settle()
            return [status for status in call.statuses if status != 100]

        def challenges() -> int:
            return len(bench.alice.received[-1].headers("WWW-Authenticate"))

        for phone, realm in ((bench.one, "a"), (bench.two, "b")):
            lines = {"WWW-Authenticate": f'Digest realm="{realm}", nonce="1"'}
            phone.on_invite = lambda call, lines=lines: call.reject(401, headers=lines)
        assert (statuses(), challenges()) == ([401], 2)
        bench.set("tm", "aggregate_challenges", 0)
        assert (statuses(), challenges()) == ([401], 1)
        bench.one.on_invite = lambda call: call.reject(603)
        bench.two.on_invite = lambda call: call.ring()
        assert statuses() == [180, 603] or statuses() == [603]
        bench.set("tm", "disable_6xx_block", 1)
        assert 603 not in statuses()

    def test_cancels(self, bench: Bench) -> None:
        def cancel(reason: str) -> list[str | None]:
            bench.bob.received.clear()
            call = bench.alice.call("sip:bob@10.0.0.2", headers={"X-Mark": "1"})
            call.cancel(headers={"Reason": reason})
            bench.node.settle()
            (found,) = [one for one in bench.bob.received if one.method == "CANCEL"]
            return [found.header("Reason"), found.header("X-Mark")]

        bench.bob.on_invite = lambda call: call.ring()
        assert cancel("SIP;cause=200") == ["SIP;cause=200", None]
        bench.set("tm", "e2e_cancel_reason", 0)
        bench.set("tm", "ac_extra_hdrs", "x-")
        assert cancel("SIP;cause=200") == [None, "1"]

    def test_cancels_without_a_transaction(self, bench: Bench) -> None:
        def cancels(number: int) -> list[tuple[str, int]]:
            data = build_message("CANCEL", "sip:x@10.0.0.9", call_id=f"c{number}")
            sent = bench.node.receive(data, "10.0.0.1:5060")
            count = len(bench.node.transactions)
            bench.node.advance(60)
            return [(one.method, count) for one in sent]

        assert cancels(1) == [("CANCEL", 1)]
        bench.set("tm", "unmatched_cancel", 1)
        assert cancels(2) == [("CANCEL", 0)]
        bench.set("tm", "unmatched_cancel", 2)
        assert cancels(3) == []

    def test_503_and_the_blacklist(self, bench: Bench) -> None:
        bench.bob.on_request = lambda sent: 503
        for _ in range(2):
            assert [one.status for one in bench.options("sip:bob@10.0.0.2")][-1] in (500, 503)
        assert len(bench.bob.received) == 2
        bench.set("tm", "blst_503", 1)
        bench.set("tm", "blst_503_def_timeout", 30)
        bench.options("sip:bob@10.0.0.2")
        bench.options("sip:bob@10.0.0.2")
        assert len(bench.bob.received) == 3


def test_ringing_is_switched_on(bench: Bench) -> None:
    def statuses() -> list[int]:
        call = bench.alice.call("sip:ring@10.0.0.2")
        bench.node.settle()
        return [status for status in call.statuses if status != 100]

    bench.bob.on_invite = lambda call: call.progress()
    assert statuses() == [183]
    with pytest.raises(RpcError, match="must be positive"):
        bench.set("siputils", "ring_timeout", 0)
    bench.set("siputils", "ring_timeout", 30)
    assert statuses() == [180]
