"""A router with accounts, bindings and accounting in real databases; both are killed in the middle of it."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from siprouter.db.admin import FIRST_DATABASE, connect
from siprouter.db.errors import DbError
from siprouter.db.values import Row
from siprouter.util.log import Log
from tests.support.databases import DatabaseServer
from tests.support.digests import answer, read_challenge
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.routers import Siprouter
from tests.support.wire import Endpoint, parse

pytestmark = pytest.mark.scenario

CONFIG = """
log_stderror=yes
listen=udp:127.0.0.1:@PORT@
loadmodule "db_mysql.so"
loadmodule "db_postgres.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "acc.so"
modparam("usrloc|auth_db|acc", "db_url", "@URL@")
modparam("usrloc", "db_mode", @MODE@)
modparam("usrloc", "timer_interval", 1)
modparam("acc", "db_journal", "@DIR@/acc.journal")
route {
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (method == "REGISTER") {
        if (!www_authorize("sip.test", "subscriber")) {
            www_challenge("sip.test", "0");
            exit;
        }
        save("location");
        exit;
    }
    if (method == "MESSAGE") {
        acc_db_request("200 noted", "acc");
        sl_send_reply("200", "OK");
        exit;
    }
    if (lookup("location")) {
        sl_send_reply("302", "There");
        exit;
    }
    sl_send_reply("404", "Not Found");
}
"""

REQUEST = """\
{method} {uri} SIP/2.0
Via: SIP/2.0/UDP {own};branch=z9hG4bK{number}x{cseq};rport
Max-Forwards: 70
From: <sip:alice@sip.test>;tag=f{number}
To: <sip:alice@sip.test>
Call-ID: c{number}@{own}
CSeq: {cseq} {method}
{more}Content-Length: 0

