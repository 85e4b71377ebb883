"""Record-routing in `#!SER` scripts, and dialog cookies."""

from __future__ import annotations

import base64
import hmac

import pytest

from siprouter.core.avp import CLASS_DOMAIN, CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO, AvpStore
from siprouter.core.context import Context
from siprouter.core.late_edits import settle_edits
from siprouter.core.selects import find_select
from siprouter.modules.rr_s.cookies import MAX_COOKIE, CookieError, make_cookie, read_cookie
from siprouter.script.core_args import parse_attribute
from siprouter.sip.build import build_forward
from siprouter.sip.message import parse_message
from siprouter.sip.names import H_RECORD_ROUTE
from siprouter.testing import Node
from siprouter.testing.messages import build_message
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Listener
from tests.support.fakes import FakeWorker, call, context, request

UDP = Listener(PROTO_UDP, "192.0.2.10", 5060)
TCP = Listener(PROTO_TCP, "192.0.2.10", 5060)
FLAG = 3


def make(*headers: str, **params: int | str) -> Context:
    worker = FakeWorker(UDP, TCP)
    worker.env.avp_flag_names["dialog_cookie"] = FLAG
    worker.load("rr_s", **{"cookie_secret": "key", **params})
    assert worker.configure_modules() == []
    assert worker.records == []
    return context(worker, request("INVITE", "sip:bob@198.51.100.7", *headers))


def sent(ctx: Context, listener: Listener = UDP) -> list[str]:
    """The Record-Route values of the request as it leaves from a socket."""
    edits = settle_edits(ctx, ctx.msg.edits, listener)
    msg = parse_message(build_forward(ctx.msg, None, b"Via: SIP/2.0/UDP x;branch=z9hG4bKy\r\n", edits))
    return [msg.value(header) for header in msg.all(H_RECORD_ROUTE)]


def test_record_route() -> None:
    ctx = make()
    assert call(ctx, "record_route") == 1
    assert sent(ctx) == ["<sip:192.0.2.10;ftag=a1;lr>"]
    assert sent(ctx, TCP) == ["<sip:192.0.2.10;transport=tcp;r2=on;ftag=a1;lr>", "<sip:192.0.2.10;r2=on;ftag=a1;lr>"]
    assert call(ctx, "record_route") == -1
    ctx = make(append_fromtag=0, enable_full_lr=1, enable_double_rr=0)
    call(ctx, "record_route")
    assert sent(ctx, TCP) == ["<sip:192.0.2.10;lr=on>"]


def test_user_part() -> None:
    ctx = make(add_username="abc")
    assert [call(ctx, "record_route"), call(ctx, "record_route_preset", "h")] == [1, 1]
    assert sent(ctx) == ["<sip:abc@192.0.2.10;ftag=a1;lr>", "<sip:abc@h;ftag=a1;lr>"]
    ctx = make(add_username="$who")
    assert [call(ctx, "record_route"), call(ctx, "record_route_preset", "h")] == [1, -1]
    assert sent(ctx) == ["<sip:192.0.2.10;ftag=a1;lr>"]
    ctx = make(add_username="$who")
    ctx.avps.add("who", "me")
    call(ctx, "record_route")
    assert sent(ctx) == ["<sip:me@192.0.2.10;ftag=a1;lr>"]


def test_preset_and_remove() -> None:
    ctx = make()
    assert [call(ctx, "record_route_preset", host) for host in ("a:5090", "b")] == [1, 1]
    assert sent(ctx) == ["<sip:a:5090;ftag=a1;lr>", "<sip:b;ftag=a1;lr>"]
    call(ctx, "record_route")
    ctx.msg.append_header(b"X: y\r\n")
    assert call(ctx, "remove_record_route") == 1
    assert (sent(ctx), len(ctx.msg.edits)) == ([], 1)
    assert (call(ctx, "remove_record_route"), call(ctx, "record_route")) == (1, 1)
    assert sent(ctx) == ["<sip:192.0.2.10;ftag=a1;lr>"]


def flag(ctx: Context, *names: str) -> None:
    for name in names:
        attribute = parse_attribute(name)
        assert attribute is not None and attribute.set_flag(ctx, FLAG) == 1


def cookie_of(ctx: Context) -> str:
    found = find_select(ctx.worker.registry, ["rr", "dialog_cookie"])
    assert found is not None
    return str(found(ctx))


def test_cookies_come_back() -> None:
    ctx = make()
    assert cookie_of(ctx) == "None"
    ctx.avps.add("x", "old")
    ctx.avps.add("x", "new")
    ctx.avps.add("n", -5, TRACK_TO | CLASS_USER)
    ctx.avps.add("unmarked", 1)
    ctx.avps.add("domain", 1, TRACK_FROM | CLASS_DOMAIN)
    flag(ctx, "x", "t.n", "fd.domain")
    cookie = cookie_of(ctx)
    call(ctx, "record_route")
    assert sent(ctx) == [f"<sip:192.0.2.10;ftag=a1;avp={cookie};lr>"]
    again = make(f"Route: <sip:192.0.2.10;ftag=a1;avp={cookie};lr>")
    assert call(again, "loose_route") == 1
    assert again.avps.lists == {(TRACK_FROM | CLASS_URI, "x"): ["new", "old"], (TRACK_TO | CLASS_USER, "n"): [-5]}
    assert cookie_of(again) == cookie
    back = make(f"Route: <sip:192.0.2.10;ftag=b9;avp={cookie};lr>")
    call(back, "loose_route")
    assert back.avps.lists == {(TRACK_TO | CLASS_URI, "x"): ["new", "old"], (TRACK_FROM | CLASS_USER, "n"): [-5]}


def test_filter() -> None:
    ctx = make()
    for name in ("keep1", "drop", 7):
        ctx.avps.add(name, "v")
        ctx.avps.flags[TRACK_FROM | CLASS_URI, name] = 1 << FLAG
    route = f"Route: <sip:192.0.2.10;avp={cookie_of(ctx)};lr>"
    again = make(route, cookie_filter="^KEEP|^i:7$")
    call(again, "loose_route")
    assert [name for _, name in again.avps.names()] == ["keep1", 7]


@pytest.mark.parametrize("change", ["", "A", "*", "AAAA", "A" * 3000])
def test_bad_cookies_are_refused(change: str) -> None:
    ctx = make()
    ctx.avps.add("x", "v")
    flag(ctx, "x")
    cookie = change + cookie_of(ctx)
    again = make(f"Route: <sip:192.0.2.10;avp={cookie};lr>", cookie_secret="key" if change else "other")
    assert call(again, "loose_route") == 1
    assert again.avps.names() == []
    assert again.worker.texts()[0].startswith("bad dialog cookie: ")


def test_broken_content() -> None:
    for data in (b"\x40", b"\x03", b"\x03\x05\x00a", b"\x00\x05\x00\x01", b"\x01\xff\xff" + b"a" * 50):
        signed = base64.b64encode(hmac.digest(b"k", data, "sha256")[:8] + data).decode()
        with pytest.raises(CookieError):
            read_cookie(signed, b"k")


def test_no_more_than_fits() -> None:
    avps = AvpStore()
    for number in range(20):
        avps.add(f"name{number}", "v" * 90)
        avps.flags[TRACK_FROM | CLASS_URI, f"name{number}"] = 1
    cookie, complete = make_cookie(avps, 0, b"k")
    assert not complete
    assert len(cookie) <= MAX_COOKIE * 4 // 3 + 1 and len(read_cookie(cookie, b"k")) == 10


def test_parameters_are_checked() -> None:
    for name, value in (("cookie_filter", "a("), ("user_part_avp", "a.b.c"), ("add_username", "@nosuch")):
        worker = FakeWorker(UDP)
        worker.load("rr_s", **{name: value})
        assert len(worker.configure_modules()) == 1


SCRIPT = """#!SER
avpflags dialog_cookie;
loadmodule "rr"
route {
    if (loose_route()) {
        if ($f.account == "sip:gold@example.com") {} else { drop; }
    } else {
        $f.account = "sip:gold@example.com";
        setavpflag("$f.account", "dialog_cookie");
        record_route();
    }
    forward(192.0.2.77, 5060);
}
"""


def test_in_a_script() -> None:
    with Node(SCRIPT) as node:
        assert "without the parameter cookie_secret" in "".join(record.text for record in node.records)
        first = node.receive(build_message("INVITE", "sip:b@example.com"), "192.0.2.1:5060")[-1]
        route = first.header("Record-Route")
        assert route is not None and ";avp=" in route
        second = build_message("BYE", "sip:b@example.com", to="<sip:b@example.com>;tag=x", headers=[("Route", route)])
        sent_on = node.receive(second, "192.0.2.1:5060")
        assert sent_on[-1].header("Route") is None
