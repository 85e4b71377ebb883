"""Masked Call-IDs and several workers; the same values as Debian's Kamailio writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.modules.topoh.mask import Mask
from tests.server.test_workers import SCRIPT, Pair
from tests.support.ports import Ports
from tests.support.routers import ROUTERS, Router
from tests.support.wire import Endpoint
from tests.support.workers import Workers, call_ids

pytestmark = pytest.mark.scenario
KEY = "some secret here"
TOPOH = f"""
loadmodule "topoh.so"
modparam("topoh", "mask_key", "{KEY}")
modparam("topoh", "mask_ip", "10.1.1.10")
modparam("topoh", "mask_callid", 1)
"""


@pytest.fixture
def server(tmp_path: Path, ports: Ports) -> Iterator[Workers]:
    with Workers(SCRIPT.replace("route {", TOPOH + "route {", 1), tmp_path, ports) as running:
        yield running


@pytest.mark.parametrize("index", [0, 1])
def test_all_messages_of_a_call_reach_its_owner(server: Workers, index: int) -> None:
    pair = Pair(server)
    try:
        for call, _ in zip(call_ids(index, 2, f"m{index}-"), range(3), strict=False):
            one_call(pair, call)
        methods = [message.method for message in pair.called.received]
        assert (methods.count("INVITE"), methods.count("ACK")) == (3, 3)
        asked = [message for message in pair.caller.received if message.is_request]
        assert [message.method for message in asked] == ["BYE"] * 3
    finally:
        pair.close()
    assert server.counter("workers", "handed_over") == server.counter("workers", "taken") > 0


def one_call(pair: Pair, call: str) -> None:
    """A call that the called party ends, with each message at many sockets of the server."""
    hidden = "!!:" + Mask(KEY.encode()).mask(call.encode()).decode()
    pair.caller.send_from_all(pair.request("INVITE", call))
    invite = pair.called.expect("INVITE", call=hidden)
    assert pair.caller.address not in invite.value("contact") + "".join(invite.all("via"))
    pair.called.send_from_all(pair.answer(invite, "200 OK"))
    good = pair.caller.expect(200, call=call, cseq="1 INVITE")
    routes = "".join(f"Route: {value}\n" for value in reversed(good.all("record-route")))
    pair.caller.send(pair.request("ACK", call, 1, good.value("to").partition(">")[2], routes, f"ack{call}"))
    pair.called.expect("ACK", call=hidden)
    routes = "".join(f"Route: {value}\n" for value in invite.all("record-route"))
    bye = (
        f"BYE {invite.value('contact').strip('<>')} SIP/2.0\n"
        f"Via: SIP/2.0/UDP {pair.called.address};branch=z9hG4bKback{call}\n"
        f"{routes}Max-Forwards: 70\nFrom: <sip:called@test>;tag=called\nTo: <sip:caller@test>;tag=caller\n"
        f"i:\t{hidden}\nCSeq: 1 BYE\nContent-Length: 0\n\n"
    )
    pair.called.send_from_all(bye)
    request = pair.caller.expect("BYE", call=call)
    assert request.start == f"BYE sip:caller@{pair.caller.address} SIP/2.0"
    pair.caller.send_from_all(pair.answer(request, "200 OK"))
    pair.called.expect(200, call=hidden, cseq="1 BYE")


SIMPLE = f"""#!KAMAILIO
debug=2
log_stderror=yes
children=1
auto_aliases=no
disable_tcp=yes
listen=udp:127.0.0.1:@PORT@
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
{TOPOH}
route {{
    if (uri == myself) {{ sl_send_reply("200", "Here"); exit; }}
    record_route();
    t_relay();
}}
"""


@pytest.mark.parametrize("kind", sorted(ROUTERS))
def test_values_are_those_of_kamailio(kind: str, tmp_path: Path, ports: Ports) -> None:
    mask = Mask(KEY.encode())
    router: Router = ROUTERS[kind](SIMPLE, tmp_path, ports)
    with router:
        router.ready()
        caller, called = Endpoint("caller", router.address), Endpoint("called", router.address)
        try:
            caller.send(
                f"INVITE sip:called@{called.address} SIP/2.0\nVia: SIP/2.0/UDP {caller.address};branch=z9hG4bKx\n"
                "Max-Forwards: 70\nFrom: <sip:caller@test>;tag=caller\nTo: <sip:called@test>\nCall-ID: same@test\n"
                f"CSeq: 1 INVITE\nContact: <sip:caller@{caller.address}>\nContent-Length: 0\n\n"
            )
            invite = called.expect("INVITE")
        finally:
            caller.close()
            called.close()
    assert (
        invite.value("contact").strip("<>")
        == "sip:10.1.1.10;line=sr-" + mask.mask(f"sip:caller@{caller.address}".encode()).decode()
    )
    assert invite.value("call-id") == "!!:" + mask.mask(b"same@test").decode()
    via = mask.unmask(invite.all("via")[1].removeprefix("SIP/2.0/UDP 10.1.1.10;branch=z9hG4bKsr-").encode()).decode()
    sent_by, *params = via.split(";")
    assert (sent_by, sorted(params)) == (f"SIP/2.0/UDP {caller.address}", ["TH=div", "branch=z9hG4bKx"])
