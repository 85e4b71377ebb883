"""Modules that look things up, on each kind of database. What they do in detail: tests/modules."""

from __future__ import annotations

from typing import Any, Self

from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_FROM
from siprouter.db.admin import create_tables
from siprouter.db.interface import Database
from siprouter.db.schema import schema
from tests.support.fakes import FakeWorker, call, context, message, read, write

URI = TRACK_FROM | CLASS_URI
HOSTILE = ["' OR '1'='1", "x'; DROP TABLE version; --", '" OR ""="', "\\' OR 1=1 --", "%", "a%sb", "\\"]


class Setup:
    """A worker with one module over a database that has the tables it needs."""

    def __init__(self, database: Database, url: str, declared: str, *tables: str, **params: Any) -> None:
        self.database = database
        self.tables = tables
        self.worker = FakeWorker()
        self.worker.load("pv")
        self.inst = self.worker.load(declared, db_url=url, **params)
        assert self.worker.configure_modules() == []

    async def __aenter__(self) -> Self:
        await create_tables(self.database, [schema()[name] for name in ("version", *self.tables)])
        return self

    async def __aexit__(self, *error: object) -> None:
        self.worker.services["databases"].close()

    async def start(self) -> None:
        await self.inst.start()

    def ask(self, uri: str = "sip:bob@example.org", user: str = "alice") -> Any:
        text = (
            f"OPTIONS {uri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:{user}@example.org>;tag=1\n"
        )
        return context(self.worker, message(f"{text}To: <{uri}>\nCall-ID: c\nCSeq: 1 OPTIONS\n\n"))


async def test_avpops(database: Database, database_url: str) -> None:
    async with Setup(database, database_url, "avpops", "usr_preferences", avp_table="usr_preferences") as site:
        for value in HOSTILE:
            ctx = site.ask()
            write(ctx, "$avp(s:mine)", value)
            write(ctx, "$avp(i:7)", 42)
            assert await call(ctx, "avp_db_store", "$avp(s:mine)", "a") == 1
            assert await call(ctx, "avp_db_store", "$avp(s:mine)", "a") == -1
            ctx = site.ask()
            assert await call(ctx, "avp_db_load", value, "a") == 1
            assert (read(ctx, "$avp(s:mine)"), read(ctx, "$avp(i:7)")) == (value, 42)
            text = "select value, type from usr_preferences where uuid = '$avp(s:mine)' and attribute = '7'"
            assert await call(ctx, "avp_db_query", text, "$avp(s:x);$avp(s:y)") == 1
            assert (read(ctx, "$avp(s:x)"), read(ctx, "$avp(s:y)")) == ("42", 3)
            assert await call(ctx, "avp_db_delete", value, "$avp(i:7)") == 1
        assert await database.count("usr_preferences") == len(HOSTILE)


async def test_dialplan(database: Database, database_url: str) -> None:
    async with Setup(database, database_url, "dialplan", "dialplan", fetch_rows=1) as site:
        for number, value in enumerate(HOSTILE):
            row = {"dpid": 1, "pr": number, "match_op": 0, "match_exp": value, "match_len": 0, "subst_exp": ""}
            await database.insert("dialplan", {**row, "repl_exp": f"n{number}", "attrs": "a"})
        await site.start()
        for number, value in enumerate(HOSTILE):
            ctx = site.ask()
            write(ctx, "$var(x)", value)
            assert call(ctx, "dp_translate", "1", "$var(x)/$avp(s:out)") == 1
            assert read(ctx, "$avp(s:out)") == f"n{number}"


async def test_userblacklist(database: Database, database_url: str) -> None:
    async with Setup(database, database_url, "userblacklist", "userblacklist", "globalblacklist", use_domain=1) as site:
        for value in HOSTILE:
            row = {"username": value, "domain": "example.org", "prefix": "12", "whitelist": "0"}
            await database.insert("userblacklist", row)
        await database.insert("globalblacklist", {"prefix": "9", "whitelist": "1"})
        await database.insert("globalblacklist", {"prefix": "", "whitelist": "0"})
        await site.start()
        for value in [*HOSTILE, "nobody"]:
            ctx = site.ask("sip:123@x")
            write(ctx, "$var(u)", value)
            refused = value in HOSTILE
            assert await call(ctx, "check_user_blacklist", "$var(u)", "example.org") == (-1 if refused else 1)
            assert await call(ctx, "check_user_blacklist", "$var(u)", "other.org") == 1
        assert [call(site.ask(f"sip:{number}@x"), "check_blacklist") for number in ("91", "19")] == [1, -1]


async def test_domainpolicy(database: Database, database_url: str) -> None:
    async with Setup(database, database_url, "domainpolicy", "domainpolicy") as site:
        row = {"rule": "example.org", "type": "dom", "att": "portoverride", "val": "5066", "description": ""}
        await database.insert("domainpolicy", row)
        await site.start()
        ctx = site.ask()
        assert await call(ctx, "dp_can_connect") == 1
        assert call(ctx, "dp_apply_policy") == 1
        assert ctx.dst_uri == "sip:example.org:5066"


async def test_attributes_and_uris_of_ser(database: Database, database_url: str) -> None:
    columns = "name VARCHAR(64), type INTEGER, value VARCHAR(255), flags INTEGER"
    await database.raw(f"CREATE TABLE call_attrs (k VARCHAR(64), {columns})")
    async with Setup(
        database, database_url, "avp_db_s", attr_group="id=c,flag=f,table=call_attrs,key_column=k"
    ) as site:
        for value in HOSTILE:
            ctx = site.ask()
            attributes: list[tuple[str, str | int, int]] = [("own", value, TRACK_FROM | CLASS_USER), ("n", 42, URI)]
            for name, one, klass in attributes:
                ctx.avps.add(name, one, klass)
                ctx.avps.flags[klass, name] = 1
            for _ in range(2):
                assert await call(ctx, "save_extra_attrs", "c", value) == 1
            ctx = site.ask()
            assert await call(ctx, "load_extra_attrs", "c", value) == 1
            assert [ctx.avps.get(name, 0, klass) for name, _, klass in attributes] == [value, 42]
        assert await database.count("call_attrs") == 2 * len(HOSTILE)
        assert await call(ctx, "remove_extra_attrs", "c", HOSTILE[0]) == 1
        assert await database.count("call_attrs") == 2 * len(HOSTILE) - 2
    texts = ", ".join(f"{name} VARCHAR(64)" for name in ("uid", "did", "username", "scheme"))
    await database.raw(f"CREATE TABLE uris ({texts}, flags INTEGER)")
    await database.insert("uris", {"uid": "u", "did": "_default", "username": "bob", "scheme": "sip", "flags": 9})
    async with Setup(database, database_url, "uri_db_s", uri_table="uris") as site:
        ctx = site.ask()
        assert await call(ctx, "lookup_user", "Request-URI") == 1
        assert await call(site.ask("sip:'OR'1'='1@x"), "lookup_user", "Request-URI") == -1
        assert await call(ctx, "check_uri", "From") == -1
