"""SIPp's calls through the default configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.routers import Router
from tests.support.sipp import Sipp
from tests.support.wire import Endpoint

pytestmark = pytest.mark.scenario

REGISTER = """\
REGISTER sip:127.0.0.1:{router} SIP/2.0
Via: SIP/2.0/UDP {own};branch=z9hG4bKregister;rport
Max-Forwards: 70
From: <sip:callee@127.0.0.1:{router}>;tag=registers
To: <sip:callee@127.0.0.1:{router}>
Call-ID: register@{own}
CSeq: 1 REGISTER
Contact: <sip:callee@127.0.0.1:{port};transport={transport}>
Expires: 600
Content-Length: 0

"""


def register(router: Router, port: int, transport: str = "udp") -> None:
    """Binds the user ``callee`` to where SIPp listens."""
    endpoint = Endpoint("callee", router.address)
    fields = {"router": router.port, "own": endpoint.address, "port": port, "transport": transport}
    endpoint.send(REGISTER.format(**fields))
    assert endpoint.next().status == 200
    endpoint.close()


@pytest.mark.parametrize(("caller", "callee"), [("udp", "udp"), ("tcp", "tcp"), ("udp", "tcp"), ("tcp", "udp")])
def test_calls(router: Router, tmp_path: Path, ports: Ports, caller: str, callee: str) -> None:
    with Sipp("uas", router, tmp_path, ports, calls=60, transport=callee) as uas:
        register(router, uas.port, callee)
        with Sipp("uac", router, tmp_path, ports, calls=60, rate=30, transport=caller) as uac:
            assert uac.wait(60) == 0
            assert uas.wait(20) == 0


def test_cancelled_calls(router: Router, tmp_path: Path, ports: Ports) -> None:
    with Sipp("ringing", router, tmp_path, ports) as ringing:
        register(router, ringing.port)
        with Sipp("cancel", router, tmp_path, ports) as cancel:
            assert cancel.wait(60) == 0
            assert ringing.wait(20) == 0
