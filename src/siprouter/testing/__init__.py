"""Test an unmodified `kamailio.cfg` with pytest: in process, without sockets, with a clock that the test moves.

    from siprouter.testing import Node

    def test_unknown_user_gets_404():
        with Node.from_file("kamailio.cfg", aliases=["example.org"]) as node:
            node.receive(node.request("INVITE", "sip:nobody@example.org"))
            assert node.last.status == 404

Names are imported when they are used, so that `siprouter.testing.plugin` and `siprouter.testing.coverage` cost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siprouter.testing.call import Call
    from siprouter.testing.clock import FakeClock
    from siprouter.testing.leaks import LeakError, TimerView, TransactionView
    from siprouter.testing.messages import build_message, reply_to
    from siprouter.testing.names import fake_resolver
    from siprouter.testing.network import Messages, Network, Sent
    from siprouter.testing.node import LoadError, Node
    from siprouter.testing.phone import Phone
    from siprouter.testing.routes import RouteRun

__all__ = [
    "Call",
    "FakeClock",
    "LeakError",
    "LoadError",
    "Messages",
    "Network",
    "Node",
    "Phone",
    "RouteRun",
    "Sent",
    "TimerView",
    "TransactionView",
    "build_message",
    "fake_resolver",
    "reply_to",
]

_HOMES = {
    "Call": "call",
    "FakeClock": "clock",
    "LeakError": "leaks",
    "LoadError": "node",
    "Messages": "network",
    "Network": "network",
    "Node": "node",
    "Phone": "phone",
    "RouteRun": "routes",
    "Sent": "network",
    "TimerView": "leaks",
    "TransactionView": "leaks",
    "build_message": "messages",
    "fake_resolver": "names",
    "reply_to": "messages",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
