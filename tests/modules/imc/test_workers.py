"""Rooms over real sockets: workers share them, and a restart keeps them."""

from __future__ import annotations

from contextlib import closing
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
loadmodule "imc.so"
loadmodule "kex.so"
loadmodule "mi_rpc.so"
loadmodule "counters.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("imc", "db_url", "@URL@")
modparam("imc", "outbound_proxy", "sip:@PHONES@")
route {
    if (imc_manager()) { sl_send_reply("200", "OK"); } else { sl_send_reply("500", "Refused"); }
}
"""

pytestmark = pytest.mark.scenario


class Phones(Scattered):
    """All users: one socket that hears, many that speak."""

    def say(self, who: str, call: str, text: str, status: int = 200) -> None:
        self.send(
            f"MESSAGE sip:chat@test SIP/2.0\nVia: SIP/2.0/UDP {self.address};branch=z9hG4bK{call}\nMax-Forwards: 70\n"
            f"From: <sip:{who}@test>;tag=a\nTo: <sip:chat@test>\nCall-ID: {call}\nCSeq: 1 MESSAGE\n"
            f"Content-Type: text/plain\nContent-Length: {len(text)}\n\n{text}"
        )
        before = len(self.received)
        self.expect(status, 30, call=call)
        self.taken = before  # what the room said may have come before the answer

    def hear(self, texts: dict[str, str]) -> None:
        """Wait until each user has heard its text; everything is accepted."""
        waiting = dict(texts)
        while waiting:
            received = self.expect("MESSAGE", 30)
            self.accept(received)
            user = received.value("to").partition("sip:")[2].partition("@")[0]
            if waiting.get(user) == received.body:
                del waiting[user]

    def accept(self, received: Message) -> None:
        lines = "".join(f"Via: {value}\n" for value in received.all("via"))
        self.send(
            f"SIP/2.0 200 OK\n{lines}From: {received.value('from')}\nTo: {received.value('to')};tag=b\n"
            f"Call-ID: {received.value('call-id')}\nCSeq: {received.value('cseq')}\nContent-Length: 0\n\n"
        )


def test_rooms_are_shared_and_stay(tmp_path: Path, ports: Ports) -> None:
    database = Sqlite(tmp_path / "sip.db")
    calls = [call_ids(index, 2, f"imc{index}-") for index in (0, 1)]
    with closing(Phones("phones", ("127.0.0.1", 9))) as phones:
        text = SCRIPT.replace("@URL@", database.url).replace("@PHONES@", phones.address)
        with Workers(text, tmp_path, ports) as server:
            phones.router = server.address
            phones.say("alice", next(calls[0]), "#create chat")
            phones.hear({"alice": "*** room was created"})
            phones.say("bob", next(calls[1]), "#join")
            phones.hear(dict.fromkeys(("alice", "bob"), "*** <bob@test> has joined the room"))
            phones.say("carol", next(calls[0]), "#join")
            phones.hear(dict.fromkeys(("alice", "bob", "carol"), "*** <carol@test> has joined the room"))
            phones.say("bob", next(calls[1]), "hello")
            phones.hear(dict.fromkeys(("alice", "carol"), "<bob@test>: hello"))
            phones.say("eve", next(calls[1]), "hello", 500)
            assert "MEMBERS=3" in server.rpc_value("mi", "imc_list_rooms")
            assert server.counter("imc", "active_rooms") == 1
            for _ in polls(30):
                if database.run("SELECT count(*) FROM imc_members") == [(3,)]:
                    break
        with Workers(text, tmp_path, ports) as server:
            phones.router = server.address
            phones.say("carol", next(calls[1]), "back again")
            phones.hear(dict.fromkeys(("alice", "bob"), "<carol@test>: back again"))
            phones.say("bob", next(calls[1]), "#exit")
            phones.hear(dict.fromkeys(("alice", "carol"), "The user [bob] has left the room"))
        assert database.run("SELECT username FROM imc_members ORDER BY id") == [("alice",), ("carol",)]
