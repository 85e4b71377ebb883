"""Completion and hover: what is offered at the cursor, what is told about the word under it."""

from __future__ import annotations

import pytest

from siprouter.lsp.cursor import look
from tests.lsp.conftest import Desk

HEAD = """\
#!define WITH_X
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "xlog.so"
flags FLAG_A:1, FLAG_B:2;
"""
TAIL = """
failure_route[BUSY] { exit; }
branch_route[EACH] { $var(n) = 1; exit; }
route[RELAY] { t_relay(); }
"""

OFFERS = {
    "core parameters": ("de¦\n", {"debug", "loadmodule", "modparam", "failure_route"}, {"t_relay", "if"}),
    "values of a core parameter": ("auto_aliases=¦\n", {"yes", "no"}, {"debug"}),
    "modules": ('loadmodule "¦\n', {"tm.so", "usrloc.so"}, {"debug"}),
    "loaded modules": ('modparam("¦\n', {"tm", "pv"}, {"usrloc", "fr_timer"}),
    "parameters of a module": ('modparam("tm", "fr_¦\n', {"fr_timer", "fr_inv_timer"}, {"tm", "debug"}),
    "parameters of several modules": ('modparam("tm|xlog", "¦\n', {"fr_timer", "force_color"}, {"tm"}),
    "statements and functions": ("route {\n  t_¦\n}\n", {"t_relay", "t_on_failure", "if", "append_branch"}, {"debug"}),
    "conditions": ("route {\n  if (¦\n}\n", {"method", "src_ip", "t_relay", "not"}, {"debug", "while"}),
    "failure routes": ('route {\n  t_on_failure("¦");\n}\n', {"BUSY"}, {"EACH", "RELAY", "t_relay"}),
    "branch routes": ("route {\n  t_on_branch(¦);\n}\n", {"EACH"}, {"BUSY"}),
    "routes": ("route {\n  route(¦);\n}\n", {"RELAY"}, {"BUSY", "t_relay"}),
    "flags": ("route {\n  setflag(¦);\n}\n", {"FLAG_A", "FLAG_B"}, set()),
    "variables": ("route {\n  $f¦\n}\n", {"$fU", "$ru", "$var(n)", "$null"}, {"t_relay"}),
    "variables in a string": ('route {\n  xlog("from $¦");\n}\n', {"$fU", "$ci"}, {"t_relay"}),
    "names of a kind of variable": ("route {\n  $var(¦)\n}\n", {"n"}, {"$fU"}),
    "transformations": ("route {\n  $var(n) = $(fU{s.¦});\n}\n", {"s.len", "s.substr", "uri.user"}, {"$fU"}),
    "a second transformation": ("route {\n  $var(n) = $(fU{s.len}{¦});\n}\n", {"s.len"}, {"$fU"}),
    "selects": ("route {\n  if (@from.¦)\n}\n", {"from.uri.user"}, {"t_relay"}),
    "directives": ("#!if¦\n", {"ifdef", "ifndef", "SER"}, {"debug"}),
    "defines": ("#!ifdef ¦\n", {"WITH_X"}, {"debug"}),
    "events": ("event_route[¦\n", {"tm:local-request"}, {"debug"}),
    "defines as values": ("route {\n  setflag(W¦\n}\n", {"WITH_X"}, set()),
    "nothing in a comment": ("# lo¦\n", set(), {"loadmodule"}),
    "nothing in a text": ('route {\n  xlog("t_¦");\n}\n', set(), {"t_relay", "if"}),
}


@pytest.mark.parametrize("what", OFFERS)
def test_completion(desk: Desk, what: str) -> None:
    marked, offered, absent = OFFERS[what]
    found = set(desk.complete(HEAD + marked + TAIL))
    assert offered <= found
    assert not absent & found


def test_completion_names_files(desk: Desk) -> None:
    (desk.folder / "routes.cfg").write_text("")
    (desk.folder / "sub").mkdir()
    (desk.folder / "notes.txt").write_text("")
    assert set(desk.complete('include_file "¦\n')) == {"routes.cfg", "sub/"}


