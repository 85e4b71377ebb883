"""save() and unregister(): what is stored, and what is answered."""

import pytest

from siprouter.core.routes import TM_ONREPLY
from tests.modules.registrar.conftest import NOW, Deaf, MakeSite, Site
from tests.support.fakes import call, context, reply, write

PATH = ("Path: <sip:edge.example.com;lr>",)
SUPPORTED = ("Supported: path, gruu",)


def test_register_update_remove_list(site: Site) -> None:
    assert site.register("<sip:bob@192.0.2.5>;expires=90", headers=["User-Agent: phone 1"]) == 1
    [stored] = site.domain.get("bob")
    assert (stored.uri, stored.expires, stored.q, stored.user_agent) == ("sip:bob@192.0.2.5", NOW + 90, -1, "phone 1")
    assert (stored.call_id, stored.cseq, stored.socket, stored.last_modified) == ("c1", 1, "udp:192.0.2.10:5060", NOW)
    assert (site.reply.status, site.reply.reason) == (200, "OK")
    assert site.reply.headers == {"Contact": "<sip:bob@192.0.2.5>;expires=90"}
    site.worker.wall_time += 10
    assert site.register(cseq=2) == 4
    assert site.reply.headers == {"Contact": "<sip:bob@192.0.2.5>;expires=80"}
    assert site.register("<sip:bob@192.0.2.5>;expires=600;q=0.5", cseq=3) == 2
    assert site.reply.headers == {"Contact": "<sip:bob@192.0.2.5>;q=0.5;expires=600"}
    assert site.register("<sip:bob@192.0.2.5>;expires=0", cseq=4) == 3
    assert site.reply.headers == {}
    assert site.domain.get("bob") == ()
    assert (site.stat("accepted_regs"), site.stat("rejected_regs")) == (4, 0)


def test_several_contacts_ordered_by_q(site: Site) -> None:
    assert site.register("<sip:a@h>;q=0.1, <sip:b@h>;q=0.9;expires=120", "sip:c@h;q=0.5") == 1
    assert site.uris() == ["sip:b@h", "sip:c@h", "sip:a@h"]
    assert site.reply.headers["Contact"] == (
        "<sip:b@h>;q=0.9;expires=120, <sip:c@h>;q=0.5;expires=3600, <sip:a@h>;q=0.1;expires=3600"
    )


def test_star_removes_all(site: Site) -> None:
    site.register("<sip:a@h>", "<sip:b@h>")
    assert site.register("*", cseq=2, headers=["Expires: 0"]) == 3
    assert site.domain.get("bob") == ()
    assert (site.reply.status, site.reply.headers) == (200, {})


@pytest.mark.parametrize(
    "contacts,headers,info",
    [
        (["*"], [], "* used in contact and expires is not zero"),
        (["*"], ["Expires: 60"], "* used in contact and expires is not zero"),
        (["*", "<sip:a@h>"], ["Expires: 0"], "* used in contact and more than 1 contact"),
        (["<sip:a@h>, *"], ["Expires: 0"], "* used in contact and more than 1 contact"),
        (["<sip:a@h"], [], "Contact parse error"),
        (["<a>"], [], "Contact parse error"),
        ([","], [], "Contact parse error"),
        (["<sip:a@h>;q=7"], [], "Invalid q param in contact"),
        (['<sip:a@h>;methods="["'], [], "Message parse error"),
        (["<sip:" + "a" * 600 + "@h>"], [], "Contact/received too long"),
        (['<sip:a@h>;received="sip:' + "a" * 600 + '"'], [], "Contact/received too long"),
        (["<sip:a@h>"], ["Expires:"], "Expires parse error"),
    ],
)
def test_refused_with_400(site: Site, contacts: list[str], headers: list[str], info: str) -> None:
    site.register("<sip:old@h>")
    assert site.register(*contacts, cseq=2, headers=headers) == 0
    assert (site.reply.status, site.reply.reason) == (400, "Bad Request")
    assert site.reply.headers["P-Registrar-Error"] == info
    assert ("Contact" in site.reply.headers) is (info in ("Invalid q param in contact", "Message parse error"))
    assert site.uris() == ["sip:old@h"]
    assert site.stat("rejected_regs") == 1


def test_long_call_id(site: Site) -> None:
    assert site.register("<sip:a@h>", call_id="c" * 600) == 0
    assert site.reply.headers == {"P-Registrar-Error": "Callid too long"}


def test_old_request_is_refused_and_contacts_listed(site: Site) -> None:
    site.register("<sip:a@h>", cseq=7)
    assert site.register("<sip:b@h>", "<sip:a@h>", cseq=6) == 0
    assert site.reply.status == 400
    assert site.reply.headers == {
        "Contact": "<sip:a@h>;expires=3600",
        "P-Registrar-Error": "Invalid CSeq number",
    }
    assert site.uris() == ["sip:a@h"]


