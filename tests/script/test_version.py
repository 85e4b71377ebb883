"""What a module keeps for each version of the script comes and goes with it."""

import gc
import weakref
from pathlib import Path

import pytest

from siprouter.core.declare import Module, function, param
from siprouter.script.load import ScriptError, parse_again
from siprouter.server.reload import Watcher
from siprouter.testing import LoadError, Node
from siprouter.util.errors import OperatorError

CONFIG = """
loadmodule "tm.so"
loadmodule "sl.so"
modparam("words", "words", "words.txt")
%s
route { say(); }
"""


class Part:
    """Words of a file."""

    def __init__(self, text: str) -> None:
        self.text = text


class Words:
    """A module that answers with words of files."""

    def __init__(self, worker):
        self.worker = worker

    def load_version(self, version):
        texts = []
        for value, location in version.values("words"):
            text = version.read(value, location)
            if "?" in text:
                raise OperatorError("a bad word", location)
            texts.append(text.strip())
        return Part(" ".join(texts))

    def say(self, ctx):
        return self.worker.module("sl").send_reply(ctx, 200, ctx.script.parts["words"].text)


DECLARED = Module(
    "words",
    help="words",
    state=Words,
    params=[param("words", str, None, "a file", versioned=True)],
    functions=[function("say", Words.say, help="answer")],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "words.txt").write_text("one")
    (tmp_path / "more.txt").write_text("more")
    (tmp_path / "a.cfg").write_text(CONFIG % "")
    return tmp_path


@pytest.fixture
def node(folder):
    with Node.from_file(folder / "a.cfg", modules=[DECLARED]) as node:
        yield node


def answer(node):
    return node.receive(node.request("OPTIONS", "sip:127.0.0.1")).last.message.reason


def reload(node):
    return node.worker.services["reloader"].reload()


def test_part_belongs_to_the_version(node, folder):
    old = node.worker.script
    (folder / "words.txt").write_text("two")
    assert answer(node) == "one"
    changes = reload(node)
    assert answer(node) == "two"
    assert changes.kept == []
    assert old.parts["words"].text == "one"
    node.worker.services["reloader"].rollback()
    assert answer(node) == "one"


def test_parameter_changes_with_the_version(node, folder):
    (folder / "a.cfg").write_text(CONFIG % 'modparam("WORDS|nothing", "words", "more.txt")')
    assert reload(node).kept == []
    assert answer(node) == "one more"


def test_refused_version_changes_nothing(node, folder):
    (folder / "words.txt").write_text("what?")
    with pytest.raises(ScriptError) as caught:
        reload(node)
    assert "a bad word" in str(caught.value) and f"{folder}/a.cfg:4" in str(caught.value)
    (folder / "words.txt").unlink()
    with pytest.raises(ScriptError, match="cannot read"):
        reload(node)
    assert answer(node) == "one"


def test_first_version_may_be_refused(folder):
    (folder / "words.txt").write_text("what?")
    with pytest.raises(LoadError, match="a bad word"):
        Node.from_file(folder / "a.cfg", modules=[DECLARED])


def test_watched_files(node, folder):
    reloader = node.worker.services["reloader"]
    watcher = Watcher(reloader)
    for text, expected in (("what?", "one"), ("a third", "a third")):
        (folder / "words.txt").write_text(text)
        for _ in range(3):
            watcher.tick(0.0)
        assert answer(node) == expected


def test_the_same_text_in_each_worker(node, folder):
    """What one worker read is what the others get, whatever the file says by then."""
    reloader = node.worker.services["reloader"]
    texts = reloader.current.texts
    (folder / "words.txt").write_text("changed")
    prepared = reloader.prepare(parse_again(texts), 2)
    assert prepared.script.parts["words"].text == "one"
    assert str(folder / "words.txt") in prepared.script.files


def test_part_is_freed(node, folder):
    part = weakref.ref(node.worker.script.parts["words"])
    for number in range(3):
        (folder / "words.txt").write_text(f"text {number}")
        reload(node)
    gc.collect()
    assert part() is None
