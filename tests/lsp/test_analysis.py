"""Names, outline and findings of a configuration, whole, half typed and in several files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from siprouter.lsp.findings import Analysis
from tests.lsp.conftest import Desk

CONFIG = """\
#!define FLAG 5
debug=2
loadmodule "tm.so"
loadmodule "pv.so"
modparam("tm", "fr_timer", 2000)
route {
    setflag(FLAG);
    $var(x) = $fU;
    t_on_failure("GONE");
    route(RELAY);
}
route[RELAY] {
    t_relay();
}
failure_route[GONE] {
    $var(x) = 1;
    route(RELAY);
}
"""


def places(analysis: Analysis, kind: str, name: str) -> list[tuple[int, bool]]:
    return [(use.span.line, use.defines) for use in analysis.uses if (use.kind, use.name) == (kind, name)]


def test_a_correct_file_has_no_findings(desk: Desk) -> None:
    assert desk.analyse(CONFIG).findings == []


def test_outline(desk: Desk) -> None:
    shown = [(item.kind, item.name, item.span.line, item.span.end_line) for item in desk.analyse(CONFIG).symbols]
    assert shown == [
        ("define", "FLAG", 0, 0),
        ("param", "debug", 1, 1),
        ("module", "tm", 2, 2),
        ("module", "pv", 3, 3),
        ("modparam", "tm: fr_timer", 4, 4),
        ("route", "", 5, 10),
        ("route", "RELAY", 11, 13),
        ("failure_route", "GONE", 14, 17),
    ]


def test_uses_of_routes_defines_and_variables(desk: Desk) -> None:
    analysis = desk.analyse(CONFIG)
    assert places(analysis, "route", "RELAY") == [(9, False), (11, True), (16, False)]
    assert places(analysis, "failure_route", "GONE") == [(8, False), (14, True)]
    assert places(analysis, "define", "FLAG") == [(0, True), (6, False)]
    assert places(analysis, "variable", "$var(x)") == [(7, False), (15, False)]
    assert places(analysis, "function", "t_relay") == [(12, False)]


def test_a_name_is_found_at_its_position(desk: Desk) -> None:
    use = desk.analyse(CONFIG).use_at(desk.main, 8, 20)
    assert use is not None and (use.kind, use.name) == ("failure_route", "GONE")


def test_a_missing_brace_does_not_hide_the_routes_behind_it(desk: Desk) -> None:
    analysis = desk.analyse(CONFIG.replace("    route(RELAY);\n}\nroute[RELAY]", "    if ($fU) {\nroute[RELAY]"))
    assert [item.name for item in analysis.symbols if "route" in item.kind] == ["", "RELAY", "GONE"]
    assert analysis.findings


@pytest.mark.parametrize("length", range(0, len(CONFIG), 7))
def test_every_half_of_a_file_is_understood(desk: Desk, length: int) -> None:
    analysis = desk.analyse(CONFIG[:length])
    assert analysis.files == [desk.main]
    assert all(finding.code != "internal" for finding in analysis.findings)


@pytest.mark.parametrize(
    "text", ["", "\n", "\0", "}}}}", "route[", "route{if(", '"', "/*", "$(", "#!ifdef", "loadmodule"]
)
def test_debris_is_no_internal_error(desk: Desk, text: str) -> None:
    assert all(finding.code != "internal" for finding in desk.analyse(text).findings)


def test_ser_scripts_get_the_modules_of_ser(desk: Desk) -> None:
    analysis = desk.analyse('#!SER\nloadmodule "xlog.so"\nroute { $x = @from.uri.user; xdbg("%rm"); }\n')
    assert analysis.ser and analysis.findings == []


def test_included_files_are_part_of_it(desk: Desk) -> None:
    parts = "route[PART] {\n    sl_nothing();\n}\n"
    analysis = desk.analyse('loadmodule "sl.so"\ninclude_file "parts.cfg"\nroute { route(PART); }\n', parts=parts)
    parts_file = str(desk.folder / "parts.cfg")
    assert analysis.files == [desk.main, parts_file]
    assert [(item.file, item.span.line) for item in analysis.includes] == [(parts_file, 1)]
    assert [(item.span.file, item.span.line, item.message) for item in analysis.findings] == [
        (parts_file, 1, "unknown function sl_nothing()")
    ]
    made = [use.span.file for use in analysis.uses if use.kind == "route" and use.defines]
    assert made == [parts_file]


def test_a_missing_include_is_a_finding_at_its_line(desk: Desk) -> None:
    analysis = desk.analyse('debug=1\ninclude_file "none.cfg"\nroute { }\n')
    assert [(item.code, item.span.line) for item in analysis.findings] == [("bad-include", 1)]


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 12), ("utf-16", 10), ("utf-32", 9)])
def test_columns_count_what_the_editor_counts(desk: Desk, encoding: str, column: int) -> None:
    analysis = desk.analyse("route {\n /* 😀 */ nothing();\n}\n", encoding)
    assert [(item.span.line, item.span.column) for item in analysis.findings] == [(1, column)]


FIXES = {
    "a function": ("route {\n  setflg(1);\n}\n", "route {\n  setflag(1);\n}\n"),
    "a parameter of a module": (
        'loadmodule "tm.so"\nmodparam("tm", "fr_tmer", 5)\nroute { }\n',
        'loadmodule "tm.so"\nmodparam("tm", "fr_timer", 5)\nroute { }\n',
    ),
    "a module": ('loadmodule "xlgo.so"\nroute { }\n', 'loadmodule "xlog.so"\nroute { }\n'),
    "a module that has another name here": (
        'loadmodule "mysql.so"\nroute { }\n',
        'loadmodule "db_mysql.so"\nroute { }\n',
    ),
    "a module that is not loaded": (
        'loadmodule "sl.so"\nroute {\n  xlog("hello");\n}\n',
        'loadmodule "sl.so"\nloadmodule "xlog.so"\nroute {\n  xlog("hello");\n}\n',
    ),
    "the first module": (
        'debug=1\nroute {\n  xlog("hello");\n}\n',
        'debug=1\nloadmodule "xlog.so"\nroute {\n  xlog("hello");\n}\n',
    ),
    "a variable": (
        'loadmodule "pv.so"\nroute { $var(a) = $(fUU{s.len}); }\n',
        'loadmodule "pv.so"\nroute { $var(a) = $(fU{s.len}); }\n',
    ),
    "a transformation": (
        'loadmodule "pv.so"\nroute { $var(a) = $(fU{s.lenn}); }\n',
        'loadmodule "pv.so"\nroute { $var(a) = $(fU{s.len}); }\n',
    ),
    "a core parameter": ("debgu=3\nroute { }\n", "debug=3\nroute { }\n"),
    "a directive": ("#!ifdfe X\nroute { }\n", "#!ifdef X\nroute { }\n"),
    "a break without loop": ("route { break; }\n", "route { return; }\n"),
    "a quoted number": ('debug="3"\nroute { }\n', "debug=3\nroute { }\n"),
    "a route": (
        "route { route(RELAY); }\nroute[RELAYS] { drop; }\n",
        "route { route(RELAYS); }\nroute[RELAYS] { drop; }\n",
    ),
    "a route that is missing": ("route { route(FAX); }\n", "route { route(FAX); }\n\nroute[FAX] {\n}\n"),
}


@pytest.mark.parametrize("what", FIXES)
def test_a_suggestion_is_a_change_of_the_text(fixed: Callable[[str], str], what: str) -> None:
    before, after = FIXES[what]
    assert fixed(before) == after


def test_nothing_that_a_file_names_is_run_without_trust(desk: Desk) -> None:
    ran = desk.folder / "ran"
    (desk.folder / "more.py").write_text(f"open({str(ran)!r}, 'w').close()\n\n\nasync def more(ksr): ...\n")
    text = (
        'loadmodule "app_python3.so"\nmodparam("app_python3", "load", "more.py")\nroute { route(more); nothing(); }\n'
    )
    assert [item.code for item in desk.analyse(text).findings] == ["unknown-function"]
    assert not ran.exists()
    desk.analyse(text, trusted=True)
    assert ran.exists()
