"""JSON-RPC in an event route of xhttp."""

from __future__ import annotations

import json

import pytest

from siprouter.testing import Node

CONFIG = """
listen=tcp:127.0.0.1:5060
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
route { if (!jsonrpc_dispatch()) sl_send_reply("404", "SIP here"); }
event_route[xhttp:request] { jsonrpc_dispatch(); }
"""


def post(node: Node, body: object) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    head = f"POST /RPC HTTP/1.1\r\nContent-Length: {len(text)}\r\n\r\n"
    return node.receive((head + text).encode(), "tcp:192.0.2.9:4000").only.text


def answer(node: Node, body: object) -> object:
    reply = post(node, body)
    assert reply.startswith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    return json.loads(reply.partition("\r\n\r\n")[2])


def test_call_and_batch() -> None:
    call = {"jsonrpc": "2.0", "method": "core.version", "id": 7}
    with Node(CONFIG) as node:
        one = answer(node, call)
        assert one["id"] == 7
        assert one["result"]
        assert [item["id"] for item in answer(node, [call, {**call, "id": "x"}])] == [7, "x"]


@pytest.mark.parametrize(
    ("body", "code"),
    [({"jsonrpc": "2.0", "method": "no.such", "id": 1}, -32601), ("{", -32700), ([], -32600), ({"id": 1}, -32600)],
)
def test_errors(body: object, code: int) -> None:
    with Node(CONFIG) as node:
        assert answer(node, body)["error"]["code"] == code


def test_notification() -> None:
    with Node(CONFIG) as node:
        assert post(node, {"jsonrpc": "2.0", "method": "core.version"}).startswith("HTTP/1.1 204 No Content\r\n")


def test_not_for_sip() -> None:
    with Node(CONFIG) as node:
        sent = node.receive(node.request("OPTIONS", "sip:127.0.0.1", via="SIP/2.0/TCP 192.0.2.8"), "tcp:192.0.2.8:5060")
        assert sent.only.status == 404
