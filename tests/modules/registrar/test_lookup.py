from siprouter.modules.usrloc.contact import ALL_METHODS, Contact
from siprouter.modules.usrloc.domain import INSERT
from tests.modules.registrar.conftest import NOW, MakeSite, Site
from tests.support.fakes import call, write


def put(site: Site, uri: str, **changes: object) -> None:
    fields: dict[str, object] = {
        "expires": NOW + 60,
        "q": -1,
        "call_id": "c",
        "cseq": 1,
        "flags": 0,
        "cflags": 0,
        "user_agent": "ua",
        "received": None,
        "path": None,
        "socket": "udp:192.0.2.10:5060",
        "methods": ALL_METHODS,
        "last_modified": NOW,
    }
    fields.update(changes)
    one = Contact(uri, **fields)  # type: ignore[arg-type]
    site.domain.store("bob", (*site.domain.get("bob"), one), [(INSERT, one)])


def test_not_found(site: Site) -> None:
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == -1
    assert ctx.new_uri is None
    put(site, "sip:a@h", expires=NOW)
    assert call(ctx, "lookup", "location") == -1


def test_destination_and_branches(site: Site) -> None:
    put(site, "sip:a@h", q=900, cflags=2, received="sip:192.0.2.7:9")
    put(site, "sip:b@h", expires=NOW - 1)
    put(site, "sip:c@h", q=500, cflags=4, path="<sip:edge;lr>,<sip:edge2;lr>", received="sip:x", socket="tcp:gone:1")
    put(site, "sip:d@h", q=100, received="sip:192.0.2.8:9")
    ctx = site.invite()
    ctx.branch_flags = 1
    ctx.dst_uri = "sip:before"
    assert call(ctx, "lookup", "location") == 1
    assert (ctx.uri, ctx.dst_uri, ctx.path, ctx.q) == ("sip:a@h", "sip:192.0.2.7:9", None, 900)
    assert (ctx.branch_flags, ctx.force_socket) == (3, site.worker.listeners.all[0])
    seen = [(one.uri, one.q, one.dst_uri, one.path, one.flags, one.force_socket) for one in ctx.branches]
    assert seen == [
        ("sip:c@h", 500, "sip:edge;lr", "<sip:edge;lr>,<sip:edge2;lr>", 4, None),
        ("sip:d@h", 100, "sip:192.0.2.8:9", None, 0, site.worker.listeners.all[0]),
    ]


def test_path_of_the_first_contact(site: Site) -> None:
    put(site, "sip:a@h", path="<sip:edge;lr>", received="sip:x", socket=None)
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == 1
    assert (ctx.dst_uri, ctx.path, ctx.force_socket) == ("sip:edge;lr", "<sip:edge;lr>", None)


def test_next_hop_is_reset(site: Site) -> None:
    put(site, "sip:a@h")
    ctx = site.invite()
    ctx.dst_uri = "sip:before"
    assert call(ctx, "lookup", "location") == 1
    assert ctx.dst_uri is None


def test_broken_path(site: Site) -> None:
    put(site, "sip:a@h", path="<")
    assert call(site.invite(), "lookup", "location") == -3
    site.domain.delete("bob")
    put(site, "sip:b@h")
    put(site, "sip:a@h", path="<")
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == 1
    assert ctx.branches == []


def test_uri_that_is_no_user(site: Site) -> None:
    assert call(site.invite("mailto:bob@x"), "lookup", "location") == -3
    ctx = site.invite()
    ctx.set_uri("nonsense")
    assert call(ctx, "lookup", "location") == -3
    assert call(ctx, "registered", "location") == -1


def test_without_branches(make_site: MakeSite) -> None:
    site = make_site(append_branches=0)
    put(site, "sip:a@h")
    put(site, "sip:b@h")
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == 1
    assert ctx.branches == []


def test_too_many_branches(site: Site) -> None:
    for number in range(14):
        put(site, f"sip:{number}@h")
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == 1
    assert len(ctx.branches) == 11
    assert sum("too many branches" in text for text in site.worker.texts()) == 2


def test_method_filtering(make_site: MakeSite) -> None:
    site = make_site(method_filtering=1)
    put(site, "sip:a@h", methods=8)
    put(site, "sip:b@h", methods=1 | 16384)
    ctx = site.invite()
    assert call(ctx, "lookup", "location") == 1
    assert (ctx.uri, ctx.branches) == ("sip:b@h", [])
    assert call(site.invite(method="MESSAGE"), "lookup", "location") == -2
    assert call(site.invite(method="FOO"), "lookup", "location") == 1


def test_rewritten_uri_counts(site: Site) -> None:
    put(site, "sip:a@h")
    ctx = site.invite("sip:carol@example.com")
    ctx.set_uri("sip:BOB@example.com")
    assert call(ctx, "lookup", "location") == 1


def test_registered(site: Site) -> None:
    assert call(site.invite(), "registered", "location") == -1
    put(site, "sip:a@h")
    ctx = site.invite()
    assert call(ctx, "registered", "location") == 1
    assert ctx.new_uri is None
    site.worker.wall_time += 60
    assert call(site.invite(), "registered", "location") == -1


def test_registered_with_call_id(make_site: MakeSite) -> None:
    site = make_site("pv", reg_callid_avp="$avp(s:cid)")
    put(site, "sip:a@h", call_id="one")
    ctx = site.invite()
    assert call(ctx, "registered", "location") == 1
    write(ctx, "$avp(s:cid)", "two")
    assert call(ctx, "registered", "location") == -1
    write(ctx, "$avp(s:cid)", "one")
    assert call(ctx, "registered", "location") == 1
