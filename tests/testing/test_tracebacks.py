"""Python tracebacks raised under a route name the line of the configuration."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from siprouter.testing import Node, build_message
from tests.support.scripts import PROBE

MAIN = """\
#!KAMAILIO
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"

route {
    $var(x) = 1;
    if ($rU == "inner") {
        route(INNER);
    }
    if ($rU == "included") {
        route(INCLUDED);
    }
    if ($rU == "expression"
        && code(1)
        && fail()) {
        exit;
    }
    later(1);
    fail();
}

route[INNER] {
    # a comment
    fail();
}

include_file "more.cfg"

failure_route[F] {
    fail();
}
"""

MORE = """\
route[INCLUDED] {

    fail();
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "more.cfg").write_text(MORE)
    path = tmp_path / "main.cfg"
    path.write_text(MAIN)
    return path


def frames(error: BaseException, folder: Path) -> list[tuple[str, int | None, str, str | None]]:
    """File, line, function and text of the frames that belong to the configuration."""
    found = traceback.extract_tb(error.__traceback__)
    return [
        (Path(frame.filename).name, frame.lineno, frame.name, frame.line)
        for frame in found
        if frame.filename.startswith(str(folder))
    ]


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("x", [("main.cfg", 20, "route", "fail();")]),
        ("inner", [("main.cfg", 9, "route", "route(INNER);"), ("main.cfg", 25, "route[INNER]", "fail();")]),
        ("included", [("main.cfg", 12, "route", "route(INCLUDED);"), ("more.cfg", 3, "route[INCLUDED]", "fail();")]),
        ("expression", [("main.cfg", 16, "route", "&& fail()) {")]),
    ],
)
def test_frames_of_the_configuration(path: Path, user: str, expected: list[tuple[str, int, str, str]]) -> None:
    with Node.from_file(path, modules=[PROBE]) as node:
        with pytest.raises(ZeroDivisionError) as caught:
            node.run_route("", build_message("OPTIONS", f"sip:{user}@example.org"))
        assert frames(caught.value, path.parent) == expected
        assert "fail" in "".join(traceback.format_exception(caught.value))


def test_the_caller_gets_500_and_the_log_the_line(path: Path) -> None:
    with Node.from_file(path, modules=[PROBE]) as node:
        assert node.receive(build_message("OPTIONS", "sip:inner@example.org")).only.status == 500
        (record,) = node.logged("deliberate", level="error")
        assert (record.location.file, record.location.line) == (str(path), 25)


def test_a_route_that_waited_says_its_line_too(path: Path) -> None:
    with Node.from_file(path, modules=[PROBE]) as node:
        sent = node.receive(build_message("OPTIONS", "sip:x@example.org"))
        assert sent.last.status == 500
        (record,) = node.logged("deliberate", level="error")
        assert (record.location.file, record.location.line) == (str(path), 20)


def test_a_failure_route(path: Path) -> None:
    with Node.from_file(path, modules=[PROBE]) as node:
        with pytest.raises(ZeroDivisionError) as caught:
            node.run_route("F", build_message("INVITE", "sip:x@example.org"), kind="failure_route")
        assert frames(caught.value, path.parent) == [("main.cfg", 31, "failure_route[F]", "fail();")]
        node.advance(200)
