"""Pseudo-variables of messages, URIs, headers and branches: reading."""

from __future__ import annotations

import time

import pytest

from siprouter.core.context import Branch
from siprouter.core.counters import Counters
from siprouter.core.declare import Module, select
from siprouter.core.route_info import AUTHORIZED, ERROR, SENDING, ErrorInfo, Sending
from siprouter.sip.auth import AuthParams
from siprouter.transport.endpoint import PROTO_UDP, Endpoint, Listener
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, context, expand, make_worker, read, reply, request, write

HEADERS = (
    "Contact: <sip:alice@192.0.2.1:5070>;expires=3600, <sip:x@y>",
    "User-Agent: phone/1.0",
    "X-One: first",
    "x-one: second,",
    "\tfolded",
    'P-Asserted-Identity: "A" <sip:pai@a.org>, <tel:+1>',
    'P-Preferred-Identity: "P P" <sip:ppi@p.org>',
    "Remote-Party-ID: <sip:rpid@r.org>;screen=yes",
    'Diversion: <sip:div@d.org>;reason=user-busy;privacy="full"',
    "Refer-To: <sip:ref@f.org?Replaces=1>",
    'Proxy-Authorization: Digest username="alice@dom", realm="r,1", nonce="n", uri="sip:u", response="x"',
    "Content-Type: application/sdp",
)


def invite() -> object:
    return request(
        "INVITE",
        "sip:bob;isub=1:pw@example.com:5080;transport=TCP",
        *HEADERS,
        body=b"v=0\r\n",
        from_='From: "Alice" <sip:alice:pw@example.org>;tag=a1',
        to="To: <sip:bob@example.com>",
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("$true", 1), ("$rm", "INVITE"), ("$rv", "SIP/2.0"), ("$rs", None), ("$rr", None),
        ("$ci", "c1@192.0.2.1"), ("$cs", "102"), ("$ct", HEADERS[0][9:]), ("$cT", "application/sdp"), ("$cl", 5),
        ("$ua", "phone/1.0"), ("$rb", "v=0\r\n"), ("$bs", 5), ("$si", "192.0.2.1"), ("$src_ip", "192.0.2.1"),
        ("$sp", 5070), ("$pr", "udp"), ("$proto", "udp"), ("$Ri", "192.0.2.10"), ("$Rp", 5060),
        ("$ru", "sip:bob;isub=1:pw@example.com:5080;transport=TCP"), ("$rU", "bob;isub=1"), ("$rd", "example.com"),
        ("$rp", "5080"), ("$rP", "TCP"), ("$ou", "sip:bob;isub=1:pw@example.com:5080;transport=TCP"),
        ("$oU", "bob;isub=1"), ("$od", "example.com"), ("$op", "5080"), ("$oP", "TCP"),
        ("$du", None), ("$dd", None), ("$dp", None), ("$dP", None), ("$nh(d)", "example.com"),
        ("$fu", "sip:alice:pw@example.org"), ("$from", "sip:alice:pw@example.org"), ("$fU", "alice"),
        ("$from.user", "alice"), ("$fd", "example.org"), ("$from.domain", "example.org"), ("$fn", '"Alice"'),
        ("$ft", "a1"), ("$tu", "sip:bob@example.com"), ("$tU", "bob"), ("$td", "example.com"), ("$tn", None),
        ("$tt", None), ("$to.user", "bob"), ("$ai", "sip:pai@a.org"), ("$re", "sip:rpid@r.org"),
        ("$rt", "sip:ref@f.org?Replaces=1"), ("$di", "sip:div@d.org"), ("$dir", "user-busy"), ("$dip", "full"),
        ("$pu", "sip:ppi@p.org"), ("$pU", "ppi"), ("$pd", "p.org"), ("$pn", '"P P"'), ("$au", "alice"),
        ("$aU", "alice@dom"), ("$ad", "dom"), ("$ar", "r,1"), ("$adu", "sip:u"), ("$Au", "alice@example.org"),
        ("$hdr(X-ONE)", "first"), ("$(hdr(X-One)[1])", "second, folded"), ("$(hdr(X-One)[-1])", "second, folded"),
        ("$(hdr(X-One)[-2])", "first"), ("$(hdr(X-One)[2])", None), ("$(hdr(X-One)[*])", "first, second, folded"),
        ("$hdr(i)", "c1@192.0.2.1"), ("$hdr(Call-ID)", "c1@192.0.2.1"), ("$hdr(None)", None), ("$hdr($rm)", None),
        ("$fs", None), ("$br", None), ("$bR", None), ("$ds", None), ("$(branch(uri)[0])", None),
        ("$branch(count)", 0), ("$mf", 0), ("$mF", "00000000"), ("$err.class", 0), ("$err.info", None),
        ("$err.rcode", 0), ("$err.level", 0), ("$err.rreason", None), ("$snd(ip)", None), ("$sndfrom(ip)", None),
    ],
)  # fmt: skip
def test_reads_of_a_request(name: str, expected: str | int | None) -> None:
    assert read(context(make_worker("pv"), invite()), name) == expected


