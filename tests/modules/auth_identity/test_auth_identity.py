"""Requests that one router signs and another one checks."""

from __future__ import annotations

import base64
import ipaddress
import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from siprouter.modules.auth_identity.caches import CertificateCache, ReplayGuard
from siprouter.modules.auth_identity.digest_string import parse_identity_info
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError, PeerError
from tests.support.identities import DomainAuthority, Identity, WebServer
from tests.support.process import need

SIGNER = """
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "auth_identity.so"
modparam("auth_identity", "privatekey_path", "%(key)s")
modparam("auth_identity", "certificate_path", "%(cert)s")
modparam("auth_identity", "certificate_url", "%(url)s")
%(lines)s
route {
    %(route)s
    if (!auth_date_proc()) {
        $var(code) = $rc;
        xlog("L_INFO", "date $var(code)\\n");
        exit;
    }
    if (!auth_add_identity()) {
        $var(code) = $rc;
        xlog("L_INFO", "identity $var(code)\\n");
        exit;
    }
    $du = "sip:10.0.0.9:5060";
    forward();
}
"""
STEPS = ("date", "certificate", "trust", "message", "replay")
VERIFIER = """
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "auth_identity.so"
%(lines)s
route {
    if (!vrfy_check_date()) { $var(code) = $rc; xlog("L_INFO", "result date $var(code)\\n"); exit; }
    if (!vrfy_get_certificate()) { $var(code) = $rc; xlog("L_INFO", "result certificate $var(code)\\n"); exit; }
    if (!vrfy_check_certificate()) { $var(code) = $rc; xlog("L_INFO", "result trust $var(code)\\n"); exit; }
    if (!vrfy_check_msgvalidity()) { $var(code) = $rc; xlog("L_INFO", "result message $var(code)\\n"); exit; }
    if (!vrfy_check_callid()) { $var(code) = $rc; xlog("L_INFO", "result replay $var(code)\\n"); exit; }
    xlog("L_INFO", "result good\\n");
}
"""
BODY = "v=0\r\no=a 1 1 IN IP4 10.0.0.1\r\n"


