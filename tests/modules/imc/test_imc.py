"""imc over SQLite: every command, who may use it, what others hear, and what is in the tables."""

from __future__ import annotations

from typing import Self

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message, reply_to
from siprouter.testing.network import Sent
from tests.support.sqlite import Sqlite

SCRIPT = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "imc.so"
modparam("imc", "db_url", "@URL@")
modparam("imc", "outbound_proxy", "sip:192.0.2.9")
@PARAMS@
route {
    imc_manager();
    append_to_reply("X-Code: $rc\\r\\n");
    sl_send_reply("200", "OK");
}
"""


class Chat:
    """A router with rooms, and what its users say and hear."""

    def __init__(self, database: Sqlite, *params: str) -> None:
        lines = "\n".join(f'modparam("imc", {param})' for param in params)
        self.database = database
        self.node = Node(SCRIPT.replace("@URL@", database.url).replace("@PARAMS@", lines), aliases=["example.org"])
        self.heard: list[tuple[str, str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.node.close(check=kind is None)

    def say(self, who: str, text: str, to: str = "chat", status: int = 200) -> int:
        """Send a message; all that the router sends is answered with a status. The code of imc_manager()."""
        sender = who if "@" in who else f"{who}@example.org"
        request = build_message(
            "MESSAGE", f"sip:{to}@example.org", from_=f"sip:{sender}", body=text, content_type="text/plain"
        )
        sent = self.node.receive(request)
        self.heard = []
        waiting: list[Sent] = list(sent.requests("MESSAGE"))
        while waiting:
            item = waiting.pop(0)
            self.heard.append((item.uri.removeprefix("sip:"), self.from_of(item), item.body.decode()))
            waiting += self.node.receive(reply_to(item.data, status), "192.0.2.9:5060").requests("MESSAGE")
            status = 200
        return int(sent.replies().only.header("X-Code") or 0)

    @staticmethod
    def from_of(sent: Sent) -> str:
        return (sent.header("From") or "").partition(">")[0].removeprefix("<sip:")

    def told(self) -> dict[str, str]:
        """What each user heard, by name."""
        return {to.partition("@")[0]: body for to, _, body in self.heard}

    def members(self) -> list[tuple[str, int]]:
        rows = self.database.run(
            "SELECT username, flag FROM imc_members WHERE room = 'sip:chat@example.org' ORDER BY id"
        )
        return [(user, flag) for user, flag in rows]


def test_a_public_room(sqlite: Sqlite) -> None:
    with Chat(sqlite) as chat:
        assert chat.say("alice", "#create chat") == 1
        assert chat.heard == [("alice@example.org", "chat@example.org", "*** room was created")]
        assert sqlite.run("SELECT name, domain, flag FROM imc_rooms") == [("chat", "example.org", 0)]
        assert chat.say("bob", "#join") == 1
        assert chat.told() == dict.fromkeys(("alice", "bob"), "*** <bob@example.org> has joined the room")
        assert chat.say("carol", "#create chat") == 1
        assert chat.told()["alice"] == "*** <sip:carol@example.org> has joined the room"
        assert chat.say("bob", "h\xe9llo\r\nall") == 1
        assert chat.told() == dict.fromkeys(("alice", "carol"), "<bob@example.org>: h\xe9llo\r\nall")
        assert chat.members() == [("alice", 1), ("bob", 0), ("carol", 0)]
        assert chat.node.counter("imc", "active_rooms") == 1
        assert chat.say("carol", "#exit") == 1
        assert chat.told() == dict.fromkeys(("alice", "bob"), "The user [carol] has left the room")
        assert chat.say("bob", "#LIST") == 1
        assert chat.told() == {"bob": "Members:\n*sip:alice@example.org\nsip:bob@example.org"}
        assert chat.say("alice", "#exit chat") == 1
        assert chat.told() == dict.fromkeys(("alice", "bob"), "The room has been destroyed")
        assert sqlite.run("SELECT count(*) FROM imc_rooms") == sqlite.run("SELECT count(*) FROM imc_members") == [(0,)]


def test_a_private_room(sqlite: Sqlite) -> None:
    with Chat(sqlite) as chat:
        chat.say("alice", "#create chat private", to="chat-manager")
        assert chat.say("eve", "#join") == 1
        assert chat.told() == {"alice": "*** <eve@example.org> attempted to join the room"}
        assert chat.say("eve", "#create chat") == 1
        assert chat.heard == []
        assert chat.say("eve", "let me in") == -200
        assert chat.say("alice", "#invite bob") == 1
        assert chat.told() == {"bob": "INVITE from: alice@example.org (Type: '#accept' or '#deny')"}
        assert chat.members() == [("alice", 1), ("bob", 4)]
        assert chat.say("bob", "too early") == -200
        assert chat.say("bob", "#list") == -100
        assert chat.say("alice", "#invite sip:bob@example.org") == -50
        assert chat.say("bob", "#accept") == 1
        assert chat.told() == dict.fromkeys(("alice", "bob"), "*** <sip:bob@example.org> has joined the room")
        assert chat.say("bob", "#accept") == -60
        assert chat.say("bob", "#invite dave@other.org") == -50
        assert chat.say("alice", "#invite dave@other.org sip:chat@example.org", to="other") == 1
        assert chat.say("dave@other.org", "#deny") == 1
        assert chat.say("dave@other.org", "#deny") == -70
        assert chat.say("alice", "#invite carol") == 1
        assert chat.say("carol", "#join") == 1
        assert chat.members() == [("alice", 1), ("bob", 0), ("carol", 0)]


def test_an_invitation_that_does_not_arrive(sqlite: Sqlite) -> None:
    with Chat(sqlite) as chat:
        chat.say("alice", "#create chat")
        assert chat.say("alice", "#invite bob", status=404) == 1
        assert chat.told()["alice"] == "bob@example.org is not registered."
        assert chat.say("bob", "#accept") == -60
        assert chat.members() == [("alice", 1)]


def test_removing(sqlite: Sqlite) -> None:
    with Chat(sqlite) as chat:
        chat.say("alice", "#create chat")
        for user in ("bob", "carol"):
            chat.say(user, "#join")
        assert chat.say("bob", "#remove carol") == -80
        assert chat.say("alice", "#remove alice") == -80
        assert chat.say("alice", "#remove nobody") == -80
        assert chat.say("alice", "#remove") == -80
        assert chat.say("alice", "#remove carol") == 1
        assert chat.told() == {
            "carol": "You have been removed from this room",
            "alice": "*** <sip:carol@example.org> has been removed from the room",
            "bob": "*** <sip:carol@example.org> has been removed from the room",
        }
        assert chat.say("carol", "still here") == -200
        sqlite.run("UPDATE imc_members SET flag = 2 WHERE username = 'bob'")
    with Chat(sqlite) as chat:  # the database made bob an administrator
        chat.say("carol", "#join")
        assert chat.say("bob", "#list") == 1
        assert chat.told()["bob"].split("\n")[1:] == [
            *("*sip:alice@example.org", "~sip:bob@example.org", "sip:carol@example.org")
        ]
        assert chat.say("bob", "#remove carol") == 1
        assert chat.say("bob", "#destroy") == -110
        assert chat.say("alice", "#destroy") == 1
        assert chat.told() == dict.fromkeys(("alice", "bob"), "The room has been destroyed")


def test_rooms_outlive_the_router(sqlite: Sqlite) -> None:
    with Chat(sqlite) as chat:
        chat.say("alice", "#create chat private")
        chat.say("alice", "#invite bob")
    with Chat(sqlite) as chat:
        assert chat.say("bob", "#accept") == 1
        assert chat.say("eve", "#join") == 1
        assert chat.told() == dict.fromkeys(("alice", "bob"), "*** <eve@example.org> attempted to join the room")


def test_where_the_database_is_away(sqlite: Sqlite) -> None:
    with Chat(sqlite) as chat:
        chat.say("alice", "#create chat")
        sqlite.run("ALTER TABLE imc_members RENAME TO away")
        assert chat.say("bob", "#join") == 1
        assert "cannot be kept" in chat.node.errors[-1]
        sqlite.run("ALTER TABLE away RENAME TO imc_members")
        assert chat.say("carol", "#join") == 1
        assert chat.members() == [("alice", 1), ("bob", 0), ("carol", 0)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("", -1), ("#", -20), ("# create", -20), ("#create", -30), ("#create a b@c@d", 1), ("#create <x>y", -30)),
        *(("#create " + "x" * 65, -30), ("#join sip:", -40), ("#invite", -50), ("#invite x", -50), ("#accept", -60)),
        *(("#deny", -70), ("#remove x", -80), ("#exit", -90), ("#list", -100), ("#destroy", -110), ("hello", -200)),
        ("x" * 20_000, -1),
    ],
)
def test_what_cannot_be_done(sqlite: Sqlite, text: str, code: int) -> None:
    with Chat(sqlite) as chat:
        if code != -1 or text:
            assert chat.say("eve", text, to="nowhere") == code
        else:
            request = build_message("MESSAGE", "sip:chat@example.org")
            assert chat.node.receive(request).only.header("X-Code") == "-1"


def test_help(sqlite: Sqlite) -> None:
    with Chat(sqlite, '"imc_cmd_start_char", "!"', r'"extra_hdrs", "P-Flags: 3\r\n"') as chat:
        assert chat.say("alice", "!help", to="chat-manager") == 1
        assert "!invite <user_name> [<room_name>] - invite a user" in chat.told()["alice"]
        assert chat.node.sent.requests("MESSAGE")[-1].header("P-Flags") == "3"
        assert chat.say("alice", "!dance") == 1
        assert chat.told() == {"alice": "invalid command 'dance' - send '!help' for details"}
        assert chat.say("alice", "#create chat") == -200


def test_a_room_does_not_talk_to_rooms(sqlite: Sqlite) -> None:
    with Chat(sqlite) as chat:
        chat.say("alice", "#create chat")
        chat.say("alice", "#create other")
        chat.say("alice", "#invite other")
        assert chat.say("other", "#accept") == -60
        assert chat.say("other", "hello") == -200


def test_limits(sqlite: Sqlite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siprouter.modules.imc.rooms.MAX_MEMBERS", 2)
    monkeypatch.setattr("siprouter.modules.imc.state.MAX_ROOMS", 1)
    with Chat(sqlite) as chat:
        chat.say("alice", "#create chat")
        assert chat.say("alice", "#create more") == -30
        assert [chat.say(user, "#join") for user in ("bob", "carol")] == [1, -40]
        assert "Room Full" in chat.node.errors[-1]


def test_management(sqlite: Sqlite) -> None:
    with Chat(sqlite) as chat:
        imc = chat.node.worker.registry.mis
        assert {"imc_list_rooms", "imc_list_members"} <= set(imc)
        chat.say("alice", "#create chat")
        chat.say("bob", "#join")
        inst = chat.node.worker.module("imc")

        def run(name: str, *args: str) -> object:
            return imc[name][0].call(inst, *args)

        from siprouter.modules.mi_rpc.bridge import lines

        uri = "sip:chat@example.org"
        rooms = list(lines(run("imc_list_rooms"), ""))  # type: ignore[arg-type]
        assert rooms == [f"ROOM::  URI={uri} MEMBERS=2 OWNER=sip:alice@example.org"]
        found = list(lines(run("imc_list_members", uri), ""))  # type: ignore[arg-type]
        assert found == [
            f"ROOM:: {uri} NR_OF_MEMBERS=2",
            "MEMBER:: sip:alice@example.org",
            "MEMBER:: sip:bob@example.org",
        ]
        codes = [run("imc_list_members", *args).code for args in (("sip:x@y",), ("",), ("<>",), ())]  # type: ignore[attr-defined]
        assert codes == [404, 400, 404, 400]


@pytest.mark.parametrize(
    ("param", "error"),
    [
        ('"imc_cmd_start_char", ""', "imc_cmd_start_char must be a character"),
        ('"rooms_table", "a b"', "rooms_table"),
        ('"outbound_proxy", "nobody"', "outbound_proxy is no URI"),
    ],
)
def test_parameters_are_checked(sqlite: Sqlite, param: str, error: str) -> None:
    with pytest.raises(LoadError, match=error):
        Chat(sqlite, param)
