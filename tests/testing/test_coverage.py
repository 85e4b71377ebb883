"""Coverage of configuration files, in runs of coverage.py of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from siprouter.testing.coverage import ConfigPlugin, has_routes

ROOT = Path(__file__).resolve().parents[2]

MODULES = """\
#!KAMAILIO
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
"""

# every way through this one can be taken; the user of the request URI says which
EVERYTHING = """\
route {
    $var(i) = 0;
    if ($rU == "a") {
        $var(x) = 1;
    } else if ($rU =~ "^b"
            && $rU != "bad") {
        $var(x) = 2;
    } else {
        $var(x) = 3;
    }
    if ($rU == "skip") {
        route(NEVER);
    }
    while ($var(i) < 3) {
        $var(i) = $var(i) + 1;
        if ($rU == "stop") {
            break;
        }
    }
    switch ($rU) {
        case "a":
            $var(y) = 1;
            break;
        case "b":
        case "c":
            $var(y) = 2;
            break;
        case "d":
            break;
        default:
            $var(y) = 4;
    }
    route(NUMBERS);
    if (10 / $var(i) > 100) {
        $var(z) = 1;
    }
    include_file "part.inc"
    if ($rU == "a")
        route(LAST);
}

route[NUMBERS] {
    switch ($rU) {
        case "a":
            $var(y) = 1;
        case "b":
            $var(y) = 2;
            break;
        case "c":
            if ($var(x) == 3) {
                return;
            }
    }
}

route[LAST] {
    if ($rU == "z") {
        $var(x) = 1;
    } else if ($rU == "a") {
        sl_send_reply("200", "OK");
    }
}

route[NEVER] {
    if ($rU == "never") {
        exit;
    }
}
"""

PART = """\
if ($rU == "c") {
    append_hf("X: y\\r\\n");
}
"""

DRIVER = """\
import sys
from siprouter.testing import Node

with Node.from_file(sys.argv[1]) as node:
    for user in sys.argv[2:]:
        node.receive(node.request("OPTIONS", f"sip:{user}@example.org"))
