"""The same functions in Debian's Kamailio and here: return codes, and the messages they change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.testing import Node
from tests.support.ports import Ports
from tests.support.process import need
from tests.support.routers import Kamailio, Router
from tests.support.wire import Endpoint, parse

pytestmark = [pytest.mark.scenario, pytest.mark.differential]

HEAD = """\
#!KAMAILIO
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:@PORT@
alias="test.local"

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "siputils.so"

route {
	if ($rm == "OPTIONS") {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
"""

CALLS = (
    'is_method("INVITE")', 'is_method("invite")', 'is_method("ACK|INVITE")', 'is_method("BYE|CANCEL")',
    'is_method("FOO")', "has_body()", 'has_body("application/sdp")', 'has_body("text/plain")',
    'is_present_hf("Subject")', 'is_present_hf("s")', 'is_present_hf("None")', 'is_present_hf_re("^Sub")',
    'is_present_hf_re("^None")',
    'is_privacy("id")', 'is_privacy("user")', 'search("^subject: *hello")', 'search("nothing here")',
    'search_body("^m=audio")', 'search_body("^INVITE")', 'cmp_str("a", "a")', 'cmp_str("a", "b")', 'cmp_str("b", "a")',
    'cmp_str("a", "A")', 'cmp_istr("aB", "Ab")', 'cmp_istr("a", "b")', 'starts_with("abc", "ab")',
    'starts_with("abc", "b")', 'starts_with("b", "abc")', 'cmp_str("$rU", "bob")', "has_totag()", 'uri_param("x")',
    'uri_param("x", "1")', 'uri_param("y")', 'uri_param("y", "2")', 'uri_param("none")', 'is_e164("$avp(e164)")',
    'is_e164("$rU")', 'is_uri_user_e164("$avp(uri)")', 'is_uri_user_e164("$ru")', 'cmp_uri("sip:a@B", "sip:a@b")',
    'cmp_uri("sip:a@b", "sip:A@b")', 'cmp_uri("sip:a@b:5060", "sip:a@b")', 'cmp_aor("sip:a@b;x", "sip:a@B:5060")',
    'cmp_aor("sip:a@b", "sip:c@b")', 'is_maxfwd_lt("70")', 'is_maxfwd_lt("71")', 'is_maxfwd_lt("1")',
    'add_uri_param("z=3")', 'uri_param("z", "3")', 'subst_uri("/bob/carol/")', 'subst_uri("/nothing/x/")',
    'subst_user("/^c/C/")', 'cmp_str("$ru", "sip:Carol@example.net;x;y=2;z=3")', "loose_route()",
    'mf_process_maxfwd_header("10")', 'record_route(";a=b")', 'record_route()',
)  # fmt: skip

EDITS = (
    'append_hf("X-Last: $rU\\r\\n");',
    'append_hf("X-Last-Too: 2\\r\\n");',
    'insert_hf("X-First: 1\\r\\n");',
    'append_hf("X-Behind: s\\r\\n", "Subject");',
    'insert_hf("X-Before: s\\r\\n", "Subject");',
    'append_urihf("X-Uri: <", ">\\r\\n");',
    'remove_hf("X-Gone");',
    'remove_hf_re("^x-also");',
    'replace("hello", "hallo");',
    'replace_all("fox", "dog");',
    'replace_body("^s=.*", "s=replaced");',
    'replace_body_all("RTP/AVP", "RTP/SAVP");',
    'search_append("^X-Open: ", "(open)");',
    'search_append_body("^a=x", "yz");',
    'subst("/^(X-Swap): *([a-z]+) ([a-z]+)/\\\\1: \\\\3 \\\\2/i");',
    'subst_body("/127\\\\.0\\\\.0\\\\.1/192.0.2.1/g");',
    '$fU = "alicia"; $fn = "\\"New Name\\"";',
    '$tU = "robert"; $td = "example.edu";',
    '$rU = "carol"; $rp = 5099;',
    'mf_process_maxfwd_header("10");',
    'remove_hf("Content-Type"); append_hf("Content-Type: text/plain\\r\\n");',
    'set_body("all new", "text/plain");',
)

REQUEST = """\
INVITE sip:bob@example.net;x;y=2 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:@FROM@;branch=z9hG4bK1
Max-Forwards: 70
From: "Alice A" <sip:alice@example.org>;tag=a1
To: <sip:bob@example.com>
Call-ID: values@127.0.0.1
CSeq: 17 INVITE
Contact: <sip:alice@127.0.0.1:5070>
s: hello world
Privacy: id
X-Gone: 1
X-Gone: 2
X-Also-Gone: 3
X-Fox: fox and fox
X-Open: end
X-Swap: one two
Content-Type: application/sdp
Content-Length: @LENGTH@

"""
BODY = """\
v=0
s=call
c=IN IP4 127.0.0.1
o=- 1 1 IN IP4 127.0.0.1
m=audio 4000 RTP/AVP 0
m=video 4002 RTP/AVP 31
a=x
"""


def calls_script() -> str:
    lines = [HEAD, '\t$avp(e164) = "+4930123";', '\t$avp(uri) = "sip:+1@x";']
    for number, text in enumerate(CALLS):
        lines += [f"\t{text};", "\t$var(rc) = $rc;", f'\tappend_to_reply("R-{number}: $var(rc)\\r\\n");']
    return "\n".join([*lines, '\tsl_send_reply("200", "OK");', "}", ""])


def edits_script(edit: str) -> str:
    lines = [HEAD, f"\t{edit}", "\tmsg_apply_changes();", '\tset_reply_body("$mb", "text/plain");']
    return "\n".join([*lines, '\tsl_send_reply("200", "OK");', "}", ""])


def request(port: int) -> str:
    body = BODY.replace("\n", "\r\n")
    head = REQUEST.replace("@FROM@", str(port)).replace("@LENGTH@", str(len(body)))
    return head.replace("\n", "\r\n") + body


class Both:
    """The reply of both to one request through one script."""

    def __init__(self, router: Router, text: str) -> None:
        endpoint = Endpoint("alice", router.address)
        try:
            data = request(endpoint.port)
            endpoint.send(data)
            self.theirs = endpoint.next()
        finally:
            endpoint.close()
        own = text.replace("@PORT@", str(router.port))
        with Node(own, listen=[f"udp:127.0.0.1:{router.port}"]) as node:
            node.receive(data.encode(), f"127.0.0.1:{endpoint.port}")
            self.ours = parse(bytes(node.last.data))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    need("kamailio")
    yield tmp_path_factory.mktemp("functions")


def test_return_codes(folder: Path, ports: Ports) -> None:
    with Kamailio(calls_script(), folder, ports, "calls") as router:
        both = Both(router, calls_script())
    found = {text: both.ours.value(f"r-{number}") for number, text in enumerate(CALLS)}
    assert found == {text: both.theirs.value(f"r-{number}") for number, text in enumerate(CALLS)}


def lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")


@pytest.mark.parametrize("number", range(len(EDITS)))
def test_changed_messages(number: int, folder: Path, ports: Ports) -> None:
    text = edits_script(EDITS[number])
    with Kamailio(text, folder, ports, f"edit{number}") as router:
        both = Both(router, text)
    assert lines_of(both.ours.body) == lines_of(both.theirs.body)
