"""msilo over SQLite: what is kept, what is delivered, and what happens where something fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message, reply_to
from siprouter.testing.network import Sent
from tests.support.sqlite import Sqlite

PHONE = "192.0.2.9:5060"

SCRIPT = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "msilo.so"
modparam("msilo", "db_url", "@URL@")
@PARAMS@
route {
    if (method == "REGISTER") { save("location"); m_dump(); exit; }
    if (!lookup("location")) {
        if (m_store()) { sl_send_reply("202", "Accepted"); } else { sl_send_reply("503", "Not kept"); }
        exit;
    }
    t_on_failure("1");
    t_relay();
}
failure_route[1] {
    if (m_store("$ou")) { t_reply("202", "Accepted"); } else { t_reply("503", "Not kept"); }
}
"""


@contextmanager
def router(database: Sqlite, *params: str) -> Iterator[Node]:
    lines = "\n".join(f'modparam("msilo", {param})' for param in params)
    text = SCRIPT.replace("@URL@", database.url).replace("@PARAMS@", lines)
    with Node(text, aliases=["example.org"], names={"example.org": "127.0.0.1"}) as node:
        yield node


def message(text: str = "hello", to: str = "sip:bob@example.org", **fields: object) -> bytes:
    fields.setdefault("content_type", "text/plain")
    return build_message("MESSAGE", to, to=to, body=text, **fields)  # type: ignore[arg-type]


def register(**fields: object) -> bytes:
    fields.setdefault("contact", "<sip:bob@192.0.2.9>;expires=600")
    return build_message("REGISTER", "sip:example.org", from_="sip:bob@example.org", to="sip:bob@example.org", **fields)  # type: ignore[arg-type]


def answer(node: Node, sent: Sent, status: int) -> None:
    node.receive(reply_to(sent.data, status), PHONE)


OUT = '"outbound_proxy", "sip:192.0.2.9"'


def dumped(node: Node, **fields: object) -> list[Sent]:
    return list(node.receive(register(**fields), PHONE).requests("MESSAGE"))


def test_a_message_is_kept_until_the_user_registers(sqlite: Sqlite) -> None:
    with router(sqlite, OUT) as node:
        assert node.receive(message("h\xe9llo")).only.status == 202
        columns = "src_addr, dst_addr, username, domain, snd_time, ctype, body, exp_time - inc_time"
        assert sqlite.run(f"SELECT {columns} FROM silo") == [
            (
                *("sip:alice@example.org", "sip:bob@example.org", "bob", "example.org"),
                *(0, "text/plain", "h\xe9llo".encode(), 259200),
            )
        ]
        came = sqlite.run("SELECT inc_time FROM silo")[0][0]
        (sent,) = dumped(node)
        assert sent.uri == "sip:bob@example.org"
        assert sent.header("From").startswith("<sip:alice@example.org>;tag=")
        assert sent.header("To") == "<sip:bob@example.org>"
        assert sent.header("Content-Type") == "text/plain"
        assert sent.header("Contact") is None
        assert sent.header("Date").endswith("GMT")
        assert sent.body.decode() == f"[Offline message - {time.ctime(came)}] h\xe9llo"
        answer(node, sent, 200)
        assert sqlite.run("SELECT count(*) FROM silo") == [(0,)]
        assert dumped(node, call_id="again") == []
        assert node.counter("msilo", "stored_messages") == node.counter("msilo", "dumped_messages") == 1


def test_messages_come_in_order_and_once(sqlite: Sqlite) -> None:
    with router(sqlite, OUT, '"add_date", 0') as node:
        for text in "123":
            node.receive(message(text))
        sent = dumped(node)
        assert [item.body for item in sent] == [b"1", b"2", b"3"]
        assert dumped(node, call_id="second") == []
        answer(node, sent[0], 200)
        answer(node, sent[1], 486)
        answer(node, sent[2], 202)
        assert sqlite.run("SELECT body FROM silo") == [(b"2",)]
        assert node.counter("msilo", "failed_messages") == 1
        (sent_again,) = dumped(node, call_id="third")
        assert sent_again.body == b"2"
        answer(node, sent_again, 200)


