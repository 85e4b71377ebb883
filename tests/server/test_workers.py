"""Several workers as real processes: every message reaches the owner of its call, whichever worker receives it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.rpc.values import RpcError
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.wire import Endpoint, Message
from tests.support.workers import Scattered, Traffic, Workers, call_ids, owner

SCRIPT = """
debug=1
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "counters.so"
loadmodule "kex.so"
loadmodule "mi_rpc.so"
loadmodule "cfg_rpc.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("counters", "script_counter", "seen")
route {
    cnt_inc("seen");
    if (method == "OPTIONS") { sl_send_reply("200", "Here"); exit; }
    if (method == "REGISTER") { save("location"); exit; }
    if (loose_route()) { t_relay(); exit; }
    if (method == "CANCEL") { if (!t_relay_cancel()) { sl_send_reply("481", "No"); } exit; }
    if (method == "ACK") { exit; }
    record_route();
    if (uri == myself) { if (!lookup("location")) { sl_send_reply("404", "Not here"); exit; } }
    t_relay();
}
"""
SCRIPT = SCRIPT.replace('if (!t_relay_cancel()) { sl_send_reply("481", "No"); } exit;', "t_relay(); exit;")

pytestmark = pytest.mark.scenario


@pytest.fixture
def server(tmp_path: Path, ports: Ports) -> Iterator[Workers]:
    with Workers(SCRIPT, tmp_path, ports) as running:
        yield running


class Pair:
    """A caller and a called party, both scattered over many ports."""

    def __init__(self, server: Workers) -> None:
        self.caller = Scattered("caller", server.address)
        self.called = Scattered("called", server.address)

    def request(self, method: str, call: str, number: int = 1, to: str = "", routes: str = "", branch: str = "") -> str:
        return (
            f"{method} sip:called@{self.called.address} SIP/2.0\n"
            f"Via: SIP/2.0/UDP {self.caller.address};branch=z9hG4bK{branch or method + call}\n{routes}"
            f"Max-Forwards: 70\nFrom: <sip:caller@test>;tag=caller\nTo: <sip:called@test>{to}\nCall-ID: {call}\n"
            f"CSeq: {number} {method}\nContact: <sip:caller@{self.caller.address}>\nContent-Length: 0\n\n"
        )

    def answer(self, request: Message, status: str) -> str:
        lines = "".join(
            f"{name}: {request_value}\n"
            for name in ("Via", "Record-Route")
            for request_value in request.all(name.lower())
        )
        to = request.value("to")
        to += "" if "tag=" in to else ";tag=called"
        return (
            f"SIP/2.0 {status}\n{lines}From: {request.value('from')}\nTo: {to}\nCall-ID: {request.value('call-id')}\n"
            f"CSeq: {request.value('cseq')}\nContact: <sip:called@{self.called.address}>\nContent-Length: 0\n\n"
        )

    def close(self) -> None:
        self.caller.close()
        self.called.close()


@pytest.fixture
def pair(server: Workers) -> Iterator[Pair]:
    made = Pair(server)
    yield made
    made.close()


@pytest.mark.parametrize("index", [0, 1])
def test_a_call_whose_messages_arrive_everywhere(server: Workers, pair: Pair, index: int) -> None:
    for call, _ in zip(call_ids(index, 2, f"a{index}-"), range(4), strict=False):
        pair.caller.send_from_all(pair.request("INVITE", call))
        invite = pair.called.expect("INVITE", call=call)
        pair.called.send_from_all(pair.answer(invite, "180 Ringing"))
        pair.caller.expect(180, call=call)
        pair.called.send_from_all(pair.answer(invite, "200 OK"))
        good = pair.caller.expect(200, call=call, cseq="1 INVITE")
        routes = "".join(f"Route: {value}\n" for value in reversed(good.all("record-route")))
        to = good.value("to").partition(">")[2]
        pair.caller.send(pair.request("ACK", call, 1, to, routes, f"ack{call}"))
        pair.called.expect("ACK", call=call)
        pair.caller.send_from_all(pair.request("BYE", call, 2, to, routes))
        pair.called.send_from_all(pair.answer(pair.called.expect("BYE", call=call), "200 OK"))
        pair.caller.expect(200, call=call, cseq="2 BYE")
    # one INVITE and one BYE went out for each call: all but the first of eight packets were absorbed as repetitions
    methods = [message.method for message in pair.called.received]
    assert (methods.count("INVITE"), methods.count("BYE")) == (4, 4)
    assert server.counter("workers", "handed_over") == server.counter("workers", "taken") > 0


def test_a_cancel_and_the_ack_of_a_refusal_from_other_ports(server: Workers, pair: Pair) -> None:
    for index in (0, 1):
        call = next(call_ids(index, 2, "cancel"))
        pair.caller.send(pair.request("INVITE", call))
        invite = pair.called.expect("INVITE", call=call)
        pair.called.send(pair.answer(invite, "180 Ringing"))
        pair.caller.expect(180, call=call)
        pair.caller.send_from_all(pair.request("CANCEL", call, branch=f"INVITE{call}"))
        cancel = pair.called.expect("CANCEL", call=call)
        pair.called.send(pair.answer(cancel, "200 OK"))
        pair.called.send_from_all(pair.answer(invite, "487 Request Terminated"))
        pair.called.expect("ACK", call=call)
        pair.caller.expect(487, call=call)
        pair.caller.send(pair.request("ACK", call, branch=f"INVITE{call}"))
        seen = len(pair.called.received)
        assert [message.method for message in pair.called.received].count("CANCEL") == index + 1, seen
    stats = server.rpc_value("tm.stats")
    assert stats["total"] == 4 and stats["4xx"] == 2  # the CANCELs are transactions too


def test_requests_of_the_called_party_reach_the_owner_too(server: Workers, pair: Pair) -> None:
    call = next(call_ids(1, 2, "back"))
    pair.caller.send(pair.request("INVITE", call))
    invite = pair.called.expect("INVITE")
    pair.called.send(pair.answer(invite, "200 OK"))
    pair.caller.expect(200)
    routes = "".join(f"Route: {value}\n" for value in invite.all("record-route"))
    bye = (
        f"BYE sip:caller@{pair.caller.address} SIP/2.0\nVia: SIP/2.0/UDP {pair.called.address};branch=z9hG4bKback\n"
        f"{routes}Max-Forwards: 70\nFrom: <sip:called@test>;tag=called\nTo: <sip:caller@test>;tag=caller\n"
        f"i:\t{call}\nCSeq: 1 BYE\nContent-Length: 0\n\n"
    )
    pair.called.send_from_all(bye)
    pair.caller.send_from_all(pair.answer(pair.caller.expect("BYE"), "200 OK"))
    pair.called.expect(200)
    assert [message.method for message in pair.caller.received if message.is_request] == ["BYE"]


def test_counters_and_statistics_are_those_of_all_workers(server: Workers) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        for number in range(20):
            sock.sendto(options_request(f"o{number}@test", sock.getsockname()[1] or 1), server.address)
        sent = {owner(f"o{number}@test", 2) for number in range(20)}
        assert sent == {0, 1}
        for _ in polls(10):
            if server.counter("script", "seen") == 20:
                break
    assert server.counter("script", "seen") == 20
    per_worker = [int(server.rpc("core.worker", index, "cnt.get_raw", "script", "seen")[0]) for index in (0, 1)]
    assert sum(per_worker) == 20 and 0 < per_worker[0] < 20
    assert server.rpc_value("sl.stats")["200"] == 20
    lines = server.rpc("mi", "get_statistics", "200_replies")
    assert any("200_replies = 20" in str(line) for line in lines)
    server.rpc("cnt.reset", "script", "seen")
    assert server.counter("script", "seen") == 0
    with pytest.raises(RpcError, match="no worker 2"):
        server.rpc("core.worker", 2, "core.version")


def options_request(call: str, port: int) -> bytes:
    return (
        f"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{call}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:a@test>;tag=1\r\nTo: <sip:x@test>\r\nCall-ID: {call}\r\nCSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def test_settings_and_processes_are_those_of_all_workers(server: Workers) -> None:
    server.rpc("cfg.set_now_int", "core", "debug", 2)
    assert [server.rpc("core.worker", index, "cfg.get", "core", "debug") for index in (0, 1)] == [[2], [2]]
    processes = server.rpc("core.ps")
    assert processes[1::2] == ["supervisor", "worker 0", "worker 1"] and processes[0] == server.pid
    assert len(set(processes[::2])) == 3


def test_a_worker_that_is_killed_is_replaced_within_a_second(server: Workers, pair: Pair) -> None:
    calls = {index: next(call_ids(index, 2, "kill")) for index in (0, 1)}
    invites = {}
    for index, call in calls.items():
        pair.caller.send(pair.request("INVITE", call))
        invites[index] = pair.called.expect("INVITE")
        pair.called.send(pair.answer(invites[index], "180 Ringing"))
        pair.caller.expect(180)
    server.rpc("cfg.set_now_int", "core", "debug", 2)
    victim = server.pids()[1]
    os.kill(victim, signal.SIGKILL)
    # the other worker's call goes on, whichever socket the packets arrive at
    pair.called.send_from_all(pair.answer(invites[0], "200 OK"))
    assert pair.caller.expect(200).value("call-id") == calls[0]
    server.wait_for("worker 1 is at work again")
    took = float(server.output().partition("worker 1 is at work again, after ")[2].split()[0])
    assert took < (1.0 if os.environ.get("SIPROUTER_PURE") != "1" else 3.0)
    assert f"worker 1 (process {victim}) died: signal SIGKILL; starting it again" in server.output()
    assert victim not in server.pids() and server.counter("workers", "restarts") == 1
    assert server.rpc("core.worker", 1, "cfg.get", "core", "debug") == [2]  # as it was set while the server ran
    call = next(call_ids(1, 2, "after"))
    pair.caller.send_from_all(pair.request("INVITE", call))
    assert pair.called.expect("INVITE").value("call-id") == call


def test_the_first_worker_is_replaced_with_its_control_socket(server: Workers) -> None:
    os.kill(server.pids()[0], signal.SIGKILL)
    server.wait_for("worker 0 is at work again")
    assert [row["restarts"] for row in server.rpc("core.workers")] == [1, 0]


async def test_calls_of_the_other_workers_survive_a_kill_under_load(server: Workers) -> None:
    victim = server.pids()[1]
    async with Traffic(server.address) as traffic:
        run = asyncio.create_task(traffic.run(40, 3))
        await asyncio.sleep(1.2)
        os.kill(victim, signal.SIGKILL)
        await run
        assert [call for call in traffic.lost if owner(call, 2) == 0] == []
        assert len(traffic.finished) > 100
        before = len(traffic.lost)
        await traffic.run(40, 0.5)
        assert len(traffic.lost) == before
    assert server.counter("workers", "restarts") == 1


def test_stopping_lets_transactions_end(server: Workers, pair: Pair) -> None:
    calls = [next(call_ids(index, 2, "stop")) for index in (0, 1)]
    for call in calls:
        pair.caller.send(pair.request("INFO", call))
    requests = [pair.called.expect("INFO") for _ in calls]
    begin = time.monotonic()
    os.kill(server.pid, signal.SIGTERM)
    server.wait_for("signal SIGTERM received: stopping")
    for request in requests:
        pair.called.send_from_all(pair.answer(request, "200 OK"))
    assert {pair.caller.expect(200).value("call-id") for _ in calls} == set(calls)
    assert server.wait(20) == 0
    assert time.monotonic() - begin < 10
    assert "Traceback" not in server.output() and server.output().count("stopped") == 3


def test_a_worker_that_cannot_start_stops_the_server(tmp_path: Path, ports: Ports) -> None:
    text = SCRIPT.replace("unix:@DIR@/ctl", "unix:/nonexistent/directory/ctl")
    server = Workers(text, tmp_path, ports)
    server.start()
    try:
        assert server.wait(30) == 1
        assert "ctl cannot listen on" in server.output() and "ended while it started" in server.output()
    finally:
        server.stop()


def test_a_port_that_another_server_has(server: Workers, tmp_path: Path, ports: Ports) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    second = Workers(SCRIPT, folder, ports)
    second.command[second.command.index("-l") + 1] = f"udp:127.0.0.1:{server.port}"
    second.start()
    try:
        assert second.wait(30) == 1 and "Address already in use" in second.output()
    finally:
        second.stop()


def test_workers_end_with_their_supervisor(server: Workers) -> None:
    watches = [os.pidfd_open(pid) for pid in server.pids()]
    os.kill(server.pid, signal.SIGKILL)
    import select

    for watch in watches:
        assert select.select([watch], [], [], 20)[0]
        os.close(watch)
    server.stop()


# --- streams


def register(endpoint: Endpoint, call: str) -> str:
    return (
        f"REGISTER sip:127.0.0.1 SIP/2.0\nVia: SIP/2.0/TCP {endpoint.address};branch=z9hG4bK{call}\nMax-Forwards: 70\n"
        f"From: <sip:bob@127.0.0.1>;tag=1\nTo: <sip:bob@127.0.0.1>\nCall-ID: {call}\nCSeq: 1 REGISTER\n"
        f"Contact: <sip:bob@{endpoint.address};transport=tcp>\nExpires: 600\nContent-Length: 0\n\n"
    )


def test_requests_go_out_on_the_connection_of_another_worker(server: Workers, pair: Pair) -> None:
    """The phone cannot be connected to: only the connection that it opened leads to it."""
    phones = [Endpoint(f"phone{number}", server.address, "tcp") for number in range(4)]
    try:
        for phone in phones:
            for index in (0, 1):
                call = next(call_ids(index, 2, f"{phone.port}-{index}-"))
                phone.send(register(phone, f"reg{call}"))
                phone.expect(200)
                text = pair.request("MESSAGE", call).replace(
                    f"sip:called@{pair.called.address}", f"sip:bob@{phone.address};transport=tcp"
                )
                pair.caller.send(text)
                request = phone.expect("MESSAGE")
                phone.send(pair.answer(request, "200 OK"))
                assert pair.caller.expect(200).value("call-id") == call
    finally:
        for phone in phones:
            phone.close()
    assert server.counter("workers", "written") > 0
    assert server.counter("tcp", "connect_success") == 0
