"""Masked values that peers made up, marks that they wrote, and parameters that make no sense."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siprouter.modules.topoh.mask import Mask
from siprouter.modules.topoh.state import DEFAULT_KEY
from siprouter.modules.topoh.values import Masked, Names
from siprouter.sip.errors import MessageError
from siprouter.sip.uri import parse_uri
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message, reply_to
from siprouter.util.errors import OperatorError
from tests.modules.topoh.test_dialogs import SCRIPT

MASK = Mask(b"a secret of ours")


@pytest.fixture
def node() -> Iterator[Node]:
    with Node(SCRIPT.replace("CALLID", "1")) as made:
        yield made


def masked(data: bytes) -> str:
    return MASK.mask(data).decode()


def uri(value: str) -> str:
    return f"sip:10.1.1.10;line=sr-{value}"


def ask(node: Node, target: str, **fields: object) -> list[str]:
    fields = {"to": "sip:bob@example.org", "to_tag": "b", "route": "<sip:127.0.0.1;lr>", **fields}
    sent = node.receive(build_message("INFO", target, **fields))  # type: ignore[arg-type]
    return [f"{one.status} {one.message.reason}" if one.status else one.uri for one in sent]


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "!!!!",
        "A" * 9000,
        masked(b""),
        masked(b"nonsense"),
        masked(b"sip:"),
        masked(b"sip:a@10.0.0.9\r\nX: y"),
        masked(b"sip:a@10.0.0.9 SIP/2.0"),
        masked(b"sip:a@10.0.0.9>;x"),
        Mask(b"other").mask(b"sip:alice@10.0.0.9:5060").decode(),
    ],
)
def test_bad_uris_are_refused(node: Node, value: str) -> None:
    for target, fields in (
        (uri(value), {}),
        ("sip:bob@10.0.0.2", {"route": ["<sip:127.0.0.1;lr>", f"<{uri(value)}>"]}),
    ):
        if value:
            assert ask(node, target, **fields) == ["400 Bad Masked URI"]
    node.records.clear()


def test_good_ones_are_not(node: Node) -> None:
    assert ask(node, uri(masked(b"sip:bob@10.0.0.2"))) == ["sip:bob@10.0.0.2"]
    assert ask(node, "sip:10.1.1.10;line=other") == ["sip:10.1.1.10;line=other"]
    assert ask(node, "sip:phone@10.0.0.2;line=sr-x") == ["sip:phone@10.0.0.2;line=sr-x"]
    node.advance(60)


def test_outside_of_dialogs_nothing_is_unmasked(node: Node) -> None:
    target = uri(masked(b"sip:bob@10.0.0.2"))
    assert ask(node, target, to_tag=None, to=target, route=()) == [target]
    node.advance(60)


@pytest.mark.parametrize("branch", ["x", masked(b"junk"), masked(b"SIP/2.0/UDP 10.0.0.9\r\nX: y"), masked(b"a, b")])
def test_replies_with_bad_vias_are_dropped(node: Node, branch: str) -> None:
    relayed = node.receive(build_message("OPTIONS", "sip:x@10.0.0.2"))[0]
    own = relayed.message.via.text
    reply = f"""SIP/2.0 200 OK
Via: {own}
Via: SIP/2.0/UDP 10.1.1.10;branch=z9hG4bKsr-{branch}
From: <sip:alice@example.org>;tag=a
To: <sip:x@10.0.0.2>;tag=b
Call-ID: {relayed.message.call_id}
CSeq: 1 OPTIONS
Content-Length: 0

