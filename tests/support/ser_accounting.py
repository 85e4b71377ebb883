"""Whole calls through the accounting modules of SER."""

from __future__ import annotations

from siprouter.testing import Node, Phone

HEAD = """#!SER
debug=3
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "%(module)s.so"
flags ACC:1, MISSED:2;
modparam("%(module)s", "log_flag", "ACC")
modparam("%(module)s", "log_missed_flag", 2)
"""
ROUTE = """
route {
    loose_route();
    setflag(ACC);
    setflag(MISSED);
    record_route();
    $lang = "d:e";
    $fu.uid = "4711";
    if (uri =~ "^sip:bob@example") rewriteuri("sip:bob@10.0.0.2:5060");
    t_relay();
}
"""


class SerSite:
    """A router that accounts, with two phones."""

    def __init__(self, module: str, *params: str, route: str = ROUTE) -> None:
        lines = "".join(f'modparam("{module}", {line})\n' for line in params)
        self.node = Node(HEAD % {"module": module} + lines + route)
        self.alice = Phone(self.node, "alice", "10.0.0.1:5060", "example.org")
        self.bob = Phone(self.node, "bob", "10.0.0.2:5060", "example.org")

    def call(self) -> str:
        """A call that is answered and ended; its Call-ID."""
        self.bob.on_invite = lambda leg: leg.answer()
        call = self.alice.call("sip:bob@example.com")
        call.hang_up()
        self.node.settle()
        return f"{call.call_id}@test"

    def busy(self) -> None:
        """A call that is refused."""
        self.bob.on_invite = lambda leg: leg.reject(486, "Not now")
        self.alice.call("sip:bob@example.com")
        self.node.settle()

    def close(self) -> None:
        self.node.advance(200)
        self.node.close()
