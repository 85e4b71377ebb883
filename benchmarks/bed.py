"""A router in memory whose messages go nowhere: what the micro-benchmarks run script and modules in."""

from __future__ import annotations

from typing import Any

from siprouter.core.context import Context
from siprouter.sip.message import parse_message
from siprouter.testing import Node
from siprouter.transport.endpoint import PROTO_UDP, Endpoint

PEER = "192.0.2.4"
MODULES = ("kex", "tm", "sl", "rr", "pv", "maxfwd", "usrloc", "registrar", "textops", "siputils", "auth")


class Bed:
    """A node with this script and the usual modules."""

    def __init__(self, script: str, modules: tuple[str, ...] = MODULES) -> None:
        loads = "".join(f'loadmodule "{name}.so"\n' for name in modules)
        params = 'modparam("auth", "secret", "a secret of some length")\n' if "auth" in modules else ""
        self.node = Node(f"{loads}{params}{script}", debug=0)
        self.worker: Any = self.node.worker
        self.sent = 0
        # outlets are looked up when something is sent, so that this catches all of it
        self.node.network.send = self._send  # type: ignore[method-assign]
        self.source = Endpoint(PROTO_UDP, PEER, 5060, 0, self.node.listener(PROTO_UDP, PEER))

    def _send(self, data: bytes, to: Endpoint, on_error: Any = None) -> bool:
        self.sent += 1
        return True

    def context(self, data: bytes) -> Context:
        """A received request, before its route runs."""
        return Context(self.worker, self.node.script, parse_message(data), self.source, self.worker.now())

    def receive(self, data: bytes) -> None:
        """A message on its whole way through the server."""
        self.node.receiver.receive(data, self.source)

    def route(self, name: str) -> Any:
        """What runs a named route: takes a context."""
        return self.node.script.routes[name].run

    def close(self) -> None:
        """The end of it, with whatever transactions are still there."""
        self.node.close(check=False)
