"""Questions to a RADIUS server, and the AVPs of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.radius.questions import parse_sip_avp
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.radius_server import ACCEPT, REJECT, Answer, RadiusServer, Received, radius_config

TEXT = """
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "misc_radius.so"
modparam("misc_radius", "radius_config", "%s")
%s
route {
    $var(uri) = "sip:carol@elsewhere.org:5070";
    $var(number) = 4711;
    %s
    $var(result) = $rc;
    xlog("L_INFO", "result $var(result) $avp(s:email) $avp(i:14)\\n");
}
"""
USER, SERVICE, GROUP, HOST, CALLING, SIP_AVP = 1, 6, 211, 224, 31, 225


def decide(request: Received) -> Answer:
    if request.text(GROUP) == "closed":
        return REJECT, []
    return ACCEPT, [(SIP_AVP, b"email:a@x"), (SIP_AVP, b"#14#28")]


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = RadiusServer(decide)
        self.node: Node

    def ask(self, call: str, *params: str) -> str:
        """The result of a function, and the AVPs."""
        lines = "".join(f'modparam("misc_radius", {line})\n' for line in params)
        text = TEXT % (radius_config(self.folder, self.server.port), lines, call)
        self.node = Node(text.replace('loadmodule "pv.so"', 'loadmodule "pv.so"\nloadmodule "xlog.so"'))
        self.server.attach(self.node)
        return self.run()

    def run(self) -> str:
        self.node.receive(build_message("OPTIONS", "sip:bob@example.com", from_="sip:alice@example.org"))
        self.node.advance(10)
        return self.node.logged("result ")[-1].text.strip().removeprefix("result ")

    def close(self) -> None:
        self.server.close()
        self.node.settle()
        self.node.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


LOADED = "1 a@x 28"


@pytest.mark.parametrize(
    ("call", "user", "service"),
    [
        ('radius_load_caller_avps("$fU@$fd");', "alice@example.org", 30),
        ('radius_load_callee_avps("$rU@$rd");', "bob@example.com", 31),
        ('radius_is_user_in("$rU", "pstn");', "bob", 12),
        ("radius_does_uri_exist();", "bob@example.com", 10),
        ('radius_does_uri_exist("$var(uri)");', "carol@elsewhere.org", 10),
        ("radius_does_uri_user_exist();", "bob", 10),
        ('radius_does_uri_user_exist("$fU");', "alice", 10),
    ],
    ids=lambda value: str(value).partition("(")[0],
)
def test_questions(world: World, call: str, user: str, service: int) -> None:
    assert world.ask(call) == LOADED
    request = world.server.requests[0]
    assert (request.text(USER), request.integer(SERVICE)) == (user, service)
    assert (request.text(GROUP) == "pstn") is ("user_in" in call)
    assert request.integer(5) == 0


def test_rejected(world: World) -> None:
    assert world.ask('radius_is_user_in("$rU", "closed");') == "-1 <null> <null>"


def test_no_server(world: World) -> None:
    world.server.answer = lambda request: None
    assert world.ask("radius_does_uri_exist();") == "-2 <null> <null>"
    assert world.node.logged("does not answer")
    world.node.records.clear()


@pytest.mark.parametrize(
    "call",
    [
        'radius_load_caller_avps("$var(none)");',
        'radius_is_user_in("$fU", "");',
        'radius_does_uri_exist("$var(number)");',
        'radius_does_uri_exist("$avp(none)");',
        'radius_does_uri_exist("$fU");',
        'radius_does_uri_user_exist("$avp(none)");',
    ],
)
def test_nobody_to_ask_for(world: World, call: str) -> None:
    if "var(none)" in call:
        call = call.replace("$var(none)", "$(avp(none){s.substr,0,0})")
    assert world.ask(call).startswith("-1 ")
    assert world.server.requests == []
    assert world.node.errors
    world.node.records.clear()


def test_host_apart_extras_and_service_types(world: World) -> None:
    params = ['"use_sip_uri_host", 1', '"uri_extra", "Calling-Station-Id=$fu"', '"uri_service_type", 99']
    assert world.ask("radius_does_uri_exist();", *params) == LOADED
    request = world.server.requests[0]
    assert (request.text(USER), request.text(HOST)) == ("bob", "example.com")
    assert (request.text(CALLING), request.integer(SERVICE)) == ("sip:alice@example.org", 99)


def test_unknown_extras(tmp_path: Path) -> None:
    with pytest.raises((LoadError, OperatorError), match="RADIUS attribute Calling-Staton-Id is not defined"):
        params = 'modparam("misc_radius", "uri_extra", "Calling-Staton-Id=$fu")'
        Node(TEXT % (radius_config(tmp_path, 1812), params, ""))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("email:joe@yahoo.com", ("email", "joe@yahoo.com")),
        ("#14:joe@yahoo.com", (14, "joe@yahoo.com")),
        ("age#28", ("age", 28)),
        ("#14#28", (14, 28)),
        ("a:b#c:d", ("a", "b#c:d")),
        ("#x:y", None),
        ("age#x", None),
        ("age#99999999999", None),
        ("#", None),
        (":", None),
        ("", None),
        ("name", None),
        ("name:", None),
    ],
)
def test_sip_avps(text: str, found: tuple[int | str, int | str] | None) -> None:
    assert parse_sip_avp(text) == found
