"""Directories: searches against Debian's slapd, failover, servers that come and go."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from siprouter.db.ldap_session import ONE, SUBTREE, Directory, LdapError, Search, Session, load_library
from tests.support.ports import Ports
from tests.support.slapd import BIND_DN, PASSWORD, Slapd

pytestmark = pytest.mark.xdist_group("ldap")
BOB = Search("ou=sip,dc=test", ONE, "(cn=bob)")


@pytest.fixture
def server(tmp_path: Path, ports: Ports) -> Iterator[Slapd]:
    with Slapd(tmp_path, ports) as running:
        yield running


def directory(*servers: str, told: list[str | None] | None = None, **options: Any) -> Directory:
    options = {"bind_dn": BIND_DN, "bind_password": PASSWORD, **options}
    heard: list[str | None] = [] if told is None else told
    return Directory(Session("people", servers, **options), load_library(), heard.append)


async def test_searches(server: Slapd) -> None:
    people = directory(server.url)
    found = await people.search(Search("dc=test", SUBTREE, "(cn=alice)"))
    assert found[0]["telephoneNumber"] == [b"+4989123456", b"0049"]
    assert found[0]["employeeNumber"] == [b"17"]
    found = await people.search(Search("ou=sip,dc=test", ONE, "(sn=Liddell)", ("cn",)))
    assert sorted(found, key=str) == [{"cn": [b"alice"]}, {"cn": [b"bob"]}]
    assert await people.search(Search("dc=test", SUBTREE, "(cn=nobody)")) == []
    assert len(await people.search(Search("dc=test", SUBTREE))) == 5
    results = await asyncio.gather(*[people.search(BOB) for _ in range(50)])
    assert all(len(result) == 1 for result in results)
    people.close()


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (Search("dc=nowhere", SUBTREE), "No such object"),
        (Search("dc=test", SUBTREE, "(cn=x"), "Bad search filter"),
        (Search("no dn", SUBTREE), "Invalid DN syntax"),
    ],
)
async def test_errors(server: Slapd, search: Search, message: str) -> None:
    people = directory(server.url)
    with pytest.raises(LdapError, match=message):
        await people.search(search)
    assert len(await people.search(BOB)) == 1
    people.close()


async def test_a_wrong_password(server: Slapd) -> None:
    told: list[str | None] = []
    people = directory(server.url, told=told, bind_password="wrong")
    with pytest.raises(LdapError, match="Invalid credentials"):
        await people.search(BOB)
    assert told == []
    people.close()


async def test_the_next_server_is_asked(server: Slapd, ports: Ports) -> None:
    people = directory(f"ldap://127.0.0.1:{ports.take()}", server.url)
    assert len(await people.search(BOB)) == 1
    people.close()


async def test_a_server_that_goes_and_comes(server: Slapd) -> None:
    told: list[str | None] = []
    people = directory(server.url, told=told)
    assert len(await people.search(BOB)) == 1
    server.stop()
    for _ in range(3):
        with pytest.raises(LdapError):
            await people.search(BOB)
    assert len(told) == 1 and told[0] is not None and "contact LDAP server" in told[0]
    server.start()
    server.ready()
    for _ in range(600):
        try:
            assert len(await people.search(BOB)) == 1
            break
        except LdapError:
            await asyncio.sleep(0.05)
    assert told[1:] == [None]
    people.close()


async def test_a_restart_between_two_searches_is_not_noticed(server: Slapd) -> None:
    told: list[str | None] = []
    people = directory(server.url, told=told)
    assert len(await people.search(BOB)) == 1
    server.stop()
    server.start()
    server.ready()
    assert len(await people.search(BOB)) == 1
    assert told == []
    people.close()


async def test_a_server_that_hangs_holds_nobody_up(server: Slapd) -> None:
    people = directory(server.url, search_timeout=0.5)
    assert len(await people.search(BOB)) == 1
    server.process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]
    try:
        waiting = asyncio.ensure_future(people.search(BOB))
        for _ in range(5):
            await asyncio.sleep(0)  # the loop goes on
        assert not waiting.done()
        with pytest.raises(LdapError):
            await waiting
    finally:
        server.process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]
    for _ in range(600):
        try:
            assert len(await people.search(BOB)) == 1
            break
        except LdapError:
            await asyncio.sleep(0.05)
    people.close()
