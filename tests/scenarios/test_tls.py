"""Calls over TLS through the default configuration: real phones, openssl, certificates that change, floods."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from siprouter.rpc.addresses import parse_address
from siprouter.rpc.client import call
from siprouter.rpc.values import RpcError
from tests.scenarios.conftest import CONFIG, listening
from tests.support.certificates import Authority
from tests.support.phones import Baresip
from tests.support.ports import Ports
from tests.support.process import need, polls
from tests.support.routers import Siprouter
from tests.support.wire import Endpoint, Message

pytestmark = pytest.mark.scenario

SETTINGS = """\
listen=tls:127.0.0.1:@TLS@
listen=tls:[::1]:@TLS@
listen=tcp:[::1]:@PORT@
tcp_max_connections=300
"""
MODULE = """\
modparam("tls", "config", "tls.cfg")
modparam("tls", "max_handshakes", 100)
"""
DOMAINS = """\
[server:default]
certificate = server.pem
[client:default]
ca_list = test-ca.pem
verify_certificate = yes
"""


Phones = Callable[..., "Caller"]


class TlsSide:
    """What a phone that speaks TLS takes for the router."""

    def __init__(self, router: TlsRouter) -> None:
        self.port = router.tls_port


class TlsRouter(Siprouter):
    """The default configuration with TLS on the port above; its files are those of `authority`."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.authority = Authority(folder)
        self.renew()
        (folder / "tls.cfg").write_text(DOMAINS)
        text = listening(CONFIG.read_text()).replace("#!KAMAILIO\n", "#!KAMAILIO\n#!define WITH_TLS\n", 1)
        text = text.replace("enable_tls=yes\n", SETTINGS, 1).replace('"tls.so"\n', f'"tls.so"\n{MODULE}', 1)
        self.tls_port = ports.take() + 1
        super().__init__(text.replace("@TLS@", str(self.tls_port)), folder, ports)

    def renew(self) -> int:
        """Another certificate for the server; its serial number."""
        issued = self.authority.issue(hosts=("sip.test", "127.0.0.1"))
        (self.authority.folder / "server.pem").write_bytes(issued.path.read_bytes())
        return issued.certificate.serial_number

    def rpc(self, command: str) -> list[object]:
        return list(call(parse_address(f"unixs:{self.folder}/ctl"), command))

    def shown(self) -> int:
        """Serial number of the certificate that a new connection gets."""
        need("openssl")
        address = f"127.0.0.1:{self.tls_port}"
        pem = subprocess.run(
            ["openssl", "s_client", "-connect", address], stdin=subprocess.DEVNULL, capture_output=True, check=True
        ).stdout
        text = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, capture_output=True, check=True)
        return int(text.stdout.decode().strip().partition("=")[2], 16)


@pytest.fixture
def router(pytestconfig: pytest.Config, tmp_path: Path, ports: Ports) -> Iterator[TlsRouter]:
    if pytestconfig.getoption("router") != "siprouter":
        pytest.skip("a test of siprouter's own TLS")
    with TlsRouter(tmp_path, ports) as router:
        yield router


@pytest.fixture
def phone(router: TlsRouter) -> Iterator[Phones]:
    """Makes callers, and closes their sockets at the end."""
    made: list[Caller] = []

    def make(name: str, proto: str, own: str = "127.0.0.1") -> Caller:
        made.append(Caller(name, router, proto, own))
        made[-1].register()
        return made[-1]

    yield make
    for caller in made:
        caller.endpoint.close()


INVITE = """\
{method} {target} SIP/2.0
Via: SIP/2.0/{proto} {own};branch=z9hG4bK{branch};rport
{routes}Max-Forwards: 70
From: <sip:{caller}@{domain}>;tag={call}
To: <{to}>{tag}
Call-ID: {call}@test
CSeq: {number} {method}
Contact: <sip:{caller}@{own};transport={transport}>
Content-Length: 0

"""


class Caller:
    """Registers as `name`, calls and is called; over UDP, TCP or TLS."""

    def __init__(self, name: str, router: TlsRouter, proto: str, own: str = "127.0.0.1") -> None:
        port = router.tls_port if proto == "tls" else router.port
        self.name = name
        self.proto = proto
        self.router = router
        self.domain = f"127.0.0.1:{router.port}"
        self.endpoint = Endpoint(name, (own, port), proto, own=own)
        self.count = 0

    def send(self, method: str, target: str, to: str, tag: str = "", routes: str = "", call: str = "") -> str:
        self.count += 1
        call = call or f"{self.name}{self.count}"
        number = 2 if method == "BYE" else 1
        fields = {"method": method, "target": target, "to": to, "tag": tag, "routes": routes, "call": call}
        fields |= {"proto": self.proto.upper(), "own": self.endpoint.address, "branch": f"{self.name}{self.count}"}
        fields |= {"caller": self.name, "domain": self.domain, "transport": self.proto}
        self.endpoint.send(INVITE.format(number=number, **fields))
        return call

    def register(self) -> None:
        self.send("REGISTER", f"sip:{self.domain}", f"sip:{self.name}@{self.domain}")
        assert self.endpoint.expect(200).method == "REGISTER"

    def answer(self, request: Message, status: str = "200 OK") -> None:
        lines = [f"SIP/2.0 {status}"]
        for name in ("via", "record-route"):
            lines += [f"{name}: {value}" for value in request.all(name)]
        tag = "" if request.tag("to") else f";tag=t{self.name}"
        lines += [f"{name}: {request.value(name)}{tag if name == 'to' else ''}" for name in ("from", "to", "call-id")]
        lines += [f"cseq: {request.value('cseq')}"]
        lines += [f"contact: <sip:{self.name}@{self.endpoint.address};transport={self.proto}>"]
        self.endpoint.send("\n".join([*lines, "content-length: 0", "", ""]))


