"""TLS connections on loopback, with real sockets; the peer is OpenSSL as Python has it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from siprouter.transport.endpoint import PROTO_TLS, SEND_CLOSE, Endpoint, Listener
from siprouter.transport.proxy_protocol import ProxySources, parse_proxy_rule
from siprouter.transport.sockopts import StreamOptions
from siprouter.transport.tls import TlsConnection, TlsTransport
from siprouter.transport.tls_context import TlsSettings
from siprouter.transport.tls_domain import DomainKey, PlainEngine, TlsDomain, TlsDomains, TlsOptions
from tests.support.certificates import Authority
from tests.support.streams import BODY, MESSAGE, Inbox, close, free_port, read, until

SERVER = DomainKey(True)
CLIENT = DomainKey(False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> str:
    return str(authority.issue(hosts=("sip.test", "127.0.0.1", "::1")).path)


class TlsNode(Inbox):
    """A TLS transport with one listener."""

    def __init__(self, domains: list[TlsDomain], stream: StreamOptions, address: str) -> None:
        super().__init__()
        self.engine = PlainEngine(TlsDomains(domains))
        self.listener = Listener(PROTO_TLS, address, free_port(address))
        self.tls = TlsTransport(asyncio.get_running_loop(), self, self.log, self.engine, stream)
        self.transport = self.tls

    def at(self, flags: int = 0) -> Endpoint:
        return Endpoint(PROTO_TLS, self.listener.address, self.listener.port, flags=flags)

    async def call(self, **settings: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection by a client that believes everything."""
        return await asyncio.open_connection(self.listener.address, self.listener.port, **client(**settings))

    @property
    def connection(self) -> TlsConnection:
        (found,) = self.tls.table
        assert isinstance(found, TlsConnection)
        return found


def client(ca: str = "", own: str = "", name: str = "", newest: ssl.TLSVersion | None = None) -> dict[str, Any]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(ca and name)
    context.verify_mode = ssl.CERT_REQUIRED if ca else ssl.CERT_NONE
    if ca:
        context.load_verify_locations(ca)
    if own:
        context.load_cert_chain(own)
    if newest is not None:
        context.maximum_version = newest
    return {"ssl": context, "server_hostname": name}


@asynccontextmanager
async def tls_node(
    certificate: str,
    *,
    more: list[TlsDomain] | None = None,
    stream: StreamOptions | None = None,
    client: dict[str, Any] | None = None,
    address: str = "127.0.0.1",
    options: TlsOptions | None = None,
    **server: Any,
) -> AsyncIterator[TlsNode]:
    """A listening node; `server` and `client` are settings of the default domains."""
    domains = [
        TlsDomain(SERVER, TlsSettings(certificate=certificate, **server)),
        TlsDomain(CLIENT, TlsSettings(**(client or {}))),
        *(more or []),
    ]
    node = TlsNode(domains, stream or StreamOptions(), address)
    node.engine.options = options or TlsOptions()
    await node.tls.listen(node.listener)
    await node.tls.start()
    try:
        yield node
    finally:
        await node.tls.close()
        assert len(node.tls.table) == node.tls.handshakes == 0
        assert node.tls.stats.queued == node.engine.counts.clear_queued == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_receives_and_answers(
    certificate: str, authority: Authority, address: str, newest: ssl.TLSVersion
) -> None:
    async with tls_node(certificate, address=address) as node:
        reader, writer = await node.call(ca=str(authority.path), name="sip.test", newest=newest)
        writer.write(MESSAGE + BODY[:20])
        data, source = await node.next()
        assert (data, source.proto, source.ip) == (MESSAGE, PROTO_TLS, address)
        writer.write(BODY[20:])
        assert (await node.next())[0] == BODY
        assert node.tls.send(b"answer" * 5000, source)
        assert await asyncio.wait_for(reader.readexactly(30000), 5) == b"answer" * 5000
        assert node.connection.server_name == "sip.test"
        await close(writer)


async def test_connects_and_uses_the_connection_again(certificate: str) -> None:
    async with tls_node(certificate) as here, tls_node(certificate) as there:
        for message in (MESSAGE, BODY, MESSAGE):
            assert here.tls.send(message, there.at(), here.failed())
        sources = []
        for message in (MESSAGE, BODY, MESSAGE):
            data, source = await there.next()
            assert data == message
            sources.append(source)
        assert len({source.connection for source in sources}) == 1
        assert here.engine.counts.connected == there.engine.counts.accepted == 1
        there.tls.send(BODY, sources[0])
        assert (await here.next())[0] == BODY


