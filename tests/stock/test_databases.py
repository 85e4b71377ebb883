"""The stock configuration of SIP Router 3.1 with all of its database options, on every kind of database."""

from __future__ import annotations

import asyncio
import itertools
import re
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.db.interface import Database
from tests.db.conftest import database, database_url, log, mariadb_server, postgres_server, records
from tests.stock.conftest import TREE
from tests.support.certificates import Authority
from tests.support.digests import answer, read_challenge
from tests.support.ports import Ports
from tests.support.process import Process
from tests.support.wire import Endpoint, Message

__all__ = ["database", "database_url", "log", "mariadb_server", "postgres_server", "records"]

pytestmark = pytest.mark.scenario

DEFINES = (
    "WITH_MYSQL", "WITH_AUTH", "WITH_IPAUTH", "WITH_USRLOCDB", "WITH_ALIASDB", "WITH_MULTIDOMAIN", "WITH_ACCDB",
    "WITH_ANTIFLOOD", "WITH_XMLRPC", "WITH_TLS", "WITH_DEBUG",
)  # fmt: skip
PARTS = ("standard", "acc", "auth_db", "alias_db", "domain", "permissions", "usrloc", "uri_db", "group")
ACC_COLUMNS = ("src_user", "src_domain", "dst_ouser", "dst_user", "dst_domain")
DOMAIN = "example.org"
NUMBERS = itertools.count()


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "siprouter", *command], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scripts(folder: str) -> str:
    """What kamdbctl of 3.1 runs."""
    folders = Path(TREE, "utils", "kamctl", folder)
    return "".join((folders / f"{part}-create.sql").read_text() for part in PARTS)


