"""Test an unmodified `kamailio.cfg` with pytest: in process, without sockets, with a clock that the test moves.

from siprouter.testing import Node

def test_unknown_user_gets_404():
    node = Node.from_file("kamailio.cfg")
    node.receive(node.request("INVITE", "sip:nobody@example.org"))
    assert node.last.status == 404
"""

from siprouter.testing.clock import FakeClock
from siprouter.testing.messages import build_message, reply_to
from siprouter.testing.network import Network, Sent
from siprouter.testing.node import LoadError, Node
from siprouter.testing.phone import Phone

__all__ = ["FakeClock", "LoadError", "Network", "Node", "Phone", "Sent", "build_message", "reply_to"]
