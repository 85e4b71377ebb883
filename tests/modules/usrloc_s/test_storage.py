"""Bindings of SER in a database: whole routers over SQLite that register phones, stop and start again."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import siprouter.modules.usrloc_s
from siprouter.modules.usrloc_s.contact import FL_MEM, FL_PERMANENT
from siprouter.testing import Node, Phone
from siprouter.util.errors import OperatorError
from tests.support.sqlite import Sqlite

README = Path(siprouter.modules.usrloc_s.__file__).parent / "README.md"
TEXT = """#!SER
listen=udp:192.0.2.10:5060
listen=udp:192.0.2.11:5070
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
flags FLAG_NAT:5;
avpflags other, regavps;
modparam("usrloc", "db_url", "%s")
modparam("usrloc", "db_mode", %d)
modparam("usrloc", "timer_interval", 10)
modparam("usrloc", "reg_avp_flag", "regavps")
modparam("usrloc", "reg_avp_column", "reg_avps")
modparam("registrar", "save_nat_flag", "FLAG_NAT")
%s
route {
    if (method == "REGISTER") {
        $tr.class = "gold: '; DROP TABLE location; --";
        setavpflag($tr.class, "regavps");
        if (src_port == 6001) {
            setflag(FLAG_NAT);
        }
        if (src_port == 6002) {
            save_memory("location");
            break;
        }
        save_contacts("location");
        break;
    }
    if (!lookup_contacts("location")) {
        sl_send_reply("404", "Not Found");
        break;
    }
    if (!read_reg_avps("location", "$tu.uid") || $tr.class != "gold: '; DROP TABLE location; --") {
        sl_send_reply("500", "No Class");
        break;
    }
    t_relay();
}
"""
WRITING = (1, 2)


def table() -> str:
    """What the manual says to make the table with."""
    found = re.search(r"```sql\n(.*?)```", README.read_text(), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def database(tmp_path: Path) -> Sqlite:
    (tmp_path / "ser.db").touch()
    made = Sqlite(tmp_path / "ser.db")
    made.run(table())
    return made


def router(database: Sqlite, mode: int, lines: str = "", **options: Any) -> Node:
    return Node(TEXT % (database.url, mode, lines), **options)


def register(node: Node, user: str, port: int, expires: int = 3600, **more: Any) -> None:
    phone = Phone(node, user, f"203.0.113.1:{port}", "example.org")
    assert phone.register(expires, **more).status == 200
    node.settle()


def uris(database: Sqlite) -> list[str]:
    return [row[0] for row in database.run("SELECT contact FROM location ORDER BY contact")]


def column(database: Sqlite, name: str) -> list[Any]:
    return [row[0] for row in database.run(f"SELECT {name} FROM location ORDER BY contact")]


def stored(node: Node, uid: str) -> set[str]:
    """All that is known about the contacts of a user, but for what no row has: the time of the last change, and the
    socket where `received` does not tell it."""
    contacts = node.worker.module("usrloc").domain("location").get(uid)
    rows = [list(contact.to_row()) for contact in contacts]
    return {str(row[:12] + row[13:] if row[8] else row[:10] + row[13:]) for row in rows}


def found(node: Node, user: str) -> list[str]:
    """Where a request for a user goes."""
    caller = Phone(node, "caller", "203.0.113.9:5060", "example.org")
    sent = node.receive(caller.request("MESSAGE", f"sip:{user}@example.org"), "udp:203.0.113.9:5060")
    result = [item.message.uri for item in sent if item.message.is_request]
    node.settle()
    node.advance(40)
    return result


@pytest.mark.parametrize("mode", WRITING)
def test_a_restart_loses_nothing(database: Sqlite, mode: int) -> None:
    agent = {"User-Agent": "phone'; DROP TABLE location"}
    instance = '<sip:bob@203.0.113.1:5062>;q=0.7;+sip.instance="<urn:uuid:1>"'
    with closing(router(database, mode)) as node:
        register(node, "bob", 5061, headers=agent)
        register(node, "bob", 5062, contact=instance)
        register(node, "carol", 6001)
        before = stored(node, "bob"), stored(node, "carol")
    assert len(uris(database)) == 3
    assert column(database, "flags") == [0, 0, 1]
    assert column(database, "received")[2] == "sip:203.0.113.1:6001;dstip=192.0.2.10;dstport=5060"
    with closing(router(database, mode)) as node:
        assert (stored(node, "bob"), stored(node, "carol")) == before
        assert len(found(node, "bob")) == 2
        [carol] = node.worker.module("usrloc").domain("location").get("carol")
        assert node.worker.module("usrloc").listener(carol.socket).port == 5060
        assert node.counter("usrloc", "location-contacts") == 3
        assert found(node, "nobody") == []


@pytest.mark.parametrize("mode", WRITING)
def test_what_goes_leaves_the_database(database: Sqlite, mode: int) -> None:
    with closing(router(database, mode)) as node:
        register(node, "bob", 5061)
        register(node, "carol", 5062, expires=100)
        register(node, "bob", 5061, expires=0)
        node.advance(15)
        assert uris(database) == ["sip:carol@203.0.113.1:5062"]
        register(node, "carol", 5062, expires=200)
        node.advance(120)
        assert uris(database) == ["sip:carol@203.0.113.1:5062"]
        node.advance(120)
        assert uris(database) == []


@pytest.mark.parametrize("mode", WRITING)
def test_db_skip_delete_keeps_what_expires_and_nothing_else(database: Sqlite, mode: int) -> None:
    lines = 'modparam("usrloc", "db_skip_delete", 1)'
    with closing(router(database, mode, lines)) as node:
        register(node, "bob", 5061, expires=100)
        register(node, "carol", 5062)
        node.advance(15)
        register(node, "carol", 5062, expires=0)
        node.advance(150)
        assert node.contacts("bob") == []
        assert uris(database) == ["sip:bob@203.0.113.1:5061"]
    database.run("UPDATE location SET expires = '2001-01-01 00:00:00'")
    with closing(router(database, mode, lines)) as node:
        assert node.contacts("bob") == []
        node.advance(15)
        assert uris(database) == ["sip:bob@203.0.113.1:5061"]


def test_write_back_waits_for_its_timer_or_the_command(database: Sqlite) -> None:
    with closing(router(database, 2)) as node:
        register(node, "bob", 5061)
        node.advance(12)
        assert len(uris(database)) == 1
        register(node, "carol", 5061)
        assert len(uris(database)) == 1
        node.advance(12)
        assert len(uris(database)) == 2
        register(node, "dave", 5061)
        assert len(uris(database)) == 2
        node.rpc("usrloc.flush")
        node.settle()
        assert len(uris(database)) == 3


def test_write_through_does_not_wait(database: Sqlite) -> None:
    with closing(router(database, 1)) as node:
        for _ in range(2):
            register(node, "bob", 5061)
            assert len(uris(database)) == 1


def test_mode_3_loads_and_never_writes(database: Sqlite) -> None:
    with closing(router(database, 1)) as node:
        register(node, "bob", 5061)
        register(node, "carol", 5062)
    database.run("UPDATE location SET expires = '2001-01-01 00:00:00' WHERE uid = 'carol'")
    before = database.run("SELECT * FROM location ORDER BY uid")
    with closing(router(database, 3)) as node:
        assert found(node, "bob") == ["sip:bob@203.0.113.1:5061"]
        assert found(node, "carol") == []
        register(node, "bob", 5061, expires=0)
        register(node, "dave", 5063)
        assert found(node, "dave") == ["sip:dave@203.0.113.1:5063"]
        node.rpc("usrloc.flush")
        node.advance(30)
    assert database.run("SELECT * FROM location ORDER BY uid") == before


@pytest.mark.parametrize("mode", WRITING)
def test_registrations_go_on_without_the_database(database: Sqlite, mode: int, tmp_path: Path) -> None:
    with closing(router(database, mode)) as node:
        register(node, "bob", 5061)
        node.advance(12)
        database.path.rename(tmp_path / "away")
        node.worker.services["databases"].all("sqlite")[0].close()
        register(node, "bob", 5062)
        register(node, "bob", 5061, expires=0)
        register(node, "carol", 5063)
        node.advance(15)
        assert found(node, "bob") == ["sip:bob@203.0.113.1:5062"]
        assert node.logged("contacts wait in memory")
        (tmp_path / "away").rename(database.path)
        node.advance(3)
        assert uris(database) == ["sip:bob@203.0.113.1:5062", "sip:carol@203.0.113.1:5063"]
        assert node.logged("contacts are written to the database again")


def test_what_still_waits_at_the_end_is_told(database: Sqlite, tmp_path: Path) -> None:
    node = router(database, 1)
    database.path.rename(tmp_path / "away")
    node.worker.services["databases"].all("sqlite")[0].close()
    register(node, "bob", 5061)
    node.close()
    assert node.logged("the contacts of 1 users are not as they are in the database")


@pytest.mark.parametrize("mode", WRITING)
def test_a_phone_that_moves_leaves_no_row_behind(database: Sqlite, mode: int) -> None:
    with closing(router(database, mode)) as node:
        for port, instance in ((5061, 1), (5062, 2), (5062, 1)):
            contact = f'<sip:bob@203.0.113.1:{port}>;+sip.instance="<urn:uuid:{instance}>"'
            register(node, "bob", port, contact=contact)
            node.advance(12)
        assert node.contacts("bob") == ["sip:bob@203.0.113.1:5062"]
        assert uris(database) == ["sip:bob@203.0.113.1:5062"]
        assert column(database, "instance") == ["<urn:uuid:1>"]
        assert node.counter("usrloc", "location-contacts") == 1


def test_memory_only_is_never_written(database: Sqlite) -> None:
    with closing(router(database, 1)) as node:
        register(node, "bob", 6002)
        node.advance(3)
        assert node.contacts("bob") == ["sip:bob@203.0.113.1:6002"]
        assert uris(database) == []


def test_rows_of_ser(database: Sqlite) -> None:
    """Permanent contacts, contacts of another server, times in UTC, and rows that make no sense."""
    row = {"uid": "bob", "aor": "sip:bob@h", "q": 1.0, "callid": "c", "cseq": 1, "expires": "2099-01-01 00:00:00"}
    avps = f"s5:32:{1 + 2 + 16 + 512 + 16384}:classgold: '; DROP TABLE location; --"
    gone = "2001-01-01 00:00:00"
    permanent = {**row, "contact": "sip:p@10.0.0.5", "flags": FL_PERMANENT, "expires": gone, "reg_avps": avps}
    database.insert("location", **permanent)
    database.insert("location", **{**row, "contact": "sip:s@10.0.0.5", "server_id": 7, "q": 0.5})
    database.insert("location", **{**row, "contact": "sip:t@10.0.0.5", "server_id": 7, "expires": gone})
    database.insert("location", **{**row, "contact": "sip:u@10.0.0.5", "expires": gone})
    database.insert("location", **{**row, "contact": "sip:v@10.0.0.5", "uid": ""})
    with closing(router(database, 1)) as node:
        assert node.logged("a row is left out: it has no user or no contact")
        node.records.clear()
        contacts = node.worker.module("usrloc").domain("location").get("bob")
        assert [(one.uri, one.flags) for one in contacts] == [
            ("sip:p@10.0.0.5", FL_PERMANENT),
            ("sip:s@10.0.0.5", FL_MEM),
        ]
        node.advance(12)
        assert uris(database) == ["sip:p@10.0.0.5", "sip:s@10.0.0.5", "sip:t@10.0.0.5", "sip:v@10.0.0.5"]
        assert found(node, "bob") == ["sip:p@10.0.0.5", "sip:s@10.0.0.5"]
        node.rpc("usrloc.delete_contact", "location", "bob", "sip:s@10.0.0.5")
        node.rpc("usrloc.delete_contact", "location", "bob", "sip:p@10.0.0.5")
        node.settle()
        assert uris(database) == ["sip:s@10.0.0.5", "sip:t@10.0.0.5", "sip:v@10.0.0.5"]


def test_the_newest_comes_first_after_a_restart(database: Sqlite) -> None:
    lines = 'modparam("usrloc", "desc_time_order", 1)'
    with closing(router(database, 1, lines)) as node:
        for port in (5063, 5061, 5062):
            register(node, "bob", port)
            node.advance(2)
        before = node.contacts("bob")
        assert before[0] == "sip:bob@203.0.113.1:5062"
    with closing(router(database, 1, lines)) as node:
        assert node.contacts("bob") == before


def test_a_dump_file_tells_how_contacts_stand(database: Sqlite, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    with closing(router(database, 2)) as node:
        register(node, "bob", 5061)
        node.rpc("usrloc.dump_file", str(dump))
        assert "State     : CS_DIRTY\n" in dump.read_text()
        node.advance(12)
        register(node, "carol", 6002)
        node.rpc("usrloc.dump_file", str(dump))
        assert sorted(re.findall("State     : (.*)", dump.read_text())) == ["CS_NEW", "CS_SYNC"]


def test_other_columns(database: Sqlite) -> None:
    database.run("ALTER TABLE location RENAME COLUMN uid TO who")
    database.run("ALTER TABLE location RENAME COLUMN contact TO place")
    lines = 'modparam("usrloc", "uid_column", "who")\nmodparam("usrloc", "contact_column", "place")'
    with closing(router(database, 1, lines)) as node:
        register(node, "bob", 5061)
    assert database.run("SELECT who, place FROM location") == [("bob", "sip:bob@203.0.113.1:5061")]
    with closing(router(database, 1, lines)) as node:
        assert found(node, "bob") == ["sip:bob@203.0.113.1:5061"]


def test_a_table_of_the_other_flavour_is_told(sqlite: Sqlite) -> None:
    with pytest.raises(OperatorError, match=r"usrloc: table location cannot be loaded: .*uid") as caught:
        router(sqlite, 1)
    assert "location table of SER" in str(caught.value.suggestion)


def test_a_database_that_is_away_at_the_start_is_told(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such file"):
        Node(TEXT % (f"sqlite://{tmp_path}/none", 1, ""))


@pytest.mark.parametrize("mode", WRITING)
def test_a_memory_that_outlasts_the_router_goes_with_the_database(database: Sqlite, mode: int, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with closing(router(database, mode, state=state)) as node:
        register(node, "bob", 5061)
        register(node, "carol", 5062)
        register(node, "dave", 5063)
        node.advance(12)
    database.run("UPDATE location SET cseq = 0, user_agent = 'old' WHERE uid = 'bob'")
    database.run("DELETE FROM location WHERE uid = 'carol'")
    database.run("UPDATE location SET cseq = 2000000000, user_agent = 'new' WHERE uid = 'dave'")
    with closing(router(database, mode, state=state)) as node:
        node.advance(12)
        users = ("bob", "carol", "dave")
        assert uris(database) == [f"sip:{user}@203.0.113.1:{5061 + n}" for n, user in enumerate(users)]
        assert column(database, "user_agent")[0] != "old"
        assert [one.user_agent for one in node.worker.module("usrloc").domain("location").get("dave")] == ["new"]
        assert column(database, "user_agent")[2] == "new"
        assert node.counter("usrloc", "location-contacts") == 3


def test_the_example_of_the_manual_runs(database: Sqlite) -> None:
    [text] = [one for one in re.findall(r"```cfg\n(.*?)```", README.read_text(), re.DOTALL) if "db_url" in one]
    more = """loadmodule "sl.so"\nloadmodule "registrar.so"\nroute { save_contacts("location"); }\n"""
    with closing(Node(text.replace("sqlite:///var/lib/siprouter/ser.db", database.url) + more)) as node:
        register(node, "bob", 5061)
    assert uris(database) == ["sip:bob@203.0.113.1:5061"]