def test_too_many_contacts(make_site: MakeSite) -> None:
    site = make_site(max_contacts=1, retry_after=30)
    site.register("<sip:a@h>")
    assert site.register("<sip:b@h>", cseq=2) == 0
    assert (site.reply.status, site.reply.reason) == (503, "Service Unavailable")
    assert site.reply.headers["Retry-After"] == "30"
    assert site.reply.headers["P-Registrar-Error"] == "Too many registered contacts"
    assert site.uris() == ["sip:a@h"]
    site.worker.wall_time += 3601
    assert site.register("<sip:b@h>", cseq=3) == 1
    assert site.uris() == ["sip:b@h"]


def test_error_of_ours_without_retry_after(site: Site) -> None:
    ctx = site.context("Contact: <sip:a@h>", to="To: <sip:" + "b" * 300 + "@h>")
    assert call(ctx, "save", "location") == 0
    assert (site.reply.status, site.reply.headers) == (500, {"P-Registrar-Error": "Address Of Record too long"})


@pytest.mark.parametrize(
    "contact,header,seconds",
    [
        ("<sip:a@h>", None, 3600),
        ("<sip:a@h>", "300", 300),
        ("<sip:a@h>;expires=400", "300", 400),
        ("<sip:a@h>;expires=5", None, 60),
        ("<sip:a@h>", "5", 60),
        ("<sip:a@h>;expires=999999", None, 7200),
        ("<sip:a@h>;expires=99999999999999", None, 3600),
        ("<sip:a@h>;expires=4294967295", None, 7200),
        ("<sip:a@h>;expires=soon", "300", 3600),
        ("<sip:a@h>", "Thu, 01 Dec 1994 16:00:00 GMT", 3600),
        ("<sip:a@h>;expires", "300", 300),
    ],
)
def test_expiry(make_site: MakeSite, contact: str, header: str | None, seconds: int) -> None:
    site = make_site(max_expires=7200)
    site.register(contact, headers=[] if header is None else [f"Expires: {header}"])
    assert [one.expires - NOW for one in site.domain.get("bob")] == [seconds]


def test_huge_expiry_without_limit(site: Site) -> None:
    site.register("<sip:a@h>;expires=4294967295")
    [stored] = site.domain.get("bob")
    assert stored.expires == 0xFFFFFFFF


def test_expiry_varies(make_site: MakeSite) -> None:
    site = make_site(default_expires=1000, default_expires_range=20)
    lives = set()
    for number, chance in enumerate((b"\0\0", b"\x80\0", b"\xff\xff")):
        site.worker.random_bytes = lambda count, chance=chance: chance  # type: ignore[misc]
        site.register(f"<sip:{number}@h>", call_id=str(number))
        lives.add(site.domain.get("bob")[-1].expires - NOW)
    assert lives == {800, 1000, 1199}


def test_default_q(make_site: MakeSite) -> None:
    site = make_site(default_q=300)
    site.register("<sip:a@h>", "<sip:b@h>;q=0.2")
    assert [one.q for one in site.domain.get("bob")] == [300, 200]


def test_methods(site: Site) -> None:
    site.register('<sip:a@h>;methods="INVITE, BYE,foo"', "<sip:b@h>", headers=["Allow: ACK", "Allow: INVITE"])
    assert [one.methods for one in site.domain.get("bob")] == [1 | 8 | 16384, 4 | 1]
    site.register("<sip:c@h>", call_id="c2")
    assert site.domain.get("bob")[2].methods == 0xFFFFFFFF
    site.register("<sip:d@h>", call_id="c3", headers=["Allow: [", "Allow: INVITE"])
    assert site.domain.get("bob")[3].methods == 0xFFFFFFFF


def test_flags(site: Site) -> None:
    ctx = site.context("Contact: <sip:a@h>")
    ctx.branch_flags = 0x41
    assert call(ctx, "save", "location", "0x03") == 1
    [stored] = site.domain.get("bob")
    assert (stored.flags, stored.cflags) == (1, 0x41)
    assert site.replies == []


def test_replace_flag(site: Site) -> None:
    site.register("<sip:a@h>", "<sip:b@h>")
    assert site.register("<sip:c@h>", cseq=2, flags=4) == 1
    assert site.uris() == ["sip:c@h"]


def test_reply_that_cannot_be_sent(site: Site) -> None:
    site.worker.outlet = Deaf()
    assert site.register("<sip:a@h>") == -1
    assert site.uris() == ["sip:a@h"]


def test_in_a_reply_route_nothing_is_answered(site: Site) -> None:
    msg = reply(200, "OK", "Contact: <sip:b@h>;expires=60", method="REGISTER")
    assert call(context(site.worker, msg, TM_ONREPLY), "save", "location") == 1
    assert site.uris() == ["sip:b@h"]
    bad = reply(200, "OK", "Contact: *", method="REGISTER")
    assert call(context(site.worker, bad, TM_ONREPLY), "save", "location") == 0
    assert site.replies == []


