"""Debian's memcached on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.support.ports import Ports
from tests.support.process import Process, need, polls


class Memcached(Process):
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        need("memcached")
        self.port = ports.take()
        command = ["memcached", "-l", "127.0.0.1", "-p", str(self.port), "-m", "8"]
        super().__init__([*command, *(["-u", "nobody"] if os.geteuid() == 0 else [])], folder, "memcached")

    def ready(self) -> None:
        for _ in polls(30):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.alive(), self.tail()
        raise AssertionError("memcached does not listen")

    def ask(self, command: str) -> str:
        """What the server itself says."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as sock:
            sock.sendall(command.encode() + b"\r\nquit\r\n")
            found = b""
            while data := sock.recv(65536):
                found += data
        return found.decode()
