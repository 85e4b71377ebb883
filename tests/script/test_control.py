"""Statements: branches, loops, switches, return codes, stopping, routes calling routes, `$rc`."""

from __future__ import annotations

import inspect

import pytest

from siprouter.core.routes import BRANCH, CORE_ONREPLY, FAILURE, ONSEND, TM_ONREPLY
from tests.support.fakes import reply
from tests.support.scripts import Rig, run

HEAD = "#!KAMAILIO\n"


def code_of(body: str) -> list[object]:
    """The return code that the body of a route gives its caller."""
    return run("$var(r) = route(R); keep($var(r));", extra=f"route[R] {{ {body} }}")


# --- branches, loops, switches


def test_if_chains() -> None:
    body = "$var(i) = {}; if ($var(i) == 1) keep(1); else if ($var(i) == 2) keep(2); else {{ keep(3); keep(4); }}"
    assert run(body.format(1)) == [1]
    assert run(body.format(2)) == [2]
    assert run(body.format(3)) == [3, 4]


def test_while_and_break() -> None:
    assert run("$var(i) = 0; while ($var(i) < 5) { $var(i) += 1; if ($var(i) == 3) break; keep($var(i)); }") == [1, 2]


def test_runaway_loops_end_and_are_logged() -> None:
    rig = Rig(f"{HEAD}max_while_loops=7\nroute {{ $var(i) = 0; while (1) $var(i) += 1; keep($var(i)); }}")
    assert rig.run() == [7]
    assert rig.worker.texts() == ["test.cfg:3: runaway while, stopped after max_while_loops rounds"]


SWITCH = "switch ({}) {{ case 1: keep(1); break; case 2: case 3: keep(23); case 4: keep(4); break; default: keep(0); }}"


@pytest.mark.parametrize(("value", "notes"), [(1, [1]), (2, [23, 4]), (3, [23, 4]), (4, [4]), (5, [0])])
def test_switch_falls_through(value: int, notes: list[int]) -> None:
    assert run(f"$var(x) = {value}; " + SWITCH.format("$var(x)")) == notes
    assert run(SWITCH.format(value)) == notes


@pytest.mark.parametrize(("value", "notes"), [(1, ["d"]), (2, [2]), (3, ["d"]), (9, ["d"])])
def test_default_may_stand_anywhere(value: int, notes: list[object]) -> None:
    body = 'switch ($var(x)) {{ case 1: default: keep("d"); break; case 2: keep(2); break; case 4: return; }}'
    assert run(f"$var(x) = {value}; " + body.format()) == notes


def test_default_in_the_middle_falls_into_the_next_case() -> None:
    body = 'switch ($var(x)) { case 1: keep(1); default: keep("d"); case 2: keep(2); }'
    assert run("$var(x) = 7; " + body) == ["d", 2]
    assert run("$var(x) = 1; " + body) == [1, "d", 2]
    assert run("$var(x) = 2; " + body) == [2]


def test_switch_on_texts_and_patterns() -> None:
    body = 'switch ($var(x)) { case "a": keep(1); break; case /"^b[0-9]+$": keep(2); break; case "12": keep(3); }'
    assert run('$var(x) = "a"; ' + body) == [1]
    assert run('$var(x) = "b77"; ' + body) == [2]
    assert run('$var(x) = "B77"; ' + body) == []
    assert run("$var(x) = 12; " + body) == [3]


def test_switch_converts_its_subject_to_the_labels() -> None:
    assert run('$var(x) = "2"; ' + SWITCH.format("$var(x)")) == [23, 4]
    assert run("switch ($avp(none)) { case 0: keep(0); break; case 1: keep(1); }") == [0]


def test_break_leaves_the_switch_only() -> None:
    body = """
    $var(i) = 0;
    while ($var(i) < 3) {
        $var(i) += 1;
        switch ($var(i)) { case 2: if (1) break; keep("no"); case 3: keep("three"); break; }
        keep($var(i));
    }
    """
    assert run(body) == [1, 2, "three", 3]


