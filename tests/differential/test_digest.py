"""The same credentials shown to Debian's Kamailio and to siprouter: both take the same ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.digests import answer, read_challenge
from tests.support.ports import Ports
from tests.support.process import need
from tests.support.routers import ROUTERS, Kamailio, Router
from tests.support.wire import Endpoint

pytestmark = [pytest.mark.scenario, pytest.mark.differential]

CONFIG = """\
#!KAMAILIO
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:@PORT@

loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth.so"
PARAMS

route {
	if ($rm == "OPTIONS") {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
	pv_www_authenticate("example.org", "wonderland", "FLAGS");
	$var(result) = $rc;
	append_to_reply("X-Result: $var(result)\\r\\n");
	www_challenge("example.org", "1");
}
"""
REQUEST = """\
{method} sip:example.org SIP/2.0
Via: SIP/2.0/UDP {own};branch=z9hG4bK{number};rport
Max-Forwards: 70
From: <sip:alice@example.org>;tag=f
To: <sip:alice@example.org>
Call-ID: {call}
CSeq: {number} {method}
{headers}Content-Length: 0

"""


# later versions of Kamailio say why: stale, no credentials, used before; in 3.1 all of them are errors
LATER_CODES = {"-4": "-1", "-5": "-1", "-6": "-1"}


class Asked:
    """A router that is shown credentials; says what it made of them."""

    def __init__(self, router: Router) -> None:
        self.endpoint = Endpoint("phone", router.address)
        self.number = 0

    def show(self, *credentials: str, method: str = "REGISTER", call: str = "call") -> tuple[str, dict[str, str]]:
        """The function's return code, and the challenge that comes with it."""
        self.number += 1
        headers = "".join(f"Authorization: {one}\n" for one in credentials)
        fields = {"own": self.endpoint.address, "number": self.number, "call": call, "method": method}
        self.endpoint.send(REQUEST.format(headers=headers, **fields))
        reply = self.endpoint.next()
        assert reply.status == 401
        result = reply.value("x-result")
        return LATER_CODES.get(result, result), read_challenge(reply.value("www-authenticate"))


def plain(asked: Asked) -> list[str]:
    """Right and wrong credentials, in many forms."""
    challenge = asked.show()[1]
    no_qop = {name: value for name, value in challenge.items() if name != "qop"}

    def shown(
        *, method: str = "REGISTER", offer: dict[str, str] = challenge, password: str = "wonderland", **more: str
    ) -> str:
        return asked.show(answer(offer, "REGISTER", "sip:example.org", password=password, **more), method=method)[0]

    right = answer(challenge, "REGISTER", "sip:example.org")
    return [
        asked.show()[0],
        shown(),
        shown(offer=no_qop),
        shown(user="alice@example.org"),
        shown(password="x"),
        shown(method="INVITE"),
        shown(username='"bob"'),
        shown(uri='"sip:other"'),
        shown(realm='"elsewhere"'),
        shown(nonce='"AAAA"'),
        shown(nonce=f'"{"A" * len(challenge["nonce"])}"'),
        shown(nonce=""),
        shown(uri=""),
        shown(response=""),
        shown(response='"0123"'),
        shown(cnonce=""),
        asked.show(right.replace("nc=00000001, ", ""))[0],
        asked.show("Basic Zm9vOmJhcg==", right)[0],
        asked.show(answer(challenge | {"realm": "elsewhere"}, "REGISTER", "sip:example.org"), right)[0],
        asked.show("Digest", right)[0],
        *[asked.show(method=method)[0] for method in ("INVITE", "MESSAGE")],
    ]


def counted(asked: Asked) -> list[str]:
    """Nonce counts that go up, stay, and jump."""
    challenge = asked.show()[1]
    return [
        asked.show(answer(challenge, "REGISTER", "sip:example.org", nc=count))[0]
        for count in (1, 2, 2, 1, 7, 5, 8, 255, 256)
    ]


def once(asked: Asked) -> list[str]:
    """One nonce, several times; then a new one."""
    found = []
    for _ in range(2):
        challenge = asked.show()[1]
        found += [asked.show(answer(challenge, "REGISTER", "sip:example.org", nc=count))[0] for count in (1, 1, 2)]
    return found


def moved(asked: Asked) -> list[str]:
    """A nonce with another call."""
    challenge = asked.show(call="one")[1]
    right = answer(challenge, "REGISTER", "sip:example.org")
    return [asked.show(right, call="one")[0], asked.show(right, call="two")[0], asked.show(right, call="one")[0]]


@pytest.mark.parametrize(
    ("params", "flags", "play"),
    [("", "0", plain), ('modparam("auth", "nonce_count", 1)', "0", counted),
     ('modparam("auth", "one_time_nonce", 1)', "0", once), ('modparam("auth", "auth_checks_register", 2)', "0", moved)],
    ids=["plain", "nonce_count", "one_time_nonce", "auth_checks"],
)  # fmt: skip
def test_same_answers(
    params: str,
    flags: str,
    play: Callable[[Asked], list[str]],
    pytestconfig: pytest.Config,
    tmp_path: Path,
    ports: Ports,
) -> None:
    need("kamailio")
    text = CONFIG.replace("PARAMS", params).replace("FLAGS", flags)
    found = []
    for kind, name in ((Kamailio, "expected"), (ROUTERS[pytestconfig.getoption("router")], "found")):
        folder = tmp_path / name
        folder.mkdir()
        with kind(text, folder, ports, name) as router:
            asked = Asked(router)
            found.append(play(asked))
            asked.endpoint.close()
    assert found[1] == found[0]
    assert len(set(found[0])) > 1
