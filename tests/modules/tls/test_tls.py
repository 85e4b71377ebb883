"""What the script is told of TLS connections, by a real server; the clients are Python and openssl."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from siprouter.testing import LoadError, Node
from tests.support.certificates import Authority, Issued
from tests.support.ports import Ports
from tests.support.process import need
from tests.support.routers import Siprouter
from tests.support.wire import Endpoint, Message

pytestmark = pytest.mark.scenario

CERTIFICATE_PARTS = [
    *("version", "serial", "subject", "issuer", "san_hostname", "san_ip", "san_uri", "san_email"),
    *(
        f"{which}_{part}"
        for which in ("subject", "issuer")
        for part in ("cn", "locality", "country", "state", "organization", "unit")
    ),
]
PVARS = [
    *("version", "description", "cipher_info", "cipher_bits", "peer_server_name"),
    *("peer_verified", "peer_revoked", "peer_expired", "peer_selfsigned", "peer_notBefore", "peer_notAfter"),
    *(f"{whose}_{part}" for whose in ("peer", "my") for part in CERTIFICATE_PARTS),
]
SELECTS = [
    *("tls", "tls.version", "tls.cipher", "tls.cipher.bits", "tls.desc", "tls.server_name", "tls.peer", "tls.me"),
    *("tls.peer.subject", "tls.peer.issuer", "tls.peer.subject.ou", "tls.peer.issuer.cn", "tls.peer.sn"),
    *("tls.peer.version", "tls.peer.not_after", "tls.peer.email", "tls.peer.host", "tls.peer.uri", "tls.peer.ip"),
    *("tls.peer.verified", "tls.peer.revoked", "tls.peer.expired", "tls.peer.self_signed", "tls.my.verified"),
    *("tls.myself.subject.cn", "tls.my.issuer", "tls.my.notBefore"),
]
CONFIG = """
debug=1
log_stderror=yes
listen=udp:127.0.0.1:@PORT@
listen=tcp:127.0.0.1:@PORT@
listen=tls:127.0.0.1:@TLS@
listen=tls:[::1]:@TLS@
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "tls.so"
modparam("tls", "config", "tls.cfg")
route {{
    if (proto == UDP) {{ sl_send_reply("200", "OK"); exit; }}
{lines}
    if (is_peer_verified()) append_to_reply("verified: yes\\r\\n");
    sl_send_reply("200", "OK");
}}
"""
DOMAINS = """
[server:default]
certificate = server.pem
ca_list = test-ca.pem
verify_certificate = yes
crl = crl-1.pem

[server:127.0.0.1:@TLS@]
server_name = careless.test
certificate = server.pem
crl = crl-1.pem

[server:127.0.0.1:@TLS@]
server_name = strict.test
certificate = server.pem
ca_list = test-ca.pem
require_certificate = yes
crl = crl-1.pem

[server:127.0.0.1:@TLS@]
certificate = server.pem
ca_list = test-ca.pem
verify_certificate = yes
crl = crl-1.pem
"""
REQUEST = """\
OPTIONS sip:127.0.0.1 SIP/2.0
Via: SIP/2.0/TLS {own};branch=z9hG4bKx;rport
From: <sip:x@test>;tag=1
To: <sip:x@test>
Call-ID: x@test
CSeq: 1 OPTIONS
Content-Length: 0

"""
NULL = "<null>"


class Server(Siprouter):
    """A server that says all that it knows of the connection."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.authority = Authority(folder)
        parts = {"O": "Example", "OU": "SIP", "C": "CH", "ST": "Bern", "L": "Thun"}
        extra = (x509.UniformResourceIdentifier("sip:a@b.test"), x509.RFC822Name("a@b.test"))
        hosts = ("client.test", "192.0.2.7")
        self.good = self.authority.issue("client", hosts=hosts, extra=extra, serial=4711, **parts)
        self.revoked = self.authority.issue("revoked.test")
        self.authority.revoke(self.revoked)
        self.own = self.authority.issue("sip.test", hosts=("sip.test", "127.0.0.1", "::1"), O="Own")
        (folder / "server.pem").write_bytes(self.own.path.read_bytes())
        self.tls_port = ports.take()
        (folder / "tls.cfg").write_text(DOMAINS.replace("@TLS@", str(self.tls_port)))
        lines = [f'    append_to_reply("{name}: $tls_{name}\\r\\n");' for name in PVARS]
        lines += [f'    append_to_reply("{name}: $sel({name})\\r\\n");' for name in SELECTS]
        text = CONFIG.format(lines="\n".join(lines)).replace("@TLS@", str(self.tls_port))
        super().__init__(text, folder, ports)

    def ask(self, own: str = "127.0.0.1", certificate: Issued | None = None, proto: str = "tls") -> Message:
        """What it answers to a client with this certificate."""
        port = self.tls_port if proto == "tls" else self.port
        path = str(certificate.path) if certificate is not None else ""
        endpoint = Endpoint("client", (own, port), proto, path, own)
        try:
            endpoint.send(REQUEST.format(own=endpoint.address))
            return endpoint.expect(200)
        finally:
            endpoint.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("tls"), Ports()) as running:
        yield running


