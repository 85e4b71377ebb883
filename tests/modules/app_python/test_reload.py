"""Versions of a Python script: each with its own modules; calls end with what they began with."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import pytest

from siprouter.rpc.values import RpcError
from siprouter.server.reload import Watcher
from siprouter.testing import Node, Phone
from tests.modules.app_python.conftest import Load

SCRIPT = """
import KSR
import helper

count = 0

def child_init(rank):
    KSR.info(f"child_init MARK {{rank}}")

def request_route(msg):
    global count
    count += 1
    if KSR.is_OPTIONS():
        KSR.sl.sl_send_reply(200, f"MARK {{helper.NAME}} {{count}}")
        return
    KSR.tm.t_on_failure("failed")
    if KSR.pv.get("$rU") == "slow":
        KSR.cfgutils.sleep(5)
    KSR.tm.t_relay()

@KSR.failure_route
def failed(msg):
    import helper as again
    KSR.tm.t_reply(480, f"MARK {{again.NAME}}")
"""


def script(mark: str) -> str:
    return SCRIPT.replace("{{", "{").replace("}}", "}").replace("MARK", mark)


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    path = tmp_path / "helper.py"
    path.write_text("NAME = 'first'\n")
    return path


def answer(node: Node) -> str:
    return node.receive(node.request("OPTIONS", "sip:x@y")).replies()[-1].message.reason


def versions(node: Node) -> list[int]:
    return [version["version"] for version in node.rpc("cfg.versions").values]


def test_a_new_version_begins_anew(load: Load, helper: Path, tmp_path: Path) -> None:
    node = load(script("one"))
    assert (answer(node), answer(node)) == ("one first 1", "one first 2")
    helper.write_text("NAME = 'second'\n")
    (tmp_path / "route.py").write_text(script("two"))
    node.rpc("cfg.reload")
    assert node.logged("child_init two 1")
    assert (answer(node), answer(node)) == ("two second 1", "two second 2")
    node.rpc("cfg.rollback_script")
    assert answer(node) == "one first 3"


def test_transactions_keep_their_version(load: Load, helper: Path, tmp_path: Path) -> None:
    node = load(script("one"))
    bob = Phone(node, "bob", "10.0.0.2:5060")
    bob.on_invite = lambda call: None
    alice = Phone(node, "alice", "10.0.0.1:5060")
    call = alice.call("sip:bob@10.0.0.2:5060")
    slow = alice.call("sip:slow@10.0.0.2:5060")
    assert len(bob.incoming) == 1
    helper.write_text("NAME = 'second'\n")
    (tmp_path / "route.py").write_text(script("two"))
    node.rpc("cfg.reload")
    bob.incoming[0].reject(486)
    node.settle()
    assert alice.received.replies()[-1].message.reason == "one first"
    assert call.status == 480
    node.advance(6)
    bob.incoming[1].reject(486)
    node.settle()
    assert slow.status == 480
    assert alice.received.replies()[-1].message.reason == "one first"
    node.advance(60)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (script("two").replace("def failed(", "def failed(:"), "route.py:22:"),
        (script("two").replace('t_on_failure("failed")', 't_on_failure("gone")'), "undefined failure_route[gone]"),
        (script("two").replace("def request_route", "def requests"), "no request route"),
        (script("two") + "\nraise ValueError('no')", "ValueError: no"),
        (script("two").replace("KSR.info", "undefined_name; KSR.info"), "child_init() failed: NameError"),
        (script("two").replace("import helper\n", "import halper\n"), "No module named 'halper'"),
    ],
)
def test_a_mistake_refuses_the_reload(load: Load, helper: Path, tmp_path: Path, text: str, message: str) -> None:
    node = load(script("one"))
    (tmp_path / "route.py").write_text(text)
    with pytest.raises(RpcError) as caught:
        node.rpc("cfg.reload")
    assert message in caught.value.message
    assert answer(node) == "one first 1"
    assert versions(node) == [1]
    (tmp_path / "route.py").write_text(script("three"))
    node.rpc("cfg.reload")
    assert answer(node) == "three first 1"


def test_a_function_that_the_configuration_calls_must_stay(load: Load, tmp_path: Path) -> None:
    node = load("import KSR\ndef check(msg):\n    return 1\n", 'route { python_exec("check"); }')
    (tmp_path / "route.py").write_text("import KSR\ndef chek(msg):\n    return 1\n")
    with pytest.raises(RpcError, match=r"no function check\(\)"):
        node.rpc("cfg.reload")


def test_files_are_watched(load: Load, helper: Path, tmp_path: Path) -> None:
    node = load(script("one"))
    watcher = Watcher(node.worker.services["reloader"])
    node.worker.hooks.tick.append(watcher.tick)
    helper.write_text("NAME = 'changed'\n")
    node.advance(4)
    assert answer(node) == "one changed 1"
    (tmp_path / "route.py").write_text(script("two") + "(\n")
    node.advance(4)
    assert answer(node) == "one changed 2"
    assert any("route.py:" in text and "never closed" in text for text in node.errors)
    (tmp_path / "route.py").write_text(script("two"))
    node.advance(4)
    assert answer(node) == "two changed 1"


def test_versions_that_ended_are_freed(load: Load, helper: Path, tmp_path: Path) -> None:
    def script_modules() -> set[str]:
        gc.collect()
        return {name for name in sys.modules if name.startswith("siprouter_script_")}

    before = script_modules()
    node = load(script("one"))
    first = script_modules() - before
    assert len(first) == 3
    for number in range(8):
        answer(node)
        (tmp_path / "route.py").write_text(script(f"number{number}"))
        node.rpc("cfg.reload")
        answer(node)
    assert len(versions(node)) <= 3
    assert len(script_modules() - before) == 3 * 3
    assert not first & script_modules()


def test_classes_and_dataclasses_of_a_script(load: Load) -> None:
    node = load("""
        from __future__ import annotations
        import pickle
        from dataclasses import dataclass
        import KSR

        @dataclass
        class Customer:
            name: str

        def request_route(msg):
            found: Customer = pickle.loads(pickle.dumps(Customer(KSR.pv.get("$rU"))))
            KSR.sl.sl_send_reply(200, found.name)
        """)
    assert answer(node) == "x"


def test_packages_beside_the_script(load: Load, tmp_path: Path) -> None:
    package = tmp_path / "rules"
    (package / "deep").mkdir(parents=True)
    files: dict[str, Any] = {
        "__init__.py": "from .numbers import ONE\n",
        "numbers.py": "from . import words\nfrom .deep.part import PART\nONE = words.ONE + PART\n",
        "words.py": "ONE = 'one'\n",
        "deep/__init__.py": "",
        "deep/part.py": "from ..words import ONE as OTHER\nPART = '+' + OTHER\n",
    }
    for name, text in files.items():
        (package / name).write_text(text)
    node = load("""
        import json
        import KSR
        import rules.words
        from rules import numbers, deep
        from rules.numbers import ONE

        def request_route(msg):
            KSR.sl.sl_send_reply(200, f"{ONE} {rules.words.ONE} {numbers.ONE} {json.dumps(1)} {deep.part.PART}")
        """)
    assert answer(node) == "one+one one one+one 1 +one"
    assert "rules" not in sys.modules
    (package / "words.py").write_text("ONE = 'two'\n")
    node.rpc("cfg.reload")
    assert answer(node) == "two+two two two+two 1 +two"
    for text in ("from ...words import ONE\n", "from .missing import ONE\n", "import rules.words.ONE\n"):
        (package / "deep" / "part.py").write_text(text)
        with pytest.raises(RpcError, match=r"ImportError|ModuleNotFoundError"):
            node.rpc("cfg.reload")