async def test_closes_behind_the_last_message(certificate: str) -> None:
    async with (
        tls_node(certificate, options=TlsOptions(send_close_notify=True)) as here,
        tls_node(certificate) as there,
    ):
        here.tls.send(BODY, there.at(SEND_CLOSE))
        assert (await there.next())[0] == BODY
        await until(lambda: len(there.tls.table) == len(here.tls.table) == 0)


async def test_records_are_no_larger_than_the_fragment(certificate: str) -> None:
    async with tls_node(certificate, options=TlsOptions(max_send_fragment=512)) as node:
        reader, writer = await node.call()
        writer.write(MESSAGE)
        _, source = await node.next()
        node.tls.send(b"x" * 2000, source)
        sizes = []
        while sum(sizes) < 2000:
            sizes.append(len(await read(reader, 512)))
        assert max(sizes) <= 512
        await close(writer)


async def test_the_name_asked_for_chooses_the_domain(authority: Authority, certificate: str) -> None:
    names = {"a.test": 0, "b.test": 1, "c.test": 2}
    more = [
        TlsDomain(
            SERVER,
            TlsSettings(certificate=str(authority.issue(name).path), server_name=name, server_name_mode=mode),
        )
        for name, mode in names.items()
    ]
    expected = {
        "A.test": "a.test",
        "x.a.test": "sip.test",
        "b.test": "b.test",
        "x.b.test": "b.test",
        "c.test": "sip.test",
        "x.c.test": "c.test",
        "": "sip.test",
    }
    async with tls_node(certificate, more=more) as node:
        for name, common_name in expected.items():
            writer = (await node.call(name=name, ca=""))[1]
            der = writer.get_extra_info("ssl_object").getpeercert(True)
            assert common_name.encode() in der, name
            await close(writer)


PEERS = {
    "good": ({}, ""),
    "expired": ({"days": -3}, "certificate has expired"),
    "self-signed": ({"self_signed": True}, "self-signed certificate"),
    "wrong name": ({"name": "other.test"}, "Hostname mismatch"),
}


@pytest.mark.parametrize(("issue", "problem"), PEERS.values(), ids=PEERS)
async def test_what_servers_are_refused(
    certificate: str, authority: Authority, issue: dict[str, Any], problem: str
) -> None:
    theirs = str(authority.issue(**issue).path)
    checks = {
        "ca_list": str(authority.path),
        "verify_certificate": True,
        "verify_server_name": True,
        "server_name": "sip.test",
    }
    async with tls_node(theirs) as there, tls_node(certificate, client=checks) as here:
        assert here.tls.send(MESSAGE, there.at(), here.failed())
        if problem:
            _, error = await here.next_failure()
            assert problem in str(error)
            assert any(problem.lower() in record.text.lower() for record in here.records)
            assert here.engine.counts.handshake_failed == 1
        else:
            assert (await there.next())[0] == MESSAGE
            assert there.connection.server_name == "sip.test"


async def test_an_unknown_authority_is_refused_and_believed_where_nothing_is_verified(
    certificate: str, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "Other CA")
    strict = {"ca_list": str(other.path), "verify_certificate": True}
    async with tls_node(certificate) as there:
        async with tls_node(certificate, client=strict) as here:
            here.tls.send(MESSAGE, there.at(), here.failed())
            assert "unable to get local issuer" in str((await here.next_failure())[1])
        async with tls_node(certificate) as here:
            here.tls.send(MESSAGE, there.at(), here.failed())
            assert (await there.next())[0] == MESSAGE


async def test_revoked_certificates(authority: Authority, certificate: str) -> None:
    good, bad = authority.issue("good.test"), authority.issue("bad.test")
    crl = str(authority.revoke(bad))
    settings = {"ca_list": str(authority.path), "crl": crl, "require_certificate": True}
    async with tls_node(certificate, **settings) as node:
        _, writer = await node.call(own=str(good.path))
        writer.write(MESSAGE)
        assert (await node.next())[0] == MESSAGE
        await close(writer)
        await refused(node, own=str(bad.path))
        assert any("certificate revoked" in record.text for record in node.records)


