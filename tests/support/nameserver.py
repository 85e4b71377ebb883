"""NSD, a real name server, on a free loopback port with a zone of the test's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Self

import dns.exception
import dns.message
import dns.query

from tests.support.ports import Ports
from tests.support.process import Process, polls

HEAD = """$ORIGIN example.com.
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
"""


class NameServer(Process):
    """Authoritative for example.com; `address` and `port` are where it listens, over UDP and TCP."""

    def __init__(self, folder: Path, zone: str, ports: Ports, address: str = "127.0.0.1") -> None:
        self.address = address
        self.port = ports.take()
        (folder / "example.com.zone").write_text(HEAD + zone)
        config = folder / "nsd.conf"
        config.write_text(
            "server:\n"
            f"  ip-address: {address}@{self.port}\n"
            f'  zonesdir: "{folder}"\n  pidfile: "{folder}/nsd.pid"\n  database: ""\n'
            f'  zonelistfile: "{folder}/zone.list"\n  xfrdfile: "{folder}/xfrd.state"\n  xfrdir: "{folder}"\n'
            '  username: ""\n  server-count: 1\n  rrl-ratelimit: 0\n  verbosity: 1\n'
            "remote-control:\n  control-enable: no\n"
            "zone:\n  name: example.com\n  zonefile: example.com.zone\n"
        )
        super().__init__([shutil.which("nsd") or "nsd", "-d", "-c", str(config)], folder)

    def __enter__(self) -> Self:
        return super().__enter__()

    def ready(self) -> None:
        question = dns.message.make_query("ns.example.com", "A")
        for _ in polls(15):
            if not self.alive():
                break
            try:
                dns.query.udp(question, self.address, timeout=0.2, port=self.port)
                return
            except (dns.exception.Timeout, OSError):
                continue
        raise AssertionError(f"nsd does not answer:\n{self.tail()}")