@pytest.fixture(params=["our tables", "tables of 3.1"])
async def tables(request: pytest.FixtureRequest, database_url: str, database: Database) -> str:
    """The URL of a database with everything in it: tables, accounts, an alias, the domain, a trusted address."""
    if request.param == "our tables":
        run("db", "create", database_url)
    else:
        kind = database_url.partition(":")[0]
        if kind == "sqlite":
            pytest.skip("3.1 has no SQLite")
        if not TREE:
            pytest.skip("SIPROUTER_SR31 does not name a source tree of SIP Router 3.1: its tables are not tested")
        if kind == "mysql":  # the scripts are older than utf8mb4, whose keys are too long for them
            await database.raw("ALTER DATABASE CHARACTER SET latin1")
        for statement in scripts(kind).split(";"):
            if statement.strip() and "GRANT" not in statement:
                await database.raw(statement)
    for table in ("acc", "missed_calls"):
        for column in ACC_COLUMNS:  # as the head of the configuration asks for
            await database.raw(f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR(128) NOT NULL DEFAULT ''")
    for user in ("alice", "bob"):
        await database.raw(
            f"INSERT INTO subscriber (username, domain, password) VALUES ('{user}', '{DOMAIN}', 'secret of {user}')"
        )
    run("domain", "add", "-d", database_url, DOMAIN)
    run("alias", "add", "-d", database_url, f"robert@{DOMAIN}", f"bob@{DOMAIN}")
    run("address", "add", "-d", database_url, "--group", "1", "127.0.0.7/32")
    return database_url


@pytest.fixture
def server(tables: str, tmp_path: Path, ports: Ports) -> Iterator[Process]:
    """It runs on `server.port`, with TLS one above."""
    path = Path(TREE, "etc", "kamailio.cfg")
    if not TREE or not path.is_file():
        pytest.skip("SIPROUTER_SR31 does not name a source tree of SIP Router 3.1: its etc/kamailio.cfg is not tested")
    issued = Authority(tmp_path).issue("sip.test")
    tls = tmp_path / "tls.cfg"
    tls.write_text(
        "[server:default]\nmethod = SSLv23\nverify_certificate = no\nrequire_certificate = no\n"
        f"private_key = {issued.path}\ncertificate = {issued.path}\n"
    )
    text = path.read_text().replace("mysql://openser:openserrw@localhost/openser", tables)
    text = text.replace("/usr/local/etc/kamailio/tls.cfg", str(tls))
    config = tmp_path / "kamailio.cfg"
    config.write_text(text)
    port, secure = ports.take(), ports.take()
    listen = [f"udp:127.0.0.1:{port}", f"tcp:127.0.0.1:{port}", f"tls:127.0.0.1:{secure}"]
    command = [sys.executable, "-m", "siprouter", "run", "-E", "-f", str(config)]
    command += [word for name in DEFINES for word in ("-D", name)] + [word for one in listen for word in ("-l", one)]
    with Running(command, tmp_path, port, secure) as process:
        yield process


class Running(Process):
    def __init__(self, command: list[str], folder: Path, port: int, secure: int) -> None:
        super().__init__(command, folder, "siprouter")
        self.port = port
        self.secure = secure

    def ready(self) -> None:
        self.wait_for(": started", 60)


class Phone:
    """A user at one address."""

    def __init__(self, user: str, endpoint: Endpoint, password: str = "") -> None:
        self.user = user
        self.end = endpoint
        self.password = password or f"secret of {user}"
        self.number = 0
        self.name = f"{user}{next(NUMBERS)}"

    def request(self, method: str, uri: str, call: str, to: str, more: str = "", to_tag: str = "") -> str:
        self.number += 1
        transport = self.end.proto.upper()
        contact = f"<sip:{self.user}@{self.end.address};transport={self.end.proto}>"
        return (
            f"{method} {uri} SIP/2.0\nVia: SIP/2.0/{transport} {self.end.address};branch=z9hG4bK{call}{self.number}\n"
            f"Max-Forwards: 70\nFrom: <sip:{self.user}@{DOMAIN}>;tag=of-{self.user}\nTo: <{to}>{to_tag}\n"
            f"Call-ID: {call}\nCSeq: {self.number} {method}\nContact: {contact}\n{more}Content-Length: 0\n\n"
        )

    def ask(self, method: str, uri: str, call: str, to: str = "", more: str = "") -> Message:
        """The final reply to a request, credentials given where they are asked for."""
        reply = self.once(method, uri, call, to or uri, more)
        if reply.status not in (401, 407):
            return reply
        kind = "www" if reply.status == 401 else "proxy"
        header = "Authorization" if reply.status == 401 else "Proxy-Authorization"
        challenge = read_challenge(reply.value(f"{kind}-authenticate"))
        given = answer(challenge, method, uri, user=self.user, password=self.password)
        return self.once(method, uri, call, to or uri, f"{more}{header}: {given}\n")

    def once(self, method: str, uri: str, call: str, to: str, more: str) -> Message:
        self.end.send(self.request(method, uri, call, to, more))
        while True:
            reply = self.end.next(20.0)
            if reply.value("cseq") == f"{self.number} {method}" and reply.status >= 200:
                if method == "INVITE" and reply.status >= 300:
                    self.acknowledge(uri, call, to, reply)
                return reply

    def acknowledge(self, uri: str, call: str, to: str, reply: Message) -> None:
        sent = self.request("ACK", uri, call, to, "", ";" + reply.value("to").partition(";")[2])
        self.number -= 1
        branch = f"branch=z9hG4bK{call}{self.number}\n"
        self.end.send(re.sub(r"branch=\S+\n", branch, sent).replace(f"CSeq: {self.number + 1}", f"CSeq: {self.number}"))

    def register(self) -> int:
        return self.ask("REGISTER", f"sip:{DOMAIN}", f"reg-{self.name}", f"sip:{self.user}@{DOMAIN}").status


def answer_of(phone: Phone, request: Message, status: str) -> None:
    lines = "".join(f"{name}: {value}\n" for name in ("Via", "Record-Route") for value in request.all(name.lower()))
    to = request.value("to") + ("" if "tag=" in request.value("to") else f";tag=of-{phone.user}")
    phone.end.send(
        f"SIP/2.0 {status}\n{lines}From: {request.value('from')}\nTo: {to}\nCall-ID: {request.value('call-id')}\n"
        f"CSeq: {request.value('cseq')}\nContact: <sip:{phone.user}@{phone.end.address}>\nContent-Length: 0\n\n"
    )


async def rows(database: Database, text: str) -> list[tuple[object, ...]]:
    _, found = await database.raw(text)
    return [tuple(row) for row in found]


async def test_a_day_with_the_stock_configuration(server: Running, database: Database) -> None:
    address = ("127.0.0.1", server.port)
    ends = [Endpoint("alice", address), Endpoint("bob", address), Endpoint("trunk", address, own="127.0.0.7")]
    alice, bob = Phone("alice", ends[0]), Phone("bob", ends[1])
    secure = Endpoint("mallory", ("127.0.0.1", server.secure), "tls")
    try:
        # accounts: digest with passwords of the database
        assert Phone("alice", ends[0], "a guess").register() == 401
        assert Phone("nobody", ends[0]).register() == 401
        assert alice.register() == 200
        assert bob.register() == 200
        assert Phone("bob", secure).register() == 200
        # a call through an alias, to both of bob's contacts; the caller has to say who he is
        assert Phone("alice", ends[0], "a guess").ask("INVITE", f"sip:robert@{DOMAIN}", "guess").status == 407
        call = "call-1"
        alice.end.send(alice.request("INVITE", f"sip:robert@{DOMAIN}", call, f"sip:robert@{DOMAIN}"))
        challenge = read_challenge(alice.end.expect(407, 20.0, call).value("proxy-authenticate"))
        alice.acknowledge(f"sip:robert@{DOMAIN}", call, f"sip:robert@{DOMAIN}", alice.end.received[-1])
        given = answer(challenge, "INVITE", f"sip:robert@{DOMAIN}", user="alice", password=alice.password)
        more = f"Proxy-Authorization: {given}\n"
        alice.end.send(alice.request("INVITE", f"sip:robert@{DOMAIN}", call, f"sip:robert@{DOMAIN}", more))
        invite = bob.end.expect("INVITE", 20.0, call)
        assert invite.value("proxy-authorization") == ""
        assert secure.expect("INVITE", 20.0, call).value("call-id") == call
        answer_of(bob, invite, "200 OK")
        good = alice.end.expect(200, 20.0, call)
        routes = "".join(f"Route: {value}\n" for value in reversed(good.all("record-route")))
        tag = ";" + good.value("to").partition(";")[2]
        target = f"sip:bob@{bob.end.address}"
        alice.end.send(alice.request("ACK", target, call, f"sip:robert@{DOMAIN}", routes, tag))
        bob.end.expect("ACK", 20.0, call)
        alice.end.send(alice.request("BYE", target, call, f"sip:robert@{DOMAIN}", routes, tag))
        answer_of(bob, bob.end.expect("BYE", 20.0, call), "200 OK")
        assert alice.end.expect(200, 20.0, call, f"{alice.number} BYE").status == 200
        # an address that the table trusts needs no password; a stranger's domain is not relayed to
        trunk = Phone("trunk", ends[2])
        assert trunk.once("INVITE", f"sip:carol@{DOMAIN}", "trunk-1", f"sip:carol@{DOMAIN}", "").status == 404
        # XML-RPC on the SIP port
        with xmlrpc.client.ServerProxy(f"http://127.0.0.1:{server.port}/RPC2") as proxy:
            assert "siprouter" in str(proxy.core.version()).lower()
    finally:
        for end in (*ends, secure):
            end.close()
    found = await wait_for_rows(
        database, "SELECT method, sip_code, src_user, dst_ouser, dst_user FROM acc ORDER BY id", 2
    )
    assert [row[:4] for row in found] == [("INVITE", "200", "alice", "robert"), ("BYE", "200", "alice", "robert")]
    server.stop()  # db_mode 2: bindings are written at the end at the latest
    where = await rows(database, f"SELECT username, domain FROM location WHERE domain = '{DOMAIN}' ORDER BY username")
    assert where == [("alice", DOMAIN), ("bob", DOMAIN), ("bob", DOMAIN)]
    assert "Traceback" not in server.output()


async def wait_for_rows(database: Database, text: str, count: int) -> list[tuple[object, ...]]:
    """Records are written a moment after what they speak of."""
    for _ in range(400):
        found = await rows(database, text)
        if len(found) >= count:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{found} after 20 s")


def test_floods_are_cut_off(server: Running) -> None:
    """Pike and the ban of WITH_ANTIFLOOD: an address that sends too much gets no answers any more."""
    stranger = Endpoint("stranger", ("127.0.0.1", server.port), own="127.0.0.9")
    phone = Phone("flood", stranger)
    try:
        for number in range(200):
            stranger.send(phone.request("OPTIONS", f"sip:127.0.0.1:{server.port}", f"flood{number}", "sip:x@test"))
        server.wait_for("ALERT", 20)
        stranger.socket.settimeout(1.0)
        answered = 0
        try:
            while True:
                stranger.socket.recv(65536)
                answered += 1
        except TimeoutError:
            pass
        assert answered < 200
        stranger.send(phone.request("OPTIONS", f"sip:127.0.0.1:{server.port}", "later", "sip:x@test"))
        with pytest.raises(TimeoutError):
            stranger.socket.recv(65536)
    finally:
        stranger.close()
