"""Parameters of the script's own (`group.name = value`) and `@cfg_get`."""

from __future__ import annotations

import pytest

from siprouter.core.settings import CfgError
from siprouter.script.load import ScriptError, load
from siprouter.script.params import core_settings
from tests.support.fakes import FakeWorker
from tests.support.scripts import Rig

OWN = '#!KAMAILIO\ngw.ip = "10.0.0.1" desc "the gateway"\ngw.limit = 5 description "calls"\ngw.none = ""\n'


def value_of(expression: str, head: str = OWN) -> object:
    return Rig(f"{head}route {{ keep({expression}); }}").run()[0]


def message_of(text: str, *modules: str) -> str:
    rig = Rig(text, *modules)
    assert rig.script is None
    return rig.found.render()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$sel(cfg_get.gw.ip)", "10.0.0.1"),
        ("@cfg_get.gw.ip", "10.0.0.1"),
        ("@cfg_get.gw.limit", "5"),
        ('"to " + @cfg_get.gw.ip + ":" + @cfg_get.gw.limit', "to 10.0.0.1:5"),
        ('@cfg_get.gw.limit == "5"', 1),
        ("(int)@cfg_get.gw.limit + 2", 7),
        ("3 < (int)@cfg_get.gw.limit", 1),
        ('@cfg_get.gw.ip =~ "^10[.]"', 1),
        ("strlen(@cfg_get.gw.ip)", 8),
        ('@cfg_get.gw.none == ""', 1),
        ('"$sel(cfg_get.gw.limit) calls"', "$sel(cfg_get.gw.limit) calls"),
    ],
)
def test_expressions(expression: str, expected: object) -> None:
    assert value_of(expression) == expected


def test_in_conditions() -> None:
    rig = Rig(f'{OWN}route {{ if (@cfg_get.gw.limit == "0") {{ keep("closed"); }} else {{ keep("open"); }} }}')
    assert rig.run() == ["open"]
    rig.worker.cfg.set_now("gw", "limit", 0)
    assert rig.run() == ["closed"]


@pytest.mark.parametrize("use", ["@cfg_get.gw.lmit", "$sel(cfg_get.gw.lmit)", "$(sel(cfg_get.gw.lmit){s.len})"])
def test_unknown_settings_are_errors(use: str) -> None:
    text = message_of(f"{OWN}route {{ keep({use}); }}")
    assert "there is no setting gw.lmit, did you mean gw.limit?" in text


def test_names_of_the_wrong_shape() -> None:
    assert "expected @cfg_get.group.name" in message_of(f"{OWN}route {{ keep(@cfg_get.gw); }}")


def test_settings_of_the_server_are_known() -> None:
    assert value_of("@cfg_get.tcp.connect_timeout") == ""  # there is no server around this script


def test_settings_of_modules() -> None:
    head = "#!KAMAILIO\nsiputils.ring_timeout = 7\n"
    rig = Rig(head + 'loadmodule "sl"\nloadmodule "siputils"\nroute { keep(@cfg_get.siputils.ring_timeout); }')
    assert rig.run() == ["7"]
    rig.worker.cfg.set_now("siputils", "ring_timeout", 8)
    assert rig.run() == ["8"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gw.limit = 6", "gw.limit is declared twice"),
        ("core.debug = 3", "the group core belongs to the server"),
        ("core.debug = 3", "debug = …"),
        ("tcp.connect_timeout = 3", "tcp_connect_timeout = …"),
        ("siputils.ring = 3", "has no run-time setting ring"),
        ("siputils.ring_timeot = 3", "did you mean ring_timeout?"),
        ('siputils.ring_timeout = "x"', "needs an integer"),
    ],
)
def test_declarations_that_are_refused(line: str, expected: str) -> None:
    assert expected in message_of(f'{OWN}{line}\nloadmodule "siputils"\nroute {{ exit; }}')


def test_the_place_is_named() -> None:
    with pytest.raises(ScriptError, match=r"<text>:2:1"):
        load(None, FakeWorker(settings=core_settings()), text="#!KAMAILIO\ncore.debug = 3\nroute { exit; }")


def test_a_commit_changes_all_or_nothing() -> None:
    worker = Rig(f"{OWN}route {{ exit; }}").worker
    worker.cfg.on_change["gw", "limit"] = refuse
    worker.cfg.set_delayed("gw", "ip", "10.0.0.2")
    worker.cfg.set_delayed("gw", "limit", 9)
    with pytest.raises(CfgError):
        worker.cfg.commit()
    assert (worker.cfg.get("gw", "ip"), worker.cfg.get("gw", "limit")) == ("10.0.0.1", 5)
    worker.cfg.commit()
    assert worker.cfg.get("gw", "ip") == "10.0.0.1"


def refuse(value: object) -> None:
    raise CfgError("no")
