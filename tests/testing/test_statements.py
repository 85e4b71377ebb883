"""Which lines of a configuration count, and which may follow which."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.script.load import parse_file, parse_text
from siprouter.testing.statements import FileLines, collect_lines


def lines_of(text: str) -> FileLines:
    parsed = parse_text(text, name="test.cfg")
    assert not parsed.diagnostics.errors, parsed.diagnostics.render()
    return collect_lines(parsed.config)["test.cfg"]


def test_statements_in_a_row() -> None:
    found = lines_of("""route {
    one();

    $var(x) =
        1 +
        2;      # goes on
    exit;
}
""")
    assert found.statements == {2, 4, 7}
    assert found.arcs == {(2, 4), (4, 7), (7, -1)}
    assert [found.translate(line) for line in (2, 4, 5, 6, 7, -1)] == [2, 4, 4, 4, 7, -1]


def test_if_and_else() -> None:
    found = lines_of("""route {
    if (one()
        && two()) {
        three();
    } else if (four()) {
        return;
    } else {
        five();
    }
    six();
}
""")
    assert found.statements == {2, 4, 5, 6, 8, 10}
    assert found.arcs == {(2, 4), (2, 5), (4, 10), (5, 6), (5, 8), (6, -1), (8, 10), (10, -1)}
    assert found.translate(3) == 2


def test_an_if_at_the_end() -> None:
    found = lines_of("route[A] {\n    one();\n    if (two()) {\n        three();\n    }\n}\n")
    assert found.arcs == {(2, 3), (3, 4), (3, -1), (4, -1)}


def test_if_on_one_line_is_no_branch() -> None:
    found = lines_of("route {\n    if (one()) two();\n    three();\n}\n")
    assert found.statements == {2, 3}
    assert found.arcs == {(2, 3), (3, -1)}


def test_while_and_break() -> None:
    found = lines_of("""route {
    while ($var(i) < 3) {
        if (one()) {
            break;
        }
        two();
    }
    three();
}
""")
    assert found.statements == {2, 3, 4, 6, 8}
    assert found.arcs == {(2, 3), (2, 8), (3, 4), (3, 6), (4, 8), (6, 2), (8, -1)}


def test_an_endless_loop_ends_only_by_its_break() -> None:
    found = lines_of(
        "route {\n    while (1) {\n        if (one()) {\n            break;\n        }\n    }\n    two();\n}\n"
    )
    assert (2, 7) not in found.arcs
    assert (4, 7) in found.arcs


def test_switch() -> None:
    found = lines_of("""route {
    switch ($var(x)) {
        case 1:
            one();
            break;
        case 2:
        case 3:
            two();
            exit;
        default:
            three();
    }
    four();
}
""")
    assert found.statements == {2, 4, 8, 9, 11, 13}
    assert found.arcs == {(2, 4), (2, 8), (2, 11), (4, 13), (8, 9), (9, -1), (11, 13), (13, -1)}
    assert [found.translate(line) for line in (3, 5, 6, 7, 10)] == [2, 4, 2, 2, 2]


def test_switch_without_default() -> None:
    found = lines_of("""route {
    switch ($var(x)) {
        case 1:
            one();
            break;
        case 2:
            break;
    }
    two();
}
""")
    assert found.statements == {2, 4, 9}
    assert found.arcs == {(2, 4), (2, 9), (4, 9), (9, -1)}


def test_cases_that_fall_into_the_next() -> None:
    found = lines_of("""route {
    switch ($var(x)) {
        case 1:
            one();
        case 2:
            two();
    }
    three();
}
""")
    assert found.statements == {2, 4, 6, 8}
    assert {(2, 4), (2, 6), (2, 7), (4, 2), (6, 7)} <= found.arcs


def test_cases_of_one_line() -> None:
    found = lines_of("""route {
    switch ($var(x)) {
        case 1: one(); break;
        case 2: two(); break;
        default: three();
    }
    four();
}
""")
    assert found.statements == {2, 3, 4, 5, 7}
    assert {(2, 3), (3, 4), (3, 7), (4, 5), (4, 7), (5, 7)} <= found.arcs


def test_blocks_and_all_kinds_of_routes() -> None:
    found = lines_of("""failure_route[F] {
    { one();
      two(); }
}
onreply_route {
    three();
}
event_route[tm:local-request] {
    drop;
}
""")
    assert found.statements == {2, 3, 6, 9}
    assert found.arcs == {(2, 3), (3, -1), (6, -5), (9, -8)}


def test_excluded_statements() -> None:
    found = lines_of("""route {
    one();
    if (two()) {    # pragma: no cover
        three();
    }
    four();
}
route[DEBUG] {  // pragma: no cover
    five();
}
""")
    assert found.statements == {2, 6}
    assert found.excluded == {3, 4, 9}
    assert (3, 4) not in found.arcs


def test_what_a_define_leaves_out() -> None:
    text = "route {\n#!ifdef A\n    one();\n#!else\n    two();\n#!endif\n}\n"
    assert lines_of(text).statements == {5}
    assert lines_of(f"#!define A\n{text}").statements == {4}


def test_included_files(tmp_path: Path) -> None:
    main, part, routes = tmp_path / "main.cfg", tmp_path / "part.cfg", tmp_path / "routes.cfg"
    main.write_text('route {\n    one();\n    include_file "part.cfg"\n    four();\n}\ninclude_file "routes.cfg"\n')
    part.write_text("two();\nif (x()) {\n    three();\n}\n")
    routes.write_text("route[R] {\n    five();\n}\n")
    found = collect_lines(parse_file(main).config)
    assert found[str(main)].statements == {2, 3, 4}
    assert found[str(main)].arcs == {(2, 3), (3, 4), (4, -1)}
    assert found[str(part)].statements == {1, 2, 3}
    assert found[str(part)].arcs == {(1, 2), (2, 3), (2, -1), (3, -1)}
    assert found[str(routes)].statements == {2}


@pytest.mark.parametrize("body", ["", "    ;\n", "    break;\n"])
def test_odd_bodies(body: str) -> None:
    found = lines_of(f"route {{\n{body}}}\n")
    assert found.statements == ({2} if "break" in body else set())
