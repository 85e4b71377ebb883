"""Small configurations for tests of the test kit itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from siprouter.testing import Node

MODULES = """
#!KAMAILIO
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
"""

RELAY = (
    MODULES
    + """
route {
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
    if (is_method("INVITE")) record_route();
    loose_route();
    if ($ru =~ "^sip:bob@example") $ru = "sip:bob@10.0.0.2:5060";
    t_relay();
}
"""
)

MakeNode = Callable[..., Node]


@pytest.fixture
def make_node() -> Iterator[MakeNode]:
    """Makes nodes from text; all are closed, without a check for leaks: that is up to the test."""
    made: list[Node] = []

    def make(text: str = RELAY, **options: object) -> Node:
        made.append(Node(text, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for node in made:
        node.close(check=False)


@pytest.fixture
def node(make_node: MakeNode) -> Node:
    """A router that relays sip:bob@example.org to 10.0.0.2."""
    return make_node()
