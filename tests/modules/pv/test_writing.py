"""Pseudo-variables that change the request URI, the destination, the socket, From and To."""

from __future__ import annotations

import pytest

from tests.support.fakes import context, edited, make_worker, read, request, write


@pytest.mark.parametrize(
    ("uri", "name", "value", "expected"),
    [
        ("sip:bob:pw@h:5080;lr", "$rU", "carol", "sip:carol:pw@h:5080;lr"),
        ("sip:bob:pw@h", "$rU", None, "sip:h"),
        ("sip:bob@h", "$rU", "", "sip:h"),
        ("sip:h", "$rU", "x", "sip:x@h"),
        ("sip:bob@h", "$rU", 123, "sip:123@h"),
        ("sip:bob@h:5080;lr", "$rd", "other.com", "sip:bob@other.com:5080;lr"),
        ("sip:bob@h;lr", "$rp", 5090, "sip:bob@h:5090;lr"),
        ("sip:bob@h:5080;lr", "$rp", None, "sip:bob@h;lr"),
        ("sip:bob@h:5080", "$rp", "x", "sip:bob@h:5080"),
        ("sip:bob@h", "$ru", "sips:a@b", "sips:a@b"),
        ("sip:bob@h", "$ru", None, "sip:bob@h"),
        ("sip:bob@h", "$rd", None, "sip:bob@h"),
        ("tel:+1;ext=2", "$rU", "+3", "tel:+3;ext=2"),
        ("tel:+1;ext=2", "$rd", "h", "sip:+1;ext=2@h;user=phone"),
        ("tel:+1", "$rp", 5, "tel:+1"),
        ("urn:service:sos", "$rU", "x", "urn:service:sos"),
        ("sip:bob@[2001:db8::1]", "$rp", 5062, "sip:bob@[2001:db8::1]:5062"),
    ],
)
def test_request_uri(uri: str, name: str, value: str | int | None, expected: str) -> None:
    ctx = context(make_worker("pv"), request("INVITE", uri))
    write(ctx, name, value)
    assert ctx.uri == expected
    assert (ctx.worker.texts() != []) == (expected == uri)


def test_destination_uri_and_next_hop() -> None:
    ctx = context(make_worker("pv"))
    assert read(ctx, "$nh(u)") == "sip:bob@example.com;transport=tcp"
    write(ctx, "$du", "sip:u@proxy:5062;transport=TLS")
    assert [read(ctx, name) for name in ("$du", "$duri", "$dd", "$dp", "$dP")] == [
        "sip:u@proxy:5062;transport=TLS", "sip:u@proxy:5062;transport=TLS", "proxy", "5062", "TLS",
    ]  # fmt: skip
    assert [read(ctx, f"$nh({name})") for name in "uUdpP"] == [
        "sip:u@proxy:5062;transport=TLS", "u", "proxy", "5062", "TLS",
    ]  # fmt: skip
    write(ctx, "$du", "sip:proxy")
    assert [read(ctx, f"$nh({name})") for name in "UdpP"] == [None, "proxy", "5060", "UDP"]
    write(ctx, "$du", "bad uri")
    assert [read(ctx, name) for name in ("$dd", "$nh(d)")] == [None, None]
    write(ctx, "$du", None)
    assert (read(ctx, "$du"), read(ctx, "$nh(d)")) == (None, "example.com")


def test_forced_socket() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$fs", "udp:192.0.2.10:5060")
    assert read(ctx, "$fs") == "udp:192.0.2.10:5060"
    write(ctx, "$fs", "192.0.2.99")
    assert read(ctx, "$fs") == "udp:192.0.2.10:5060"
    assert "no socket found to match 192.0.2.99" in ctx.worker.texts()
    write(ctx, "$fs", "x:y:z")
    assert "invalid socket" in ctx.worker.texts()[-1]
    write(ctx, "$fs", None)
    assert read(ctx, "$fs") is None


@pytest.mark.parametrize(
    ("header", "name", "value", "expected"),
    [
        ('"A" <sip:alice:pw@example.org:1>;tag=1', "$fu", "sip:x@y", '"A" <sip:x@y>;tag=1'),
        ('"A" <sip:alice@example.org>;tag=1', "$fU", "carol", '"A" <sip:carol@example.org>;tag=1'),
        ("<sip:alice@example.org>;tag=1", "$fU", None, "<sip:example.org>;tag=1"),
        ("<sip:example.org>;tag=1", "$fU", "x", "<sip:x@example.org>;tag=1"),
        ("<sip:example.org>;tag=1", "$fU", None, "<sip:example.org>;tag=1"),
        ("<sip:alice:pw@example.org:5>;tag=1", "$fd", "z.net", "<sip:alice:pw@z.net:5>;tag=1"),
        ("<sip:example.org>;tag=1", "$fd", "z.net", "<sip:z.net>;tag=1"),
        ("sip:alice@[2001:db8::1];tag=1", "$fd", "z.net", "sip:alice@z.net;tag=1"),
        ('"A" <sip:a@b>;tag=1', "$fn", '"B C"', '"B C" <sip:a@b>;tag=1'),
        ("Anna <sip:a@b>;tag=1", "$fn", None, "<sip:a@b>;tag=1"),
        ("<sip:a@b>;tag=1", "$fn", '"B"', '"B" <sip:a@b>;tag=1'),
        ("sip:a@b;tag=1", "$fn", '"B"', '"B" <sip:a@b>;tag=1'),
        ("<sip:a@b>;tag=1", "$fn", None, "<sip:a@b>;tag=1"),
        ("<sip:a@b>;tag=1", "$fu", None, "<sip:a@b>;tag=1"),
        ("<tel:+1>;tag=1", "$fd", "x", "<tel:+1>;tag=1"),
    ],
)
def test_from_and_to(header: str, name: str, value: str | None, expected: str) -> None:
    worker = make_worker("pv")
    for field, letter in (("from_", "f"), ("to", "t")):
        title = "From" if field == "from_" else "To"
        msg = request("INVITE", "sip:bob@example.com", **{field: f"{title}: {header}"})
        ctx = context(worker, msg)
        before = read(ctx, f"${letter}u")
        write(ctx, name.replace("$f", f"${letter}"), value)
        assert f"\r\n{title}: {expected}\r\n".encode() in edited(ctx)
        assert read(ctx, f"${letter}u") == before


def test_of_two_assignments_the_last_counts() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$fU", "x")
    write(ctx, "$fU", "y")
    assert b"<sip:y@example.org>" in edited(ctx)
