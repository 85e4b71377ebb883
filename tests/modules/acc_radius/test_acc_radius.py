"""Whole calls, accounted to a RADIUS server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.testing import LoadError, Node
from siprouter.util.errors import OperatorError
from tests.modules.acc.conftest import HEAD, ROUTE, Site
from tests.support.radius_server import RadiusServer, accept, radius_config

STATUS, SERVICE, CODE, METHOD, SESSION, TIME, DELAY = 40, 6, 102, 101, 44, 55, 41
TO_TAG, FROM_TAG = 104, 105
START, STOP, ALIVE, FAILED = 1, 2, 3, 15


class World:
    """A site and its server. `params` are lines of modparam for `module`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = RadiusServer()
        self.site: Site
        self.path = radius_config(folder, self.server.port)

    def start(self, *params: str, module: str = "acc_radius", route: str = ROUTE, lines: str = "") -> Site:
        given = [f'"radius_config", "{self.path}"', '"radius_flag", 1', '"radius_missed_flag", 2', *params]
        load = 'loadmodule "acc_radius.so"\n' if module == "acc_radius" else ""
        text = HEAD + load + "".join(f'modparam("{module}", {line})\n' for line in given) + lines + route
        self.site = Site(text)
        self.server.attach(self.site.node)
        return self.site

    def brief(self) -> list[tuple[int | None, ...]]:
        return [tuple(one.integer(key) for key in (STATUS, METHOD, CODE)) for one in self.server.requests]

    def close(self) -> None:
        self.server.close()
        self.site.node.settle()
        self.site.node.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def answered(site: Site) -> None:
    site.bob.on_invite = lambda leg: leg.answer()
    site.alice.call("sip:bob@example.com").hang_up()
    site.node.settle()


def busy(site: Site) -> None:
    site.bob.on_invite = lambda leg: leg.reject(486, "Not now")
    site.alice.call("sip:bob@example.com")
    site.node.settle()


@pytest.mark.parametrize("module", ["acc_radius", "acc"])
def test_calls(world: World, module: str) -> None:
    extra = "User-Name=$fu; Called-Station-Id=$ru; Calling-Station-Id=$avp(none)"
    site = world.start(f'"radius_extra", "{extra}"', module=module)
    answered(site)
    busy(site)
    assert world.brief() == [(START, 1, 200), (STOP, 8, 200), (FAILED, 1, 486)]
    first = world.server.requests[0]
    call = site.bob.incoming[0]
    assert first.text(SESSION) and first.text(SESSION) == world.server.requests[1].text(SESSION)
    assert first.text(TO_TAG) == call.local_tag
    assert first.integer(SERVICE) == 15
    assert abs((first.integer(TIME) or 0) - site.node.clock.wall()) < 5
    assert first.integer(DELAY) == 0
    assert first.text(1) == "sip:alice@example.org"
    assert first.text(30) == "sip:bob@10.0.0.2:5060"
    assert 31 not in first.attributes
    assert 4 in first.attributes
    # the log is written beside it
    assert len(site.lines) == 3


def test_alone_and_with_another_service_type(world: World) -> None:
    quiet = "".join(f'modparam("acc", "{name}", -1)\n' for name in ("log_flag", "log_missed_flag"))
    site = world.start('"service_type", 99', lines=quiet)
    answered(site)
    assert site.lines == []
    assert [one.integer(SERVICE) for one in world.server.requests] == [99, 99]


def test_without_a_flag_nothing_is_accounted(world: World) -> None:
    site = world.start(route=ROUTE.replace("setflag(1)", "setflag(5)").replace("setflag(2)", "setflag(6)"))
    answered(site)
    assert world.server.requests == []


@pytest.mark.parametrize(
    ("comment", "expected"),
    [("200 Start", (START, 1, 200)), ("404 Gone", (FAILED, 1, 404)), ("just so", (FAILED, 1, 0))],
)
def test_from_the_script(world: World, comment: str, expected: tuple[int, ...]) -> None:
    site = world.start(route=f'route {{ if (is_method("INVITE")) acc_rad_request("{comment}"); }}')
    site.alice.call("sip:bob@example.com")
    site.node.settle()
    assert world.brief()[0] == expected


def test_legs_are_in_one_record(world: World) -> None:
    lines = 'modparam("acc", "multi_leg_info", "Called-Station-Id=$avp(s:leg)")\n'
    route = ROUTE.replace("record_route();", 'record_route(); $avp(s:leg) = "b"; $avp(s:leg) = "a";')
    answered(world.start(lines=lines, route=route))
    assert world.server.requests[0].attributes[30] == [b"a", b"b"]


def test_records_wait_for_the_server(world: World) -> None:
    site = world.start()
    world.server.answer = lambda request: None
    answered(site)
    site.node.advance(30)
    assert "records wait in the journal" in " ".join(site.node.errors)
    waiting = len(world.server.requests)
    assert {one.text(SESSION) for one in world.server.requests} == {world.server.requests[0].text(SESSION)}
    # the same packet again and again
    assert {one.integer(STATUS) for one in world.server.requests} == {START}
    world.server.answer = accept
    site.node.advance(10)
    assert world.brief()[waiting:] == [(START, 1, 200), (STOP, 8, 200)]
    assert (world.server.requests[-1].integer(DELAY) or 0) >= 30
    site.node.records.clear()


def test_what_is_no_number_is_told(world: World) -> None:
    site = world.start('"radius_extra", "NAS-Port=$fU"')
    answered(site)
    assert 5 not in world.server.requests[0].attributes
    assert site.node.logged("attribute NAS-Port takes a number, not 'alice'")
    site.node.records.clear()


def test_method_names_of_a_dictionary(world: World) -> None:
    (world.folder / "dictionary").write_text("$INCLUDE more\n")
    (world.folder / "more").write_text("ATTRIBUTE Sip-Method 101 string\n")
    world.path = radius_config(world.folder, world.server.port, more="dictionary dictionary")
    answered(world.start())
    assert [one.text(METHOD) for one in world.server.requests] == ["INVITE", "BYE"]


def test_a_restart_sends_what_is_left(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    first = World(tmp_path)
    first.start(f'"radius_journal", "{journal}"')
    first.server.answer = lambda request: None
    answered(first.site)
    first.server.close()
    first.site.node.records.clear()
    first.close()
    second = World(tmp_path)
    second.start(f'"radius_journal", "{journal}"')
    second.site.node.advance(1)
    assert second.brief() == [(START, 1, 200), (STOP, 8, 200)]
    second.close()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (['"radius_config", "/nowhere"'], "the file /nowhere of RADIUS cannot be read"),
        (['"radius_flag", 32'], "must be a flag"),
        (['"radius_extra", "No-Such=$fu"'], "RADIUS attribute No-Such is not defined"),
        (['"radius_extra", "User-Name"'], "expected name=$variable"),
    ],
    ids=["file", "flag", "attribute", "extra"],
)
def test_bad_parameters(tmp_path: Path, lines: list[str], text: str) -> None:
    path = radius_config(tmp_path, 1812)
    given = [f'"radius_config", "{path}"', *lines]
    params = "".join(f'modparam("acc_radius", {line})\n' for line in given)
    with pytest.raises((LoadError, OperatorError)) as error:
        Node(HEAD + 'loadmodule "acc_radius.so"\n' + params + ROUTE)
    assert text in str(error.value)


def test_without_a_file_there_is_a_warning() -> None:
    node = Node(HEAD + 'loadmodule "acc_radius.so"\nmodparam("acc_radius", "radius_flag", 1)\n' + ROUTE)
    assert node.logged("radius_config is not set")
    node.records.clear()
    node.close()
