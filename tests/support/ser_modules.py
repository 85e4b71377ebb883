"""Routers in the mode of SER over SQLite: a route runs for a request, X-Result tells what came out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from siprouter.testing import Node
from siprouter.testing.messages import build_message

HEAD = """#!SER
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "textops.so"
"""

HOSTILE = ("'%20OR%20'1'='1", "x';DROP%20TABLE%20x;--", "%22%20OR%20%22%22=%22", "%5c'--", "%25")
"""users of URIs that mean harm to SQL"""


class SerRouter:
    """Runs a route and tells what came out."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def ask(self, uri: str = "sip:bob@example.org", from_: str = "sip:alice@example.org", **fields: Any) -> str:
        """`ok`, `no` or the status of a reply that a function sent, and what the route shows; nulls are left out."""
        sent = self.node.receive(build_message("OPTIONS", uri, from_=from_, to=fields.pop("to", uri), **fields))
        assert len(sent) == 1
        result = sent[0].header("X-Result") or str(sent[0].status)
        return result.replace("<null>", "").rstrip()

    def fails(self, text: str, uri: str = "sip:bob@example.org", **fields: Any) -> str:
        """The same where an error is logged."""
        result = self.ask(uri, **fields)
        assert any(text in error for error in self.node.errors), self.node.errors
        self.node.records.clear()
        return result


@contextmanager
def ser_router(modules: str, call: str, show: str = "", before: str = "") -> Iterator[SerRouter]:
    """`modules`: loadmodule and modparam lines; `show`: a format for X-Result behind `ok` or `no`."""
    text = f"""{HEAD}
        {modules}
        route {{
            {before}
            if ({call}) {{
                append_to_reply("X-Result: ok {show}%|\\r\\n");
            }} else {{
                append_to_reply("X-Result: no {show}%|\\r\\n");
            }}
            sl_reply("200", "OK");
        }}
    """
    text = text.replace("%|", "")
    with closing(Node(text)) as node:
        yield SerRouter(node)
