"""save_contacts() and its kin."""

import pytest

from siprouter.core.avp import CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.core.routes import TM_ONREPLY
from siprouter.sip.message import parse_message
from tests.modules.registrar_s.conftest import MakeSite, Site
from tests.modules.usrloc_s.conftest import NOW
from tests.support.fakes import call, context

NAT = 1 << 4


def test_register_refresh_and_remove(site: Site) -> None:
    assert site.register("<sip:a@h>;expires=90;q=0.5", headers=["User-Agent: phone 1"]) == 1
    assert (site.reply.status, site.header("Contact")) == (200, "<sip:a@h>;q=0.5;expires=90")
    (stored,) = site.stored()
    assert (stored.expires, stored.q, stored.user_agent, stored.call_id, stored.cseq) == (
        NOW + 90,
        500,
        "phone 1",
        "c1@192.0.2.1",
        102,
    )
    assert (stored.aor, stored.instance, stored.server_id, stored.socket) == (
        "sip:Bob@example.com",
        None,
        0,
        "udp:192.0.2.10:5060",
    )
    assert (stored.received, stored.flags) == (None, 0)
    assert site.register("<sip:a@h>;expires=120", "<sip:b@h>") == 1
    assert [(one.uri, one.expires - NOW, one.user_agent) for one in site.stored()] == [
        ("sip:a@h", 120, "Unknown"),
        ("sip:b@h", 3600, "Unknown"),
    ]
    assert site.register("<sip:a@h>;expires=0", "<sip:c@h>;expires=0") == 1
    assert site.uris() == ["sip:b@h"]
    assert site.register() == 1
    assert site.header("Contact") == "<sip:b@h>;expires=3600"
    assert site.register("*", headers=["Expires: 0"]) == 1
    assert (site.uris(), site.header("Contact")) == ([], None)


def test_limits_of_expiry(make_site: MakeSite) -> None:
    site = make_site(min_expires=100, max_expires=200, default_expires=150)
    site.register("<sip:a@h>;expires=1", "<sip:b@h>;expires=1000", "<sip:c@h>")
    assert {one.uri: one.expires - NOW for one in site.stored()} == {"sip:a@h": 100, "sip:b@h": 200, "sip:c@h": 150}


@pytest.mark.parametrize(
    "contacts,headers,status,info",
    [
        (["*"], [], 400, "* used in contact and expires is not zero"),
        (["*", "<sip:a@h>"], ["Expires: 0"], 400, "* used in contact and more than 1 contact"),
        (["<sip:a@h>;q=7"], [], 400, "Invalid q param in contact"),
        (["<sip:a@h"], [], 400, "Contact parse error"),
        (["<sip:" + "a" * 600 + "@h>"], [], 400, "Contact/received too long"),
        (['<sip:a@h>;+sip.instance="' + "a" * 600 + '"'], [], 400, "Contact/received too long"),
    ],
)
def test_refused(site: Site, contacts: list[str], headers: list[str], status: int, info: str) -> None:
    site.register("<sip:old@h>")
    # the good contact before the bad one is not stored
    good = [] if "*" in contacts else ["<sip:new@h>"]
    assert site.register(*good, *contacts, headers=headers) == 0
    assert (site.reply.status, site.header("P-Registrar-Error")) == (status, info)
    assert site.uris() == ["sip:old@h"]


@pytest.mark.parametrize(
    "to,status,info",
    [
        ("To: <sip:example.com>", 400, "No username in To URI"),
        ("To: <sip:" + "b" * 5000 + "@h>", 500, "Address Of Record too long"),
    ],
)
def test_no_user(site: Site, to: str, status: int, info: str) -> None:
    ctx = site.context("<sip:a@h>", to=to)
    assert call(ctx, "save", "location") == 0
    assert (site.reply.status, site.header("P-Registrar-Error")) == (status, info)


def test_too_many(make_site: MakeSite) -> None:
    site = make_site(max_contacts=2)
    assert site.register("<sip:a@h>", "<sip:b@h>") == 1
    assert site.register("<sip:c@h>") == 0
    assert (site.reply.status, site.header("P-Registrar-Error")) == (503, "Too many registered contacts")
    assert site.header("Contact") == "<sip:a@h>;expires=3600, <sip:b@h>;expires=3600"
    assert site.register("<sip:c@h>", "<sip:a@h>;expires=0") == 1
    assert site.uris() == ["sip:b@h", "sip:c@h"]


def test_instance_finds_the_phone_again(site: Site) -> None:
    site.register('<sip:a@h>;+sip.instance="<urn:uuid:1>"', "<sip:b@h>")
    site.register('<sip:b@h>;+sip.instance="<urn:uuid:1>"')
    assert [(one.uri, one.instance) for one in site.stored()] == [("sip:b@h", "<urn:uuid:1>")]
    site.register("<sip:b@h>;expires=70")
    assert [(one.uri, one.instance) for one in site.stored()] == [("sip:b@h", None)]


def test_user_from_the_attribute(site: Site) -> None:
    ctx = site.context("<sip:a@h>")
    ctx.avps.add("uid", "b-17", TRACK_TO | CLASS_USER)
    ctx.avps.add("aor", "sip:bob@elsewhere")
    ctx.avps.add("aor", "sip:bob@mine", TRACK_TO | CLASS_USER)
    ctx.avps.add("server_id", "9", TRACK_FROM | CLASS_USER)
    assert call(ctx, "save", "location") == 1
    assert [(one.aor, one.server_id) for one in site.stored("b-17")] == [("sip:bob@mine", 9)]


