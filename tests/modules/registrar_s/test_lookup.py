"""lookup_contacts() and registered()."""

from siprouter.core.avp import CLASS_USER, TRACK_TO
from tests.modules.registrar_s.conftest import MakeSite, Site
from tests.support.fakes import call

NAT = 1 << 4


def test_nobody(site: Site) -> None:
    assert call(site.invite("sip:example.com"), "lookup", "location") == -1
    assert call(site.invite("sip:example.com"), "registered", "location") == -1
    assert call(site.invite(), "lookup_contacts", "location") == -3
    assert call(site.invite(), "registered", "location") == -1
    site.register("<sip:a@h>;expires=60")
    site.worker.wall_time += 61
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == -5
    assert ctx.new_uri is None
    assert call(site.invite(), "registered", "location") == -1


def test_destination_and_branches(site: Site) -> None:
    site.register("<sip:a@h>;q=0.9")
    site.register("<sip:b@h>;q=0.5", flags=NAT)
    site.register("<sip:c@h>;q=0.1")
    ctx = site.invite("sip:BOB@example.com")
    assert call(ctx, "lookup", "location") == 1
    assert (ctx.uri, ctx.dst_uri, ctx.q, ctx.force_socket) == ("sip:a@h", None, 900, site.worker.listeners.all[0])
    assert [(one.uri, one.dst_uri, one.q) for one in ctx.branches] == [
        ("sip:b@h", "sip:192.0.2.1:5070;dstip=192.0.2.10;dstport=5060", 500),
        ("sip:c@h", None, 100),
    ]
    assert ctx.flags == NAT
    assert call(site.invite(), "registered", "location") == 1


def test_only_the_first(make_site: MakeSite) -> None:
    site = make_site(append_branches=0, load_nat_flag="NAT", save_nat_flag="NAT")
    site.register("<sip:a@h>;q=0.9", flags=1 << 7)
    site.register("<sip:b@h>;q=0.5")
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == 1
    assert (ctx.dst_uri, ctx.branches, ctx.flags) == (
        "sip:192.0.2.1:5070;dstip=192.0.2.10;dstport=5060",
        [],
        1 << 7,
    )


def test_source_in_the_uri(make_site: MakeSite) -> None:
    site = make_site(received_to_uri=1)
    site.register("<sip:a@h>;q=0.9", "<sip:b@h>;q=0.5", flags=NAT)
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == 1
    source = ';received="sip:192.0.2.1:5070;dstip=192.0.2.10;dstport=5060"'
    assert (ctx.uri, ctx.dst_uri, ctx.force_socket) == ("sip:a@h" + source, None, None)
    assert [(one.uri, one.dst_uri) for one in ctx.branches] == [("sip:b@h" + source, None)]


def test_filter_by_address_of_record(site: Site) -> None:
    site.register("<sip:a@h>")
    ctx = site.context("<sip:b@h>", to="To: <sip:bob@other>")
    call(ctx, "save", "location")
    ctx = site.invite()
    ctx.avps.add("wanted", "sip:BOB@other", TRACK_TO | CLASS_USER)
    assert call(ctx, "lookup", "location", "$t.wanted") == 1
    assert (ctx.uri, ctx.branches) == ("sip:b@h", [])
    assert call(site.invite(), "lookup", "location", "sip:none@h") == -5
    assert call(site.invite(), "lookup", "location", "$nothing") == -1
    assert call(site.invite(), "registered", "location", "sip:bob@other") == 1
    assert call(site.invite(), "registered", "location", "sip:none@h") == -1
    assert call(site.invite(), "registered", "location", "$nothing") == -1


def test_more_contacts_than_branches(site: Site) -> None:
    site.register(*[f"<sip:{number}@h>" for number in range(20)])
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == 1
    assert 0 < len(ctx.branches) < 19
    assert any("too many branches" in text for text in site.worker.texts())


def test_user_from_the_attribute(site: Site) -> None:
    site.register("<sip:a@h>")
    ctx = site.invite("sip:carl@example.com")
    ctx.avps.add("uid", "bob", TRACK_TO | CLASS_USER)
    assert call(ctx, "lookup", "location") == 1
    assert ctx.uri == "sip:a@h"
