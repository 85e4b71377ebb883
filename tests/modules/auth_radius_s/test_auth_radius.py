"""SER's names, results and attributes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.testing import Node
from siprouter.testing.messages import build_message
from siprouter.testing.network import Sent
from tests.support.digests import answer, read_challenge
from tests.support.radius_server import ACCEPT, REJECT, RadiusServer, radius_config, vendor

URI = "sip:example.org"
TEXT = """#!SER
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "auth.so"
loadmodule "auth_radius.so"
modparam("auth_radius", "radius_config", "%s")
route {
    if (!radius_www_authenticate("%s")) {
        append_to_reply("%%$digest_challenge");
        sl_reply("401", "Unauthorized");
        drop;
    }
    xlog("L_INFO", "loaded %%$fu.uid %%$fu.mail %%$fu.lang\\n");
    sl_reply("200", "OK");
}
"""
UID, ATTR, SERVICE, URI_USER = 17, 1, 14, 19
GOOD = [vendor(UID, b"4711"), vendor(ATTR, b"mail:a@x"), vendor(ATTR, b"lang=de")]


class World:
    def __init__(self, folder: Path) -> None:
        self.server = RadiusServer(lambda request: (ACCEPT, GOOD))
        self.node = Node(TEXT % (radius_config(folder, self.server.port), "example.org"))
        self.server.attach(self.node)

    def send(self, credentials: str = "") -> Sent:
        headers = {"Authorization": credentials} if credentials else {}
        names = {"from_": "sip:alice@example.org", "to": "sip:alice@example.org"}
        (sent,) = self.node.receive(build_message("REGISTER", URI, headers=headers, **names))
        return sent

    def authenticate(self) -> int:
        challenge = read_challenge(self.send().header("WWW-Authenticate") or "")
        return self.send(answer(challenge, "REGISTER", URI)).status

    def close(self) -> None:
        self.server.close()
        self.node.settle()
        self.node.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_accepted(world: World) -> None:
    assert world.authenticate() == 200
    assert world.node.logged("loaded 4711 a@x de")
    request = world.server.requests[0]
    assert request.integer((24960, SERVICE)) == 3
    assert request.text((24960, URI_USER)) == "alice"
    assert request.text(1) == "alice@example.org"
    assert request.text(1063) == "example.org"


@pytest.mark.parametrize("attributes", [[], [vendor(ATTR, b"mail:x")], [vendor(UID, b"1"), vendor(ATTR, b"nothing")]])
def test_an_answer_without_what_must_be_in_it(world: World, attributes: list[tuple[int, bytes]]) -> None:
    world.server.answer = lambda request: (ACCEPT, attributes)
    assert world.authenticate() == 401
    world.node.records.clear()


def test_rejected(world: World) -> None:
    world.server.answer = lambda request: (REJECT, GOOD)
    assert world.authenticate() == 401
    assert not world.node.logged("loaded")


def test_use_did_is_told_to_have_no_effect(tmp_path: Path) -> None:
    text = TEXT.replace("route {", 'modparam("auth_radius", "use_did", 0)\nroute {', 1)
    node = Node(text % (radius_config(tmp_path, 1812), ""))
    assert node.logged("use_did of module auth_radius has no effect")
    node.records.clear()
    node.close()