def test_user_becomes_an_attribute(site: Site) -> None:
    ctx = site.context("<sip:a@h>")
    call(ctx, "save", "location")
    assert ctx.avps.all("uid", TRACK_TO | CLASS_USER) == ["bob"]


def test_source_behind_nat(site: Site) -> None:
    site.register("<sip:a@h>", flags=NAT)
    source = "sip:192.0.2.1:5070;dstip=192.0.2.10;dstport=5060"
    assert [(one.flags, one.cflags, one.received) for one in site.stored()] == [(1, 1, source)]
    assert site.header("Contact") == f'<sip:a@h>;expires=3600;received="{source}"'
    site.register("<sip:a@h>")
    assert [(one.flags, one.cflags, one.received) for one in site.stored()] == [(0, 0, None)]


@pytest.mark.parametrize("trust,flags,trusted", [(-2, 0, True), (-1, 0xFF, False), (3, 8, True), (3, 4, False)])
def test_trust_in_the_received_parameter(make_site: MakeSite, trust: int, flags: int, trusted: bool) -> None:
    site = make_site(trust_received_flag=trust, save_nat_flag=-1)
    source = "sip:198.51.100.9:4000;transport=TCP;dstip=192.0.2.10;dstport=5090"
    site.register(f'<sip:a@h>;received="{source}"', flags=flags)
    (stored,) = site.stored()
    expected = (source, "tcp:192.0.2.10:5090") if trusted else (None, "udp:192.0.2.10:5060")
    assert (stored.received, stored.socket) == expected


def test_received_parameter_that_names_no_socket_of_ours(site: Site) -> None:
    for source in (
        "sip:198.51.100.9:4000",
        "nonsense",
        "sip:1.2.3.4;dstip=203.0.113.1;dstport=5060",
        "sip:x;dstip=a;dstport=b",
    ):
        site.register(f'<sip:a@h>;received="{source}"')
        assert [(one.received, one.socket) for one in site.stored()] == [(source, "udp:192.0.2.10:5060")]


def test_without_an_answer(site: Site) -> None:
    ctx = site.context("<sip:a@h>")
    assert call(ctx, "save_mem_nr", "location") == 1
    assert site.worker.outlet.sent == []
    assert (ctx.avps.get("code"), ctx.avps.get("reason")) == (200, "OK")
    assert ctx.avps.get("contact") == "Contact: <sip:a@h>;expires=3600\r\n"
    assert [one.flags for one in site.stored()] == [256]
    ctx = site.context("<sip:b@h>;q=2")
    assert call(ctx, "save_contacts_noreply", "location") == -2
    assert (ctx.avps.get("code"), ctx.avps.get("reason")) == (400, "Bad Request")
    site.register("<sip:a@h>", name="save_memory")
    assert site.reply.status == 200
    assert [one.flags for one in site.stored()] == [256]


def test_names_of_attributes(make_site: MakeSite) -> None:
    site = make_site(reply_code_attr="$t.status", reply_reason_attr="", contact_attr="$tu.line")
    ctx = site.context("<sip:a@h>")
    assert call(ctx, "save_noreply", "location") == 1
    assert ctx.avps.names() == [(TRACK_TO | CLASS_USER, "uid"), (9, "status"), (TRACK_TO | CLASS_USER, "line")]


def test_reply_to_a_register_of_ours(site: Site) -> None:
    text = b"\r\n".join(
        [
            b"SIP/2.0 200 OK",
            b"Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1",
            b"From: <sip:bob@h>;tag=1",
            b"To: <sip:bob@h>;tag=2",
            b"Call-ID: x",
            b"CSeq: 5 REGISTER",
            b"Contact: <sip:a@h>;expires=100",
            b"Content-Length: 0",
            b"",
            b"",
        ]
    )
    ctx = context(site.worker, parse_message(text), TM_ONREPLY)
    ctx.flags = NAT
    assert call(ctx, "save_noreply", "location") == 1
    assert [(one.expires - NOW, one.received) for one in site.stored()] == [(100, None)]


def test_filter_by_address_of_record(site: Site) -> None:
    site.register("<sip:a@h>")
    ctx = site.context("<sip:b@h>", to="To: <sip:bob@other>")
    assert call(ctx, "save", "location", "SIP:BOB@other") == 1
    assert site.header("Contact") == "<sip:b@h>;expires=3600"
    assert call(site.context("<sip:c@h>"), "save", "location", "$missing") == -1
    assert site.uris() == ["sip:a@h", "sip:b@h"]


def test_attributes_go_with_the_contact(make_site: MakeSite) -> None:
    site = make_site({"reg_avp_flag": "regavps"})
    ctx = site.context("<sip:a@h>")
    ctx.avps.add("class", "gold", TRACK_TO | CLASS_USER)
    ctx.avps.flags[TRACK_TO | CLASS_USER, "class"] = 1
    call(ctx, "save", "location")
    assert site.stored()[0].avps == ((TRACK_TO | CLASS_USER, "class", "gold", 1),)


def test_permanent_contacts_stay_permanent(site: Site) -> None:
    site.register("<sip:a@h>")
    (one,) = site.stored()
    row = list(one.to_row())
    row[1], row[5] = 0, 128
    permanent = type(one)(*row)  # type: ignore[arg-type]
    site.domain.store("bob", (permanent,), [])
    site.register("<sip:a@h>;expires=60")
    assert [(one.expires, one.flags) for one in site.stored()] == [(0, 128)]


def test_expired_contacts_do_not_count(make_site: MakeSite) -> None:
    site = make_site(max_contacts=1)
    site.register("<sip:a@h>;expires=60")
    site.worker.wall_time += 61
    assert site.register("<sip:b@h>") == 1
    assert site.uris() == ["sip:b@h"]
