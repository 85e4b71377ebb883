"""Several workers: whoever owns a call knows the TLS session that its messages come over."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.modules.tls.test_tls import REQUEST, Server
from tests.support.ports import Ports
from tests.support.wire import Endpoint

pytestmark = pytest.mark.scenario


class Workers(Server):
    """Two workers."""

    def command_line(self) -> list[str]:
        return [sys.executable, "-m", "siprouter.cli.main", "run", "-E", "--workers", "2", "-f", str(self.config)]


def test_sessions_are_known_to_all(tmp_path: Path, ports: Ports) -> None:
    pytest.importorskip("lmdb")
    with Workers(tmp_path, ports) as server:
        endpoint = Endpoint("client", ("127.0.0.1", server.tls_port), "tls", str(server.good.path))
        try:
            for number in range(12):
                request = REQUEST.format(own=endpoint.address).replace("x@test\nCSeq", f"{number}@test\nCSeq")
                endpoint.send(request.replace("z9hG4bKx", f"z9hG4bKx{number}"))
                reply = endpoint.expect(200)
                assert reply.value("verified") == "yes", number
                assert reply.value("peer_subject_cn") == "client"
                assert reply.value("my_subject_cn") == "sip.test"
                assert reply.value("peer_server_name") == "sip.test"
                assert reply.value("tls").startswith("TLS_")
        finally:
            endpoint.close()
