"""The blacklist in the script."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from siprouter.core.blacklist import ADM_PROHIBITED, ERR_CONNECT, ERR_SEND, ERR_TIMEOUT, REPLY_503, blacklist_of
from siprouter.core.settings import CfgError
from siprouter.script.load import ScriptError
from siprouter.testing import Node

HEAD = """
use_dst_blacklist = on
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "blst.so"
modparam("tm", "blst_503", 1)
modparam("tm", "blst_503_def_timeout", 20)
modparam("tm", "fr_timer", 5000)
"""
LISTEN = ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060", "tcp:[::1]:5060")
SOURCE = "udp:192.0.2.7:5070"

Make = Callable[..., Node]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Node] = []

    def build(body: str, head: str = HEAD) -> Node:
        made.append(Node(f"{head}\nroute {{ {body} }}\n", listen=LISTEN))
        return made[-1]

    yield build
    for node in made:
        node.close()


def request(node: Node, method: str = "OPTIONS", extra: str = "", source: str = SOURCE) -> None:
    host = source.partition(":")[2]
    node.receive(
        f"{method} sip:bob@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/{source[:3].upper()} {host};branch=z9hG4bK1\r\n"
        f"From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\n"
        f"Max-Forwards: 9\r\n{extra}Content-Length: 0\r\n\r\n".encode(),
        source,
    )


def entries(node: Node) -> dict[tuple[int, str, int], tuple[int, int]]:
    """Flags and seconds left of all entries."""
    now = node.worker.now()
    return {key: (entry.flags & ~1, round(entry.expires - now)) for key, entry in blacklist_of(node.worker)}


@pytest.mark.parametrize(
    ("call", "seconds"), [("blst_add()", 60), ("blst_add(0)", 60), ("blst_add(30)", 30), ('blst_add("$rm")', None)]
)
def test_the_source_is_listed(make: Make, call: str, seconds: int | None) -> None:
    node = make(f'if ({call}) sl_send_reply("200", "OK"); else sl_send_reply("404", "No");')
    request(node)
    assert entries(node) == ({(1, "192.0.2.7", 5070): (ADM_PROHIBITED, seconds)} if seconds else {})
    assert node.last.status == (200 if seconds else 404)


def test_ipv6_and_streams(make: Make) -> None:
    node = make("blst_add(10);")
    request(node, source="tcp:[2001:db8::7]:5070")
    assert entries(node) == {(2, "2001:db8::7", 5070): (ADM_PROHIBITED, 10)}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 5", 10),
        ("Retry-After: 50 (lunch);duration=9", 50),
        ("Retry-After: 500", 100),
        ("Retry-After: soon", 0),
        ("Subject: none", 0),
    ],
)
def test_as_long_as_retry_after_says(make: Make, header: str, seconds: int) -> None:
    node = make('if (blst_add_retry_after(10, 100)) sl_send_reply("200", "OK"); else sl_send_reply("404", "No");')
    request(node, extra=header + "\r\n")
    assert [left for _, left in entries(node).values()] == ([seconds] if seconds else [])
    assert node.last.status == (200 if seconds else 404)


def test_a_source_is_found_and_taken_off(make: Make) -> None:
    node = make("""
        if (method == "INFO") { blst_add(100); sl_send_reply("202", "Listed"); }
        else if (method == "MESSAGE") { if (blst_del()) sl_send_reply("200", "OK"); else sl_send_reply("404", "No"); }
        else if (blst_is_blacklisted()) sl_send_reply("403", "Listed"); else sl_send_reply("200", "OK");
    """)
    statuses = []
    for method in ("OPTIONS", "INFO", "OPTIONS", "MESSAGE", "OPTIONS", "MESSAGE"):
        request(node, method)
        statuses.append(node.last.status)
    assert statuses == [200, 202, 403, 200, 200, 404]


@pytest.mark.parametrize(
    ("calls", "flags"),
    [
        ("", ERR_TIMEOUT),
        ("blst_set_ignore();", None),
        ("blst_set_ignore(16);", None),
        ("blst_set_ignore(2);", ERR_TIMEOUT),
        ("blst_set_ignore(); blst_clear_ignore(16);", ERR_TIMEOUT),
        ("blst_set_ignore(); blst_clear_ignore();", ERR_TIMEOUT),
        ("blst_rpl_set_ignore();", ERR_TIMEOUT),
    ],
)
def test_errors_of_a_forwarded_request(make: Make, calls: str, flags: int | None) -> None:
    node = make(f"{calls} t_relay();")
    request(node, "INVITE")
    node.advance(6)
    assert entries(node) == ({(1, "198.51.100.1", 5060): (flags, 59)} if flags else {})


@pytest.mark.parametrize(
    ("calls", "listed"), [("", True), ("blst_set_ignore(32);", False), ("blst_set_ignore(16);", True)]
)
def test_503(make: Make, calls: str, listed: bool) -> None:
    node = make(f"{calls} t_relay();")
    request(node)
    node.receive(reply_to(node, 503), "udp:198.51.100.1:5060")
    assert entries(node) == ({(1, "198.51.100.1", 5060): (REPLY_503, 20)} if listed else {})


def test_a_reply_route_has_the_last_word_about_a_503(make: Make) -> None:
    node = make('t_on_reply("r"); t_relay(); } onreply_route[r] { blst_set_ignore(32);')
    request(node)
    node.receive(reply_to(node, 503), "udp:198.51.100.1:5060")
    assert entries(node) == {}


def test_the_mask_of_a_protocol_counts_for_a_503_too(make: Make) -> None:
    node = make("t_relay();", HEAD + "dst_blacklist_udp_imask = 32\n")
    request(node)
    node.receive(reply_to(node, 503), "udp:198.51.100.1:5060")
    assert entries(node) == {}


def reply_to(node: Node, status: int) -> bytes:
    sent = node.sent.requests()[-1]
    names = ("Via", "From", "To", "Call-ID", "CSeq")
    lines = [f"{name}: {value}" for name in names for value in sent.headers(name)]
    return "\r\n".join([f"SIP/2.0 {status} Reason", *lines, "Content-Length: 0", "", ""]).encode()


@pytest.mark.parametrize(
    ("calls", "flags"),
    [
        ("", ERR_CONNECT),
        ("blst_rpl_set_ignore(4);", None),
        ("blst_rpl_set_ignore(4); blst_rpl_clear_ignore();", ERR_CONNECT),
    ],
)
def test_errors_of_replies(make: Make, calls: str, flags: int | None) -> None:
    node = make(f'{calls} sl_send_reply("200", "OK");')
    node.network.unreachable.add(("192.0.2.7", 5070))
    request(node, source="tcp:192.0.2.7:5070")
    node.settle()
    assert entries(node) == ({(2, "192.0.2.7", 5070): (flags, 60)} if flags else {})


def test_a_stateless_request_that_cannot_leave(make: Make) -> None:
    node = make("forward();")
    node.network.unreachable.add(("198.51.100.1", 5060))
    request(node)
    assert entries(node) == {(1, "198.51.100.1", 5060): (ERR_SEND, 60)}


def test_without_blacklist_the_log_says_so(make: Make) -> None:
    node = make(
        "if (blst_add() && blst_add_retry_after(1, 2) && !blst_del() && !blst_is_blacklisted())"
        ' sl_send_reply("200", "OK");',
        HEAD.replace("on", "off", 1),
    )
    request(node)
    assert node.last.status == 200 and entries(node) == {}
    assert len(node.logged("the blacklist is off", "warning")) == 4


def test_a_blacklist_left_out_at_start_stays_off(make: Make) -> None:
    node = make("blst_add();", HEAD + "dst_blacklist_init = off\n")
    request(node)
    assert entries(node) == {}
    with pytest.raises(CfgError, match="dst_blacklist_init"):
        node.worker.cfg.set_now("core", "use_dst_blacklist", 1)
    node.worker.cfg.set_now("core", "use_dst_blacklist", 0)


@pytest.mark.parametrize("body", ["blst_add(1, 2);", "blst_add_retry_after(1);", "blst_del(1);", 'blst_add("soon");'])
def test_bad_calls(make: Make, body: str) -> None:
    with pytest.raises(ScriptError):
        make(body)