def test_a_switch_without_cases_still_looks_at_its_subject() -> None:
    assert run("switch (keep(1)) { }") == [1]


# --- return codes


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return;", 1),
        ("return();", 1),
        ("return 5;", 5),
        ("return -1;", -1),
        ("return(code(-7));", 0),
        ("return $var(none);", 0),
        ('$var(s) = "12"; return $var(s);', 12),
        ("keep(1);", 1),
        ("code(-4);", -4),
        ("code(3);", 3),
        ("$var(x) = 5;", 1),
        ("if (0) code(5);", 1),
        ("if (1) code(5);", 5),
        ("if (0) code(5); else code(-2);", -2),
        ("if (1) { } else code(-2);", 1),
        ("while (0) code(5);", 1),
        ("switch (3) { case 1: code(5); }", 1),
        ("switch (1) { case 1: code(5); }", 5),
        ("switch (1) { case 1: code(5); break; }", -1),
        ("switch (2) { case 1: code(5); case 2: return 6; default: code(7); }", 6),
        ("$var(i) = 1; while ($var(i)) { break; }", -1),
        ("{ code(8); }", 8),
        ("setflag(1);", 1),
        ("isflagset(9);", -1),
        ("route(S);", 4),
        ("", 1),
    ],
)
def test_codes_of_routes(body: str, code: int) -> None:
    notes = run("$var(r) = route(R); keep($var(r));", extra=f"route[R] {{ {body} }} route[S] {{ return 4; }}")
    if code:
        assert notes[-1] == code
    else:
        assert notes == []


def test_return_ends_the_route_only() -> None:
    assert run("keep(1); route(R); keep(2);", extra="route[R] { keep(3); if (1) return; keep(4); }") == [1, 3, 2]


@pytest.mark.parametrize(
    "ending", ["exit;", "exit();", "drop;", "exit 5;", "return 0;", "code(0);", "if (code(0)) keep(9);"]
)
def test_what_stops_the_script(ending: str) -> None:
    rig = Rig(
        f"{HEAD}route {{ keep(1); route(A); keep(2); }} route[A] {{ route(B); keep(3); }} route[B] {{ {ending} }}"
    )
    assert rig.run() == [1]
    assert rig.code == 0
    assert rig.ctx.dropped == ending.startswith("drop")


@pytest.mark.parametrize(
    "body",
    [
        "if (!code(0)) keep(9);",
        "while (code(0)) keep(9);",
        "$var(x) = code(0);",
        "keep(code(0));",
        "if (1 && code(0) || 1) keep(9);",
        "switch (code(0)) { case 0: keep(9); }",
        "if ({ exit; }) keep(9);",
        "return code(0);",
    ],
)
def test_a_zero_inside_an_expression_stops_the_script(body: str) -> None:
    assert run(f"keep(1); {body} keep(2);") == [1]
    assert run("keep(1); if (route(R)) keep(3); keep(2);", extra=f"route[R] {{ {body} keep(4); }}") == [1]


@pytest.mark.parametrize(
    ("body", "rc"), [("exit;", 1), ("exit(-3);", -3), ("drop;", 0), ("code(0);", 0), ("return 0;", 0)]
)
def test_rc_after_the_end(body: str, rc: int) -> None:
    rig = Rig(f"{HEAD}route {{ code(5); keep($rc); {body} }}")
    rig.run()
    assert rig.ctx.rc == rc


# --- $rc


def test_rc_is_that_of_the_last_function_or_route() -> None:
    assert run("code(-2); keep($rc); code(7); keep($retcode); keep($?);") == [-2, 7, 1]
    assert run("route(R); keep($rc);", extra="route[R] { code(3); return -9; }") == [-9]
    assert run("if (!code(-5)) keep($rc);") == [-5]
    assert run("$var(x) = code(6); keep($rc);") == [6]
    assert run('code(4); note("$rc $(rc{s.len})");') == ["4 1"]


def test_core_functions_leave_rc_alone() -> None:
    assert run("code(-2); setflag(1); isflagset(3); keep($rc);") == [-2]


