"""Store and forward over real sockets and two workers: each message is delivered once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.sqlite import Sqlite
from tests.support.wire import Message
from tests.support.workers import Scattered, Workers, call_ids

SCRIPT = """
debug=1
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "msilo.so"
loadmodule "counters.so"
loadmodule "kex.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("msilo", "db_url", "@URL@")
modparam("msilo", "add_date", 0)
modparam("msilo", "outbound_proxy", "sip:127.0.0.1:@PORT@")
route {
    if (method == "REGISTER") { save("location"); m_dump(); exit; }
    if (!lookup("location")) {
        if (m_store()) { sl_send_reply("202", "Accepted"); } else { sl_send_reply("503", "Not kept"); }
        exit;
    }
    t_relay();
}
"""

pytestmark = pytest.mark.scenario


def request(method: str, phone: Scattered, call: str, body: str = "") -> str:
    uri = "sip:bob@test" if method == "MESSAGE" else "sip:test"
    kind = "Content-Type: text/plain\n" if body else f"Contact: <sip:bob@{phone.address}>;expires=600\n"
    return (
        f"{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP {phone.address};branch=z9hG4bK{call}\nMax-Forwards: 70\n"
        f"From: <sip:alice@test>;tag=a\nTo: <sip:bob@test>\nCall-ID: {call}\nCSeq: 1 {method}\n{kind}"
        f"Content-Length: {len(body)}\n\n{body}"
    )


def accept(phone: Scattered, received: Message) -> None:
    lines = "".join(f"Via: {value}\n" for value in received.all("via"))
    phone.send(
        f"SIP/2.0 200 OK\n{lines}From: {received.value('from')}\nTo: {received.value('to')};tag=b\n"
        f"Call-ID: {received.value('call-id')}\nCSeq: {received.value('cseq')}\nContent-Length: 0\n\n"
    )


def test_delivered_once(tmp_path: Path, ports: Ports) -> None:
    database = Sqlite(tmp_path / "sip.db")
    with Workers(SCRIPT.replace("@URL@", database.url), tmp_path, ports) as server:
        alice, bob = Scattered("alice", server.address), Scattered("bob", server.address)
        try:
            calls = [name for index in (0, 1) for name, _ in zip(call_ids(index, 2), range(3), strict=False)]
            for call in calls:
                alice.send(request("MESSAGE", alice, call, f"text {call}"))
                alice.expect(202, 20, call=call)
            assert database.run("SELECT count(*) FROM silo") == [(6,)]
            registrations = [next(call_ids(index, 2, "reg")) for index in (0, 1)]
            for call in registrations:
                bob.send_from_all(request("REGISTER", bob, call))
            for call in registrations:
                bob.expect(200, 20, call=call)
            bob.taken = 0  # those that came between the replies count, too
            texts: dict[str, str] = {}
            while len(texts) < len(calls):
                received = bob.expect("MESSAGE", 30)
                texts[received.value("call-id")] = received.body
                accept(bob, received)
            for _ in polls(30):
                if database.run("SELECT count(*) FROM silo") == [(0,)]:
                    break
            again = next(call_ids(0, 2, "again"))
            bob.send(request("REGISTER", bob, again))
            bob.expect(200, 20, call=again)
            assert server.counter("msilo", "stored_messages") == server.counter("msilo", "dumped_messages") == 6
            texts |= {item.value("call-id"): item.body for item in bob.received if item.method == "MESSAGE"}
            assert sorted(texts.values()) == sorted(f"text {call}" for call in calls)
        finally:
            alice.close()
            bob.close()