class World:
    """One who signs for example.org, and one who checks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = DomainAuthority(folder)
        self.identity = Identity(folder, self.authority, "example.org")
        self.web = WebServer()
        self.verifier: Node | None = None
        self.signer: Node | None = None

    def verify_with(self, *params: str, context: ssl.SSLContext | None = None) -> Node:
        given = (f'"cainfo_path", "{self.authority.path}"', *params)
        lines = "".join(f'modparam("auth_identity", {param})\n' for param in given)
        self.verifier = Node(VERIFIER % {"lines": lines})
        self.web.attach(self.verifier, context)
        self.web.files["/cert.der"] = self.identity.der
        return self.verifier

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web.port}/cert.der"

    def sign_with(self, *params: str, route: str = "", url: str = "") -> Node:
        lines = "".join(f'modparam("auth_identity", {param})\n' for param in params)
        values = {"key": self.identity.key_path, "cert": self.identity.path, "url": url or self.url}
        self.signer = Node(SIGNER % {**values, "lines": lines, "route": route})
        return self.signer

    def signed(self, method: str = "INVITE", **headers: str) -> bytes:
        assert self.signer is not None
        given = {"Contact": "<sip:alice@10.0.0.1:5060>", **headers}
        message = build_message(method, "sip:bob@example.com", from_="sip:alice@example.org", headers=given, body=BODY)
        (sent,) = [one for one in self.signer.receive(message) if one.status == 0]
        return sent.data

    def check(self, data: bytes) -> str:
        assert self.verifier is not None
        before = len(self.verifier.logged("result "))
        self.verifier.receive(data)
        self.verifier.advance(10)
        return self.verifier.logged("result ")[before].text.strip().removeprefix("result ")

    def close(self) -> None:
        self.web.close()
        for node in (self.signer, self.verifier):
            if node is not None:
                node.settle()
                node.records.clear()
                node.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def both(world: World, *params: str) -> None:
    world.verify_with(*params)
    world.sign_with()


def header(data: bytes, name: str) -> str:
    match = re.search(rf"^{name}: (.*?)\r\n", data.decode(), re.MULTILINE)
    assert match is not None
    return match[1]


def test_signed_and_checked(world: World) -> None:
    both(world)
    data = world.signed()
    assert header(data, "Identity-Info") == f"<{world.url}>;alg=rsa-sha1"
    assert world.check(data) == "good"
    assert world.check(data) == "replay -6"
    # the second time, the certificate is known
    assert world.web.asked == ["/cert.der"]


def test_openssl_agrees(world: World) -> None:
    need("openssl")
    both(world)
    data = world.signed()
    call_id, date = header(data, "Call-ID"), header(data, "Date")
    text = f"sip:alice@example.org|{header(data, 'To').strip('<>')}|{call_id}|{header(data, 'CSeq')}|{date}"
    (world.folder / "text").write_text(f"{text}|sip:alice@10.0.0.1:5060|{BODY}", newline="")
    (world.folder / "signature").write_bytes(base64.b64decode(header(data, "Identity").strip('"')))
    command = ["openssl", "x509", "-in", str(world.identity.path), "-pubkey", "-noout"]
    (world.folder / "public").write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    paths = ["-verify", "public", "-signature", "signature", "text"]
    command = ["openssl", "dgst", "-sha1", *paths]
    assert b"Verified OK" in subprocess.run(command, cwd=world.folder, capture_output=True).stdout


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"From: <sip:alice@", b"From: <sip:mallory@", "message -3"),
        (b"CSeq: 1 ", b"CSeq: 2 ", "message -3"),
        (b"<sip:alice@10.0.0.1", b"<sip:alice@10.0.0.2", "message -3"),
        (b"o=a 1", b"o=b 1", "message -3"),
        (b'Identity: "', b'Identity: "!', "message -5"),
        (b"Identity: ", b"X-Identity: ", "message -1"),
        (b"alg=rsa-sha1", b"alg=rsa-sha256", "certificate -5"),
        (b"Identity-Info: <http", b"Identity-Info: <ftp", "certificate -3"),
        (b"Identity-Info", b"X-Info", "certificate -3"),
        (b"/cert.der", b"/none.der", "certificate -6"),
        (b"Date: ", b"X-Date: ", "date -1"),
        (b" GMT\r\nI", b" MET\r\nI", "date -1"),
    ],
    ids=lambda value: str(value),
)
def test_changed_on_the_way(world: World, old: bytes, new: bytes, expected: str) -> None:
    both(world)
    data = world.signed()
    assert data.count(old) == 1
    assert world.check(data.replace(old, new)) == expected


def test_a_long_signature_is_not_read(world: World) -> None:
    both(world)
    data = world.signed().replace(b'Identity: "', b'Identity: "' + b"A" * 1368)
    assert world.check(data) == "message -2"


def test_what_is_changed_before_is_signed(world: World) -> None:
    world.verify_with()
    world.sign_with(route='replace_body("o=a", "o=c"); remove_hf("Contact"); append_hf("Contact: <sip:x@y>\\r\\n");')
    data = world.signed()
    assert b"o=c" in data and b"<sip:x@y>" in data
    assert world.check(data) == "good"


def test_dates(world: World) -> None:
    both(world, '"auth_validity_time", 100')
    data = world.signed()
    assert world.verifier is not None and world.signer is not None
    world.verifier.advance(200)
    assert world.check(data) == "date -4"
    assert world.signed(Date=header(data, "Date")).count(b"Date: ") == 1
    world.signer.advance(700)
    late = build_message(
        "INVITE", "sip:bob@example.com", from_="sip:alice@example.org", headers={"Date": header(data, "Date")}
    )
    world.signer.receive(late)
    assert world.signer.logged("date -6")
    world.signer.receive(late.replace(b"GMT", b"CET"))
    assert world.signer.logged("date -1")


def test_certificates_that_are_not_trusted(world: World) -> None:
    both(world)
    data = world.signed()
    for identity, expected in (
        (Identity(world.folder, DomainAuthority(world.folder, "Other CA"), "example.org"), "trust -3"),
        (Identity(world.folder, None, "example.org"), "trust -3"),
        (Identity(world.folder, world.authority, "example.org", start=2011, end=2012), "trust -3"),
        (Identity(world.folder, world.authority, "example.com"), "trust -4"),
        (Identity(world.folder, world.authority, "x", names=[x509.DNSName("a.org")]), "trust -4"),
        (Identity(world.folder, world.authority, "example.org", names=[x509.DNSName("a.org")]), "trust -4"),
        (Identity(world.folder, world.authority, "example.org", slot=1), "message -3"),
    ):
        world.web.files["/cert.der"] = identity.der
        assert world.check(data) == expected


@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("EXAMPLE.org"),
        x509.UniformResourceIdentifier("sip:example.org"),
        x509.UniformResourceIdentifier("sips:example.org:5061"),
    ],
    ids=["dns", "sip", "sips"],
)
def test_subject_alternative_names(world: World, name: x509.GeneralName) -> None:
    world.identity = Identity(world.folder, world.authority, "else", names=[x509.DNSName("b.org"), name])
    both(world)
    assert world.check(world.signed()) == "good"


def test_a_known_certificate_speaks_for_its_own_domain_only(world: World) -> None:
    both(world)
    data = world.signed()
    assert world.check(data) == "good"
    assert world.check(data.replace(b"alice@example.org", b"alice@example.net")) == "trust -4"


@pytest.mark.parametrize(("accept", "expected"), [(0, "certificate -7"), (1, "good")])
def test_pem(world: World, accept: int, expected: str) -> None:
    both(world, f'"accept_pem_certs", {accept}')
    world.web.files["/cert.der"] = world.identity.pem
    assert world.check(world.signed()) == expected


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
        b"not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
    ],
    ids=["silence", "redirect", "long", "endless", "headers", "garbage", "short"],
)
def test_web_servers(world: World, raw: bytes | None) -> None:
    both(world)
    world.web.raw = raw
    assert world.check(world.signed()) == "certificate -6"


def test_other_messages_go_on_while_a_server_is_silent(world: World) -> None:
    both(world)
    data = world.signed()
    world.web.raw = None
    assert world.verifier is not None
    world.verifier.receive(data)
    world.web.raw = b""
    other = data.replace(b"/cert.der", b"/cert.der?1").replace(b"Call-ID: ", b"Call-ID: x")
    assert world.check(other) == "certificate -6"
    assert len(world.web.asked) == 2


def test_requests_share_a_download(world: World) -> None:
    both(world)
    assert world.verifier is not None
    data = world.signed()
    for number in range(50):
        # all arrive before the loop moves on
        world.verifier.enqueue(data.replace(b"Call-ID: ", b"Call-ID: %d-" % number), "udp:10.0.0.1:5060")
    world.verifier.settle()
    assert len(world.verifier.logged("result message -3")) == 50
    assert world.web.asked == ["/cert.der"]


def https(world: World, address: str) -> ssl.SSLContext:
    name = x509.IPAddress(ipaddress.ip_address(address))
    server = Identity(world.folder, world.authority, "web", names=[name])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.path, server.key_path)
    return context


@pytest.mark.parametrize(("address", "expected"), [("127.0.0.1", "good"), ("127.0.0.2", "certificate -6")])
def test_https(world: World, address: str, expected: str) -> None:
    world.verify_with(context=https(world, address))
    world.sign_with(url=f"https://127.0.0.1:{world.web.port}/cert.der")
    assert world.check(world.signed()) == expected


def test_without_a_key_nothing_is_signed(world: World) -> None:
    text = SIGNER % {"key": "", "cert": "", "url": "", "lines": "", "route": ""}
    world.signer = Node(text)
    assert world.signer.logged("requests are not signed")
    world.signer.receive(build_message("INVITE", "sip:bob@example.com", from_="sip:alice@example.org"))
    assert world.signer.logged("date -1")


def test_functions_out_of_order(world: World) -> None:
    world.verifier = Node(
        'loadmodule "tm.so"\nloadmodule "auth_identity.so"\n'
        'route { if (!vrfy_check_certificate() && !vrfy_check_msgvalidity()) log(1, "both\\n"); }'
    )
    world.verifier.receive(build_message("INVITE", "sip:bob@example.com", from_="sip:alice@example.org"))
    assert world.verifier.logged("both")
    assert len(world.verifier.logged("call vrfy_get_certificate() before")) == 2


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"key": "/nowhere"}, "privatekey_path: /nowhere cannot be read"),
        ({"cert": "/nowhere"}, "certificate_path: /nowhere cannot be read"),
        ({"key": "cert"}, "no private key in"),
        ({"cert": "key"}, "no certificate in"),
        ({"cert": "other"}, "is not the certificate of"),
        ({"cert": "expired"}, "is not valid now"),
        ({"url": "<http://x>"}, "certificate_url is no URL"),
        ({"lines": 'modparam("auth_identity", "msg_timeout", 0)'}, "msg_timeout must be at least 1"),
        ({"lines": 'modparam("auth_identity", "cainfo_path", "/nowhere")'}, "certificates of /nowhere cannot be read"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_parameters(world: World, changed: dict[str, str], error: str) -> None:
    given = {"key": str(world.identity.key_path), "cert": str(world.identity.path), "url": "http://x/", "lines": ""}
    files = {"cert": given["cert"], "key": given["key"]}
    files["other"] = str(Identity(world.folder, world.authority, "other.org", slot=1).path)
    for name, value in changed.items():
        if value == "expired":
            old = Identity(world.folder, world.authority, "old.org", start=2011, end=2012)
            given |= {"key": str(old.key_path), "cert": str(old.path)}
        else:
            given[name] = files.get(value, value)
    with pytest.raises((LoadError, OperatorError)) as caught:
        Node(SIGNER % {**given, "route": ""})
    assert error in str(caught.value)


def test_caches_are_bounded(world: World) -> None:
    certificates = CertificateCache(2)
    for number in range(5):
        certificates.put(f"u{number}", world.identity.certificate, 100 + number)
        certificates.get("u0", 50)
    assert len(certificates) == 2
    assert certificates.get("u0", 50) is world.identity.certificate
    assert certificates.get("u0", 101) is None
    guard = ReplayGuard(3, 10)
    assert guard.is_new("a", "t", 5, 0)
    assert not guard.is_new("a", "t", 4, 1)
    assert guard.is_new("a", "t", 6, 1)
    assert guard.is_new("a", "other", 6, 1)
    assert guard.is_new("b", "t", 1, 2) and guard.is_new("c", "t", 1, 2)
    assert (len(guard), guard.forgotten) == (3, 1)
    assert guard.is_new("c", "t", 1, 13)
    assert len(guard) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<https://a.org/x.cer>;alg=rsa-sha1", ("https://a.org/x.cer", "rsa-sha1")),
        ("<http://a.org>", ("http://a.org", "rsa-sha1")),
        ("< HTTP://a.org/ > ; x=1 ; ALG = RSA-SHA1", ("HTTP://a.org/", "rsa-sha1")),
        ('<https://a/>;alg="other"', ("https://a/", "other")),
        ("https://a/", None),
        ("<sip:a>", None),
        ("<https://a/> trailing", None),
        ("<https://a b/>", None),
        ("", None),
    ],
)
def test_identity_info(text: str, found: tuple[str, str] | None) -> None:
    if found is None:
        with pytest.raises(PeerError):
            parse_identity_info(text)
    else:
        assert parse_identity_info(text) == found