def test_headers_that_are_asked_for(sqlite: Sqlite) -> None:
    params = ('"add_contact", 1', r'"extra_hdrs", "X-Owner: $tu\r\n\r\nX-Other: 1"')
    with router(sqlite, OUT, *params) as node:
        node.receive(message("<b>x</b>", content_type="text/html;charset=utf-8"))
        (sent,) = dumped(node)
        assert sent.header("Contact") == "<sip:alice@example.org>"
        assert (sent.header("X-Owner"), sent.header("X-Other")) == ("sip:bob@example.org", "1")
        assert (sent.header("Content-Type"), sent.body) == ("text/html", b"<b>x</b>")
        answer(node, sent, 200)


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"headers": {"Allow": "INVITE, MESSAGE"}}, 1),
        ({"headers": {"Allow": "INVITE"}}, 0),
        ({"headers": {"Allow": "INVITE"}, "contact": '<sip:bob@192.0.2.9>;methods="INVITE,MESSAGE"'}, 1),
        ({"contact": '<sip:bob@192.0.2.9>;methods="INVITE"'}, 0),
        ({"contact": "<sip:bob@192.0.2.9>;expires=0"}, 0),
        ({"contact": "<sip:bob@192.0.2.9>", "headers": {"Expires": "0"}}, 0),
        ({"contact": "*", "headers": {"Expires": "0"}}, 0),
        ({"contact": None}, 0),
    ],
)
def test_only_phones_that_stay_and_take_messages_get_them(
    sqlite: Sqlite, fields: dict[str, object], count: int
) -> None:
    with router(sqlite, OUT) as node:
        node.receive(message())
        sent = dumped(node, **fields)
        assert len(sent) == count
        for item in sent:
            answer(node, item, 200)
        assert sqlite.run("SELECT count(*) FROM silo") == [(1 - count,)]


def test_a_message_that_the_phone_refuses_is_kept(sqlite: Sqlite) -> None:
    with router(sqlite, OUT) as node:
        node.receive(register(), PHONE)
        relayed = node.receive(message("later")).requests("MESSAGE").only
        replies = node.receive(reply_to(relayed.data, 415), PHONE).replies()
        assert [item.status for item in replies] == [202]
        assert sqlite.run("SELECT username, domain FROM silo") == [("bob", "example.org")]
        node.advance(40)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (message("", content_type="text/plain"), "the body is empty"),
        (build_message("MESSAGE", "sip:example.org", body="x", content_type="text/plain"), "names no owner"),
        (message("x", content_type="nonsense"), "Bad Content-Type"),
    ],
)
def test_what_cannot_be_kept_is_refused(sqlite: Sqlite, request_: bytes, error: str) -> None:
    with router(sqlite) as node:
        assert node.receive(request_).only.status == 503
        assert error in node.errors[-1]


def test_no_message_is_lost_in_silence_where_sql_fails(sqlite: Sqlite) -> None:
    with router(sqlite, OUT) as node:
        node.receive(message("first"))
        sqlite.run("ALTER TABLE silo RENAME TO away")
        assert node.receive(message("second")).only.status == 503
        assert "the message is not kept" in node.errors[-1]
        assert node.receive(register(), PHONE).replies().only.status == 200
        assert "m_dump():" in node.errors[-1]
        assert node.counter("msilo", "stored_messages") == 1
        sqlite.run("ALTER TABLE away RENAME TO silo")
        (sent,) = dumped(node, call_id="again")
        sqlite.run("ALTER TABLE silo RENAME TO away")
        answer(node, sent, 200)
        assert "not removed yet" in node.errors[-1]
        sqlite.run("ALTER TABLE away RENAME TO silo")
        assert dumped(node, call_id="third") == []
        node.advance(61)
        assert sqlite.run("SELECT count(*) FROM silo") == [(0,)]


def test_limits(sqlite: Sqlite) -> None:
    with router(sqlite, '"max_messages", 2', '"expire_time", 100') as node:
        assert [node.receive(message(str(n))).only.status for n in range(3)] == [202, 202, 503]
        assert "too many messages" in node.errors[-1]
        for expires, kept in (("50", 50), ("1000", 100), ("0", 100), ("x", 100)):
            sqlite.run("DELETE FROM silo")
            node.receive(message("x", headers={"Expires": expires}))
            assert sqlite.run("SELECT exp_time - inc_time FROM silo") == [(kept,)]


def test_expired_messages_are_dropped_and_not_delivered(sqlite: Sqlite) -> None:
    with router(sqlite, OUT, '"check_time", 10', '"clean_period", 2') as node:
        node.receive(message("short", headers={"Expires": "5"}))
        node.receive(message("long"))
        node.advance(6)
        (sent,) = dumped(node)
        assert b"long" in sent.body
        answer(node, sent, 200)
        assert sqlite.run("SELECT body FROM silo") == [(b"short",)]
        node.advance(25)
        assert sqlite.run("SELECT count(*) FROM silo") == [(0,)]


NOTES = (
    '"from_address", "sip:registrar@example.org"',
    r'"contact_hdr", "Contact: <sip:null@example.com>\r\n"',
    r'"content_type_hdr", "Content-Type: text/html\r\n"',
    '"offline_message", "<em>$rU is offline</em>"',
)


@pytest.mark.parametrize(
    ("param", "contact", "uri"),
    [
        ('"use_contact", 1', "<sip:alice@192.0.2.1>", "sip:alice@192.0.2.1"),
        ('"use_contact", 0', "<sip:alice@192.0.2.1>", "sip:alice@example.org"),
        ('"use_contact", 1', "<tel:1>", "sip:alice@example.org"),
    ],
)
def test_the_sender_is_told(sqlite: Sqlite, param: str, contact: str, uri: str) -> None:
    with router(sqlite, OUT, param, *NOTES) as node:
        sent = node.receive(message(contact=contact))
        note = sent.requests("MESSAGE").only
        assert sent.replies().only.status == 202
        assert (note.uri, note.header("To")) == (uri, "<sip:alice@example.org>")
        assert note.header("From").startswith("<sip:registrar@example.org>;tag=")
        assert (note.header("Content-Type"), note.header("Contact")) == ("text/html", "<sip:null@example.com>")
        assert note.body == b"<em>bob is offline</em>"
        answer(node, note, 200)


