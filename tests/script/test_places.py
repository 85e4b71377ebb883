"""Where code comes from: tracebacks, included files and defines keep their lines of the configuration."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from siprouter.script.load import compile_script, load_modules, parse_file
from tests.support.scripts import Rig

HEAD = "#!KAMAILIO\n"


def test_tracebacks_show_lines_of_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "main.cfg"
    (tmp_path / "inner.cfg").write_text("# in\n\nroute[IN] {\n\tkeep(1);\n\tfail();\n}\n")
    path.write_text('#!KAMAILIO\ninclude_file "inner.cfg"\nroute {\n\tkeep(0);\n\n\tif (route(IN)) keep(1);\n}\n')
    rig = Rig()
    parsed = parse_file(path)
    load_modules(parsed, rig.worker)
    script = compile_script(parsed, rig.worker)
    assert script is not None and script.request_route is not None, parsed.diagnostics.render()
    with pytest.raises(ZeroDivisionError) as caught:
        script.request_route.run(rig.context())
    frames = [
        (Path(frame.filename).name, frame.lineno, frame.name, frame.line)
        for frame in traceback.extract_tb(caught.tb)
        if frame.filename.endswith(".cfg")
    ]
    assert frames == [
        ("main.cfg", 6, "route", "if (route(IN)) keep(1);"),
        ("inner.cfg", 5, "route[IN]", "fail();"),
    ]
    assert [Path(name).name for name in script.files] == ["main.cfg", "inner.cfg"]


INCLUDED = """
keep("in");
if ($var(i) == 2) break;
if ($var(i) == 3) return -7;
if ($var(i) == 4) exit;
if ($var(i) == 5 && fail()) keep(0);
if ($var(i) == 6 && later(1)) keep("later");
"""


@pytest.mark.parametrize(
    ("number", "notes"),
    [
        (1, ["in", "out", "end", 1]),
        (2, ["in", "end", 1]),
        (3, ["in", -7]),
        (4, ["in"]),
        (6, ["in", "waits", "later", "out", "end", 1]),
    ],
)
def test_a_file_included_inside_a_route(tmp_path: Path, number: int, notes: list[object]) -> None:
    (tmp_path / "part.cfg").write_text(INCLUDED)
    path = tmp_path / "main.cfg"
    path.write_text(
        f"""#!KAMAILIO
route {{
	$var(i) = {number};
	$var(r) = route(A);
	keep($var(r));
}}
route[A] {{
	while ($var(i)) {{
		include_file "part.cfg"
		keep("out");
		$var(i) = 0;
	}}
	keep("end");
}}
"""
    )
    rig = Rig()
    rig.parsed = parse_file(path)
    load_modules(rig.parsed, rig.worker)
    rig.script = compile_script(rig.parsed, rig.worker)
    assert rig.run() == notes


def test_errors_inside_an_included_part_name_its_line(tmp_path: Path) -> None:
    (tmp_path / "part.cfg").write_text(INCLUDED)
    path = tmp_path / "main.cfg"
    path.write_text('#!KAMAILIO\nroute {\n$var(i) = 5;\nwhile (1) {\ninclude_file "part.cfg"\nbreak; } }\n')
    rig = Rig()
    rig.parsed = parse_file(path)
    load_modules(rig.parsed, rig.worker)
    rig.script = compile_script(rig.parsed, rig.worker)
    with pytest.raises(ZeroDivisionError) as caught:
        rig.run()
    places = [(Path(f.filename).name, f.lineno) for f in traceback.extract_tb(caught.tb) if f.filename.endswith("cfg")]
    assert places == [("main.cfg", 5), ("part.cfg", 6)]


def test_defines_keep_the_place_where_they_are_used() -> None:
    rig = Rig(f"{HEAD}#!define BOOM fail();\nroute {{\n\n\tBOOM\n}}")
    with pytest.raises(ZeroDivisionError) as caught:
        rig.run()
    assert ("test.cfg", 5) in [(frame.filename, frame.lineno) for frame in traceback.extract_tb(caught.tb)]


def test_each_statement_that_runs_is_a_line_that_runs() -> None:
    text = """#!KAMAILIO
route {
    note("one");
    if ($var(x) == 1) {
        note("never");
    } else if (method == "INVITE") {
        note("two");
        route(SUB);
    }
    switch ($rm) {
        case "BYE":
            note("never");
            break;
        default:
            $var(x) = 2;
    }
    while ($var(x) > 0) {
        $var(x) = $var(x) - 1;
    }
    return;
}
route[SUB] {
    note("three");
    return 1;
}
"""
    rig = Rig(text)
    assert rig.script is not None, rig.found.render()
    lines: set[int] = set()

    def trace(frame: FrameType, event: str, _argument: object) -> Callable[..., object] | None:
        if frame.f_code.co_filename != "test.cfg":
            return None
        if event == "line":
            lines.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        rig.run()
    finally:
        sys.settrace(before)
    statements = {number for number, line in enumerate(text.splitlines(), 1) if line.rstrip().endswith((";", ") {"))}
    never = {5, 12, 13}
    assert statements - lines == never
    assert not lines & never
