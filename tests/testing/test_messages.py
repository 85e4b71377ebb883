"""Messages from a few words."""

import pytest

from siprouter.sip.message import parse_message
from siprouter.testing.messages import build_message, reply_to, unique


def lines(data: bytes) -> list[str]:
    return data.decode().split("\r\n\r\n", 1)[0].split("\r\n")


def test_a_request_is_complete() -> None:
    msg = parse_message(build_message("OPTIONS", "sip:bob@example.org"))
    assert (msg.method, msg.uri, msg.max_forwards, msg.content_length) == ("OPTIONS", "sip:bob@example.org", 70, 0)
    assert msg.via.branch.startswith("z9hG4bK")
    assert msg.from_.uri == "sip:alice@example.org"
    assert msg.from_.tag
    assert (msg.to.uri, msg.to.tag) == ("sip:bob@example.org", "")
    assert (msg.cseq.number, msg.cseq.method) == (1, "OPTIONS")


def test_two_requests_differ() -> None:
    first, second = (parse_message(build_message("OPTIONS", "sip:bob@example.org")) for _ in range(2))
    assert first.via.branch != second.via.branch
    assert first.call_id != second.call_id
    assert first.from_.tag != second.from_.tag
    assert unique("x") != unique("x")


def test_everything_can_be_said() -> None:
    data = build_message(
        "INVITE",
        "sip:bob@example.org",
        from_="sip:a@b",
        to="sip:c@d",
        from_tag="f",
        to_tag="t",
        call_id="id",
        cseq=7,
        branch="z9hG4bKx",
        contact="<sip:a@10.0.0.1>",
        max_forwards=None,
        route=["<sip:p1;lr>", "<sip:p2;lr>"],
        headers={"X-One": 1, "X-Two": ["a", "b"]},
        body="v=0\r\n",
        sent_by="10.0.0.1:5062",
        transport="TCP",
    )
    assert lines(data) == [
        "INVITE sip:bob@example.org SIP/2.0",
        "Via: SIP/2.0/TCP 10.0.0.1:5062;branch=z9hG4bKx",
        "Route: <sip:p1;lr>",
        "Route: <sip:p2;lr>",
        "From: <sip:a@b>;tag=f",
        "To: <sip:c@d>;tag=t",
        "Call-ID: id@test",
        "CSeq: 7 INVITE",
        "Contact: <sip:a@10.0.0.1>",
        "X-One: 1",
        "X-Two: a",
        "X-Two: b",
        "Content-Type: application/sdp",
        "Content-Length: 5",
    ]
    assert data.endswith(b"\r\n\r\nv=0\r\n")


@pytest.mark.parametrize("via", ["SIP/2.0/UDP a;branch=z9hG4bK1", ["SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/UDP b"]])
def test_via_can_be_written_out(via: str | list[str]) -> None:
    msg = parse_message(build_message("OPTIONS", "sip:b@c", via=via))
    assert [item.host for item in msg.vias()] == (["a"] if isinstance(via, str) else ["a", "b"])


def test_headers_as_pairs_keep_their_order() -> None:
    data = build_message("OPTIONS", "sip:b@c", headers=[("B", "1"), ("A", "2"), ("B", "3")])
    assert [line for line in lines(data) if line[:2] in ("A:", "B:")] == ["B: 1", "A: 2", "B: 3"]


def test_a_reply_answers_its_request() -> None:
    routes = {"Record-Route": "<sip:p;lr>"}
    request = build_message("INVITE", "sip:b@c", via=["SIP/2.0/UDP x;branch=z9hG4bK1", "SIP/2.0/UDP y"], headers=routes)
    reply = parse_message(reply_to(request, 200, to_tag="new", contact="<sip:b@d>", body="v=0\r\n"))
    asked = parse_message(request)
    assert (reply.status, reply.reason, reply.to.tag, reply.call_id) == (200, "OK", "new", asked.call_id)
    assert [via.host for via in reply.vias()] == ["x", "y"]
    assert reply.value(reply.find("Record-Route")[0]) == "<sip:p;lr>"
    assert reply.body == b"v=0\r\n"


@pytest.mark.parametrize(
    ("status", "routes", "tag"), [(100, 0, ""), (180, 1, "new"), (299, 1, "new"), (300, 0, "new"), (486, 0, "new")]
)
def test_what_depends_on_the_status(status: int, routes: int, tag: str) -> None:
    request = build_message("INVITE", "sip:b@c", headers={"Record-Route": "<sip:p;lr>"})
    reply = parse_message(reply_to(request, status, to_tag="new"))
    assert (len(reply.find("Record-Route")), reply.to.tag) == (routes, tag)


def test_the_tag_of_a_request_within_a_dialog_stays() -> None:
    reply = parse_message(reply_to(build_message("BYE", "sip:b@c", to_tag="old"), 200, "Fine", to_tag="new"))
    assert (reply.to.tag, reply.reason) == ("old", "Fine")