def talk(caller: Caller, callee: Caller) -> Message:
    """One call from INVITE to BYE; the INVITE that the callee got."""
    to = f"sip:{callee.name}@{caller.domain}"
    call_id = caller.send("INVITE", to, to)
    invite = callee.endpoint.expect("INVITE")
    callee.answer(invite)
    answer = caller.endpoint.expect(200)
    routes = "".join(f"Route: {value}\n" for value in reversed(answer.all("record-route")))
    contact = answer.value("contact").strip("<>")
    tag = f";tag={answer.tag('to')}"
    caller.send("ACK", contact, to, tag, routes, call_id)
    callee.endpoint.expect("ACK")
    caller.send("BYE", contact, to, tag, routes, call_id)
    callee.answer(callee.endpoint.expect("BYE"))
    assert caller.endpoint.expect(200).method == "BYE"
    return invite


@pytest.mark.parametrize(("caller", "callee"), [("tls", "udp"), ("udp", "tls"), ("tls", "tcp"), ("tls", "tls")])
@pytest.mark.parametrize("own", ["127.0.0.1", "::1"])
def test_calls_between_transports(phone: Phones, caller: str, callee: str, own: str) -> None:
    alice = phone("alice", caller, own if caller == "tls" else "127.0.0.1")
    bob = phone("bob", callee, own if callee in ("tls", "tcp") else "127.0.0.1")
    invite = talk(alice, bob)
    assert invite.value("via").startswith(f"SIP/2.0/{callee.upper()} ")
    secure = [value for value in invite.all("record-route") if "transport=tls" in value]
    assert len(secure) == [caller, callee].count("tls") if caller != callee else len(secure) == 1


@pytest.mark.parametrize(("first", "second"), [("tls", "udp"), ("udp", "tls"), ("tls", "tls")])
def test_real_phones(router: TlsRouter, tmp_path: Path, ports: Ports, first: str, second: str) -> None:
    side = {"udp": router, "tls": TlsSide(router)}
    with (
        Baresip("alice", side[first], tmp_path, ports, first) as alice,  # type: ignore[arg-type]
        Baresip("bob", side[second], tmp_path, ports, second) as bob,  # type: ignore[arg-type]
    ):
        alice.wait_registered()
        bob.wait_registered()
        alice.dial(bob.uri)
        alice.wait_event("CALL_ESTABLISHED")
        bob.wait_event("CALL_ESTABLISHED")
        alice.hang_up()
        bob.wait_event("CALL_CLOSED")


def test_certificates_change_without_a_lost_call(router: TlsRouter, phone: Phones) -> None:
    alice, bob = phone("alice", "tls"), phone("bob", "tls")
    done: list[int] = []
    ended = threading.Event()

    def keep_calling() -> None:
        while not ended.is_set():
            talk(alice, bob)
            done.append(1)

    calls = threading.Thread(target=keep_calling)
    calls.start()
    try:
        for _ in range(3):
            before = len(done)
            serial = router.renew()
            assert router.shown() != serial
            assert router.rpc("tls.reload") == ["2 domains loaded"]
            assert router.shown() == serial
            wait_until(lambda before=before: len(done) > before + 3)  # type: ignore[misc]
    finally:
        ended.set()
        calls.join(20)
    assert not calls.is_alive() and len(done) > 9
    talk(alice, bob)
    assert len(router.rpc("tls.list")) == 2


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in polls(20):
        if condition():
            return
    raise AssertionError("it does not come to be so")


def test_a_reload_that_fails_changes_nothing(router: TlsRouter) -> None:
    serial = router.shown()
    router.renew()
    config = router.folder / "tls.cfg"
    for text, problem in (
        (DOMAINS.replace("server.pem", "none.pem"), "cannot read .*none.pem"),
        (DOMAINS.replace("test-ca.pem", "server.cfg"), "CA list"),
        (f"{DOMAINS}metod = TLSv1.2\n", "tls.cfg:6:1: unknown setting metod"),
        (f"{DOMAINS}[server:127.0.0.9:5061]\n", "no listener has this address"),
    ):
        config.write_text(text)
        with pytest.raises(RpcError, match=problem):
            router.rpc("tls.reload")
        assert router.shown() == serial
    config.write_text(DOMAINS)
    router.rpc("tls.reload")
    assert router.shown() != serial


def test_floods_of_half_open_connections_leave_udp_alone(router: TlsRouter, phone: Phones) -> None:
    alice, bob = phone("alice", "udp"), phone("bob", "udp")
    beginnings = [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]
    with contextlib.ExitStack() as flood:
        for number in range(240):
            half_open = flood.enter_context(socket.create_connection(("127.0.0.1", router.tls_port), 5))
            half_open.sendall(beginnings[number % 3])
            if number % 60 == 59:
                talk(alice, bob)
        wait_until(lambda: dict(router.rpc("tls.info")[0])["handshake_dropped"] == 140)  # type: ignore[call-overload]
        talk(phone("carol", "tls"), bob)


def test_what_is_listed(router: TlsRouter, phone: Phones) -> None:
    alice = phone("alice", "tls")
    (listed,) = [dict(row) for row in router.rpc("tls.list")]  # type: ignore[call-overload]
    assert (listed["src_ip"], listed["src_port"]) == ("127.0.0.1", alice.endpoint.port)
    assert (listed["dst_port"], listed["state"], listed["server_name"]) == (router.tls_port, "established", "sip.test")
    assert listed["cipher"].startswith("TLS_") and listed["domain"] == "server:default"
    (options,) = router.rpc("tls.options")
    assert json.loads(json.dumps(dict(options)))["config"] == "tls.cfg"  # type: ignore[call-overload]
