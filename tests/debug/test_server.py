"""The port for editors as others see it: one client debugs, hostile octets end only their connection."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from siprouter.cli.debug import is_loopback, parse_listen
from siprouter.debug.framing import MAX_BODY
from siprouter.util.errors import OperatorError
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.routers import Siprouter
from tests.support.wire import Endpoint

pytestmark = pytest.mark.scenario

SCRIPT = """#!KAMAILIO
debug=2
listen=udp:127.0.0.1:@PORT@
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
route {
	if ($hdr(X-Where) == "here") {
		$var(x) = 1;
	}
	sl_send_reply("200", "OK");
}
"""
REQUEST = """\
OPTIONS sip:bob@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport
Max-Forwards: 70
From: <sip:alice@example.org>;tag=1
To: <sip:bob@example.com>
Call-ID: %s
CSeq: 1 OPTIONS
%sContent-Length: 0

"""


class Debugged(Siprouter):
    """siprouter debug."""

    def __init__(self, folder: Path, ports: Ports, *options: str, text: str = SCRIPT) -> None:
        self.debug_port = ports.take()
        self.options = options or ("--listen", str(self.debug_port))
        super().__init__(text, folder, ports)

    def command_line(self) -> list[str]:
        return [sys.executable, "-m", "siprouter.cli.main", "debug", "-f", str(self.config), *self.options]


class Editor:
    """A client on a socket or pipes, that speaks the protocol to the letter."""

    def __init__(self, reader: Any, writer: Any) -> None:
        self.reader = reader
        self.writer = writer
        self.sequence = 0
        self.events: list[dict[str, Any]] = []

    def read(self) -> dict[str, Any]:
        header = self.reader.readline()
        assert header.startswith(b"Content-Length: "), header
        assert self.reader.readline() == b"\r\n"
        message: dict[str, Any] = json.loads(self.reader.read(int(header[16:])))
        return message

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.sequence += 1
        body = json.dumps({"seq": self.sequence, "type": "request", "command": command, "arguments": arguments})
        self.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body.encode()))
        self.writer.flush()
        while True:
            message = self.read()
            if message["type"] == "response" and message["request_seq"] == self.sequence:
                return message
            self.events.append(message)

    def wait(self, event: str) -> Any:
        while True:
            for message in self.events:
                if message["event"] == event:
                    self.events.remove(message)
                    return message.get("body")
            self.events.append(self.read())


def connect(server: Debugged) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.debug_port), 20)


@contextmanager
def editor(server: Debugged) -> Iterator[Editor]:
    with connect(server) as sock, sock.makefile("rb") as reader, sock.makefile("wb") as writer:
        yield Editor(reader, writer)


def ask(phone: Endpoint, call: str, header: str = "") -> None:
    phone.send(REQUEST % (phone.address, call, call, header))


@pytest.fixture
def server(tmp_path: Path, ports: Ports) -> Iterator[Debugged]:
    with Debugged(tmp_path, ports) as running:
        yield running


HOSTILE = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1),
    b"x" * 100_000,
    b"Content-Length: 3\r\n\r\n[1]",
    b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
    b"\0" * 50,
]


def test_one_client_debugs_and_others_are_refused(server: Debugged) -> None:
    with closing(Endpoint("phone", server.address)) as phone:
        with editor(server) as one, editor(server) as other:
            assert one.ask("initialize")["success"]
            refused = other.ask("initialize")
            assert not refused["success"] and "another client" in refused["message"]
            one.ask("attach")
            line = one.ask("setBreakpoints", source={"path": str(server.config)}, breakpoints=[{"line": 9}])
            assert line["body"]["breakpoints"][0]["verified"]
            one.ask("configurationDone")
            ask(phone, "stops", "X-Where: here\n")
            assert one.wait("stopped")["reason"] == "breakpoint"
            for data in HOSTILE:
                with connect(server) as bad:
                    bad.sendall(data)
                    bad.shutdown(socket.SHUT_WR)
                    assert gone(bad)
            ask(phone, "passes")
            phone.expect(200, 20, call="passes")
        phone.expect(200, 20, call="stops")  # whoever goes leaves nothing waiting
    with editor(server) as later:
        for _ in polls(20):
            if later.ask("initialize")["success"]:
                break
        later.ask("attach")
        assert later.ask("threads")["body"]["threads"] == [{"id": 1, "name": "siprouter"}]
    assert server.alive() and "connection closed" in server.log.read_text()


def gone(sock: socket.socket) -> bool:
    """Whether the other side closes without a word."""
    try:
        return sock.recv(100) == b""
    except ConnectionResetError:  # it had not read everything
        return True


def test_the_log_goes_to_the_editor(server: Debugged) -> None:
    with editor(server) as client:
        client.ask("initialize")
        client.ask("attach")
        client.ask("configurationDone")
        with connect(server) as bad:
            bad.sendall(b"nonsense\r\n")
        while "connection closed" not in client.wait("output")["output"]:
            pass
        client.ask("disconnect", terminateDebuggee=True)
    assert server.wait(20) == 0


def test_over_standard_input_and_output(tmp_path: Path, ports: Ports) -> None:
    config = tmp_path / "router.cfg"
    port = ports.take()
    config.write_text(SCRIPT.replace("@PORT@", str(port)))
    command = [sys.executable, "-m", "siprouter", "debug", "-f", str(config), "--stdio"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log) as process,
        closing(Endpoint("phone", ("127.0.0.1", port))) as phone,
    ):
        client = Editor(process.stdout, process.stdin)
        assert client.ask("initialize")["success"]
        assert client.ask("launch", program=str(config), stopOnEntry=True)["success"]
        client.ask("configurationDone")
        ask(phone, "one")
        thread = client.wait("stopped")["threadId"]
        client.ask("continue", threadId=thread)
        phone.expect(200, 20, call="one")
        client.ask("disconnect")
        assert process.wait(20) == 0
    assert b"Listening on" in (tmp_path / "log").read_bytes()


def run(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "siprouter", "debug", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_what_an_operator_does_wrong(tmp_path: Path, ports: Ports) -> None:
    config = tmp_path / "router.cfg"
    config.write_text(SCRIPT.replace("@PORT@", str(ports.take())))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = run("-f", str(config), "--listen", str(taken.getsockname()[1]))
    assert code == 1 and "cannot listen for editors" in said and "Traceback" not in said
    assert run("-f", str(config), "--listen", "port") == (
        2,
        "siprouter debug: 'port' is no port (write --listen 4711 or --listen 127.0.0.1:4711)\n",
    )
    code, said = run("-f", str(config), "--stdio")
    assert code == 1 and "must be pipes" in said and "Traceback" not in said
    code, said = run("-f", str(config), "-c")
    assert code == 2 and "siprouter check" in said
    code, said = run("-f", str(tmp_path / "none.cfg"))
    assert code == 1 and "cannot read" in said


def test_where_to_listen() -> None:
    assert parse_listen("4711") == ("127.0.0.1", 4711)
    assert parse_listen("[::1]:0") == ("::1", 0)
    assert parse_listen("0.0.0.0:70") == ("0.0.0.0", 70)
    for text in ("", "x", "1:2:x", "70000"):
        with pytest.raises(OperatorError):
            parse_listen(text)
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip
