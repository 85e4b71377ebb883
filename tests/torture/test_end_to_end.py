"""The torture messages at whole routers, over UDP and TCP: what is forwarded, what is answered, and that it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.sip.build import build_reply
from siprouter.sip.framing import Framer
from siprouter.sip.message import parse_message
from siprouter.testing import Messages, Node
from tests.torture.cases import CASES, DROP, FORWARD, Case

OURS = Path(__file__).resolve().parents[2] / "etc" / "siprouter.cfg"
NEXT_HOP = "10.0.0.99:5060"

PROXY = f"""
#!KAMAILIO
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "sanity.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"

route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (!sanity_check("1895", "7")) exit;
    if (is_method("REGISTER")) {{
        if (!save("location")) sl_reply_error();
        exit;
    }}
    $du = "sip:{NEXT_HOP}";
    if (!t_relay()) sl_reply_error();
}}
"""
LISTEN = ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060", "udp:[::1]:5060", "tcp:[::1]:5060"]

ON_STREAMS = {"clerr": DROP, "inv2543": 400}
"""what the framing decides: the one waits for the rest of its body, the other must have a Content-Length"""

NO_PASSWORDS = {"regaut01": 200}

POLICY = {
    "wsinv": 478,  # Routes to hosts that DNS does not know
    "intmeth": 404,
    "esc01": 403,
    "esc02": 478,
    "lwsdisp": 404,
    "longreq": 404,
    "semiuri": 404,
    "transports": 404,
    "mpart01": 478,
    "baddate": 404,
    "badaspec": 478,
    "baddn": 478,
    "badbranch": 404,
    "invut": 404,
    "sdp01": 404,
    "inv2543": 404,
    "via-received-param-with-delim": 404,
    "mult-ip-in-header": 404,
    "ipv4-mapped-ipv6": 404,
}
"""what the default configuration does with well-formed requests for unknown users, from strangers, within no dialog"""


@pytest.fixture(params=["udp", "tcp"])
def source(request: pytest.FixtureRequest) -> str:
    """Where the messages come from."""
    return f"{request.param}:192.0.2.200:5060"


@pytest.fixture
def proxy() -> Iterator[Node]:
    """Registers whoever comes, and forwards everything else to one address."""
    yield from served(Node(PROXY, aliases=["example.com"], listen=LISTEN))


@pytest.fixture
def default() -> Iterator[Node]:
    """The default configuration for example.com."""
    yield from served(Node(path=OURS, aliases=["example.com"], listen=LISTEN))


def served(node: Node) -> Iterator[Node]:
    """Check after the test that the node still answers, logged no error of its own, and lets go of everything."""
    yield node
    reply = node.receive(node.request("REGISTER", "sip:example.com", to="sip:after@example.com"), "198.51.100.7:5060")
    assert reply.only.status == 200
    assert not [text for text in node.errors if "failed" in text or "Traceback" in text]
    node.advance(300)
    assert node.transactions == []
    node.close()


def verdict(sent: Messages) -> int:
    """FORWARD, DROP or the final status that was answered."""
    if sent.requests():
        return FORWARD
    final = [reply for reply in sent.replies() if reply.status >= 200]
    return final[-1].status if final else DROP


def first_only(case: Case, sent: Messages) -> Messages:
    """What came of the first of two requests in one packet."""
    return sent[:1] if case.name == "dblreq" else sent


def expected(case: Case, source: str, special: dict[str, int]) -> int:
    on_stream = ON_STREAMS if source.startswith("tcp") else {}
    return on_stream.get(case.name, special.get(case.name, case.server))


REQUESTS = [case for case in CASES if not case.data.startswith(b"SIP/2.0")]
REPLIES = [case for case in CASES if case.data.startswith(b"SIP/2.0")]


def test_every_case_is_here() -> None:
    assert len(REQUESTS) + len(REPLIES) == len(CASES) >= 60
    assert {case.name for case in CASES} >= {*ON_STREAMS, *NO_PASSWORDS, *POLICY}


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.name)
def test_at_a_proxy(proxy: Node, source: str, case: Case) -> None:
    sent = first_only(case, proxy.receive(case.data, source))
    found = verdict(sent)
    assert found == expected(case, source, NO_PASSWORDS)
    if found == FORWARD:
        check_forwarded(case, sent)
    elif found != DROP:
        assert sent.last.to.ip == "192.0.2.200", "answered to where it came from"


def check_forwarded(case: Case, sent: Messages) -> None:
    """Everything but Via and Max-Forwards is as it came, octet by octet."""
    received = parse_message(case.data)
    forwarded = sent.requests().only
    msg = forwarded.message
    assert forwarded.address == f"udp:{NEXT_HOP}"
    assert (msg.method, msg.uri, msg.body) == (received.method, received.uri, received.body)
    assert len(msg.vias()) == len(received.vias()) + 1
    assert msg.max_forwards == (received.max_forwards - 1 if received.max_forwards >= 0 else 10)
    skipped = ("via", "v", "max-forwards")
    before, after = (
        [one.line(header) for header in one.headers if one.name(header).lower() not in skipped]
        for one in (received, msg)
    )
    assert after == before


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.name)
def test_at_the_default_configuration(default: Node, source: str, case: Case) -> None:
    found = verdict(first_only(case, default.receive(case.data, source)))
    assert found == expected(case, source, {**POLICY, **NO_PASSWORDS})


def test_two_requests_in_one_packet(proxy: Node) -> None:
    """RFC 4475 3.1.1.8: a datagram holds one message, a stream both."""
    case = next(case for case in REQUESTS if case.name == "dblreq")
    assert proxy.receive(case.data, "udp:192.0.2.200:5060").summary == ["200 REGISTER"]
    assert proxy.receive(case.data, "tcp:192.0.2.200:5060").summary == ["200 REGISTER", "100 INVITE", "INVITE"]


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: case.name)
def test_replies_that_answer_nothing(proxy: Node, source: str, case: Case) -> None:
    """No transaction of ours is meant: what is well-formed and has a second Via would be forwarded by it."""
    assert proxy.receive(case.data, source) == []


@pytest.mark.parametrize("name", ["unreason", "noreason"])
def test_odd_reasons_are_relayed(proxy: Node, name: str) -> None:
    """RFC 4475 3.1.1.12, 3.1.1.13: the reason phrase is passed on as it is, also when there is none."""
    case = next(case for case in CASES if case.name == name)
    reason = case.data.split(b"\r\n")[0].removeprefix(b"SIP/2.0 ").partition(b" ")[2]
    request = proxy.request("OPTIONS", "sip:user@example.com")
    forwarded = proxy.receive(request, "192.0.2.200:5060").requests().only
    answer = build_reply(forwarded.message, 200, "XX", "tag").replace(b" XX\r\n", b" " + reason + b"\r\n", 1)
    assert proxy.receive(answer, NEXT_HOP).only.data.startswith(b"SIP/2.0 200 " + reason + b"\r\n")


def test_a_stream_goes_on_behind_what_was_refused(proxy: Node) -> None:
    """What is framed right and wrong in itself costs that message only; where the framing is lost, the connection."""
    address = "tcp:192.0.2.200:40000"
    good = proxy.request("REGISTER", "sip:example.com", to="sip:bob@example.com", transport="TCP")
    served_after = {}
    for case in REQUESTS:
        framer = Framer()
        framer.feed(case.data)
        if framer.error is None and framer.idle:
            sent = proxy.receive(case.data + good, address)
            served_after[case.name] = sent.last.summary == "200 REGISTER"
    assert len(served_after) > 40
    assert all(served_after.values()), [name for name, well in served_after.items() if not well]


def test_all_at_once(proxy: Node) -> None:
    """Every message of both RFCs at one router, twice, in pieces too."""
    for _ in range(2):
        for case in CASES:
            proxy.receive(case.data, "udp:192.0.2.200:5060")
            for start in range(0, len(case.data), 97):
                proxy.receive(case.data[start : start + 97], "tcp:192.0.2.201:40000")
            proxy.network.disconnect("tcp:192.0.2.201:40000")
