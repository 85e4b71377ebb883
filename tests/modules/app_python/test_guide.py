"""The examples of docs/python.md, run as `siprouter run -f route.py` would."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from siprouter.server.reload import Watcher
from siprouter.testing import LoadError, Node, Phone
from siprouter.util.errors import OperatorError

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "python.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def write(folder: Path, text: str) -> Path:
    path = folder / "route.py"
    path.write_text(text)
    return path


def test_a_router_in_one_file(tmp_path: Path) -> None:
    with closing(Node.from_file(write(tmp_path, EXAMPLES[0]))) as node:
        assert node.warnings == []
        alice, bob = Phone(node, "alice", "10.0.0.1:5060"), Phone(node, "bob", "10.0.0.2:5060")
        assert alice.register().status == bob.register().status == 200
        assert alice.call("nobody").status == 404
        bob.on_invite = lambda call: call.answer()
        call = alice.call("bob")
        assert call.established
        call.hang_up()
        node.settle()
        assert bob.calls[0].ended
        assert node.errors == []


def test_testing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, EXAMPLES[0])
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(EXAMPLES[2], names)
    names["test_busy_calls_go_to_voicemail"]()


def test_waiting(tmp_path: Path) -> None:
    with closing(Node.from_file(write(tmp_path, EXAMPLES[1]))) as node:
        assert node.receive(node.request("OPTIONS", "sip:plain@x"))[-1].status == 200
        node.receive(node.request("OPTIONS", "sip:both@x"))
        assert [sent.status for sent in node.advance(2).replies()] == [200]
        node.advance(60)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('import KSR\nCONFIG = """\nloadmodule "nosuch.so"\n"""\n', (3, 12), "unknown module nosuch"),
        ('import KSR\nCONFIG = """loadmodule "nosuch.so" """\n', (2, 24), "unknown module nosuch"),
        ("import KSR\nx =\n", (2, 4), "invalid syntax"),
    ],
)
def test_mistakes_have_the_lines_of_the_file(
    tmp_path: Path, text: str, place: tuple[int, int], message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises((LoadError, OperatorError)) as caught:
        Node.from_file(path)
    assert message in str(caught.value)
    location = caught.value.location
    assert (location.line, location.column) == place
    assert location.file.startswith(str(path))


def test_without_a_configuration(tmp_path: Path) -> None:
    with closing(Node.from_file(write(tmp_path, "def request_route():\n    return 1\n"))) as node:
        assert node.receive(node.request("OPTIONS", "sip:x@y")) == []


def test_a_python_file_is_reloaded_with_its_configuration(tmp_path: Path) -> None:
    path = write(tmp_path, EXAMPLES[0])
    with closing(Node.from_file(path)) as node:
        node.worker.hooks.tick.append(Watcher(node.worker.services["reloader"]).tick)
        for old, new in (("Not Found", "Nobody Here"), ("alias=example.org", "alias=example.org\nlog_name=1")):
            text = path.read_text().replace(old, new)
            path.write_text(text)
            node.advance(4)
        assert node.script.version == 2
        assert node.logged("route.py (CONFIG):12:", "error")
        assert node.receive(node.request("OPTIONS", "sip:x@example.org"))[-1].message.reason == "Nobody Here"
