"""ldap and h350 in a running server of two workers, beside Debian's slapd."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from siprouter.testing import LoadError, Node
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.slapd import Slapd
from tests.support.wire import Endpoint
from tests.support.workers import Workers

SCRIPT = r"""
debug=1
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "ldap.so"
loadmodule "h350.so"
modparam("ldap", "config_file", "@DIR@/ldap.cfg")
modparam("h350", "ldap_session", "people")
modparam("h350", "base_dn", "ou=sip,dc=test")
route {
    $var(value) = $hdr(X-Value);
    switch ($rU) {
        case "direct": ldap_search("ldap://people/ou=sip,dc=test?cn,telephoneNumber,sn?one?(cn=$hdr(X-Value))"); break;
        case "encoded":
            ldap_filter_url_encode("$hdr(X-Value)", "$avp(s:name)");
            ldap_search("ldap://people/ou=sip,dc=test??one?(cn=$avp(s:name))");
            break;
        case "raw": ldap_search("ldap://people/ou=sip,dc=test??one?$var(value)"); break;
        case "dn": ldap_search("ldap://people/cn=$hdr(X-Value),ou=sip,dc=test??base"); break;
        case "attrs": ldap_search("ldap://people/ou=sip,dc=test?$hdr(X-Value)?one?(cn=alice)"); break;
        case "session": ldap_search("ldap://$hdr(X-Value)/dc=test??sub"); break;
        case "uri": h350_sipuri_lookup("$hdr(X-Value)"); break;
        case "auth": h350_auth_lookup("$hdr(X-Value)", "$avp(s:u)/$avp(s:p)"); break;
    }
    $var(found) = $rc;
    ldap_result("cn/$avp(s:cn)");
    $var(names) = $rc;
    ldap_result("telephoneNumber/$avp(s:tel)", "/^\+49(.*)$/0\1/");
    ldap_result("employeeNumber/$avp(s:no)/int");
    ldap_result_check("sn/$hdr(X-Sn)");
    $var(same) = $rc;
    ldap_result_check("SN/x$hdr(X-Sn)", "/^(.)/x\1/");
    $var(changed) = $rc;
    h350_result_call_preferences("pref_");
    $var(preferences) = $rc;
    h350_result_service_level("level_");
    append_to_reply("X-Found: $var(found) $var(names) $avp(s:cn) $avp(s:tel) $avp(s:no) $var(same) $var(changed)\r\n");
    append_to_reply("X-More: $var(preferences) $avp(s:pref_b) $avp(s:pref_n_t) $avp(s:level_conferencing)\r\n");
    append_to_reply("X-Auth: $avp(s:u) $avp(s:p)\r\n");
    ldap_result_next();
    append_to_reply("X-Next: $rc\r\n");
    send_reply("200", "OK");
}
"""
SCRIPT = SCRIPT.replace("send_reply", "sl_send_reply")

pytestmark = [pytest.mark.scenario, pytest.mark.xdist_group("ldap")]


class Phone(Endpoint):
    numbers = itertools.count()

    def ask(self, what: str, value: str, sn: str = "Liddell") -> dict[str, str]:
        call = f"l{next(self.numbers)}@test"
        self.send(
            f"OPTIONS sip:{what}@test SIP/2.0\nVia: SIP/2.0/UDP {self.address};branch=z9hG4bK{call}\n"
            f"From: <sip:a@test>;tag=a\nTo: <sip:b@test>\nCall-ID: {call}\nCSeq: 1 OPTIONS\n"
            f"X-Value: {value}\nX-Sn: {sn}\nMax-Forwards: 70\nContent-Length: 0\n\n"
        )
        return dict(self.expect(200, 60, call=call).headers)

    def found(self, what: str, value: str) -> str:
        return self.ask(what, value)["x-found"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ldap")


@pytest.fixture(scope="module")
def server(folder: Path, ports: Ports) -> Iterator[Slapd]:
    with Slapd(folder, ports) as running:
        running.config(folder / "ldap.cfg")
        yield running


@pytest.fixture(scope="module")
def router(server: Slapd, folder: Path, ports: Ports) -> Iterator[Workers]:
    with Workers(SCRIPT, folder, ports) as running:
        yield running


@pytest.fixture
def phone(router: Workers) -> Iterator[Phone]:
    with closing(Phone("phone", router.address)) as found:
        yield found


NOTHING = "-1 -1 <null> <null> <null> -1 -1"
ERROR = "-2 -2 <null> <null> <null> -2 -2"


def test_searches(phone: Phone) -> None:
    headers = phone.ask("direct", "alice")
    assert headers["x-found"] == "1 1 alice 089123456 <null> 1 1"
    assert headers["x-next"] == "-1"
    assert phone.ask("direct", "alice", "Liddel")["x-found"].endswith(" -1 -1")
    assert phone.found("encoded", "alice") == "1 1 alice 089123456 17 1 1"
    assert phone.found("direct", "nobody") == NOTHING
    assert phone.ask("raw", "(sn=Liddell)")["x-next"] == "1"
    assert phone.found("dn", "bob").startswith("1 1 bob ")
    assert phone.found("dn", "b\xf6b, jr.").startswith("1 1 b\xf6b, jr. ")
    assert phone.found("attrs", "sn").startswith("1 -1 <null> ")
    assert phone.found("session", "other") == ERROR
    assert phone.found("raw", "(cn=x") == ERROR


@pytest.mark.parametrize("what", ["direct", "encoded"])
@pytest.mark.parametrize(
    "value",
    ["*", "a*", "alice)(cn=*", "*)(|(cn=*", "x)(|(objectClass=*)", r"\2a", "%2a", "%25%32%61", "alice?x", "a\\", "%00"],
)
def test_injection_into_filters(phone: Phone, what: str, value: str) -> None:
    assert phone.found(what, value) == NOTHING


@pytest.mark.parametrize("value", ["*", "alice)(SIPIdentityUserName=*", "*)(|(cn=*", r"\2a", "%2a", "ali*"])
def test_injection_into_h350(phone: Phone, value: str) -> None:
    assert phone.ask("auth", value)["x-auth"] == "<null> <null>"
    assert phone.found("auth", value).startswith("-2 ")
    assert phone.found("uri", value).startswith("-2 ")


@pytest.mark.parametrize("value", ["alice,ou=sip,dc=test??base?(cn=*)", "x,dc=test", "*", "bob+cn=bob", "bob?cn?sub"])
def test_injection_into_names(phone: Phone, value: str) -> None:
    assert phone.found("dn", value) == ERROR


@pytest.mark.parametrize("value", ["cn?sub?(cn=*)", "cn,(x", "*)"])
def test_injection_into_attributes(phone: Phone, value: str) -> None:
    assert phone.found("attrs", value) == ERROR


def test_h350(phone: Phone) -> None:
    headers = phone.ask("uri", "sip:alice@example.org")
    assert headers["x-found"].startswith("1 1 alice ")
    assert headers["x-more"] == "2 sip:alice@voicemail.example.org 20 1"
    assert phone.found("uri", "sip:a(1)*@example.org").startswith("1 1 alice ")
    assert phone.found("uri", "sip:nobody@example.org").startswith("-2 ")
    assert phone.ask("auth", "alice")["x-auth"] == "alice wonder"
    assert phone.found("auth", "bob").startswith("-1 ")
    assert phone.ask("auth", "bob")["x-more"] == "-2 <null> <null> <null>"


def test_a_directory_that_goes_and_comes(server: Slapd, phone: Phone) -> None:
    assert phone.found("direct", "bob").startswith("1 ")
    server.stop()
    assert phone.found("direct", "bob") == ERROR
    server.start()
    server.ready()
    good = 0
    for _ in polls(30):  # both workers find it again
        good = good + 1 if phone.found("direct", "bob").startswith("1 ") else 0
        if good == 20:
            break
    assert good == 20


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('ldap_result("telephoneNumber");', "expected attribute/AVP"),
        ('ldap_result("tel/$var(x)");', "expected an AVP"),
        ('ldap_result("tel/$avp(s:x)/float");', "expected attribute/AVP"),
        ('ldap_result("tel/$avp(s:x)", "no");', "bad substitution"),
        ('ldap_result_check("sn");', "expected attribute/text"),
        ('ldap_search("");', "LDAP URL"),
        ('ldap_filter_url_encode("x", "y");', "expected an AVP"),
        ('h350_auth_lookup("x", "$avp(s:y)");', "expected two AVPs"),
        ('} modparam("h350", "search_scope", "all") route[X] {', "search_scope must be"),
        ('} modparam("h350", "ldap_session", "other") route[X] {', "there is no LDAP session 'other'"),
        ('} modparam("ldap", "config_file", "/nowhere") route[X] {', "config_file /nowhere"),
    ],
)
def test_mistakes_are_found_at_load(tmp_path: Path, line: str, error: str) -> None:
    pytest.importorskip("ldap", reason="pip install python-ldap")
    (tmp_path / "ldap.cfg").write_text("[people]\nldap_server_url = ldap://localhost\n")
    head = f"""
        loadmodule "pv.so"
        loadmodule "ldap.so"
        loadmodule "h350.so"
        modparam("ldap", "config_file", "{tmp_path}/ldap.cfg")
        modparam("h350", "ldap_session", "people")
        route {{ drop;
    """
    with pytest.raises(LoadError, match=error):
        Node(f"{head} {line} }}")
