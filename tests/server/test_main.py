"""The server as a process: started, talked to, signalled, stopped."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from siprouter.rpc.addresses import parse_address
from siprouter.rpc.client import call
from siprouter.script.load import parse_text
from siprouter.server.main import wants_background
from siprouter.server.options import RunOptions

SCRIPT = """
debug=2
loadmodule "sl.so"
loadmodule "cfgutils.so"
route {
    if (method == "OPTIONS") { sl_send_reply("200", "Here"); exit; }
    if (method == "PUBLISH") { sleep("30"); }
    if (method == "INFO") { exec("true"); sl_send_reply("200", "Ran"); exit; }
    sl_send_reply("404", "Not here");
}
"""
REQUEST = (
    "{method} sip:x@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/{via};branch=z9hG4bK{method}\r\n"
    "From: <sip:a@example.org>;tag=1\r\n"
    "To: <sip:x@example.org>\r\n"
    "Call-ID: {method}@test\r\n"
    "CSeq: 1 {method}\r\n"
    "Content-Length: 0\r\n\r\n"
)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(("127.0.0.1", 0))
        port = int(udp.getsockname()[1])
        tcp.bind(("127.0.0.1", port))
        return port


def command(config: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "siprouter", "run", "-f", str(config), *options]


class Process:
    """A running server."""

    def __init__(self, config: Path, *options: str) -> None:
        self.port = free_port()
        listen = ["-l", f"udp:127.0.0.1:{self.port}", "-l", f"tcp:127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(
            command(config, *listen, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors)
        self._reader.start()
        self.banner = self._read_banner()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def _read_banner(self) -> list[str]:
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line.rstrip())
            if f"tcp: 127.0.0.1:{self.port}" in line:
                break
        return lines

    def ask_udp(self, method: str = "OPTIONS") -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(10)
            sock.connect(("127.0.0.1", self.port))
            sock.send(REQUEST.format(method=method, via=f"UDP 127.0.0.1:{sock.getsockname()[1]}").encode())
            return sock.recv(9999).decode()

    def ask_tcp(self, method: str = "OPTIONS") -> str:
        with socket.create_connection(("127.0.0.1", self.port), 10) as sock:
            sock.sendall(REQUEST.format(method=method, via="TCP 127.0.0.1").encode())
            return sock.recv(9999).decode()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self._reader.join(10)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@contextmanager
def server(config: Path, *options: str) -> Iterator[Process]:
    running = Process(config, *options)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "k.cfg"
    path.write_text(SCRIPT)
    return path


def test_serves_udp_and_tcp_until_it_is_told_to_stop(config: Path, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with server(config, "-E", "-P", str(pid), "-m", "64") as running:
        assert running.banner[1:] == [
            "Listening on",
            f"             udp: 127.0.0.1:{running.port}",
            f"             tcp: 127.0.0.1:{running.port}",
        ]
        assert running.ask_udp().startswith("SIP/2.0 200 Here\r\n")
        assert running.ask_tcp().startswith("SIP/2.0 200 Here\r\n")
        assert running.ask_udp("MESSAGE").startswith("SIP/2.0 404 Not here\r\n")
        assert running.ask_udp("INFO").startswith("SIP/2.0 200 Ran\r\n")
        assert pid.read_text() == f"{running.process.pid}\n"
        os.kill(running.process.pid, signal.SIGHUP)
        os.kill(running.process.pid, signal.SIGUSR1)
        assert running.ask_udp().startswith("SIP/2.0 200 Here\r\n")
        assert running.stop() == 0
        running._reader.join(10)
        errors = "".join(running.errors)
        assert "option -m changes nothing" in errors
        assert "status: up" in errors and "tcp.passive_open = 1" in errors
        assert re.search(r"NOTICE: <core>: signal SIGTERM received: stopping\n.*NOTICE: <core>: stopped\n$", errors)
    assert not pid.exists()


def test_an_interrupt_stops_too_and_running_routes_are_given_up(config: Path) -> None:
    with server(config, "-E", "--log-json") as running:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", running.port))
            sock.send(REQUEST.format(method="PUBLISH", via="UDP 127.0.0.1:9").encode())
        running.ask_udp()
        assert running.stop(signal.SIGINT) == 0
        running._reader.join(10)
        assert [json.loads(line)["message"] for line in running.errors] == [
            "started",
            "signal SIGINT received: stopping",
            "stopped",
        ]


def run_once(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(config, *options), capture_output=True, text=True, timeout=30, check=False)


def test_check_only(config: Path) -> None:
    done = run_once(config, "-c", "-l", "udp:127.0.0.1:1")
    assert (done.returncode, done.stdout) == (0, "") and done.stderr.endswith("config file ok, exiting...\n")


def test_a_bad_configuration_is_shown_with_all_its_errors(config: Path) -> None:
    config.write_text('route {\n  sl_send_reply("200", "OK");\n  nonsense();\n}\n')
    done = run_once(config, "-E")
    assert done.returncode == 1
    assert f"{config}:2:3: error:" in done.stderr and f"{config}:3:3: error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_listened_on(config: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        done = run_once(config, "-E", "-l", f"udp:127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1 and "Address already in use" in done.stderr and "Traceback" not in done.stderr
    done = run_once(config, "-E", "-l", "udp:no-such-host.invalid:5060")
    assert done.returncode == 1 and "no-such-host.invalid" in done.stderr


def test_a_missing_file(tmp_path: Path) -> None:
    done = run_once(tmp_path / "none.cfg")
    assert done.returncode == 1 and "cannot read" in done.stderr


def test_the_background(config: Path, tmp_path: Path) -> None:
    pid, port = tmp_path / "pid", free_port()
    config.write_text(f"fork=yes\nlisten=udp:127.0.0.1:{port}\n{SCRIPT}")
    done = run_once(config, "-P", str(pid), "-G", str(tmp_path / "pgid"))
    assert done.returncode == 0 and "Listening on" in done.stdout
    number = int(pid.read_text())
    try:
        assert os.getsid(number) != os.getsid(0)
        assert int((tmp_path / "pgid").read_text()) == os.getpgid(number)
        again = run_once(config, "-P", str(pid))
        assert again.returncode == 1 and "running already" in again.stderr
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(10)
            sock.connect(("127.0.0.1", port))
            sock.send(REQUEST.format(method="OPTIONS", via=f"UDP 127.0.0.1:{sock.getsockname()[1]}").encode())
            assert sock.recv(9999).startswith(b"SIP/2.0 200 Here")
        watch = os.pidfd_open(number)
    except BaseException:
        os.kill(number, signal.SIGKILL)
        raise
    os.kill(number, signal.SIGTERM)
    import select

    assert select.select([watch], [], [], 20)[0]
    os.close(watch)
    assert not pid.exists()


def test_a_background_that_does_not_come_up_says_so(config: Path) -> None:
    config.write_text(f"listen=udp:no-such-host.invalid:5060\n{SCRIPT}")
    done = run_once(config, "-B")
    assert done.returncode == 1 and "no-such-host.invalid" in done.stderr


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("", None, False),
        ("fork=yes\n", None, True),
        ("fork=yes\nfork=no\n", None, False),
        ("fork=yes\n", False, False),
        ("fork=no\n", True, True),
        ("fork=yes\nnonsense", None, False),
    ],
)
def test_when_to_go_to_the_background(text: str, given: bool | None, expected: bool) -> None:
    options = RunOptions(Path("k.cfg"), background=given)
    assert wants_background(options, parse_text(text + "\nroute { exit; }\n")) is expected
    options.check_only = True
    assert wants_background(options, parse_text(text + "\nroute { exit; }\n")) is False


def test_streams_are_listed(config: Path, tmp_path: Path) -> None:
    control = tmp_path / "ctl"
    modules = 'loadmodule "ctl.so"\nloadmodule "cfg_rpc.so"\n'
    config.write_text(f'{modules}modparam("ctl", "binrpc", "unix:{control}")\n{SCRIPT}')
    address = parse_address(f"unix:{control}")
    with server(config) as running:
        assert running.ask_tcp().startswith("SIP/2.0 200")
        with socket.create_connection(("127.0.0.1", running.port)) as peer:
            peer.sendall(b"\r\n\r\n")
            assert peer.recv(9) == b"\r\n"
            (info,) = call(address, "core.tcp_info")
            assert dict(info) == {  # type: ignore[call-overload]
                "readers": 1,
                "max_connections": 2048,
                "opened_connections": 1,
                "write_queued_bytes": 0,
            }
            (listed,) = [dict(item) for item in call(address, "core.tcp_list")]  # type: ignore[call-overload]
            assert (listed["src_ip"], listed["src_port"]) == peer.getsockname()
            assert (listed["dst_ip"], listed["dst_port"]) == ("127.0.0.1", running.port)
            assert (listed["type"], listed["state"], listed["initiator"]) == ("tcp", "established", "remote")
            assert 110 < listed["timeout"] <= listed["lifetime"] == 120
            call(address, "cfg.set_now_int", ["tcp", "rd_buf_size", 512])
            (options,) = call(address, "core.tcp_options")
            assert dict(options)["rd_buf_size"] == 512  # type: ignore[call-overload]