def remind(at: str) -> str:
    return SCRIPT.replace("if (m_store())", f'$avp(s:at) = "{at}"; if (m_store())')


def test_reminders(sqlite: Sqlite) -> None:
    lines = ('"reminder", "sip:reminder@example.org"', '"send_time", 10', '"snd_time_avp", "$avp(s:at)"', OUT)
    params = "\n".join(f'modparam("msilo", {line})' for line in lines)
    with Node("route { drop; }") as probe:
        due = int(probe.worker.wall_clock()) + 60
    at = time.strftime("%Y%m%d%H%M%S", time.localtime(due))
    text = remind(at).replace("@URL@", sqlite.url).replace("@PARAMS@", params)
    with Node(text, aliases=["example.org"]) as node:
        node.receive(message("tea"))
        assert sqlite.run("SELECT snd_time, exp_time FROM silo") == [(due, due + 259200)]
        assert dumped(node) == []
        node.receive(register(contact="<sip:bob@192.0.2.9>;expires=0", call_id="gone"), PHONE)
        assert node.advance(50).requests("MESSAGE") == []
        sent = node.advance(25).requests("MESSAGE")[0]
        assert sent.uri == "sip:bob@example.org"
        assert sent.header("From").startswith("<sip:reminder@example.org>;tag=")
        assert sent.body.decode() == f"[Reminder message - {time.ctime(due)}] tea"
        answer(node, sent, 404)
        assert sqlite.run("SELECT snd_time FROM silo") == [(0,)]
        assert node.counter("msilo", "failed_reminders") == 1
        node.advance(25)
        (again,) = dumped(node, call_id="back")
        answer(node, again, 200)
        assert node.counter("msilo", "dumped_messages") == 1


def test_a_reminder_that_arrives_is_removed(sqlite: Sqlite) -> None:
    with router(sqlite, OUT, '"reminder", "sip:r@example.org"', '"send_time", 5') as node:
        now = int(node.worker.wall_clock())
        row = {"src_addr": "sip:a@b", "dst_addr": "sip:bob@example.org", "username": "bob", "domain": "example.org"}
        sqlite.insert("silo", **row, inc_time=now, exp_time=now + 1000, snd_time=now + 1, ctype="x/y", body=b"raw")
        sent = node.advance(12).requests("MESSAGE")[0]
        assert sent.body == b"raw"
        answer(node, sent, 200)
        assert sqlite.run("SELECT count(*) FROM silo") == [(0,)]
        assert node.counter("msilo", "dumped_reminders") == 1


def test_a_time_that_is_none(sqlite: Sqlite) -> None:
    text = remind("tomorrow").replace("@URL@", sqlite.url)
    text = text.replace("@PARAMS@", 'modparam("msilo", "snd_time_avp", "$avp(s:at)")')
    with Node(text, aliases=["example.org"]) as node:
        assert node.receive(message()).only.status == 202
        assert "expected YYYYMMDDHHMMSS, found 'tomorrow'" in node.errors[-1]
        assert sqlite.run("SELECT snd_time FROM silo") == [(0,)]


def test_rows_that_cannot_be_sent_keep_no_other_back(sqlite: Sqlite) -> None:
    with router(sqlite, OUT) as node:
        now = int(node.worker.wall_clock())
        row = {"username": "bob", "domain": "example.org", "inc_time": now, "exp_time": now + 1000, "body": b"x"}
        sqlite.insert("silo", **row, src_addr="sip:a@b", dst_addr="sip:bob@h>\r\nX-Evil: 1")
        sqlite.insert("silo", **row, src_addr="sip:a@b", dst_addr="sip:bob@example.org", ctype="a/b\r\nX-Evil: 1")
        (sent,) = dumped(node)
        assert "cannot be sent" in node.errors[-1]
        assert sent.header("Content-Type") == "a/b"
        answer(node, sent, 200)
        assert sqlite.run("SELECT count(*) FROM silo") == [(1,)]


@pytest.mark.parametrize(
    ("param", "error"),
    [
        ('"check_time", 0', "check_time must be at least 1"),
        ('"db_table", "a b"', "db_table"),
        ('"offline_message", "x"', "offline_message needs content_type_hdr"),
        ('"reminder", "nobody"', "reminder is no URI"),
        ('"snd_time_avp", "at"', "snd_time_avp: expected"),
        ('"extra_hdrs", "X: $nonsense(x)"', "nonsense"),
    ],
)
def test_parameters_are_checked(sqlite: Sqlite, param: str, error: str) -> None:
    with pytest.raises(LoadError, match=error), router(sqlite, param):
        pass