"""
LOAD = 300
KINDS = ("sqlite", "postgres", "mysql")


class Site:
    """A database of one kind with all tables and an account, and routers that use it."""

    def __init__(self, kind: str, url: str, folder: Path, ports: Ports, server: DatabaseServer | None) -> None:
        self.kind = kind
        self.url = url
        self.folder = folder
        self.ports = ports
        self.server = server

    def command(self, *words: str, stdin: str = "") -> str:
        command = [sys.executable, "-m", "siprouter.cli.main", *words]
        environment = {**os.environ, "SIPROUTER_DB_URL": self.url}
        done = subprocess.run(
            command, input=stdin, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def router(self, mode: int = 1, name: str = "siprouter") -> Siprouter:
        text = CONFIG.replace("@URL@", self.url).replace("@MODE@", str(mode))
        return Siprouter(text, self.folder, self.ports, name)

    def rows(self, sql: str) -> list[Row]:
        async def ask() -> list[Row]:
            database = connect(self.url, Log(lambda record: None))
            try:
                return (await database.raw(sql))[1]
            finally:
                database.close()

        return asyncio.run(ask())


@contextmanager
def made(kind: str, server: DatabaseServer | None, folder: Path, ports: Ports) -> Iterator[Site]:
    url = f"sqlite://{folder}/sip.db" if server is None else server.url("sipscenario")
    site = Site(kind, url, folder, ports, server)
    site.command("db", "create")
    site.command("user", "add", "alice@sip.test", "--password-stdin", stdin="wonderland\n")
    try:
        yield site
    finally:
        if server is not None:
            drop(server)


def drop(server: DatabaseServer) -> None:
    async def work() -> None:
        first = connect(server.url(FIRST_DATABASE[server.scheme]), Log(lambda record: None))
        for _ in range(200):  # sessions of a router that was killed end a little later
            try:
                await first.raw("DROP DATABASE sipscenario")
                break
            except DbError:
                await asyncio.sleep(0.05)
        first.close()

    asyncio.run(work())


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, tmp_path: Path, ports: Ports) -> Iterator[Site]:
    names = {"postgres": "postgres_server", "mysql": "mariadb_server"}
    server = request.getfixturevalue(names[request.param]) if request.param in names else None
    with made(request.param, server, tmp_path, ports) as found:
        yield found


def request(phone: Endpoint, method: str, number: int, cseq: int = 1, more: str = "", uri: str = "") -> str:
    uri = uri or "sip:alice@127.0.0.1"
    return REQUEST.format(method=method, uri=uri, own=phone.address, number=number, cseq=cseq, more=more)


def challenge(phone: Endpoint, number: int) -> dict[str, str]:
    phone.send(request(phone, "REGISTER", number, 1))
    reply = phone.next()
    assert reply.status == 401
    return read_challenge(reply.value("www-authenticate"))


def register(phone: Endpoint, number: int, password: str = "wonderland") -> int:
    credentials = answer(challenge(phone, number), "REGISTER", "sip:alice@127.0.0.1", password=password)
    more = f"Authorization: {credentials}\nContact: <sip:alice@{phone.address}>\nExpires: 600\n"
    phone.send(request(phone, "REGISTER", number, 2, more))
    return phone.next().status


def is_there(phone: Endpoint, number: int) -> bool:
    phone.send(request(phone, "OPTIONS", number))
    return phone.next().status == 302


@pytest.mark.parametrize(
    ("site", "mode"),
    [("sqlite", 2), ("postgres", 1), ("postgres", 3), ("mysql", 2), ("mysql", 3)],
    indirect=["site"],
)
def test_accounts_and_bindings(site: Site, mode: int) -> None:
    with site.router(mode) as router:
        phone = Endpoint("phone", router.address)
        assert not is_there(phone, 1)
        assert register(phone, 2, "wrong") == 401
        assert register(phone, 3) == 200
        assert is_there(phone, 4)
        phone.close()
    assert len(site.rows("SELECT contact FROM location")) == 1
    with site.router(mode, "second") as router:
        phone = Endpoint("phone", router.address)
        assert is_there(phone, 5)
        phone.close()


@pytest.mark.parametrize("kind", KINDS[1:])
def test_who_waits_for_the_database_waits_alone(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, ports: Ports
) -> None:
    server = request.getfixturevalue("postgres_server" if kind == "postgres" else "mariadb_server")
    lock = {
        "postgres": ("BEGIN", "LOCK TABLE subscriber IN ACCESS EXCLUSIVE MODE", "COMMIT"),
        "mysql": ("SELECT 1", "LOCK TABLES subscriber WRITE", "UNLOCK TABLES"),
    }[kind]
    with made(kind, server, tmp_path, ports) as site, site.router() as router:
        phone = Endpoint("phone", router.address)
        found = challenge(phone, 1)
        more = f"Authorization: {answer(found, 'REGISTER', 'sip:alice@127.0.0.1')}\n"

        async def work() -> list[int]:
            database = connect(site.url, Log(lambda record: None))
            for statement in lock[:2]:
                await database.raw(statement)
            phone.send(
                REQUEST.format(
                    method="REGISTER", uri="sip:alice@127.0.0.1", own=phone.address, number=1, cseq=2, more=more
                )
            )
            statuses = []
            for number in range(2, 12):
                phone.send(
                    REQUEST.format(
                        method="OPTIONS", uri="sip:x@127.0.0.1", own=phone.address, number=number, cseq=1, more=""
                    )
                )
                statuses.append(phone.next().status)
            await database.raw(lock[2])
            database.close()
            return statuses

        assert asyncio.run(work()) == [404] * 10
        assert phone.next().status == 200
        phone.close()


@pytest.mark.parametrize("site", KINDS[1:], indirect=True)
def test_registrations_survive_the_database(site: Site) -> None:
    assert site.server is not None
    with site.router(1) as router:
        phone, other = Endpoint("phone", router.address), Endpoint("other", router.address)
        assert register(phone, 1) == 200
        found = challenge(other, 2)
        site.server.crash()
        # passwords are in the database, too: nobody gets in, and nobody who is in is thrown out
        credentials = answer(found, "REGISTER", "sip:alice@127.0.0.1")
        other.send(request(other, "REGISTER", 2, 2, f"Authorization: {credentials}\n"))
        assert other.expect(401).status == 401
        assert is_there(phone, 3)
        site.server.restart()
        for number in range(4, 104):
            if register(other, number) == 200:
                break
            select.select([], [], [], 0.1)
        for _ in polls(20):
            if len(site.rows("SELECT contact FROM location")) == 2:
                break
        assert len(site.rows("SELECT contact FROM location")) == 2
        phone.close()
        other.close()


class Load:
    """Sends requests at a steady pace, and keeps which of them were answered."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.phone = Endpoint("load", address)
        self.phone.socket.setblocking(False)
        self.sent: list[str] = []
        self.answered: set[str] = set()

    def run(self, count: int) -> None:
        for _ in range(count):
            number = len(self.sent)
            self.sent.append(f"c{number}@{self.phone.address}")
            self.phone.send(request(self.phone, "MESSAGE", number))
            self.collect(0.003)

    def collect(self, seconds: float) -> None:
        while select.select([self.phone.socket], [], [], seconds)[0]:
            try:
                message = parse(self.phone.socket.recv(65536))
            except OSError:  # the port was closed for a moment
                continue
            if message.status == 200:
                self.answered.add(message.value("call-id"))


def test_no_record_is_lost_or_written_twice(site: Site) -> None:
    with site.router() as router:
        load = Load(router.address)
        load.run(LOAD)
        if site.server is not None:
            site.server.crash()
        load.run(LOAD)
        os.kill(router.pid, signal.SIGKILL)
        router.wait(10)
        load.run(20)
        if site.server is not None:
            site.server.restart()
        router.start()
        router.ready()
        load.run(LOAD)
        os.kill(router.pid, signal.SIGKILL)
        router.wait(10)
        router.start()
        router.ready()
        load.run(LOAD)
        load.collect(0.5)
        rows: list[Row] = []
        for _ in polls(60, 0.2):
            rows = site.rows("SELECT callid FROM acc ORDER BY id")
            if load.answered <= {row[0] for row in rows}:
                break
    load.phone.close()
    counts = Counter(row[0] for row in site.rows("SELECT callid FROM acc"))
    assert len(load.answered) > 3 * LOAD
    assert load.answered - set(counts) == set()
    assert set(counts) - set(load.sent) == set()
    assert {call_id: count for call_id, count in counts.items() if count > 1} == {}
    order = [load.sent.index(row[0]) for row in rows]
    assert order == sorted(order)