def test_reads_of_a_reply() -> None:
    ctx = context(make_worker("pv"), reply(183, "Session Progress"))
    text = expand(ctx, "$rm $rs $rr $rv $ru $ou $rU $od $nh(u) $tt $br $(rs{s.len}) $cl")
    assert text == "INVITE 183 Session Progress SIP/2.0 <null> <null> <null> <null> <null> b1 <null> 3 0"


def test_absent_parts() -> None:
    ctx = context(make_worker("pv"), request("OPTIONS", "sip:example.com", from_="From: sip:example.org;tag=1"))
    names = "$rU $rp $rP $ct $cT $ua $fU $fn $ai $pn $pU $di $dip $re $rt $au $ar $rb $bs"
    assert expand(ctx, names) == "<null> 5060 UDP" + " <null>" * 14 + "  0"


def test_a_broken_request_uri_reads_null() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$ru", "garbage")
    assert expand(ctx, "$ru $rU $rd $rp $ou") == "<null> <null> <null> <null> sip:bob@example.com;transport=tcp"


def test_credentials_are_not_for_acks_and_bad_ones_are_null() -> None:
    line = 'Authorization: Digest username="a", realm="r"'
    worker = make_worker("pv")
    assert read(context(worker, request("REGISTER", "sip:a", line)), "$au") == "a"
    assert read(context(worker, request("ACK", "sip:a", line)), "$au") is None
    assert read(context(worker, request("REGISTER", "sip:a", "Authorization: Basic QQ==")), "$au") is None
    assert read(context(worker, request("REGISTER", "sip:a", 'Authorization: Digest username="a')), "$au") is None
    ctx = context(worker)
    ctx.vars[AUTHORIZED] = AuthParams("digest", {"username": "bob@x", "realm": "realm"})
    assert read(ctx, "$Au") == "bob@realm"


def test_error_and_sending_variables() -> None:
    ctx = context(make_worker("pv"))
    ctx.vars[ERROR] = ErrorInfo(1, 3, "bad To", 400, "Bad Request")
    assert expand(ctx, "$err.class $err.level $err.info $err.rcode $err.rreason") == "1 3 bad To 400 Bad Request"
    socket = Listener(PROTO_UDP, "192.0.2.10", 5062)
    ctx.vars[SENDING] = Sending(b"data", Endpoint(PROTO_UDP, "2001:db8::1", 5065, 0, socket))
    assert (
        expand(ctx, "$snd(ip) $sndto(port) $snd(af) $snd(proto) $snd(buf) $snd(len)")
        == "[2001:db8::1] 5065 10 1 data 4"
    )
    assert expand(ctx, "$sndfrom(ip) $sndfrom(port) $sndfrom(proto)") == "192.0.2.10 5062 1"


@pytest.mark.parametrize("text", ["$snd(x)", "$time(x)", "$TV(x)", "$nh(x)", "$branch(x)", "$sel(x)", "$hdr", "$avp"])
def test_unknown_inner_names_are_refused(text: str) -> None:
    with pytest.raises(OperatorError):
        read(context(make_worker("pv")), text)


