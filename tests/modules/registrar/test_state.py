import pytest

from siprouter.core.args import arities
from siprouter.modules.registrar import module
from siprouter.util.errors import OperatorError
from tests.modules.registrar.conftest import MakeSite, Site
from tests.support.fakes import FakeWorker, call


@pytest.mark.parametrize(
    "params,message",
    [
        ({"path_mode": 3}, "path_mode must be"),
        ({"sock_flag": 32, "sock_hdr_name": "X"}, "sock_flag must be"),
        ({"received_avp": "$ru"}, "received_avp must be an AVP"),
        ({"aor_avp": "$nosuch(x)"}, "unknown pseudo-variable"),
    ],
)
def test_bad_parameters(params: dict[str, int | str], message: str) -> None:
    worker = FakeWorker()
    worker.load("sl")
    worker.load("pv")
    worker.load("usrloc")
    worker.load("registrar", **params)
    errors = worker.configure_modules()
    assert [message in str(error) for error in errors] == [True]


def test_usrloc_and_sl_are_needed() -> None:
    worker = FakeWorker()
    worker.load("registrar")
    assert len(worker.configure_modules()) == 2


def test_half_a_socket_setting_warns(make_site: MakeSite) -> None:
    site = make_site(sock_flag=3)
    assert any("work only together" in text for text in site.worker.texts())
    ctx = site.context("Contact: <sip:a@h>")
    ctx.flags = 0xFFFFFFFF
    assert call(ctx, "save", "location") == 1


def test_settings_change_at_run_time(site: Site) -> None:
    assert site.stat("default_expire") == 3600
    site.worker.cfg.set_now("registrar", "default_expires", 120)
    assert site.stat("default_expire") == 120
    assert (site.stat("max_expires"), site.stat("max_contacts"), site.stat("default_expires_range")) == (0, 0, 0)
    site.register("<sip:a@h>")
    assert site.reply.headers["Contact"].endswith(";expires=120")


def test_use_domain(make_site: MakeSite) -> None:
    site = make_site(usrloc={"use_domain": 1}, realm_prefix="sip.")
    ctx = site.context("Contact: <sip:a@h>", to="To: <sip:bob@sip.example.com>")
    assert call(ctx, "save", "location") == 1
    assert site.uris("bob@example.com") == ["sip:a@h"]


@pytest.mark.parametrize("flags", ["8", "-1", "x", 8])
def test_bad_save_flags(site: Site, flags: str | int) -> None:
    with pytest.raises(OperatorError):
        call(site.context(), "save", "location", flags)


def test_table_name_is_needed(site: Site) -> None:
    with pytest.raises(OperatorError):
        call(site.context(), "save", "")


def test_tables_are_apart(site: Site) -> None:
    call(site.context("Contact: <sip:a@h>"), "save", "other")
    assert site.uris() == []
    assert site.registrar.usrloc.domain("other").get("bob")


def test_add_sock_hdr(site: Site) -> None:
    ctx = site.context()
    assert call(ctx, "add_sock_hdr", "Sock-Info") == 1
    assert ctx.msg.apply_edits().find("Sock-Info")
    assert b"Sock-Info: udp:192.0.2.10:5060\r\n" in ctx.msg.apply_edits().buf
    ctx.source.listener = None
    assert call(ctx, "add_sock_hdr", "Sock-Info") == -1


def test_arities() -> None:
    assert {function.name: arities(function.args) for function in module.functions} == {
        "save": (1, 2),
        "lookup": (1, 1),
        "registered": (1, 1),
        "unregister": (2, 2),
        "add_sock_hdr": (1, 1),
        "reg_fetch_contacts": (3, 3),
        "reg_free_contacts": (1, 1),
    }
