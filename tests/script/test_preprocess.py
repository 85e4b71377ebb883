"""Defines, conditional text, substitutions, included files."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.script.diagnostics import Diagnostics
from siprouter.script.preprocess import MAX_INCLUDE_DEPTH, preprocess
from siprouter.script.source import SourceFile, read_source
from tests.support.scripts import codes, parse, tokens


def test_a_define_replaces_names_but_not_strings() -> None:
    assert tokens("#!define X 5\nX \"X\" 'X' XY $var(X)", "kamailio") == [
        ("num", 5),
        ("str", "X"),
        ("str", "X"),
        ("id", "XY"),
        ("pvar", "$var(X)"),
    ]


def test_defines_nest_and_may_come_in_any_order() -> None:
    assert tokens("#!define A B\n#!define B 1 + 2\nA") == [("num", 1), ("+", "+"), ("num", 2)]


def test_an_empty_define_is_nothing() -> None:
    assert tokens("#!def X\na X b") == [("id", "a"), ("id", "b")]


def test_a_define_over_several_lines() -> None:
    assert tokens("#!define X 1, \\\n 2, \\\r\n 3\nX") == [
        ("num", 1),
        (",", ","),
        ("num", 2),
        (",", ","),
        ("num", 3),
    ]


def test_words_of_the_language_are_not_replaced() -> None:
    found = Diagnostics()
    result = preprocess(SourceFile("t", "#!define if x\nif"), found)
    assert [token.value for token in result.tokens[:-1]] == ["if"]
    assert codes(found) == [("reserved-define", 1, 10)]


def test_a_define_that_means_itself_is_an_error() -> None:
    _, found = parse("#!define A B\n#!define B A\nroute { A; }\n")
    assert ("recursive-define", 3, 9) in codes(found)


def test_defines_that_explode_are_stopped() -> None:
    lines = ["#!define A0 1 1 1 1 1 1 1 1 1 1"]
    lines += [f"#!define A{n} " + f"A{n - 1} " * 10 for n in range(1, 9)]
    _, found = parse("\n".join([*lines, "route { A8 }"]))
    assert "too-large" in [item.code for item in found.errors]


def test_defining_twice_is_an_error_that_names_the_first_place() -> None:
    _, found = parse("#!define A 1\n#!define A 2\n")
    assert codes(found) == [("redefined", 2, 10)]
    assert "test.cfg:1:10" in found.errors[0].suggestion


def test_the_command_line_wins() -> None:
    assert tokens("#!define A 1\nA", defines={"A": "7"}) == [("num", 7)]
    assert tokens("#!ifdef A\nx\n#!endif", defines={"A": ""}) == [("id", "x")]


def test_later_forms() -> None:
    assert tokens("#!trydef A 1\n#!trydef A 2\nA\n#!redef A 3\nA") == [("num", 1), ("num", 3)]
    assert tokens('#!substdef "!HOST!example!g"\nHOST "HOST"') == [("id", "example"), ("str", "HOST")]
    assert tokens('#!substdefs "!HOST!example!g"\nHOST "HOST"') == [("id", "example"), ("str", "example")]


CONDITIONAL = """
#!ifdef A
a
#!ifdef B
ab
#!else
a-
#!endif
#!else
-
#!ifndef B
--
#!endif
#!endif
"""


@pytest.mark.parametrize(
    ("defines", "names"),
    [({}, "- - -"), ({"A": "", "B": ""}, "a ab"), ({"A": ""}, "a a -"), ({"B": ""}, "-")],
)
def test_conditional_text(defines: dict[str, str], names: str) -> None:
    found = " ".join(str(value) for _, value in tokens(CONDITIONAL, defines=defines))
    assert found == names


def test_directives_in_text_that_is_left_out_do_nothing() -> None:
    assert tokens('#!ifdef NO\n#!define A 1\n"open string\n/* open comment\n#!endif\nA') == [("id", "A")]


def test_comments_after_directives() -> None:
    assert tokens("#!ifdef NO # why\nx\n#!endif # NO\ny") == [("id", "y")]


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        ("#!ifdef A\n", "unclosed-ifdef", "warning"),
        ("#!endif\n", "unmatched-directive", "warning"),
        ("#!else\n", "unmatched-directive", "error"),
        ("#!ifdef A\n#!else\n#!else\n#!endif\n", "unmatched-directive", "error"),
        ("#!define\n", "bad-directive", "error"),
        ("#!ifdef\n#!endif\n", "bad-directive", "error"),
        ("#!subst\n", "bad-directive", "error"),
        ('#!subst "/a"\n', "bad-subst", "error"),
        ('#!subst "/(/b/"\n', "bad-subst", "error"),
        ('#!substdef "A"\n', "bad-subst", "error"),
        ("#!ifdfe A\n", "unknown-directive", "warning"),
        ("include_file nothing\n", "bad-include", "error"),
        ('include_file "/no/such/file.cfg"\n', "bad-include", "error"),
        ("#!ifdef A b\n#!endif\n", "text-after-directive", "warning"),
    ],
)
def test_bad_directives(text: str, code: str, severity: str) -> None:
    _, found = parse(text)
    assert (found.items[0].code, found.items[0].severity) == (code, severity)


def test_subst_changes_strings_that_follow() -> None:
    text = '"a.b"\n#!subst "/a/x/"\n"a.a" \'a\'\n#!subst "/[.]/-/g"\n"a.b.c"'
    assert tokens(text) == [("str", "a.b"), ("str", "x.a"), ("str", "x"), ("str", "x-b-c")]


def test_subst_reaches_strings_out_of_defines() -> None:
    assert tokens('#!define HOST "at HERE"\n#!subst "/HERE/example.com/"\nHOST') == [("str", "at example.com")]


def test_include_looks_beside_the_including_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main.cfg").write_text('include_file "sub/one.cfg"\nafter\n')
    (tmp_path / "sub" / "one.cfg").write_text('#!define D 1\nimport_file "two.cfg"\nimport_file "none.cfg"\none\n')
    (tmp_path / "sub" / "two.cfg").write_text("D two")
    found = Diagnostics()
    result = preprocess(read_source(tmp_path / "main.cfg"), found)
    assert not found.items, found.render()
    assert [token.value for token in result.tokens[:-1]] == [1, "two", "one", "after"]
    assert [Path(name).name for name in result.files] == ["main.cfg", "one.cfg", "two.cfg"]
    assert result.tokens[2].location.line == 4


def test_a_file_that_includes_itself_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "loop.cfg"
    path.write_text(f'include_file "{path}"\n')
    found = Diagnostics()
    result = preprocess(read_source(path), found)
    assert len(result.files) == MAX_INCLUDE_DEPTH + 1
    assert [item.code for item in found.items] == ["nesting"]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    _, found = parse(f'include_file "{tmp_path}"\n')
    assert [item.code for item in found.items] == ["bad-include"]
    assert "not a file" in found.items[0].message


def test_errors_in_a_define_are_shown_where_it_is_used() -> None:
    _, found = parse('#!define A "open\nroute { A; }\n')
    first = found.in_order()[0]
    assert (first.code, first.location.line) == ("unclosed-string", 2)
    assert "test.cfg:1:10" in first.suggestion