def test_received_parameter_and_avp(make_site: MakeSite) -> None:
    site = make_site("pv", received_avp="$avp(s:rcv)", received_param="from")
    ctx = site.context('Contact: <sip:a@h>;received="sip:192.0.2.7:9"', "Contact: <sip:b@h>")
    write(ctx, "$avp(s:rcv)", "sip:192.0.2.8:1024")
    assert call(ctx, "save", "location") == 1
    assert [one.received for one in site.domain.get("bob")] == ["sip:192.0.2.7:9", "sip:192.0.2.8:1024"]
    assert site.reply.headers["Contact"].endswith(', <sip:b@h>;expires=3600;from="sip:192.0.2.8:1024"')


def test_aor_avp(make_site: MakeSite) -> None:
    site = make_site("pv", aor_avp="$avp(s:aor)")
    ctx = site.context("Contact: <sip:a@h>")
    write(ctx, "$avp(s:aor)", "sip:Carol@example.com")
    assert call(ctx, "save", "location") == 1
    assert site.uris("carol") == ["sip:a@h"]


def test_socket_header(make_site: MakeSite) -> None:
    site = make_site(sock_flag=3, sock_hdr_name="Sock-Info")
    for number, (flags, header) in enumerate(
        [(8, "udp:192.0.2.10:5060"), (0, "udp:192.0.2.99:5060"), (8, "udp:192.0.2.99:5060"), (8, "]")]
    ):
        ctx = site.context("Contact: <sip:a@h>", f"Sock-Info: {header}", cseq=f"CSeq: {number + 1} REGISTER")
        ctx.flags = flags
        assert call(ctx, "save", "location") > 0
        assert [one.socket for one in site.domain.get("bob")] == ["udp:192.0.2.10:5060"]
    assert sum("names no socket of ours" in text for text in site.worker.texts()) == 2


def test_path_is_not_looked_at_unless_asked_for(site: Site) -> None:
    site.register("<sip:a@h>", headers=PATH)
    assert [one.path for one in site.domain.get("bob")] == [None]


@pytest.mark.parametrize("mode,in_reply", [(0, False), (1, True), (2, True)])
def test_path_in_answers_when_supported(make_site: MakeSite, mode: int, in_reply: bool) -> None:
    site = make_site(use_path=1, path_mode=mode)
    assert site.register("<sip:a@h>", headers=[*PATH, "Path: <sip:p2;lr>", *SUPPORTED]) == 1
    assert [one.path for one in site.domain.get("bob")] == ["<sip:edge.example.com;lr>,<sip:p2;lr>"]
    assert site.reply.headers.get("Path") == ("<sip:edge.example.com;lr>,<sip:p2;lr>" if in_reply else None)


@pytest.mark.parametrize("mode,status", [(0, 200), (1, 200), (2, 420)])
def test_path_without_support(make_site: MakeSite, mode: int, status: int) -> None:
    site = make_site(use_path=1, path_mode=mode)
    result = site.register("<sip:a@h>", headers=PATH)
    assert site.reply.status == status
    if status == 420:
        assert (result, site.uris()) == (0, [])
        assert site.reply.headers == {
            "Unsupported": "path",
            "Path": "<sip:edge.example.com;lr>",
            "P-Registrar-Error": "No support for found Path indicated",
        }
    else:
        assert (result, "Path" in site.reply.headers) == (1, False)


@pytest.mark.parametrize("path", ["<sip:p>", "<p;lr>", "<sip:p;lr", ",", "<sip:" + "p" * 1024 + ";lr>"])
def test_bad_path(make_site: MakeSite, path: str) -> None:
    site = make_site(use_path=1)
    assert site.register("<sip:a@h>", headers=[f"Path: {path}"]) == 0
    assert site.reply.headers == {"P-Registrar-Error": "Path parse error"}


@pytest.mark.parametrize("value", ['"sip:192.0.2.9:7;transport=tcp"', "sip:192.0.2.9:7%3Btransport%3Dtcp"])
def test_source_from_path(make_site: MakeSite, value: str) -> None:
    site = make_site(usrloc={"nat_bflag": 6}, use_path=1, path_use_received=1)
    path = f"Path: <sip:edge;lr;received={value}>"
    assert site.register('<sip:a@h>;received="sip:other"', headers=[path, *SUPPORTED]) == 1
    [stored] = site.domain.get("bob")
    assert (stored.received, stored.cflags) == ("sip:192.0.2.9:7;transport=tcp", 64)


def test_unregister(site: Site) -> None:
    site.register("<sip:a@h>", "<sip:b@h>")
    assert call(site.invite(), "unregister", "location", "sip:bob@example.com") == 1
    assert site.domain.get("bob") == ()
    assert call(site.invite(), "unregister", "location", "sip:bob@example.com") == 1
    assert call(site.invite(), "unregister", "location", "") == -1
    assert call(site.invite(), "unregister", "location", "nonsense") == -1