@pytest.mark.parametrize("own", ["127.0.0.1", "::1"])
def test_everything_about_a_good_peer(server: Server, own: str) -> None:
    reply = server.ask(own, server.good)
    value = reply.value
    assert value("verified") == "yes"
    assert (value("version"), value("cipher_bits")) == ("TLSv1.3", "256")
    assert value("cipher_info").startswith("TLS_") and "TLSv1.3" in value("description")
    assert value("peer_server_name") == "sip.test"
    flags = [value(f"peer_{name}") for name in ("verified", "revoked", "expired", "selfsigned")]
    assert flags == ["1", "0", "0", "0"]
    assert (value("peer_serial"), value("peer_version")) == ("4711", "2")
    assert value("my_serial") == str(server.own.certificate.serial_number)
    assert value("peer_subject") == "/CN=client/O=Example/OU=SIP/C=CH/ST=Bern/L=Thun"
    names = {"cn": "client", "organization": "Example", "unit": "SIP", "country": "CH", "state": "Bern"}
    for part, text in {**names, "locality": "Thun"}.items():
        assert value(f"peer_subject_{part}") == text
        assert value(f"peer_issuer_{part}") == ("Test CA" if part == "cn" else NULL)
    assert [value(f"peer_san_{kind}") for kind in ("hostname", "ip", "uri", "email")] == [
        *("client.test", "192.0.2.7", "sip:a@b.test", "a@b.test")
    ]
    assert (value("my_subject"), value("my_issuer"), value("my_san_ip")) == (
        "/CN=sip.test/O=Own",
        "/CN=Test CA",
        "127.0.0.1",
    )
    when = ssl.cert_time_to_seconds(value("peer_notafter"))
    assert when == server.good.certificate.not_valid_after_utc.timestamp()


def test_selects(server: Server) -> None:
    reply = server.ask(certificate=server.good)
    assert [reply.value(name.lower()) for name in SELECTS[6:]] == [
        *("client", "sip.test", "client", "Test CA", "SIP", "Test CA", "4711", "2", reply.value("peer_notafter")),
        *("a@b.test", "client.test", "sip:a@b.test", "192.0.2.7", "1", "0", "0", "0", NULL),
        *("sip.test", "Test CA", reply.value("tls.my.notbefore")),
    ]
    assert reply.value("tls") == reply.value("tls.desc") == reply.value("description")
    assert reply.value("tls.cipher.bits") == "256" and reply.value("tls.server_name") == "sip.test"


def test_peers_without_certificate_or_tls(server: Server) -> None:
    reply = server.ask()
    assert reply.value("verified") == "" and reply.value("peer_verified") == "0"
    assert reply.value("peer_subject_cn") == reply.value("tls.peer") == NULL
    assert reply.value("my_subject_cn") == "sip.test"
    plain = server.ask(proto="tcp")
    assert {plain.value(name.lower()) for name in (*PVARS, *SELECTS)} == {NULL}
    assert plain.value("verified") == ""


CLIENTS = {"good": "", "revoked": "alert", "expired": "alert", "self-signed": "alert", "none": "alert"}


@pytest.mark.parametrize(("which", "problem"), CLIENTS.items(), ids=CLIENTS)
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_where_a_certificate_is_required(server: Server, which: str, problem: str, version: str) -> None:
    need("openssl")
    made = {
        "good": lambda: server.good,
        "revoked": lambda: server.revoked,
        "expired": lambda: server.authority.issue(days=-2),
        "self-signed": lambda: server.authority.issue(self_signed=True),
    }
    command = [shutil.which("openssl") or "", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", version]
    command += ["-servername", "strict.test", "-CAfile", str(server.authority.path), "-verify_return_error", "-quiet"]
    if which in made:
        path = str(made[which]().path)
        command += ["-cert", path, "-key", path]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=subprocess.STDOUT) as openssl:
        assert openssl.stdin is not None and openssl.stdout is not None
        try:
            openssl.stdin.write(REQUEST.format(own="127.0.0.1:9").replace("\n", "\r\n").encode())
            openssl.stdin.flush()
        except BrokenPipeError:
            pass  # the handshake has failed already
        seen = b""
        while chunk := openssl.stdout.read1(65536):
            seen += chunk
            if b"SIP/2.0 200" in seen:
                break
        openssl.terminate()
    assert (problem or "SIP/2.0 200 OK").encode() in seen


def test_clients_are_not_asked_where_nothing_is_verified(tmp_path: Path, ports: Ports) -> None:
    with Server(tmp_path, ports) as careless:
        careless.stop()
        domains = "[server:default]\ncertificate = server.pem\nca_list = test-ca.pem\ncrl = crl-1.pem\n"
        (tmp_path / "tls.cfg").write_text(domains)
        careless.start()
        careless.ready()
        assert careless.ask(certificate=careless.revoked).value("peer_verified") == "0"
        assert careless.ask(certificate=careless.revoked).value("peer_subject_cn") == NULL


def test_a_missing_module_or_file_is_said() -> None:
    with pytest.raises(LoadError, match="SSLv3: OpenSSL has no SSLv3"):
        Node('loadmodule "tls.so"\nmodparam("tls", "tls_method", "SSLv3")\nroute { drop; }')
    with pytest.raises(LoadError, match="between -1 and 1"):
        Node('loadmodule "tls.so"\nmodparam("tls", "ssl_read_ahead", 2)\nroute { drop; }')
    with Node('loadmodule "tls.so"\nmodparam("tls", "ssl_freelist_max_len", 2)\nroute { drop; }') as node:
        assert node.logged("ssl_freelist_max_len of module tls has no effect: OpenSSL has no free lists", "warning")
