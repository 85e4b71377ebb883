"""The same calls through our default configuration and through the stock one of SIP Router 3.1.

The stock file is not ours to ship: point SIPROUTER_SR31 to an unpacked source tree of the 3.1 branch to test it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.testing import Node, Phone

OURS = Path(__file__).resolve().parents[2] / "etc" / "siprouter.cfg"
TREE = os.environ.get("SIPROUTER_SR31", "")


@pytest.fixture(params=["default", "stock"])
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """A router that listens on 127.0.0.1:5060 and serves example.org, checked for leaks afterwards."""
    path = OURS
    if request.param == "stock":
        path = Path(TREE, "etc", "kamailio.cfg")
        if not TREE or not path.is_file():
            pytest.skip(
                "SIPROUTER_SR31 does not name a source tree of SIP Router 3.1: its etc/kamailio.cfg is not tested"
            )
    made = Node.from_file(path, listen=["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"], aliases=["example.org"])
    yield made
    made.close()


@pytest.fixture
def alice(node: Node) -> Phone:
    """A caller, not registered."""
    return Phone(node, "alice", "10.0.0.1:5060")


@pytest.fixture
def bob(node: Node) -> Phone:
    """A registered phone."""
    phone = Phone(node, "bob", "10.0.0.2:5060")
    assert phone.register().status == 200
    return phone
