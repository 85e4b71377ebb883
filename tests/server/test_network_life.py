"""Names, failover, the blacklist and the raw socket of a running server, by its RPC commands and by what peers get."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from siprouter.rpc.addresses import parse_address
from siprouter.rpc.client import call
from siprouter.server.inherited import open_sockets
from siprouter.transport.endpoint import PROTO_SCTP, Listener
from siprouter.transport.raw import open_raw
from siprouter.transport.sockopts import StreamOptions, UdpOptions
from siprouter.util.errors import OperatorError
from tests.server.test_main import Process, server
from tests.support.ports import Ports
from tests.support.process import need
from tests.support.workers import Workers, call_ids

CONFIG = """
debug=1
use_dns_failover=on
dns_try_ipv6=off
use_dst_blacklist=on
loadmodule "ctl.so"
loadmodule "cfg_rpc.so"
loadmodule "sl.so"
loadmodule "tm.so"
modparam("ctl", "binrpc", "unix:%s")
route {
    if (method == "OPTIONS") { sl_send_reply("200", "Here"); exit; }
    t_relay();
}
"""
INVITE = (
    "INVITE sip:bob@gw.example.com SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{number}\r\n"
    "From: <sip:a@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: {number}@test\r\n"
    "CSeq: 1 INVITE\r\nMax-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture
def control(tmp_path: Path) -> Path:
    return tmp_path / "ctl"


@pytest.fixture
def config(tmp_path: Path, control: Path) -> Path:
    path = tmp_path / "test.cfg"
    path.write_text(CONFIG % control)
    return path


def rpc(control: Path, name: str, *params: Any) -> Any:
    return call(parse_address(f"unix:{control}"), name, list(params))


def peer() -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("127.0.0.1", 0))
    one.settimeout(10)
    return one


def invite(running: Process, caller: socket.socket, number: int) -> None:
    text = INVITE.format(port=caller.getsockname()[1], number=number)
    caller.sendto(text.encode(), ("127.0.0.1", running.port))


def test_a_dead_target_is_left_at_once_and_then_avoided(config: Path, control: Path) -> None:
    with server(config) as running, peer() as caller, peer() as callee, peer() as gone:
        dead, alive = gone.getsockname()[1], callee.getsockname()[1]
        gone.close()
        rpc(control, "dns.add_srv", "_sip._udp.gw.example.com", 600, 1, 1, dead, "host.gw.example.com", 0)
        rpc(control, "dns.add_srv", "_sip._udp.gw.example.com", 600, 2, 1, alive, "other.gw.example.com", 0)
        for name in ("host", "other"):
            rpc(control, "dns.add_a", f"{name}.gw.example.com", 600, "127.0.0.1", 2)
        for number in (1, 2):
            invite(running, caller, number)
            assert callee.recv(9999).startswith(b"INVITE sip:bob@gw.example.com SIP/2.0\r\n")
            assert caller.recv(9999).startswith(b"SIP/2.0 100 ")
        (listed,) = rpc(control, "dst_blacklist.view")
        assert f"port: {dead}" in listed and "flags: 8" in listed
        assert dict(rpc(control, "dst_blacklist.stats_get", "bkl_hit_cnt", 0)[0]) == {"bkl_hit_cnt": 1}


def test_without_another_target_the_caller_hears_of_it_at_once(config: Path, control: Path) -> None:
    with server(config) as running, peer() as caller, peer() as gone:
        dead = gone.getsockname()[1]
        gone.close()
        rpc(control, "dns.add_srv", "_sip._udp.gw.example.com", 600, 1, 1, dead, "host.gw.example.com", 0)
        rpc(control, "dns.add_a", "host.gw.example.com", 600, "127.0.0.1", 0)
        invite(running, caller, 1)
        replies = [caller.recv(9999).split(b"\r\n")[0] for _ in range(2)]
        assert [reply.split()[1] for reply in replies] == [b"100", b"500"]


def test_the_raw_socket_is_used_and_left_while_the_server_runs(config: Path, control: Path) -> None:
    try:
        open_raw().close()
    except PermissionError:
        pytest.skip("raw sockets need CAP_NET_RAW")
    with server(config) as running:
        for wanted in (1, 0, -1):
            rpc(control, "cfg.set_now_int", "core", "udp4_raw", wanted)
            (info,) = rpc(control, "core.udp4_raw_info")
            assert dict(info)["udp4_raw"] == abs(wanted) and dict(info)["udp4_raw_mtu"] == 1500
            assert running.ask_udp().startswith("SIP/2.0 200")


def test_kamcmd_shows_and_edits_the_cache(config: Path, control: Path) -> None:
    need("kamcmd")

    def kamcmd(*words: str) -> str:
        found = subprocess.run(
            ["kamcmd", "-s", f"unix:{control}", *words], capture_output=True, text=True, timeout=20, check=False
        )
        return found.stdout + found.stderr

    with server(config):
        assert kamcmd("dns.add_a", "gw.example.com", "60", "192.0.2.7", "2") == ""
        shown = kamcmd("dns.lookup", "A", "gw.example.com")
        assert "    permanent: yes\n" in shown and "    rr ip: 192.0.2.7\n" in shown
        assert kamcmd("dns.view").startswith("{\n    name: gw.example.com\n    type: A\n")
        assert "Permanent entries cannot be deleted" in kamcmd("dns.delete_a", "gw.example.com")
        assert kamcmd("dns.delete_all_force") == "" and kamcmd("dns.view").strip() == ""
        assert "Not found" in kamcmd("dns.delete_srv", "gw.example.com")
        assert "error: 500 - sctp support disabled" in kamcmd("core.sctp_info")


WORKERS = """
debug=1
loadmodule "tm.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("tm", "fr_timer", 20000)
route { t_relay(); }
"""


def final_status(caller: socket.socket, call_id: str) -> bytes:
    """The status of the first final reply to a call; those to others, which nobody acknowledged, come again."""
    for _ in range(100):
        reply = caller.recv(9999)
        if f"Call-ID: {call_id}\r\n".encode() in reply and not reply.startswith(b"SIP/2.0 1"):
            return reply.split()[1]
    raise AssertionError("too many replies")


@pytest.mark.scenario
def test_the_owner_of_the_call_hears_of_an_error_that_came_to_another_worker(tmp_path: Path, ports: Ports) -> None:
    with Workers(WORKERS, tmp_path, ports) as running, peer() as caller, peer() as gone:
        dead = gone.getsockname()[1]
        gone.close()
        for number in range(8):
            call_id = next(call_ids(number % 2, 2, f"call{number}-"))
            text = INVITE.format(port=caller.getsockname()[1], number=number)
            text = text.replace("gw.example.com", f"127.0.0.1:{dead}").replace(f"{number}@test", call_id)
            caller.sendto(text.encode(), running.address)
            assert final_status(caller, call_id) == b"500"


def test_several_workers_cannot_share_sctp() -> None:
    listener = Listener(PROTO_SCTP, "127.0.0.1", 5060)
    with pytest.raises(OperatorError, match="several workers cannot share"):
        open_sockets([listener], 2, UdpOptions(), StreamOptions())
