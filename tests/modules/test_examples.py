"""Examples of module READMEs, run: what their text promises happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import siprouter.modules
from siprouter.testing import Node, Phone
from siprouter.testing.messages import build_message
from tests.support.ports import Ports
from tests.support.sqlite import Sqlite
from tests.support.wire import Endpoint
from tests.support.workers import Workers

MODULES = Path(siprouter.modules.__path__[0])
DATABASE = "sqlite:///var/lib/siprouter/siprouter.db"


def readme(module: str) -> str:
    return (MODULES / module / "README.md").read_text()


def example(module: str, number: int = 0) -> str:
    """A configuration of a README; the first, or another."""
    blocks = [text for text in re.findall(r"^```\n(.*?)^```$", readme(module), re.M | re.S) if "loadmodule" in text]
    return str(blocks[number])


@contextmanager
def running(module: str, number: int = 0, database: Sqlite | None = None) -> Iterator[Node]:
    text = example(module, number)
    if database is not None:
        text = text.replace(DATABASE, database.url)
    with Node(text) as node:
        yield node


def ask(node: Node, method: str = "OPTIONS", uri: str = "sip:bob@192.0.2.50", source: str = "192.0.2.1:5060") -> str:
    """Status of the reply, or where the request went."""
    sent = node.receive(build_message(method, uri), source)
    return " ".join(f"{one.status or one.uri}" for one in sent if one.status != 100)


def test_dids_in_a_table(sqlite: Sqlite) -> None:
    sqlite.run(*re.findall(r"`(CREATE TABLE [^`]+)`", readme("mtree")))
    sqlite.insert("dids", tprefix="4930123456", tvalue="192.0.2.61")
    sqlite.insert("dids", tprefix="493012", tvalue="192.0.2.62")
    with Node(example("mtree").replace(DATABASE, sqlite.url)) as node:
        assert ask(node, uri="sip:49301234567@x") == "sip:49301234567@192.0.2.61"
        assert ask(node, uri="sip:4930129@x") == "sip:4930129@192.0.2.62"
        assert ask(node, uri="sip:4915@x") == "404"
        assert ask(node, uri="sip:alice@x") == "404"


def test_one_pipe_for_each_method(sqlite: Sqlite) -> None:
    for name, limit in (("OPTIONS", 1), ("INVITE", 2)):
        sqlite.insert("pl_pipes", pipeid=name, algorithm="TAILDROP", plimit=limit)
    with running("pipelimit", database=sqlite) as node:
        target = "sip:bob@192.0.2.50"
        assert [ask(node) for _ in range(7)] == [target] * 5 + ["503"] * 2
        assert [ask(node, "INVITE") for _ in range(11)] == [target] * 10 + ["503"]
        refused = node.receive(build_message("OPTIONS", target))[0]
        assert 5 <= int(refused.header("Retry-After") or 0) <= 30
        assert ask(node, "INFO") == "503"  # there is no such pipe
        node.advance(6)
        assert ask(node) == target


def test_each_address_has_a_pipe() -> None:
    with running("pipelimit", 1) as node:
        found = [ask(node, source="192.0.2.1:5060") for _ in range(201)]
        assert (found.count("503"), found[-1]) == (1, "503")
        assert ask(node, source="192.0.2.2:5060") != "503"


def test_request_uris_are_queued_and_handled() -> None:
    with running("mqueue") as node:
        for number in range(3):
            ask(node, "INVITE", f"sip:bob{number}@192.0.2.50")
        ask(node, "OPTIONS")
        assert not node.logged(" went to ")
        node.advance(2)
        assert [record.text.split(" went to ")[1].strip() for record in node.logged(" went to ")] == [
            f"sip:bob{number}@192.0.2.50" for number in range(3)
        ]


@pytest.mark.scenario
def test_request_uris_are_handled_in_another_process(tmp_path: Path, ports: Ports) -> None:
    text = example("mqueue").replace("call $mqk(uris)", "by $pp. call $mqk(uris)")
    text = text.replace('mq_add("uris"', 'xlog("L_INFO", "process $pp.\\n"); mq_add("uris"')
    text = "debug=2\n" + text.replace("forward();", "drop;")
    with Workers(text, tmp_path, ports, 2) as server:
        phone = Endpoint("phone", server.address)
        try:
            for number in range(12):
                phone.send(
                    f"INVITE sip:bob{number}@x SIP/2.0\nVia: SIP/2.0/UDP {phone.address};branch=z9hG4bK{number}\n"
                    f"From: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: q{number}\nCSeq: 1 INVITE\nContent-Length: 0\n\n"
                )
        finally:
            phone.close()
        server.wait_for(" went to ", count=12)
        log = server.output()
    received, handled = set(re.findall(r"process (\d+)\.", log)), set(re.findall(r"by (\d+)\. call", log))
    assert len(handled) == 1 and received - handled
    assert sorted(re.findall(r" went to sip:bob(\d+)@x", log), key=int) == [str(number) for number in range(12)]


def test_who_fails_three_times_is_refused(sqlite: Sqlite) -> None:
    with running("htable", database=sqlite) as node:

        def attempt() -> str:
            data = build_message("REGISTER", "sip:example.org", from_="sip:eve@example.org")
            return " ".join(str(one.status) for one in node.receive(data))

        assert [attempt() for _ in range(4)] == ["401", "401", "401", "403"]
        node.advance(901)
        assert attempt() == "401"


def test_a_flood_is_blocked() -> None:
    with running("pike") as node:
        found = [ask(node) for _ in range(20)]
        assert found == ["404"] * 15 + [""] * 5
        assert ask(node, source="192.0.2.2:5060") == "404"
        (top,) = [row for row in node.rpc("pike.top", "HOT").values if "192.0.2.1" in str(row)]
        assert top
        node.advance(5)
        assert ask(node) == "404"


def test_calls_are_counted() -> None:
    with running("counters") as node:
        for method in ("INVITE", "INVITE", "OPTIONS"):
            node.receive(build_message(method, "sip:x"))
        assert node.counter("script", "invites") == 2
        assert node.counter("out", "seconds") == 180
        assert node.rpc("cnt.help", "out", "seconds").values == ["seconds of calls that went out"]


def test_requests_for_offline_users_are_counted() -> None:
    with running("counters", 1) as node:
        bob = Phone(node, "bob", "10.0.0.2:5060")
        assert bob.register().status == 200
        assert [ask(node, "MESSAGE", f"sip:{name}@example.org") for name in ("carol", "dave")] == ["404", "404"]
        node.receive(build_message("MESSAGE", "sip:bob@example.org"))
        assert node.rpc("cnt.get", "script", "offline").values == [2]
        assert node.rpc("cnt.help", "script", "offline").values == ["requests for users that are not registered"]
        node.advance(60)


def test_statistics_are_read_in_the_script() -> None:
    with running("statistics", 1) as node:
        for _ in range(100):
            assert ask(node, "MESSAGE") == "480"
        assert node.counter("script", "offline") == 100
        assert len(node.logged("100 requests for users who are offline")) == 1
        (told,) = node.receive(build_message("OPTIONS", "sip:x"))
        assert told.header("X-Offline") == "100 of 100"


def test_a_timer_route_runs_at_its_interval() -> None:
    with running("rtimer") as node:
        node.advance(9)
        assert not node.logged("timer routine")
        node.advance(22)
        assert len(node.logged("timer routine: time is ")) == 3


def test_cells_of_a_matrix(sqlite: Sqlite) -> None:
    with running("matrix", database=sqlite) as node:
        assert ask(node) == "404"
    sqlite.insert("matrix", first=4, second=17, res=9)
    with running("matrix", database=sqlite) as node:
        assert ask(node) == "sip:bob@192.0.2.50"


def test_scanners_get_no_answer() -> None:
    with running("regex") as node:
        for agent, statuses in (("Friendly-Scanner 1.0", []), ("phone", [200])):
            sent = node.receive(build_message("OPTIONS", "sip:x", headers={"User-Agent": agent}))
            assert [one.status for one in sent] == statuses


def test_times_are_logged() -> None:
    with running("benchmark") as node:
        for _ in range(999):
            assert ask(node) == "200"
        assert not node.logged("GB")
        assert ask(node) == "200"
        (line,) = node.logged("GB")
        assert "reply" in line.text


def test_numbers_go_to_domains(sqlite: Sqlite) -> None:
    sqlite.insert("pdt", sdomain="*", prefix="49", domain="192.0.2.49")
    sqlite.insert("pdt", sdomain="example.org", prefix="43", domain="192.0.2.43")
    with running("pdt", database=sqlite) as node:
        assert ask(node, uri="sip:004930@x") == "sip:004930@192.0.2.49"
        assert ask(node, uri="sip:00431@x") == "sip:00431@192.0.2.43"
        assert ask(node, uri="sip:00331@x") == "404"


def test_prefixes_lead_to_routes(sqlite: Sqlite) -> None:
    sqlite.run(*re.findall(r"`(CREATE TABLE [^`]+)`", readme("prefix_route")))
    for prefix, route in (("46", "SE"), ("4670", "NOMOB")):
        sqlite.insert("prefix_route", prefix=prefix, route=route, comment="")
    with Node(example("prefix_route").replace(DATABASE, sqlite.url)) as node:
        assert ask(node, uri="sip:467012@x") == "403"
        assert ask(node, uri="sip:33@x") == "404"
        assert "se.example.org" in node.run_route("SE", build_message("OPTIONS", "sip:46@x")).uri


def test_a_busy_call_is_diverted_to_voicemail() -> None:
    text = example("diversion").replace("sip:voicemail@vm.example.org", "sip:voicemail@192.0.2.99")
    with Node(text) as node:
        alice, bob = Phone(node, "alice", "10.0.0.1:5060"), Phone(node, "bob", "10.0.0.2:5060")
        vm = Phone(node, "voicemail", "192.0.2.99:5060")
        bob.on_invite = lambda call: call.reject(486)
        vm.on_invite = lambda call: call.answer()
        assert alice.call("sip:bob@10.0.0.2").established
        assert vm.received[0].header("Diversion") == "<sip:bob@10.0.0.2>;reason=user-busy"
        node.advance(200)


def test_requests_are_limited_by_method() -> None:
    with running("ratelimit") as node:
        found = [ask(node, "INVITE") for _ in range(251)]
        assert (found.count("503"), found[-1]) == (1, "503")
        assert ask(node, "OPTIONS") == "sip:bob@192.0.2.50"


def test_flags_locks_and_sleep() -> None:
    with running("cfgutils") as node:
        target = "sip:bob@192.0.2.50"
        node.receive(build_message("OPTIONS", target))
        node.advance(3)
        assert [one.uri for one in node.sent if one.method == "OPTIONS" and not one.status] == [target] * 3
        node.advance(60)
