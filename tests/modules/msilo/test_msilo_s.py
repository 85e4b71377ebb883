"""msilo of SER over SQLite."""

from __future__ import annotations

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message, reply_to
from tests.support.sqlite import Sqlite

TABLE = """CREATE TABLE ser_silo (mid INTEGER PRIMARY KEY, from_hdr VARCHAR(255), to_hdr VARCHAR(255),
    ruri VARCHAR(255), uid VARCHAR(64), body BLOB, ctype VARCHAR(64), exp_time DATETIME, inc_time DATETIME)"""

SCRIPT = """#!SER
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "msilo.so"
modparam("msilo", "db_url", "@URL@")
modparam("msilo", "db_table", "ser_silo")
modparam("msilo", "registrar", "sip:registrar@example.org")
modparam("msilo", "check_time", 10)
modparam("msilo", "clean_period", 1)
route {
    if (method == "REGISTER") {
        if (m_dump("sip:192.0.2.9")) { sl_reply("200", "OK"); } else { sl_reply("480", "Not dumped"); }
        break;
    }
    if (m_store("@MODE@", "sip:192.0.2.1")) { sl_reply("202", "Accepted"); } else { sl_reply("503", "Not kept"); }
}
"""


@pytest.fixture
def table(sqlite: Sqlite) -> Sqlite:
    sqlite.run(TABLE)
    return sqlite


def router(database: Sqlite, mode: str = "0") -> Node:
    return Node(SCRIPT.replace("@URL@", database.url).replace("@MODE@", mode), aliases=["example.org"])


def message(text: str, kind: str = "text/plain") -> bytes:
    headers = {"Contact": "<sip:alice@192.0.2.1>"}
    to = "sip:other@example.org"
    return build_message("MESSAGE", "sip:Bob@example.org", to=to, body=text, content_type=kind, headers=headers)


def register(expires: str, call_id: str = "r") -> bytes:
    to = "sip:bob@example.org"
    return build_message("REGISTER", "sip:example.org", to=to, call_id=call_id, headers={"Expires": expires})


def test_store_and_forward(table: Sqlite) -> None:
    with router(table) as node:
        sent = node.receive(message("hello"))
        assert sent.replies().only.status == 202
        note = sent.requests("MESSAGE").only
        assert note.uri == "sip:alice@192.0.2.1"
        assert note.header("Contact") == "<sip:registrar@example.org>;msilo=yes"
        assert note.body.startswith(b"User [sip:Bob@example.org] is offline.")
        node.receive(reply_to(note.data, 200))
        assert table.run("SELECT uid, ruri, to_hdr, ctype FROM ser_silo") == [
            ("bob", "sip:Bob@example.org", "sip:other@example.org", "text/plain")
        ]
        assert node.receive(register("0")).replies().only.status == 480
        delivered = node.receive(register("60", "on")).requests("MESSAGE").only
        assert (delivered.uri, delivered.header("To")) == ("sip:Bob@example.org", "<sip:other@example.org>")
        assert delivered.header("Contact") == "<sip:alice@example.org>;msilo=yes"
        assert delivered.body.startswith(b"[Offline message - ") and delivered.body.endswith(b"] hello")
        assert node.receive(register("60", "again")).requests("MESSAGE") == []
        node.receive(reply_to(delivered.data, 200), "192.0.2.9:5060")
        assert table.run("SELECT count(*) FROM ser_silo") == [(0,)]


@pytest.mark.parametrize(("mode", "uri"), [("1", "sip:Bob@example.org"), ("2", "sip:other@example.org")])
def test_where_it_will_go(table: Sqlite, mode: str, uri: str) -> None:
    with router(table, mode) as node:
        note = node.receive(message("<b>", "text/html")).requests("MESSAGE").only
        node.receive(reply_to(note.data, 200))
        assert table.run("SELECT ruri FROM ser_silo") == [(uri,)]
        delivered = node.receive(register("60")).requests("MESSAGE").only
        assert delivered.body == b"<b>"
        node.receive(reply_to(delivered.data, 500), "192.0.2.9:5060")
        assert table.run("SELECT count(*) FROM ser_silo") == [(1,)]


def test_failures(table: Sqlite) -> None:
    with router(table, "x") as node:
        assert node.receive(message("x")).only.status == 503
        assert "the mode must be 0, 1 or 2" in node.errors[-1]
    with router(table) as node:
        table.run("DROP TABLE ser_silo")
        assert node.receive(message("x")).only.status == 503
        assert "the message is not kept" in node.errors[-1]
        assert node.receive(register("60")).only.status == 480
    with pytest.raises(LoadError, match="registrar is no URI"):
        Node(SCRIPT.replace("@URL@", table.url).replace("sip:registrar@example.org", "nobody"))


def test_expired_messages_are_dropped(table: Sqlite) -> None:
    with router(table) as node:
        note = node.receive(message("x")).requests("MESSAGE").only
        node.receive(reply_to(note.data, 200))
        table.run("UPDATE ser_silo SET exp_time = '2001-01-01 00:00:00'")
        assert node.receive(register("60")).requests("MESSAGE") == []
        node.advance(12)
        assert table.run("SELECT count(*) FROM ser_silo") == [(0,)]
