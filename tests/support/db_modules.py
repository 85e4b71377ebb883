"""Routers over SQLite for tests of modules that look something up for the request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from siprouter.testing import Node
from siprouter.testing.messages import build_message
from tests.support.sqlite import Sqlite

HEAD = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth.so"
"""


class Router:
    """Runs a route for a request and tells what came out."""

    def __init__(self, node: Node, database: Sqlite) -> None:
        self.node = node
        self.database = database

    def ask(self, uri: str = "sip:bob@example.org", from_: str = "sip:alice@example.org", **fields: Any) -> str:
        """What the route put into X-Result."""
        sent = self.node.receive(build_message("OPTIONS", uri, from_=from_, to=fields.pop("to", uri), **fields))
        assert len(sent) == 1
        return sent[0].header("X-Result") or ""

    def fails(self, text: str, uri: str = "sip:bob@example.org", **fields: Any) -> str:
        """The same where an error is logged."""
        result = self.ask(uri, **fields)
        assert text in self.node.errors[-1]
        self.node.records.clear()
        return result


@contextmanager
def router(database: Sqlite, module: str, *params: str, expression: str, more: str = "") -> Iterator[Router]:
    """A router whose route evaluates a function; X-Result is its result and the request URI then."""
    lines = "\n".join(f'modparam("{module}", {param})' for param in params)
    text = f"""{HEAD}
        loadmodule "{module}.so"
        modparam("{module}", "db_url", "{database.url}")
        {lines}
        route {{
            {more}
            {expression};
            $var(code) = $rc;
            append_to_reply("X-Result: $var(code) $ru $(branch(uri)[0]) $avp(s:out)\\r\\n");
            sl_send_reply("200", "OK");
        }}
    """
    with closing(Node(text)) as node:
        yield Router(node, database)
