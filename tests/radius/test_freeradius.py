"""The client against Debian's FreeRADIUS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from siprouter.radius.attributes import encode
from siprouter.radius.client import RadiusClient
from siprouter.radius.config import read_config
from siprouter.radius.errors import RadiusUnavailableError
from siprouter.radius.journal import RadiusJournal
from siprouter.util.log import Log, Record
from tests.support.digests import h
from tests.support.freeradius import FreeRadius, client_config
from tests.support.ports import Ports

pytestmark = pytest.mark.scenario

USERS = """\
alice@example.org Cleartext-Password := "wonderland"
	SIP-AVP = "email:alice@example.org",
	SIP-AVP += "#14#28"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ports: Ports) -> Iterator[FreeRadius]:
    with FreeRadius(tmp_path_factory.mktemp("radius"), ports, USERS) as running:
        yield running


@pytest.fixture
async def client(server: FreeRadius, tmp_path: Path, log: Log) -> AsyncIterator[RadiusClient]:
    made = RadiusClient(read_config(client_config(tmp_path, server)), log)
    yield made
    made.close()


def digest(client: RadiusClient, password: str, **more: str | int):
    realm, nonce, uri = "example.org", "abcdef", "sip:example.org"
    response = h("MD5", f"{h('MD5', f'alice:{realm}:{password}')}:{nonce}:{h('MD5', f'REGISTER:{uri}')}")
    values = {
        "User-Name": "alice@example.org",
        "Digest-User-Name": "alice",
        "Digest-Realm": realm,
        "Digest-Nonce": nonce,
        "Digest-URI": uri,
        "Digest-Method": "REGISTER",
        "Digest-Response": response,
        "Service-Type": client.dictionary.value("Service-Type", "Sip-Session"),
        **more,
    }
    return [encode(client.dictionary.find(name), value) for name, value in values.items()]


async def test_digests(client: RadiusClient) -> None:
    reply = await client.authenticate(digest(client, "wonderland"))
    assert reply.accepted
    assert reply.texts(client.dictionary.find("sip-avp")) == ["email:alice@example.org", "#14#28"]
    assert not (await client.authenticate(digest(client, "guessed"))).accepted
    assert client.bad_replies == 0


async def test_many_at_a_time(client: RadiusClient) -> None:
    passwords = ["wonderland", "guessed"] * 400
    replies = await asyncio.gather(*[client.authenticate(digest(client, password)) for password in passwords])
    assert [reply.accepted for reply in replies] == [True, False] * 400


async def test_accounting_survives_a_restart_of_the_server(
    ports: Ports, tmp_path: Path, log: Log, records: list[Record]
) -> None:
    server = FreeRadius(tmp_path / "server", ports)
    client = RadiusClient(read_config(client_config(tmp_path, server)), log)
    spawn = lambda coroutine, name: asyncio.get_running_loop().create_task(coroutine)  # noqa: E731
    journal = RadiusJournal(tmp_path / "journal", client, log, spawn, lambda: 1_000_100.0)
    journal.open()

    def note(*numbers: int) -> None:
        for number in numbers:
            for status in ("Start", "Stop"):
                value = client.dictionary.value("Acct-Status-Type", status)
                assert journal.add([("Acct-Status-Type", value), ("Acct-Session-Id", f"call-{number}")], 1_000_000)

    async def drained() -> None:
        async with asyncio.timeout(60):
            while journal.pending:  # noqa: ASYNC110  # it has no event for that
                await asyncio.sleep(0.01)

    note(*range(50))
    with server:
        await drained()
        note(*range(50, 150))
        await asyncio.sleep(0)
        server.kill()
        note(*range(150, 200))
        await asyncio.sleep(0.1)
        assert journal.pending
        server.start()
        await drained()
        await journal.stop()
        client.close()
        seen = [(record["Acct-Session-Id"], record["Acct-Status-Type"]) for record in server.records()]
    assert len(set(seen)) == 400
    # each call's Stop came behind its Start
    for number in range(200):
        assert seen.index((f"call-{number}", "Start")) < seen.index((f"call-{number}", "Stop"))
    assert {record["Acct-Delay-Time"] for record in server.records()} == {"100"}


async def test_the_second_server_is_asked_where_the_first_is_away(
    server: FreeRadius, ports: Ports, tmp_path: Path, log: Log, records: list[Record]
) -> None:
    away = FreeRadius(tmp_path / "away", ports, USERS)
    client = RadiusClient(read_config(client_config(tmp_path, away, server)), log)
    try:
        for _ in range(3):
            assert (await client.authenticate(digest(client, "wonderland"))).accepted
        assert [record.text for record in records] == [
            f"RADIUS server 127.0.0.1:{away.auth_port}: nobody listens there: the next one is asked"
        ]
    finally:
        client.close()


async def test_a_server_with_another_secret_is_no_server(server: FreeRadius, tmp_path: Path, log: Log) -> None:
    path = client_config(tmp_path, server, retries=0)
    (tmp_path / "servers").write_text("127.0.0.1 another\n")
    client = RadiusClient(read_config(path), log)
    try:
        with pytest.raises(RadiusUnavailableError, match="does not answer"):
            await client.authenticate(digest(client, "wonderland"))
    finally:
        client.close()
