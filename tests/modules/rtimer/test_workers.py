"""Several workers as real processes: a queue that all fill is worked off in one of them, each item once."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.workers import Workers

SCRIPT = """
debug=2
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "mqueue.so"
loadmodule "rtimer.so"
modparam("mqueue", "mqueue", "name=calls")
modparam("rtimer", "timer", "name=first;interval=1")
modparam("rtimer", "exec", "timer=first;route=FIRST")
modparam("rtimer", "timer", "name=own;interval=1;mode=1")
modparam("rtimer", "exec", "timer=own;route=OWN")
route { mq_add("calls", "$ci", "$pp"); sl_send_reply("200", "OK"); }
route[FIRST] { xlog("L_INFO", "first: by=$pp.\\n"); }
route[OWN] { while (mq_fetch("calls")) { xlog("L_INFO", "item $mqk(calls): from=$mqv(calls). by=$pp.\\n"); } }
"""
CALLS = 24

pytestmark = pytest.mark.scenario


def test_one_worker_works_off_what_all_put_aside(tmp_path: Path, ports: Ports) -> None:
    with Workers(SCRIPT, tmp_path, ports, 3) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.connect(server.address)
        phone.settimeout(10)
        address = "{}:{}".format(*phone.getsockname())
        for number in range(CALLS):
            phone.send(
                f"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{number}\r\n"
                f"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: call{number}\r\nCSeq: 1 OPTIONS\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
            assert phone.recv(4096).startswith(b"SIP/2.0 200")
        server.wait_for("item call", count=CALLS)
        server.wait_for("first: by=", count=2)
        log = server.output()
    items = re.findall(r"item (\S+): from=(\d+)\. by=(\d+)\.", log)
    assert sorted(call for call, _, _ in items) == sorted(f"call{number}" for number in range(CALLS))
    assert len({source for _, source, _ in items}) == 3
    runners = {runner for _, _, runner in items}
    first = set(re.findall(r"first: by=(\d+)\.", log))
    assert (len(runners), len(first)) == (1, 1)
    assert runners != first
