"""Log records on standard error and to a syslog server."""

import io
import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.server.logsinks import StderrSink, SyslogSink, facility_of
from siprouter.util.errors import SourceLocation
from siprouter.util.log import L_DBG, L_ERR, L_WARN, Record

RECORD = Record(L_ERR, "no route\n", "tm", SourceLocation("k.cfg", 3, 1))


def test_stderr_lines() -> None:
    stream = io.StringIO()
    sink = StderrSink(stream=stream)
    sink(RECORD)
    sink(Record(L_WARN, "byte \udcff"))
    assert stream.getvalue().splitlines() == [
        f" 0({os.getpid()}) ERROR: tm [k.cfg:3:1]: no route",
        f" 0({os.getpid()}) WARNING: <core>: byte \ufffd",
    ]


def test_stderr_json() -> None:
    stream = io.StringIO()
    StderrSink(as_json=True, stream=stream)(RECORD)
    found = json.loads(stream.getvalue())
    assert (found["level"], found["message"], found["file"], found["process"]) == (
        "error",
        "no route",
        "k.cfg",
        os.getpid(),
    )


def test_a_closed_stderr_stops_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    StderrSink(stream=stream)(RECORD)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "log"))
        sock.settimeout(5)
        yield sock


def test_syslog_datagrams(server: socket.socket) -> None:
    lost: list[Record] = []
    sink = SyslogSink("router", facility_of("LOG_LOCAL0"), lost.append, path=server.getsockname())
    sink(RECORD)
    assert re.fullmatch(
        rf"<131>\w{{3}} [ \d]\d \d\d:\d\d:\d\d router\[{os.getpid()}\]: ERROR: tm \[k\.cfg:3:1\]: no route",
        server.recv(9999).decode(),
    )
    sink.facility = facility_of("LOG_MAIL")
    sink(Record(L_DBG, "x"))
    assert server.recv(9999).startswith(b"<23>")
    sink(Record(L_DBG, "x", facility=facility_of("LOG_LOCAL7")))
    assert server.recv(9999).startswith(b"<191>")
    assert lost == []
    sink.close()


def test_long_records_fit_into_a_datagram(server: socket.socket) -> None:
    sink = SyslogSink("router", 24, lambda record: None, path=server.getsockname())
    sink(Record(L_ERR, "☎" * 8000))
    assert len(server.recv(99999)) == 8000
    sink.close()


def test_without_a_server_records_go_elsewhere(tmp_path: Path) -> None:
    lost: list[Record] = []
    sink = SyslogSink("router", 24, lost.append, path=str(tmp_path / "nothing"))
    sink(RECORD)
    assert lost == [RECORD]


def test_a_restarted_server_is_found_again(tmp_path: Path) -> None:
    lost: list[Record] = []
    sink = SyslogSink("router", 24, lost.append, path=str(tmp_path / "log"))
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind(str(tmp_path / "log"))
            sock.settimeout(5)
            sink(RECORD)
            assert b"no route" in sock.recv(9999)
        (tmp_path / "log").unlink()
    assert lost == []
    sink.close()


def test_a_server_that_does_not_read_blocks_nothing(server: socket.socket) -> None:
    lost: list[Record] = []
    sink = SyslogSink("router", 24, lost.append, path=server.getsockname())
    for _ in range(5000):
        sink(RECORD)
    assert lost == []
    sink.close()


def test_facilities() -> None:
    assert [facility_of(value) for value in (None, "log_local3", 99, "nonsense")] == [24, 152, 99, 24]
