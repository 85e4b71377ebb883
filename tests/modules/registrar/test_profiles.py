import pytest

from siprouter.util.errors import OperatorError
from siprouter.util.hashing import core_hash
from tests.modules.registrar.conftest import NOW, Site
from tests.support.fakes import call, read


def test_contacts_of_a_profile(site: Site) -> None:
    site.register('<sip:a@h>;q=0.7;received="sip:r"', "<sip:b@h>", headers=["User-Agent: phone", "Allow: INVITE"])
    ctx = site.invite()
    assert read(ctx, "$ulc(caller=>count)") is None
    assert call(ctx, "reg_fetch_contacts", "location", "sip:bob@example.com", "caller") == 1
    expected = {
        "aor": "bob",
        "domain": "location",
        "aorhash": core_hash(b"bob"),
        "addr": "sip:a@h",
        "path": "",
        "received": "sip:r",
        "expires": NOW + 3600,
        "callid": "c1",
        "q": 700,
        "cseq": 1,
        "flags": 0,
        "cflags": 0,
        "user_agent": "phone",
        "socket": "udp:192.0.2.10:5060",
        "modified": NOW,
        "methods": 1,
        "count": 2,
    }
    assert {name: read(ctx, f"$ulc(caller=>{name})") for name in expected} == expected
    assert read(ctx, "$(ulc(caller=>addr)[1])") == "sip:b@h"
    assert read(ctx, "$(ulc(caller=>received)[1])") == ""
    assert read(ctx, "$(ulc(caller=>addr)[2])") is None
    assert read(ctx, "$(ulc(caller=>addr)[-1])") == "sip:a@h"
    assert read(ctx, "$ulc(callee=>addr)") is None
    assert call(ctx, "reg_free_contacts", "caller") == 1
    assert read(ctx, "$ulc(caller=>addr)") is None
    assert call(ctx, "reg_free_contacts", "caller") == 1


def test_fetching_nothing_forgets_what_was_there(site: Site) -> None:
    site.register("<sip:a@h>")
    ctx = site.invite()
    assert call(ctx, "reg_fetch_contacts", "location", "sip:bob@example.com", "p") == 1
    assert call(ctx, "reg_fetch_contacts", "location", "sip:nobody@example.com", "p") == -1
    assert read(ctx, "$ulc(p=>addr)") is None
    assert call(ctx, "reg_fetch_contacts", "location", "nonsense", "p") == -1


@pytest.mark.parametrize("text", ["$ulc(p)", "$ulc(=>addr)", "$ulc(p=>)", "$ulc(p=>nothing)"])
def test_bad_names(site: Site, text: str) -> None:
    with pytest.raises(OperatorError):
        read(site.invite(), text)