def test_routes_see_the_rc_of_their_caller() -> None:
    assert run("code(-8); route(R);", extra="route[R] { setflag(2); keep($rc); }") == [-8]
    assert run("code(-8); route(A);", extra="route[A] { route(B); } route[B] { keep($rc); }") == [-8]


def test_rc_in_loops() -> None:
    body = "$var(i) = 0; while ($var(i) < 3) { keep($rc); $var(i) += 1; code(10 + $var(i)); }"
    assert run("code(5); " + body) == [5, 11, 12]


def test_rc_is_stored_only_where_it_is_read() -> None:
    text = f"{HEAD}route {{ code(1); code(2); route(R); code(3); }} route[R] {{ code(4); if ($rc == 4) code(5); }}"
    script = Rig(text).script
    assert script is not None and script.request_route is not None
    assert "rc" not in script.request_route.run.__code__.co_names
    assert "rc" in script.routes["R"].run.__code__.co_names


def test_rc_in_a_module_parameter_is_stored_everywhere() -> None:
    rig = Rig(f'{HEAD}modparam("probe", "name", "code: $rc")\nroute {{ code(1); code(2); }}')
    assert rig.script is not None and rig.script.request_route is not None
    assert "rc" in rig.script.request_route.run.__code__.co_names


# --- routes


def test_names_of_routes() -> None:
    extra = 'route[1] { keep("one"); } route["my route"] { keep("mine"); } route[X-1] { keep("dash"); }'
    with_quotes = extra.replace("[X-1]", '["X-1"]')
    assert run('route(1); route("my route"); route(X-1); route("m" + "y route");', extra=with_quotes) == [
        "one",
        "mine",
        "dash",
        "mine",
    ]


def test_route_names_that_are_computed() -> None:
    rig = Rig(
        HEAD + 'route { $var(n) = "A"; route($var(n)); route("R" + $var(n)); route($var(n) + 1); keep($rc); }'
        'route[A] { keep("a"); } route[RA] { keep("ra"); }'
    )
    assert rig.run() == ["a", "ra", -1]
    assert rig.worker.texts() == ['test.cfg:2: route "A1" not found']


def test_recursion_ends() -> None:
    rig = Rig(f"{HEAD}route {{ $var(i) = 0; route(A); keep($var(i)); }} route[A] {{ $var(i) += 1; route(A); }}")
    assert rig.run() == [100]
    assert "routes nested deeper than 100" in rig.worker.texts()[0]
    assert rig.ctx.route_depth == 0


def test_recursion_over_several_routes_and_zero() -> None:
    rig = Rig(f"{HEAD}route {{ $var(i) += 1; if ($var(i) < 500) route(A); }} route[A] {{ route(0); }}")
    rig.run()
    assert "nested deeper" in rig.worker.texts()[0]


def test_long_chains_of_routes_end_like_recursion() -> None:
    chain = "".join(f"route[R{n}] {{ route(R{n + 1}); }}\n" for n in range(400))
    rig = Rig(f"{HEAD}route {{ route(R0); keep(1); }}\n{chain}route[R400] {{ keep(2); }}")
    assert rig.run() == [1]
    assert "nested deeper" in rig.worker.texts()[0]


def test_unnamed_routes_join() -> None:
    rig = Rig(f"{HEAD}route {{ keep(1); }} route[0] {{ keep(2); }}")
    assert rig.run() == [1, 2]
    assert [item.code for item in rig.found.items] == ["duplicate-route"]