"""


class Project:
    """A directory with a configuration that is measured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "main.cfg").write_text(MODULES + EVERYTHING)
        (folder / "part.inc").write_text(PART)
        (folder / "drive.py").write_text(DRIVER)
        self.configure()

    def configure(self, *lines: str, branch: bool = True) -> None:
        options = "\n".join(lines or ["extensions = cfg inc", "config = main.cfg"])
        text = f"[run]\nplugins = siprouter.testing.coverage\nbranch = {branch}\nsource = .\nomit = drive.py\n"
        (self.folder / ".coveragerc").write_text(f"{text}[siprouter.testing.coverage]\n{options}\n")

    def coverage(self, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "SIPROUTER_PURE": "1", "COVERAGE_CORE": "ctrace"}
        command = [sys.executable, "-m", "coverage", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def measure(self, *users: str) -> dict[str, dict[str, Any]]:
        """What coverage says of each file after requests for these users."""
        self.coverage("run", "drive.py", "main.cfg", *users)
        self.coverage("json", "-q", "-o", "report.json")
        found: dict[str, dict[str, Any]] = json.loads((self.folder / "report.json").read_text())["files"]
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def line(text: str, number: int = 0) -> int:
    """The line of the configuration that has this text, the first or a later one."""
    found = [row for row, content in enumerate((MODULES + EVERYTHING).splitlines(), 1) if text in content]
    return found[number]


def test_some_ways_were_taken(project: Project) -> None:
    files = project.measure("a", "b")
    main = files["main.cfg"]
    assert main["missing_lines"] == [
        line("$var(x) = 3"),
        line("route(NEVER)"),
        line("break;", 0),
        line("$var(y) = 4"),
        line("$var(z) = 1"),
        line("if ($var(x) == 3)"),
        line("return;"),
        line('if ($rU == "z")') + 1,
        line('if ($rU == "never")'),
        line("exit;"),
    ]
    assert main["missing_branches"] == [
        [line('else if ($rU =~ "^b"'), line("$var(x) = 3")],
        [line('if ($rU == "skip")'), line("route(NEVER)")],
        [line('if ($rU == "stop")'), line("break;", 0)],
        [line("switch ($rU)"), line("$var(y) = 4")],
        [line("switch ($rU)"), line("route(NUMBERS)")],
        [line("10 / $var(i)"), line("$var(z) = 1")],
        [line("route[NUMBERS]") + 1, line("if ($var(x) == 3)")],
        [line("route[NUMBERS]") + 1, line("return;") + 2],
        [line("if ($var(x) == 3)"), line("return;")],
        [line("if ($var(x) == 3)"), line("return;") + 2],
        [line('if ($rU == "z")'), line('if ($rU == "z")') + 1],
        [line('else if ($rU == "a")'), -line("route[LAST]")],
        [line('if ($rU == "never")'), -line("route[NEVER]")],
        [line('if ($rU == "never")'), line("exit;")],
    ]
    part = files["part.inc"]
    assert (part["missing_lines"], part["missing_branches"]) == ([2], [[1, 2]])


def test_all_ways_that_can_be_taken(project: Project) -> None:
    """What is left is what cannot happen."""
    files = project.measure("a", "b", "c", "d", "e", "stop", "bad", "skip")
    main = files["main.cfg"]
    assert main["missing_lines"] == [line("$var(z) = 1"), line('if ($rU == "z")') + 1, line("exit;")]
    assert main["missing_branches"] == [
        [line("10 / $var(i)"), line("$var(z) = 1")],
        [line("if ($var(x) == 3)"), line("return;") + 2],
        [line('if ($rU == "z")'), line('if ($rU == "z")') + 1],
        [line('else if ($rU == "a")'), -line("route[LAST]")],
        [line('if ($rU == "never")'), line("exit;")],
    ]
    assert files["part.inc"]["missing_branches"] == []


def test_reports(project: Project) -> None:
    project.configure("extensions = cfg inc", "config = main.cfg", branch=False)
    project.measure("a")
    report = project.coverage("report", "-m")
    assert "main.cfg" in report
    assert "part.inc" in report
    project.coverage("html", "-q")
    pages = [path.read_text() for path in (project.folder / "htmlcov").glob("*.html")]
    assert any("route(NUMBERS);" in page for page in pages)
    project.coverage("xml", "-q")
    assert 'filename="main.cfg"' in (project.folder / "coverage.xml").read_text()


def test_files_that_never_ran_are_reported(project: Project) -> None:
    (project.folder / "other.cfg").write_text("route {\n    exit;\n}\n")
    (project.folder / "setup.cfg").write_text("[metadata]\nname = x\n")
    files = project.measure("a")
    assert files["other.cfg"]["missing_lines"] == [2]
    assert "setup.cfg" not in files


def test_defines(project: Project) -> None:
    (project.folder / "main.cfg").write_text("route {\n#!ifdef A\n    exit;\n#!else\n    drop;\n#!endif\n}\n")
    project.configure("defines = A B=1")
    assert project.measure("a")["main.cfg"]["missing_lines"] == [3]


def test_options() -> None:
    plugin = ConfigPlugin({"defines": "A B=1", "extensions": ".cfg inc", "config": "x.cfg"})
    assert plugin.defines == {"A": "", "B": "1"}
    assert plugin.file_tracer("/a/b.inc") is not None
    assert plugin.file_tracer("/a/b.py") is None
    assert ConfigPlugin({}).file_tracer("/a/b.inc") is None
    assert plugin.sys_info()[0] == ("config", str(Path("x.cfg").absolute()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("route {", True),
        ("  failure_route[X] {", True),
        ("[route]\n", False),
        ("# route", False),
        ("event_route[a]", True),
    ],
)
def test_what_looks_like_a_configuration(tmp_path: Path, text: str, expected: bool) -> None:
    path = tmp_path / "x.cfg"
    path.write_text(text)
    assert has_routes(path) is expected
    assert not has_routes(tmp_path / "absent.cfg")
