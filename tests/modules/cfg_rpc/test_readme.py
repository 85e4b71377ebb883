"""The example of cfg_rpc's README, run."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import siprouter.modules.cfg_rpc
from siprouter.testing import Node
from siprouter.testing.messages import build_message

README = (Path(siprouter.modules.cfg_rpc.__path__[0]) / "README.md").read_text()
SCRIPT = next(block for block in re.findall(r"^```\n(.*?)^```$", README, re.M | re.S) if "gw.host" in block)


def call(node: Node, number: int) -> list[str]:
    """Where a new call goes, or how it is refused."""
    sent = node.receive(build_message("INVITE", "sip:bob@example.org", call_id=f"c{number}", branch=f"z9hG4bK{number}"))
    return [f"{one.status or one.uri}" for one in sent]


def test_settings_of_the_script() -> None:
    node = Node(SCRIPT)
    with closing(node):
        assert node.worker.module("tm").config.fr_timer == 10.0
        assert call(node, 1) == ["100", "sip:bob@192.0.2.20"]
        node.rpc("cfg.set_now_string", "gw", "host", "192.0.2.21")
        assert call(node, 2) == ["100", "sip:bob@192.0.2.21"]
        node.rpc("cfg.set_delayed_int", "gw", "open", 0)
        node.rpc("cfg.set_delayed_int", "tm", "fr_timer", 5000)
        assert call(node, 3) == ["100", "sip:bob@192.0.2.21"]
        changes = node.rpc("cfg.diff").values
        assert [(one["variable name"], one["old value"], one["new value"]) for one in changes] == [
            ("open", 1, 0),
            ("fr_timer", 10000, 5000),
        ]
        node.rpc("cfg.commit")
        assert call(node, 4) == ["503"]
        assert node.worker.module("tm").config.fr_timer == 5.0
        assert node.rpc("cfg.help", "gw", "open").values == ["0: refuse all calls", "(parameter type is integer)"]
        assert "gw: host" in node.rpc("cfg.list").values
        node.advance(200)