def test_a_completion_takes_the_place_of_what_was_typed(desk: Desk) -> None:
    item = desk.complete(HEAD + "route {\n  t_on_f¦\n}\n")["t_on_failure"]
    assert (item.typed, item.text) == (6, "t_on_failure(")
    assert "all branches have failed" in item.markdown and "*module tm*" in item.markdown
    variable = desk.complete(HEAD + "route {\n  $f¦\n}\n")["$fU"]
    assert (variable.typed, variable.text) == (1, "fU")


HOVERS = {
    "a function": ("route { t_rel¦ay(); }", ["t_relay([host], [port])", "*module tm*"]),
    "a core function": ("route { append_br¦anch(); }", ["append_branch([uri], [q])", "`uri`: a string", "*core*"]),
    "a parameter": ('modparam("tm", "fr_t¦imer", 5)', ["fr_timer (int, 30000)", "*module tm*"]),
    "a module": ('modparam("t¦m", "fr_timer", 5)', ["**tm**: transactions"]),
    "loadmodule": ('loadmodule "us¦rloc.so"', ["**usrloc**"]),
    "a core parameter": ("deb¦ug=3", ["`debug` (signed, default 0)", "core parameter"]),
    "a variable": ("route { $var(a) = $f¦U; }", ["`$fU`", "*module pv*"]),
    "a variable in a string": ('route { xlog("$f¦U"); }', ["`$fU`"]),
    "a transformation": ("route { $var(a) = $(fU{s.l¦en}); }", ["`{s.len}`"]),
    "a route": ("route { route(REL¦AY); }", ["`route[RELAY]`", "defined: line", "used 1 time"]),
    "a define": ("#!ifdef WITH¦_X\n#!endif", ["#!define WITH_X"]),
    "a statement": ("route { whi¦le (1) { break; } }", ["max_while_loops"]),
    "a condition": ("route { if (sr¦c_ip == myself) { exit; } }", ["address that the message came from"]),
}


@pytest.mark.parametrize("what", HOVERS)
def test_hover(desk: Desk, what: str) -> None:
    marked, wanted = HOVERS[what]
    shown = desk.hover(HEAD + marked + "\n" + TAIL)
    assert [text for text in wanted if text not in shown] == [], shown


def test_hover_over_nothing(desk: Desk) -> None:
    assert desk.hover(HEAD + "route { xyz¦zy(); }\n") == ""


@pytest.mark.parametrize(
    ("text", "call", "string"),
    [
        ('route { f("a", g(1), "b', ("f", 2), "b"),
        ("route { f(a); g(", ("g", 0), None),
        ('route { f("a;b', ("f", 0), "a;b"),
        ('x("unclosed\nroute { f(1, ', ("f", 1), None),
        ("route { f($(fU{s.substr,1,2}), ", ("f", 1), None),
        ("", ("", 0), None),
    ],
)
def test_the_call_around_the_cursor(text: str, call: tuple[str, int], string: str | None) -> None:
    cursor = look(text, len(text))
    assert (cursor.call, cursor.string) == (call, string)


SER = """\
#!SER
loadmodule "xlog.so"
route {
    $f.state = "x";
    $count = 1;
    ¦
}
"""


def test_scripts_of_ser_have_attributes_and_modules_of_ser(desk: Desk) -> None:
    variables = desk.complete(SER.replace("¦", "$¦"))
    assert set(variables) == {"$f.state", "$count"}
    assert (variables["$f.state"].typed, variables["$f.state"].text) == (0, "f.state")
    assert "xdbg" in desk.complete(SER.replace("¦", "x¦"))
    assert "xlog" in desk.complete(SER.replace("¦", "x¦"))
    assert desk.hover(SER.replace("¦", "$f.st¦ate = 2;")) == "attribute `$f.state`\n\nhere 2 times"
