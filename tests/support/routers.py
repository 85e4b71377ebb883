"""Real routers on 127.0.0.1: siprouter, and Debian's Kamailio with the same configuration file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.process import Process, need, polls
from tests.support.wire import Endpoint

START_SECONDS = 30.0

PING = """\
OPTIONS sip:ping@{router} SIP/2.0
Via: SIP/2.0/{proto} {endpoint};branch=z9hG4bKping{count};rport
Max-Forwards: 0
From: <sip:ping@127.0.0.1>;tag=ping{count}
To: <sip:ping@{router}>
Call-ID: ping{count}@{endpoint}
CSeq: 1 OPTIONS
Content-Length: 0

"""


def ping(endpoint: Endpoint) -> str:
    """An OPTIONS without hops left: any router answers it itself, early in its script. Returns its Call-ID."""
    endpoint.pings += 1
    number = endpoint.pings
    host, port = endpoint.router
    fields = {"router": f"{host}:{port}", "proto": endpoint.proto.upper(), "endpoint": endpoint.address}
    endpoint.send(PING.format(count=number, **fields))
    return f"ping{number}@{endpoint.address}"


class Router(Process):
    """A router with the configuration ``text``, in which ``@PORT@`` and ``@DIR@`` are filled in."""

    kind = ""

    def __init__(self, text: str, folder: Path, ports: Ports, name: str | None = None) -> None:
        self.port = ports.take()
        self.address = ("127.0.0.1", self.port)
        self.folder = folder
        name = name or self.kind
        self.config = folder / f"{name}.cfg"
        self.config.write_text(text.replace("@PORT@", str(self.port)).replace("@DIR@", str(folder)))
        super().__init__(self.command_line(), folder, name)

    def command_line(self) -> list[str]:
        raise AssertionError("a subclass says how it is started")

    def ready(self) -> None:
        """Returns once the router answers over UDP."""
        endpoint = Endpoint("ping", self.address)
        try:
            for _ in polls(START_SECONDS):
                if not self.alive():
                    break
                ping(endpoint)
                try:
                    endpoint.next(0.2)
                    return
                except AssertionError:
                    continue
        finally:
            endpoint.close()
        raise AssertionError(f"{self.name} does not answer:\n{self.tail()}")


class Siprouter(Router):
    kind = "siprouter"

    @staticmethod
    def installed() -> None:
        """Skips the test where there is nothing to start."""
        if importlib.util.find_spec("siprouter.cli.main") is None:
            pytest.skip("siprouter has no command line yet")

    def command_line(self) -> list[str]:
        self.installed()
        return [sys.executable, "-m", "siprouter.cli.main", "run", "-E", "-f", str(self.config)]


class Kamailio(Router):
    kind = "kamailio"

    def command_line(self) -> list[str]:
        need("kamailio")
        return ["kamailio", "-DD", "-E", "-f", str(self.config), "-Y", str(self.folder)]


ROUTERS = {router.kind: router for router in (Siprouter, Kamailio)}
