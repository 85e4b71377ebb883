"""domainpolicy over SQLite, with names that the test gives, and against NSD."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from siprouter.dns.cache import CacheOptions, DnsCache
from siprouter.dns.client import ClientOptions, DnsClient
from siprouter.dns.hosts import HostsFile
from siprouter.dns.plan import PlanOptions
from siprouter.dns.resolver import Resolver
from siprouter.dns.wire import Naptr
from siprouter.modules.domainpolicy.state import avp_key
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.transport.endpoint import PROTO_UDP
from tests.support.fakes import call, context, make_worker, message, read
from tests.support.nameserver import NameServer
from tests.support.ports import Ports
from tests.support.process import need
from tests.support.sqlite import Sqlite

CONFIG = """
listen=udp:10.0.0.1:5060
listen=udp:10.0.0.1:5070
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "domainpolicy.so"
modparam("domainpolicy", "db_url", "@URL@")
@PARAMS@
route {
	@BODY@
	append_to_reply("X-Result: $var(a) $var(b) $du $avp(s:domainreplacement) $avp(s:x) $avp(i:7) $fs\\r\\n");
	sl_send_reply("200", "OK");
}
"""
BOTH = "dp_can_connect(); $var(a) = $rc; dp_apply_policy(); $var(b) = $rc;"


def u(order: int, service: str, regexp: str, preference: int = 10) -> Naptr:
    return Naptr(order, preference, "u", service, regexp, "")


def fed(order: int, name: str, preference: int = 10) -> Naptr:
    return u(order, "D2P+SIP:fed", f"!^.*$!{name}!", preference)


def refer(order: int, domain: str) -> Naptr:
    return Naptr(order, 10, "", "D2P+SIP", "", domain)


NAMES: dict[str, Any] = {
    "none.org": ["192.0.2.1"],
    "other.org": [Naptr(1, 1, "s", "SIP+D2U", "", "_sip._udp.other.org")],
    "prefix.org": [fed(10, "walled")],
    "two.org": [fed(10, "walled", 1), fed(10, "unknown", 2), fed(20, "hub")],
    "first.org": [fed(20, "walled"), fed(10, "hub")],
    "stranger.org": [fed(10, "unknown")],
    "std.org": [u(10, "d2p+sip:STD", "!^(.*)\\.org$!urn:\\1!")],
    "referring.org": [refer(10, "prefix.org"), fed(20, "hub")],
    "fallback.org": [refer(10, "stranger.org"), fed(20, "hub")],
    "nowhere.org": [refer(10, "none.org"), fed(20, "hub")],
    "alone.org": [refer(10, "prefix.org"), fed(10, "hub")],
    "loop.org": [refer(10, "loop.org")],
    "evil.org": [refer(10, "a;transport=tls")],
    "broken.org": [
        Naptr(1, 1, "s", "D2P+SIP:fed", "!^.*$!hub!", ""),
        u(1, "D2P+SIP:fed", "no expression"),
        u(1, "D2P+SIP:fed", "!(!x!"),
        u(1, "D2P+SIP:fed", "!^never$!x!"),
        fed(2, "hub"),
    ],
    "kind.org": [u(10, "D2P+SIP:xxx", "!^.*$!hub!")],
    "sql.org": [
        u(10, "D2P+SIP:fed", "!^.*$!' OR '1'='1!"),
        u(20, "D2P+SIP:fed", "!^.*$!x'; DROP TABLE domainpolicy;!"),
    ],
    "slow.org": [u(10, "D2P+SIP:fed", "!^((a+)+)+b!x!")],
}


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    for rule, kind, att, value in (
        ("walled", "fed", "domainprefix", "l3fed"),
        ("hub", "fed", "domainreplacement", "sip.hub.org"),
        ("hub", "fed", "s:x", "text"),
        ("hub", "fed", "7", "number"),
        ("hub", "fed", "q:7", "bad"),
        ("urn:std", "std", "transportoverride", "tls"),
        ("urn:std", "std", "portoverride", "5071"),
        ("urn:std", "std", "domainsuffix", "root.org"),
        ("urn:std", "std", "sendsocket", "udp:10.0.0.1:5070"),
        ("direct.org", "dom", None, None),
    ):
        sqlite.insert("domainpolicy", rule=rule, type=kind, att=att, val=value, description="")
    return sqlite


@contextmanager
def site(database: Sqlite, body: str = BOTH, *params: str) -> Iterator[Node]:
    lines = "\n".join(f'modparam("domainpolicy", {line})' for line in params)
    text = CONFIG.replace("@URL@", database.url).replace("@PARAMS@", lines).replace("@BODY@", body)
    with closing(Node(text, names=NAMES)) as node:
        yield node


def ask(node: Node, uri: str) -> str:
    return node.receive(build_message("OPTIONS", uri))[0].header("X-Result") or ""


@pytest.mark.parametrize(
    ("uri", "result"),
    [
        ("sip:a@unknown.org", "2 2 <null> <null> <null> <null>"),
        ("sip:a@none.org", "2 2 <null> <null> <null> <null>"),
        ("sip:a@other.org", "2 2 <null> <null> <null> <null>"),
        ("sip:a@direct.org", "1 2 <null> <null> <null> <null>"),
        ("sip:a@prefix.org", "1 1 sip:l3fed.prefix.org <null> <null> <null>"),
        ("sip:a@prefix.org:5066;transport=tcp", "1 1 sip:l3fed.prefix.org:5066;transport=tcp <null> <null> <null>"),
        ("sip:a@two.org", "1 1 sip:sip.hub.org sip.hub.org text number"),
        ("sip:a@first.org", "1 1 sip:sip.hub.org sip.hub.org text number"),
        ("sip:a@stranger.org", "-1 2 <null> <null> <null> <null>"),
        ("sip:a@std.org", "1 1 sip:std.org.root.org:5071;transport=tls <null> <null> <null>"),
        ("sip:a@referring.org", "1 1 sip:l3fed.prefix.org prefix.org <null> <null>"),
        ("sip:a@fallback.org", "1 1 sip:sip.hub.org sip.hub.org text number"),
        ("sip:a@nowhere.org", "2 2 <null> <null> <null> <null>"),
        ("sip:a@alone.org", "-2 2 <null> <null> <null> <null>"),
        ("sip:a@loop.org", "-2 2 <null> <null> <null> <null>"),
        ("sip:a@evil.org", "-2 2 <null> <null> <null> <null>"),
        ("sip:a@broken.org", "1 1 sip:sip.hub.org sip.hub.org text number"),
        ("sip:a@kind.org", "-1 2 <null> <null> <null> <null>"),
        ("sip:a@sql.org", "-1 2 <null> <null> <null> <null>"),
        ("sip:a@slow.org", "-1 2 <null> <null> <null> <null>"),
    ],
)
def test_policies(database: Sqlite, uri: str, result: str) -> None:
    with site(database) as node:
        assert ask(node, uri).rpartition(" ")[0] == result
        node.records.clear()
    assert database.run("SELECT count(*) FROM domainpolicy") == [(10,)]


def test_the_socket(database: Sqlite) -> None:
    with site(database) as node:
        assert ask(node, "sip:a@std.org").endswith(" udp:10.0.0.1:5070")


@pytest.mark.parametrize(
    ("avps", "result"),
    [
        ('$avp(s:domainprefix) = "a b";', "-1 <null>"),
        ('$avp(s:domainsuffix) = "x;lr";', "-1 <null>"),
        ("$avp(s:portoverride) = 5066;", "-1 <null>"),
        ('$avp(s:portoverride) = "99999";', "-1 <null>"),
        ('$avp(s:domainreplacement) = "";', "-1 <null>"),
        ('$avp(s:sendsocket) = "udp:x:y";', "-1 <null>"),
        ('$avp(s:sendsocket) = "udp:10.9.9.9:5060"; $avp(s:portoverride) = "5066";', "1 sip:example.org:5066"),
        ('$avp(s:transportoverride) = "tcp";', "1 sip:example.org;transport=tcp"),
    ],
)
def test_avps_of_the_script(database: Sqlite, avps: str, result: str) -> None:
    with site(database, f"{avps} dp_apply_policy(); $var(b) = $rc;") as node:
        assert " ".join(ask(node, "sip:a@example.org").split()[1:3]) == result
        node.records.clear()


def test_the_database_fails(database: Sqlite) -> None:
    with site(database) as node:
        database.run("ALTER TABLE domainpolicy RENAME TO gone")
        assert ask(node, "sip:a@prefix.org").startswith("-2 2 ")
        assert "no such table" in node.errors[-1]
        node.records.clear()


def test_names_of_avps(database: Sqlite) -> None:
    assert [avp_key(name) for name in ("i:0", "i:x", "0", "", "s:", "z:1")] == [None] * 6
    keys = [avp_key(name) for name in ("i:5", "5", "s:5", "S:a")]
    assert [key and key[1] for key in keys] == [5, 5, "5", "a"]
    params = ('"domain_replacement_avp", "99"', '"domain_prefix_avp", "7"')
    with site(database, BOTH, *params) as node:
        assert ask(node, "sip:a@referring.org").startswith("1 1 sip:prefix.org ")


@pytest.mark.parametrize("param", ['"dp_table", "a b"', '"send_socket_avp", ""', '"port_override_avp", "0"'])
def test_parameters_are_checked(database: Sqlite, param: str) -> None:
    with pytest.raises(LoadError, match="no name"), site(database, BOTH, param):
        pass


ZONE = """
@ NAPTR 10 50 "U" "D2P+SIP:fed" "!^.*$!hub!" .
many NAPTR 10 50 "" "D2P+SIP" "" @
strange NAPTR 10 50 "U" "D2P+SIP:fed" "!^.*$!unknown!" .
"""


async def test_a_real_name_server(database: Sqlite, tmp_path: Path) -> None:
    need("nsd")
    with NameServer(tmp_path, ZONE, Ports()) as server:
        worker = make_worker("pv")
        client = DnsClient(ClientOptions([(server.address, server.port)], 20, 1))
        options = PlanOptions(frozenset({PROTO_UDP}), lambda most: most, {PROTO_UDP: 1}, failover=True)
        cache, hosts = DnsCache(CacheOptions(size=1 << 20)), HostsFile(Path("/nonexistent"))
        worker.resolver = Resolver(client, cache, options, hosts, lambda: 1.0, worker.log)
        worker.load("domainpolicy", db_url=database.url)
        assert worker.configure_modules() == []
        for domain, code in (
            ("example.com", 1),
            ("many.example.com", 1),
            ("strange.example.com", -1),
            ("x.example.com", 2),
        ):
            text = f"OPTIONS sip:{domain} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\n"
            ctx = context(worker, message(f"{text}To: <sip:b@c>\nCall-ID: c\nCSeq: 1 OPTIONS\n\n"))
            assert await call(ctx, "dp_can_connect") == code
            assert read(ctx, "$avp(s:domainreplacement)") == ("sip.hub.org" if code == 1 else None)
        worker.services["databases"].close()
        await worker.resolver.close()