def test_all_kinds_of_blocks_are_where_others_look() -> None:
    rig = Rig(
        HEAD
        + """
route { keep("request"); }
route[A] { keep("a"); }
failure_route[F] { keep("failure"); only_failure(1); }
onreply_route { keep("reply"); }
onreply_route[R] { keep("onreply"); }
branch_route[B] { keep("branch"); }
onsend_route { keep("onsend"); }
error_route { keep("error"); }
event_route[probe:start] { keep("event"); }
local_route { keep("local"); }
"""
    )
    script = rig.script
    assert script is not None, rig.found.render()
    assert script.files == ("test.cfg",)
    assert script.reply_route and script.onsend_route and script.error_route
    for route, note, kind in (
        (script.routes["A"], "a", 1),
        (script.failure_routes["F"], "failure", FAILURE),
        (script.reply_route, "reply", CORE_ONREPLY),
        (script.onreply_routes["R"], "onreply", TM_ONREPLY),
        (script.branch_routes["B"], "branch", BRANCH),
        (script.onsend_route, "onsend", ONSEND),
        (script.error_route, "error", 32),
        (script.event_routes["probe:start"], "event", 1),
        (script.event_routes["tm:local-request"], "local", 1),
    ):
        assert rig.run(route=route, kind=kind)[0] == note
        assert not route.waits


@pytest.mark.parametrize(
    ("body", "dropped"),
    [
        ("keep(1);", False),
        ("exit;", False),
        ("drop;", True),
        ("code(0);", True),
        ("if (code(0)) exit;", True),
        ("return 0;", True),
    ],
)
def test_what_drops_a_reply_in_the_core_reply_route(body: str, dropped: bool) -> None:
    rig = Rig(f"{HEAD}onreply_route {{ {body} }} route {{ keep(1); }}")
    assert rig.script is not None and rig.script.reply_route is not None
    rig.run(reply(), rig.script.reply_route, CORE_ONREPLY)
    assert rig.ctx.dropped == dropped


# --- waiting


def test_a_route_that_cannot_wait_is_a_plain_function() -> None:
    rig = Rig(f"{HEAD}route {{ route(A); }} route[A] {{ keep(1); }} route[B] {{ later(1); }}")
    assert rig.script is not None
    waits = {name: route.waits for name, route in rig.script.routes.items()}
    assert waits == {"": False, "A": False, "B": True}
    assert inspect.iscoroutinefunction(rig.script.routes["B"].run)
    assert not inspect.iscoroutinefunction(rig.script.routes["A"].run)


def test_waiting_spreads_to_the_callers() -> None:
    rig = Rig(
        HEAD
        + """
route { keep(1); route(A); keep(2); }
route[A] {
	if (route(B) && !later(-1) && { later(2); }) keep("ok");
	keep(later(3));
	switch (later(4)) { case 1: keep(5); }
}
route[B] { later(1); if ($rc == 1) keep("rc"); }
route[C] { keep(9); }
"""
    )
    assert rig.script is not None
    assert {name: route.waits for name, route in rig.script.routes.items()} == {
        "": True,
        "A": True,
        "B": True,
        "C": False,
    }
    assert rig.run() == [1, "waits", "rc", "waits", "waits", "ok", "waits", 1, "waits", 5, 2]


def test_waiting_routes_stop_and_recurse_too() -> None:
    rig = Rig(
        f"{HEAD}route {{ $var(i) = 0; route(A); keep($var(i)); }} route[A] {{ $var(i) += 1; later(1); route(A); }}"
    )
    assert rig.run()[-1] == 100
    rig = Rig(f"{HEAD}route {{ if (later(0)) keep(1); keep(2); }}")
    assert rig.run() == ["waits"]
    assert rig.code == 0


def test_computed_names_wait_when_any_route_does() -> None:
    rig = Rig(
        HEAD + 'route { $var(n) = "A"; route($var(n)); } route[A] { keep(1); } route[B] { later(1); }'
        "failure_route[F] { keep(2); }"
    )
    assert rig.run() == [1]
    assert rig.script is not None
    assert all(route.waits for route in rig.script.routes.values())
    assert not rig.script.failure_routes["F"].waits


def test_waiting_reply_route_drops() -> None:
    rig = Rig(f"{HEAD}onreply_route {{ later(0); }} route {{ keep(1); }}")
    assert rig.script is not None and rig.script.reply_route is not None
    rig.run(reply(), rig.script.reply_route, CORE_ONREPLY)
    assert rig.ctx.dropped