async def refused(node: TlsNode, **settings: Any) -> None:
    """The server ends the connection, during the handshake or, as TLS 1.3 does, just behind it."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        reader, writer = await node.call(**settings)
        writer.write(MESSAGE)
        try:
            if await read(reader) == b"":
                raise ConnectionError("closed")
        finally:
            writer.transport.abort()
    await until(lambda: len(node.tls.table) == 0)
    assert node.messages.empty()


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_required_client_certificates(certificate: str, authority: Authority, newest: ssl.TLSVersion) -> None:
    async with tls_node(certificate, ca_list=str(authority.path), require_certificate=True) as node:
        await refused(node, newest=newest)
        await refused(node, own=str(authority.issue(self_signed=True).path), newest=newest)
        await refused(node, own=str(authority.issue(days=-3).path), newest=newest)
        _, writer = await node.call(own=certificate, newest=newest)
        writer.write(MESSAGE)
        assert (await node.next())[0] == MESSAGE
        assert node.connection.session is not None and node.connection.session.getpeercert(True)
        await close(writer)


async def test_client_certificates_that_are_not_required_are_checked_where_they_come(
    certificate: str, authority: Authority
) -> None:
    async with tls_node(certificate, ca_list=str(authority.path), verify_certificate=True) as node:
        await refused(node, own=str(authority.issue(self_signed=True).path))
        _, writer = await node.call()
        writer.write(MESSAGE)
        assert (await node.next())[0] == MESSAGE
        await close(writer)


async def test_chains_are_as_long_as_verify_depth_allows(
    authority: Authority, certificate: str, tmp_path: Path
) -> None:
    middle = Authority(tmp_path, "Middle CA", parent=authority)
    own = str(middle.issue("deep.test").path)
    for depth in (0, 1):
        settings = {"ca_list": str(authority.path), "require_certificate": True, "verify_depth": depth}
        async with tls_node(certificate, **settings) as node:
            if depth:
                _, writer = await node.call(own=own)
                writer.write(MESSAGE)
                assert (await node.next())[0] == MESSAGE
                await close(writer)
            else:
                _, writer = await node.call(own=own)
                writer.write(MESSAGE)
                await until(lambda: bool(node.engine.counts.handshake_failed))
                assert any("chain too long" in record.text for record in node.records)
                writer.transport.abort()


async def test_what_a_server_refuses_behind_the_handshake_has_failed(certificate: str, authority: Authority) -> None:
    settings = {"ca_list": str(authority.path), "require_certificate": True}
    async with tls_node(certificate, **settings) as there, tls_node(certificate) as here:
        assert here.tls.send(MESSAGE, there.at(), here.failed())
        assert here.tls.send(BODY, there.at(), here.failed())
        for _ in range(2):
            _, error = await here.next_failure()
            assert "certificate required" in str(error).lower().replace("_", " ")
        assert there.messages.empty() and here.failures.empty()


async def test_a_handshake_has_to_end_in_time(certificate: str) -> None:
    async with tls_node(certificate, options=TlsOptions(handshake_timeout=0.1)) as node:
        for beginning in (b"", b"\x16\x03\x01\x02", b"\x16\x03\x01\x00\x05\x01"):
            reader, writer = await asyncio.open_connection("127.0.0.1", node.listener.port)
            writer.write(beginning)
            try:
                assert await read(reader) == b""
            except ConnectionResetError:
                pass
            await close(writer)
        assert node.tls.stats.con_timeout == 3


async def test_what_is_no_tls_is_refused(certificate: str) -> None:
    async with tls_node(certificate) as node:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.listener.port)
        writer.write(MESSAGE)
        await read(reader)
        await close(writer)
        assert node.engine.counts.handshake_failed == 1 and node.messages.empty()


async def test_the_oldest_of_too_many_handshakes_gives_way(certificate: str) -> None:
    async with tls_node(certificate, options=TlsOptions(max_handshakes=3)) as node:
        idle = [await asyncio.open_connection("127.0.0.1", node.listener.port) for _ in range(8)]
        await until(lambda: node.engine.counts.handshake_dropped == 5)
        assert node.tls.handshakes == 3
        _, writer = await node.call()
        writer.write(MESSAGE)
        assert (await node.next())[0] == MESSAGE
        for _, other in [*idle, (None, writer)]:
            await close(other)


async def test_clear_text_that_waits_for_a_handshake_is_bounded(certificate: str) -> None:
    options = TlsOptions(con_ct_wq_max=1000)
    async with tls_node(certificate, options=options) as here:
        silent = socket.create_server(("127.0.0.1", 0))
        to = Endpoint(PROTO_TLS, *silent.getsockname())
        assert here.tls.send(b"x" * 800, to, here.failed())
        assert here.engine.counts.clear_queued == 800
        assert not here.tls.send(b"x" * 800, to, here.failed())
        assert isinstance((await here.next_failure())[1], BlockingIOError)
        here.engine.options.ct_wq_max = 1000
        assert not here.tls.send(b"x" * 1001, to)
        assert here.tls.stats.sendq_full == 2
        silent.close()


async def test_too_little_memory(certificate: str) -> None:
    async with tls_node(certificate) as node:
        _, writer = await node.call()
        writer.write(MESSAGE)
        await node.next()
        node.engine.options.low_memory_refuse = 1 << 63
        reader, plain = await asyncio.open_connection("127.0.0.1", node.listener.port)
        try:
            assert await read(reader) == b""
        except ConnectionResetError:
            pass
        await close(plain)
        node.engine.options.low_memory_fail = 1 << 63
        writer.write(MESSAGE)
        await until(lambda: len(node.tls.table) == 0)
        assert node.messages.empty() and node.engine.counts.low_memory == 2
        await close(writer)


async def test_behind_a_load_balancer(certificate: str) -> None:
    stream = StreamOptions(proxies=ProxySources([parse_proxy_rule("tls:* 127.0.0.1")]))
    async with tls_node(certificate, stream=stream) as node:
        answer = asyncio.create_task(asyncio.to_thread(talk_behind_header, node.listener.port))
        received, source = await node.next()
        assert (received, source.ip, source.port) == (MESSAGE, "192.0.2.7", 5070)
        node.tls.send(b"answer", source)
        assert await answer == b"answer"


def talk_behind_header(port: int) -> bytes:
    """Sends a header of the PROXY protocol, and a message over TLS; returns the answer."""
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        plain.sendall(b"PROXY TCP4 192.0.2.7 198.51.100.1 5070 5061\r\n")
        with client()["ssl"].wrap_socket(plain, server_hostname="sip.test") as secured:
            secured.sendall(MESSAGE)
            return bytes(secured.recv(100))


async def test_lifetimes(certificate: str) -> None:
    stream = StreamOptions(connection_lifetime=0.1)
    async with tls_node(certificate, stream=stream, options=TlsOptions(connection_timeout=50)) as node:
        reader, writer = await node.call()
        await until(lambda: node.engine.counts.accepted == 1)
        assert 45 < node.connection.seconds_left() <= 50
        writer.write(MESSAGE)
        await node.next()
        try:
            assert await read(reader) == b""
        except ConnectionResetError:
            pass
        await close(writer)


async def test_peers_that_do_not_read(certificate: str) -> None:
    stream = StreamOptions(conn_wq_max=100_000, send_timeout=0.2)
    async with tls_node(certificate, stream=stream) as node:
        sources = []
        writers = []
        for _ in range(2):
            _, writer = await node.call()
            cast(asyncio.Transport, writer.transport).pause_reading()
            writer.write(MESSAGE)
            sources.append((await node.next())[1])
            writers.append(writer)
        assert not all(node.tls.send(bytes(65536), sources[0], node.failed()) for _ in range(500))
        assert node.tls.stats.sendq_full == 1 and len(node.tls.table) == 1
        await node.next_failure()
        # the other one takes as much as the system does, and then no more
        while node.connection.queued == 0:
            assert node.tls.send(bytes(30000), sources[1], node.failed())
        await until(lambda: node.tls.stats.send_timeout == 1)
        assert len(node.tls.table) == 0
        for writer in writers:
            writer.transport.abort()
            await close(writer)


@pytest.mark.slow
async def test_memory_of_idle_connections(certificate: str) -> None:
    async with tls_node(certificate, stream=StreamOptions(max_connections=600)) as node:
        context = client()["ssl"]
        before = resident()
        peers = []
        for _ in range(500):
            peers.append(await asyncio.to_thread(plain_client, context, node.listener.port))
        await until(lambda: node.engine.counts.accepted == 500)
        assert resident() - before < 500 * 80_000  # both ends are in this process; a server alone takes a third of it
        for peer in peers:
            peer.close()
        await until(lambda: len(node.tls.table) == 0)


def plain_client(context: ssl.SSLContext, port: int) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5))


def resident() -> int:
    """Octets of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
