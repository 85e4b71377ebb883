"""usrloc of SER on real databases, with two workers and through real sockets: nothing is lost, whatever goes away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

import siprouter.modules.usrloc_s
from siprouter.db.admin import FIRST_DATABASE, connect
from siprouter.db.errors import DbUnavailableError
from siprouter.db.values import Row
from siprouter.util.log import Log
from tests.support.database_fixtures import mariadb_server, postgres_server
from tests.support.databases import DatabaseServer
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.wire import Endpoint
from tests.support.workers import Workers, call_ids

__all__ = ["mariadb_server", "postgres_server"]

README = Path(siprouter.modules.usrloc_s.__file__).parent / "README.md"
SCRIPT = """#!SER
debug=1
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "ctl.so"
avpflags regavps;
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("usrloc", "db_url", "@URL@")
modparam("usrloc", "db_mode", @MODE@)
modparam("usrloc", "timer_interval", 1)
modparam("usrloc", "reg_avp_flag", "regavps")
modparam("usrloc", "reg_avp_column", "reg_avps")
route {
    if (method == "REGISTER") {
        $tr.class = "h\xe9llo '; DROP TABLE location; --";
        setavpflag($tr.class, "regavps");
        save_contacts("location");
        break;
    }
    if (!lookup_contacts("location")) {
        sl_send_reply("404", "Not Found");
        break;
    }
    if (!read_reg_avps("location", "$tu.uid") || $tr.class != "h\xe9llo '; DROP TABLE location; --") {
        sl_send_reply("500", "No Class");
        break;
    }
    sl_send_reply("302", "There");
}
"""
REQUEST = """\
{method} sip:{user}@test SIP/2.0
Via: SIP/2.0/UDP {own};branch=z9hG4bK{call}
Max-Forwards: 70
From: <sip:{user}@test>;tag=a
To: <sip:{user}@test>
Call-ID: {call}
CSeq: 1 {method}
{more}Content-Length: 0

"""
WAIT = 60

pytestmark = [pytest.mark.scenario, pytest.mark.xdist_group("databases")]


class Site:
    """A database with SER's table, and routers that use it."""

    def __init__(self, kind: str, server: DatabaseServer | None, folder: Path, ports: Ports) -> None:
        self.server = server
        self.folder = folder
        self.ports = ports
        self.url = f"sqlite://{folder}/ser.db" if server is None else server.url(f"ser_{kind}")
        if server is None:
            (folder / "ser.db").touch()
        else:
            self.run(f"DROP DATABASE IF EXISTS ser_{kind}", server.url(FIRST_DATABASE[server.scheme]))
            self.run(f"CREATE DATABASE ser_{kind}", server.url(FIRST_DATABASE[server.scheme]))
        [table] = re.findall(r"```sql\n(.*?);\n```", README.read_text(), re.DOTALL)
        self.run(table.replace("DATETIME", "TIMESTAMP") if kind == "postgres" else table)

    def run(self, sql: str, url: str = "") -> list[Row]:
        async def ask() -> list[Row]:
            database = connect(url or self.url, Log(lambda record: None))
            try:
                return (await database.raw(sql))[1]
            finally:
                database.close()

        return asyncio.run(ask())

    def users(self) -> list[str]:
        return [row[0] for row in self.run("SELECT uid FROM location ORDER BY uid")]

    def wait_for_users(self, *users: str) -> None:
        found: list[str] = []
        for _ in polls(WAIT):
            with suppress(DbUnavailableError):  # a server that was killed recovers for a while
                found = self.users()
            if found == list(users):
                return
        raise AssertionError(f"users in the table: {found}, not {users}")

    def router(self, mode: int) -> Workers:
        text = SCRIPT.replace("@URL@", self.url).replace("@MODE@", str(mode))
        return Workers(text, self.folder, self.ports)


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path, ports: Ports) -> Site:
    names = {"postgres": "postgres_server", "mysql": "mariadb_server"}
    kind: str = request.param
    server = request.getfixturevalue(names[kind]) if kind in names else None
    return Site(kind, server, tmp_path, ports)


class Phone(Endpoint):
    """Registers users, each with calls of its own, which workers share out among themselves."""

    def __init__(self) -> None:
        super().__init__("phone", ("127.0.0.1", 9))
        self.calls: list[Iterator[str]] = [call_ids(index, 2, f"{self.address}-") for index in range(2)]

    def ask(self, method: str, user: str, worker: int, more: str = "") -> int:
        call = next(self.calls[worker])
        self.send(REQUEST.format(method=method, user=user, own=self.address, call=call, more=more))
        reply = self.next(WAIT)
        while reply.value("call-id") != call:
            reply = self.next(WAIT)
        return int(reply.status)

    def register(self, user: str, worker: int, expires: int = 600) -> None:
        more = f"Contact: <sip:{user}@{self.address}>;q=0.7\nExpires: {expires}\n"
        assert self.ask("REGISTER", user, worker, more) == 200

    def is_there(self, user: str, worker: int) -> bool:
        status = self.ask("OPTIONS", user, worker)
        assert status in (302, 404)
        return status == 302


@pytest.mark.parametrize(("site", "mode"), [("sqlite", 1), ("postgres", 2), ("mysql", 1)], indirect=["site"])
def test_a_restart_loses_nothing(site: Site, mode: int) -> None:
    with closing(Phone()) as phone:
        with site.router(mode) as server:
            phone.router = server.address
            for number, user in enumerate(("alice", "bob", "carol")):
                phone.register(user, number % 2)
            site.wait_for_users("alice", "bob", "carol")
            phone.register("carol", 1, 0)
            site.wait_for_users("alice", "bob")
            phone.register("dave", 1)
        assert site.users() == ["alice", "bob", "dave"]
        with site.router(3) as server:
            phone.router = server.address
            for worker in range(2):
                assert [phone.is_there(user, worker) for user in ("alice", "bob", "carol", "dave")] == [
                    *(True, True, False, True)
                ]
            phone.register("alice", 0, 0)
        assert site.users() == ["alice", "bob", "dave"]


@pytest.mark.parametrize("site", ["postgres", "mysql"], indirect=True)
def test_a_database_that_goes_away_costs_nothing(site: Site) -> None:
    assert site.server is not None
    with closing(Phone()) as phone, site.router(1) as server:
        phone.router = server.address
        phone.register("alice", 0)
        site.wait_for_users("alice")
        site.server.crash()
        try:
            for worker, user in enumerate(("bob", "carol")):
                phone.register(user, worker)
                assert phone.is_there(user, 1 - worker)
            phone.register("alice", 1, 0)
        finally:
            site.server.restart()
        site.wait_for_users("bob", "carol")