def test_branches() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$br", "sip:a@b")
    ctx.append_branch(Branch("sip:c@d", q=500, dst_uri="sip:p", path="<sip:q>", flags=5))
    assert read(ctx, "$br") == "sip:a@b"
    assert read(ctx, "$bR") == "sip:a@b, <sip:c@d>;q=0.5"
    assert read(ctx, "$ds") == "Contact: <sip:a@b>, <sip:c@d>;q=0.5"
    write(ctx, "$ru", "sip:new@x")
    ctx.q = 1000
    assert read(ctx, "$ds") == "Contact: <sip:new@x>;q=1, <sip:a@b>, <sip:c@d>;q=0.5"
    names = ("uri", "dst_uri", "path", "q", "send_socket", "flags", "count")
    assert [read(ctx, f"$(branch({name})[1])") for name in names] == ["sip:c@d", "sip:p", "<sip:q>", 500, None, 5, 2]
    write(ctx, "$(branch(dst_uri)[0])", "sip:z")
    write(ctx, "$(branch(path)[0])", "<sip:y>")
    write(ctx, "$(branch(q)[0])", 250)
    write(ctx, "$(branch(send_socket)[0])", "udp:192.0.2.10:5060")
    write(ctx, "$(branch(flags)[0])", 3)
    write(ctx, "$(branch(uri)[0])", "sip:e@f")
    assert [read(ctx, f"$(branch({name})[0])") for name in names] == [
        "sip:e@f", "sip:z", "<sip:y>", 250, "udp:192.0.2.10:5060", 3, 2,
    ]  # fmt: skip
    for name in ("dst_uri", "path", "q", "send_socket"):
        write(ctx, f"$(branch({name})[0])", None)
        assert read(ctx, f"$(branch({name})[0])") is None
    write(ctx, "$(branch(uri)[0])", None)
    assert read(ctx, "$branch(count)") == 1
    write(ctx, "$(branch(uri)[7])", "sip:x")
    assert "cannot set $(branch(uri)[7])" in ctx.worker.texts()[-1]
    for _ in range(20):
        write(ctx, "$br", "sip:many@x")
    assert read(ctx, "$branch(count)") == 11


def test_flags() -> None:
    ctx = context(make_worker("pv"))
    for names, value in ((("mf", "mF"), 0x80000005), (("bf", "bF"), 6), (("sf", "sF"), 7)):
        write(ctx, f"${names[0]}", value)
        assert expand(ctx, f"${names[0]} ${names[1]}") == f"{value} {value:08x}"
        write(ctx, f"${names[1]}", None)
        assert read(ctx, f"${names[0]}") == 0
    write(ctx, "$mf", -1)
    assert (ctx.flags, ctx.branch_flags, ctx.script_flags) == (0xFFFFFFFF, 0, 0)


def test_message_numbers_rise_and_stay() -> None:
    worker = make_worker("pv")
    first, second = context(worker), context(worker)
    numbers = [read(ctx, "$mi") for ctx in (first, second, first)]
    assert numbers == [1, 2, 1]


def test_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    worker = make_worker("pv")
    ctx = context(worker)
    assert expand(ctx, "$Ts $Tf") == "1700000000 Tue Nov 14 22:13:20 2023"
    parts = " ".join(
        f"$time({name})" for name in ("sec", "min", "hour", "mday", "mon", "year", "wday", "yday", "isdst")
    )
    assert expand(ctx, parts) == "20 13 22 14 11 2023 3 318 0"
    assert expand(ctx, "$TV(s) $TV(u) $TV(sn) $TV(un) $TV(Sn)") == (
        "1700000000 250000 1700000000 250000 1700000000.250000"
    )
    worker.wall_time = 1_699_142_400.000001
    assert expand(ctx, "$Ts $Tf $TV(s) $TV(u)") == "1700000000 Tue Nov 14 22:13:20 2023 1700000000 250000"
    assert expand(ctx, "$TS $TF $TV(Sn)") == "1699142400 Sun Nov  5 00:00:00 2023 1699142400.000001"


def test_statistics_and_selects() -> None:
    worker = FakeWorker()
    worker.load("pv")
    counters: Counters = worker.counters
    counters.declare("core", "rcv_requests").add(7)
    sample = Module(
        "sample",
        help="for tests",
        state=lambda worker: "S",
        selects=[
            select("from.uri", lambda inst, ctx: "from-uri"),
            select("from.params.%s", lambda inst, ctx, name: f"param {name}"),
            select("via([%i]).params(.%s)", lambda inst, ctx, index, name: f"via {index} {name}"),
            select("from.uri.{any_uri}", lambda inst, ctx, rest: f"rest {rest}"),
            select("sys.unique", lambda inst, ctx: None),
        ],
    )
    worker.add_module(sample)
    ctx = context(worker)
    assert read(ctx, "$stat(rcv_requests)") == 7
    assert read(ctx, "$stat(core:rcv_requests)") == 7
    assert read(ctx, "$stat(none)") is None
    assert worker.texts() == ["no statistic none"]
    assert read(ctx, "$sel(from.uri)") == "from-uri"
    assert read(ctx, '$sel(from.params["a.b"])') == "param a.b"
    assert read(ctx, "$sel(via[1].params.x)") == "via 1 x"
    assert read(ctx, "$sel(via.params)") == "via None None"
    assert read(ctx, "$sel(from.uri.host.x[2])") == "rest ('host', 'x', 2)"
    assert read(ctx, "$sel(@sys.unique)") is None
    for wrong in ("from", "from.uri[2", "from..x", "nothing"):
        with pytest.raises(OperatorError):
            read(ctx, f"$sel({wrong})")
