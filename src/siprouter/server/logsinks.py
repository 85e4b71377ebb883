"""Where log records go: standard error or syslog, as text or JSON."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TextIO

from siprouter.util.log import (
    DEFAULT_FACILITY,
    FACILITIES,
    L_ALERT,
    SYSLOG_SEVERITIES,
    Record,
    Sink,
    format_json,
    format_text,
)

SYSLOG_SOCKET = "/dev/log"
MAX_DATAGRAM = 8000  # octets; what common syslog servers take

Formatter = Callable[[Record], str]


def text_line(record: Record, number: int = 0) -> str:
    """` 0(1234) ERROR: tm: text`: the process number and id as SIP Router writes them."""
    return f"{number:2}({os.getpid()}) {format_text(record)}"


def json_line(record: Record) -> str:
    """One JSON object."""
    return format_json(record, time.time(), os.getpid())


class StderrSink:
    """A line on standard error for each record. What cannot be written is lost: a full disk must not stop calls."""

    def __init__(self, as_json: bool = False, stream: TextIO | None = None, number: int = 0) -> None:
        """`number`: that of this process, 0 for the first."""
        self._format: Formatter = json_line if as_json else partial(text_line, number=number)
        self._stream = stream

    def __call__(self, record: Record) -> None:
        """Write one record."""
        stream = self._stream or sys.stderr
        line = self._format(record).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        try:
            stream.write(line + "\n")
            stream.flush()
        except (OSError, ValueError):
            pass


class SyslogSink:
    """Datagrams to the local syslog server (RFC 3164 as /dev/log takes it); never waits for it.

    `facility` counts for records that name none. Records that the server does not take go to `fallback`.
    """

    def __init__(
        self, name: str, facility: int, fallback: Sink, as_json: bool = False, path: str = SYSLOG_SOCKET
    ) -> None:
        self.name = name
        self.facility = facility
        self._fallback = fallback
        self._format: Formatter = json_line if as_json else format_text
        self._path = path
        self._socket: socket.socket | None = None

    def __call__(self, record: Record) -> None:
        """Send one record."""
        facility = self.facility if record.facility == DEFAULT_FACILITY else record.facility
        priority = facility | SYSLOG_SEVERITIES[record.level - L_ALERT]
        text = self._format(record).encode("utf-8", "surrogateescape")
        stamp = time.strftime("%b %e %H:%M:%S")
        data = f"<{priority}>{stamp} {self.name}[{os.getpid()}]: ".encode() + text
        if not self._send(data[:MAX_DATAGRAM]):
            self._fallback(record)

    def _send(self, data: bytes) -> bool:
        """False where there is no server. A server that is too busy loses the record: nothing may wait for it."""
        for _ in range(2):  # a restarted server needs a new connection
            try:
                if self._socket is None:
                    self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                    self._socket.setblocking(False)
                    self._socket.connect(self._path)
                self._socket.send(data)
            except BlockingIOError:
                return True
            except OSError:
                self.close()
            else:
                return True
        return False

    def close(self) -> None:
        """Give the socket back; the next record opens it again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def facility_of(name: str | int | None) -> int:
    """The number of a `log_facility` value; that of LOG_DAEMON for an unknown one."""
    if isinstance(name, int):
        return name
    return FACILITIES.get((name or "LOG_DAEMON").upper(), FACILITIES["LOG_DAEMON"])