""".replace("\n", "\r\n")
    assert list(node.receive(reply.encode(), "10.0.0.2:5060")) == []
    assert node.logged("Bad Masked Via", "warning")
    node.records.clear()
    node.advance(60)


def test_marks_of_peers_count_for_nothing(node: Node) -> None:
    via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKown;TH=ucv"
    marks = [("TH", "uch"), ("th", "xx")]
    data = build_message("OPTIONS", "sip:x@10.0.0.2", via=via, headers=marks, contact="<sip:a@1.2.3.4>")
    relayed = node.receive(data)[0]
    assert relayed.header("TH") is None
    assert relayed.message.call_id.startswith("!!:")
    assert "1.2.3.4" not in relayed.data.decode()
    assert MASK.unmask(relayed.message.vias()[1].branch.removeprefix("z9hG4bKsr-").encode()).decode() == f"{via};TH=div"
    (back,) = node.receive(reply_to(relayed.data, 200), "10.0.0.2:5060")
    assert back.message.via.text == via
    assert back.message.call_id.endswith("@test")
    node.advance(60)


@pytest.mark.parametrize("line", ["Contact: <sip:a@1.2.3.4", "Record-Route: <sip:>", "Via: x", "m: ;,;"])
def test_what_cannot_be_read_does_not_pass(node: Node, line: str) -> None:
    data = build_message("OPTIONS", "sip:x@10.0.0.2").replace(b"CSeq:", f"{line}\r\nCSeq:".encode(), 1)
    assert [one.status for one in node.receive(data)] == [400]
    relayed = node.receive(build_message("OPTIONS", "sip:x@10.0.0.2"))[0]
    reply = reply_to(relayed.data, 200).replace(b"CSeq:", f"{line}\r\nCSeq:".encode(), 1)
    assert list(node.receive(reply, "10.0.0.2:5060")) == []
    node.records.clear()
    node.advance(60)


def test_registrations_are_left_alone(node: Node) -> None:
    contact = "<sip:alice@192.0.2.1>"
    sent = node.receive(build_message("REGISTER", "sip:10.0.0.2", contact=contact, headers=[("TH", "x")]))[0]
    assert (sent.header("Contact"), sent.header("TH")) == (contact, "x")
    node.advance(60)


def test_a_call_id_that_only_looks_masked(node: Node) -> None:
    route = "<sip:127.0.0.1;lr;ftag=other>"
    for call_id in ("!!:", "!!:x", "!!:****", f"!!:{masked(b'a b')}"):
        fields = {"to_tag": "b", "route": route, "call_id": call_id, "call_host": "", "contact": "sip:a@1.1.1.1"}
        sent = node.receive(build_message("INFO", "sip:a@10.0.0.2", **fields))  # type: ignore[arg-type]
        assert [one.message.call_id for one in sent] == [call_id]
        assert sent[0].header("Contact", 0).startswith("<sip:10.1.1.10;line=sr-")  # type: ignore[union-attr]
    node.advance(60)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_octets_in_a_masked_value(data: bytes, whole: bool) -> None:
    reader = Masked(MASK, Names("10.1.1.10", ("line", "sr-"), ("branch", "z9hG4bKsr-"), "!!:"))
    value = masked(data) if whole else "".join(chr(octet) for octet in data if chr(octet).isalnum())
    try:
        clear = reader.unmask_uri(parse_uri(uri(value)))
    except MessageError as error:
        assert error.status == 400
        return
    if clear is not None:
        assert not set(clear) & set(b"\r\n<> ")
        parse_uri(clear.decode("utf-8", "surrogateescape"))


WHOLE = build_message(
    "REFER",
    uri(masked(b"sip:bob@10.0.0.2")),
    to="sip:bob@example.org",
    to_tag="b",
    route=["<sip:127.0.0.1;lr;ftag=x>", f"<{uri(masked(b'sip:10.0.0.9;lr'))}>"],
    contact="<sip:a@10.0.0.1>",
    headers={"Refer-To": f"<{uri(masked(b'sip:c@10.0.0.3'))}?a=b>", "Record-Route": "<sip:10.0.0.5;lr>", "TH": "dlh"},
)
CHUNKS = [
    b"\r\n",
    b"Via: ",
    b"TH: uch\r\n",
    b";TH=div",
    b"<",
    b">",
    b",",
    b";",
    b"sip:",
    b"10.1.1.10",
    b"line=sr-",
    b"\x00",
    b"*",
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 8), st.sampled_from(CHUNKS)), max_size=4))
def test_damaged_messages(node: Node, damage: list[tuple[int, int, bytes]]) -> None:
    topoh = node.worker.module("topoh")
    for data in (WHOLE, reply_to(WHOLE, 200)):
        for start, length, text in damage:
            data = data[:start] + text + data[start + length :]
        source = node.source("192.0.2.1:5060")
        with contextlib.suppress(MessageError):
            inside = topoh.receive(data, source) or data
            topoh.send(inside, source, None)
        topoh.send(data, source, None)
    node.records.clear()


def test_call_keys() -> None:
    reader = Masked(MASK, Names("10.1.1.10", ("line", "sr-"), ("branch", "z9hG4bKsr-"), "!!:"))
    once = reader.mask_call_id(b"a@b")
    twice = reader.mask_call_id(once)
    assert reader.call_key(b"a@b") == reader.call_key(once) == reader.call_key(twice) == b"a@b"
    assert reader.call_key(b"!!:none") == b"!!:none"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('"mask_ip", ""', "mask_ip is no IP address"),
        ('"mask_ip", "example.org"', "mask_ip is no IP address"),
        ('"mask_key", ""', "the key is empty"),
        ('"uparam_name", "a b"', "uparam_name cannot be part of a parameter"),
        ('"vparam_prefix", ""', "vparam_prefix cannot be part"),
        ('"callid_prefix", "a b"', "callid_prefix cannot begin a Call-ID"),
    ],
)
def test_bad_parameters(line: str, problem: str) -> None:
    with pytest.raises(LoadError, match=problem):
        Node(f'loadmodule "rr.so"\nloadmodule "topoh.so"\nmodparam("topoh", {line})\nroute {{ exit; }}')


def test_the_address_must_be_another() -> None:
    with pytest.raises(OperatorError, match=r"mask_ip 127\.0\.0\.1 is an address of this server"):
        Node(
            'listen=udp:127.0.0.1:5060\nloadmodule "rr.so"\nloadmodule "topoh.so"\n'
            'modparam("topoh", "mask_ip", "127.0.0.1")\nroute { exit; }'
        )


def test_the_usual_key_is_a_warning() -> None:
    with Node('loadmodule "rr.so"\nloadmodule "topoh.so"\nroute { exit; }') as node:
        assert node.worker.module("topoh").mask_key == DEFAULT_KEY
        assert node.logged("mask_key is the one that everybody knows", "warning")
        node.records.clear()


def test_other_names_and_ipv6() -> None:
    text = SCRIPT.replace("CALLID", "0").replace(
        "request_route",
        """modparam("topoh", "mask_ip", "2001:db8::9")
        modparam("topoh", "uparam_name", "u")
        modparam("topoh", "uparam_prefix", "xyz")
        modparam("topoh", "vparam_name", "V")
        modparam("topoh", "vparam_prefix", "abc")
        request_route""",
    )
    with Node(text) as node:
        relayed = node.receive(build_message("OPTIONS", "sip:x@10.0.0.2", contact="<sip:a@192.0.2.1>;x=1"))[0]
        assert relayed.message.vias()[1].text.startswith("SIP/2.0/UDP [2001:db8::9];V=abc")
        contact = relayed.message.contacts()[0]
        assert contact.uri.startswith("sip:[2001:db8::9];u=xyz") and contact.params == {"x": "1"}
        (back,) = node.receive(reply_to(relayed.data, 200), "10.0.0.2:5060")
        assert back.address == "udp:192.0.2.1:5060"
        node.advance(60)
