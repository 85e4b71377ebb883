"""The event route sees HTTP requests as messages, and answers them in their order."""

from __future__ import annotations

import pytest

from siprouter.core.declare import Module, function
from siprouter.testing import LoadError, Node

HEAD = """
listen=tcp:127.0.0.1:5060
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
loadmodule "xlog.so"
loadmodule "xhttp.so"
"""
SIP = 'route { sl_send_reply("404", "SIP here"); }\n'
CLIENT = "tcp:192.0.2.9:40000"


def node_with(route: str, params: str = "") -> Node:
    return Node(f"{HEAD}{params}{SIP}event_route[xhttp:request] {{ {route} }}\n")


def get(url: str = "/", extra: str = "", method: str = "GET", body: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {url} HTTP/1.1\r\nHost: router.example:5060\r\n{extra}{length}\r\n{body}".encode()


def ask(node: Node, data: bytes) -> list[str]:
    return [sent.text for sent in node.receive(data, CLIENT)]


def body_of(text: str) -> str:
    return text.partition("\r\n\r\n")[2]


ECHO = 'xhttp_reply("200", "OK", "text/plain", "{}");'


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("$hu", "/a/b?c=d"),
        ("$ru", "http://router.example:5060/a/b?c=d"),
        ("$rm", "POST"),
        ("$si:$sp", "192.0.2.9:40000"),
        ("$hdr(X-One)", "1"),
        ("$hdr(Host)", "router.example:5060"),
        ("$rb", "hello"),
        ("$pr", "tcp"),
    ],
)
def test_what_the_route_sees(what: str, expected: str) -> None:
    with node_with(ECHO.format(what)) as node:
        (reply,) = ask(node, get("/a/b?c=d", "X-One: 1\r\n", "POST", "hello"))
        assert reply.startswith("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
        assert body_of(reply) == expected


def test_headers_that_sip_needs_cannot_be_forged() -> None:
    forged = "Via: SIP/2.0/UDP evil;branch=x\r\nCSeq: 9 X\r\nCall-ID: a\r\nv: y\r\nTo: <sip:x>\r\nMax-Forwards: z\r\n"
    with node_with(ECHO.format("$cs $hdr(Via)")) as node:
        (reply,) = ask(node, get("/", forged))
        assert body_of(reply).startswith("1 SIP/2.0/TCP 192.0.2.9:40000;branch=")


@pytest.mark.parametrize("host", ["a b", "a>\r\nX: y", "", "[::1]:99999999", "ü"])
def test_strange_hosts(host: str) -> None:
    with node_with(ECHO.format("$ru")) as node:
        (reply,) = ask(node, f"GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert reply.startswith("HTTP/1.1 200")


def test_sip_on_the_same_port() -> None:
    with node_with(ECHO.format("x")) as node:
        sent = node.receive(node.request("OPTIONS", "sip:127.0.0.1", via="SIP/2.0/TCP 192.0.2.8"), "tcp:192.0.2.8:5060")
        assert sent.only.status == 404


def test_filters() -> None:
    params = 'modparam("xhttp", "url_match", "^/in")\nmodparam("xhttp", "url_skip", "not")\n'
    with node_with(ECHO.format("taken"), params) as node:
        assert body_of(ask(node, get("/inside"))[0]) == "taken"
        assert ask(node, get("/in/not"))[0].startswith("HTTP/1.1 404 Not Found")
        assert ask(node, get("/out"))[0].startswith("HTTP/1.1 404 Not Found")


def test_bad_filter_is_a_start_error() -> None:
    with pytest.raises(LoadError, match="url_match of module xhttp"):
        node_with("exit;", 'modparam("xhttp", "url_match", "(")\n')


def test_route_without_reply_gives_404() -> None:
    with node_with("exit;") as node:
        assert ask(node, get())[0].startswith("HTTP/1.1 404 Not Found")


def test_second_reply_fails() -> None:
    twice = ECHO.format("one") + 'if (!xhttp_reply("200", "OK", "text/plain", "two")) xlog("L_ERR", "refused\\n");'
    with node_with(twice) as node:
        assert [body_of(text) for text in ask(node, get())] == ["one"]
        assert node.logged("refused")


def test_bad_status_is_refused() -> None:
    with node_with('xhttp_reply("99", "x", "", "");') as node:
        assert ask(node, get())[0].startswith("HTTP/1.1 404")
        assert node.logged("bad status '99'")


def test_not_for_sip() -> None:
    text = f'{HEAD}route {{ if (!xhttp_reply("200", "OK", "", "")) sl_send_reply("403", "no"); }}\n'
    with Node(text) as node:
        sent = node.receive(node.request("OPTIONS", "sip:127.0.0.1", via="SIP/2.0/TCP 192.0.2.8"), "tcp:192.0.2.8:5060")
        assert sent.only.status == 403
        assert node.logged("OPTIONS is no HTTP request")


def test_replies_of_sl_are_http() -> None:
    with node_with('append_to_reply("X-Why: because\\r\\n"); sl_send_reply("403", "Forbidden");') as node:
        (reply,) = ask(node, get())
        assert reply == "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nX-Why: because\r\n\r\n"


def test_close_where_the_script_asks() -> None:
    with node_with("set_reply_close(); " + ECHO.format("x")) as node:
        assert "\r\nConnection: close\r\n" in ask(node, get())[0]


def test_error_in_the_route_is_500() -> None:
    def explode(_state: object, _ctx: object) -> int:
        raise ValueError("boom")

    module = Module("boom", help="", state=lambda worker: worker, functions=[function("explode", explode, help="")])
    text = f"{HEAD}{SIP}event_route[xhttp:request] {{\n\texplode();\n}}\n"
    with Node(text, modules=[module]) as node:
        (reply,) = ask(node, get())
        assert reply.startswith("HTTP/1.1 500 Server Internal Error\r\nConnection: close\r\n")
        assert node.logged("boom")


def test_pipelined_requests_are_answered_in_order_though_the_first_waits() -> None:
    route = 'if ($hu == "/slow") { sleep("2"); } ' + ECHO.format("$hu")
    with node_with(route) as node:
        assert ask(node, get("/slow") + get("/fast") + get("/slow") + get("/last")) == []
        node.advance(2)
        assert [body_of(sent.text) for sent in node.sent] == ["/slow", "/fast"]
        node.advance(2)
        assert [body_of(sent.text) for sent in node.sent] == ["/slow", "/fast", "/slow", "/last"]


def test_a_client_that_never_reads_is_cut_off() -> None:
    with node_with('sleep("5"); ' + ECHO.format("x")) as node:
        (refused,) = ask(node, get() * 40)
        assert refused.startswith("HTTP/1.1 503 Service Unavailable\r\nConnection: close")
        node.advance(5)


def test_broken_requests_are_refused() -> None:
    with node_with(ECHO.format("x")) as node:
        assert ask(node, b"GET / HTTP/1.1\r\nHost : x\r\n\r\n")[0].startswith("HTTP/1.1 400 Bad Request")


def test_header_that_no_message_can_have() -> None:
    with node_with(ECHO.format("$hdr(X)")) as node:
        (reply,) = ask(node, b"GET / HTTP/1.1\r\nExpires: x\r\nContact: <<<\r\nX: \xff\r\n\r\n")
        assert reply.startswith("HTTP/1.1 ")
