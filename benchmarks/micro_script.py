"""Compiled routes: statements, functions, variables, transformations. Each case runs one route of ten such lines."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

from benchmarks.bed import Bed
from benchmarks.micro import Case
from benchmarks.micro_sip import INVITE

LINES = {
    "empty route": "",
    "x10 if (method == …)": 'if (method == "BYE") { exit; }',
    "x10 if (is_method(…))": 'if (is_method("BYE|CANCEL")) { exit; }',
    "x10 if (uri == myself)": "if (uri == myself) { exit; }",
    "x10 if (… =~ …)": 'if ($rU =~ "^00[0-9]+") { exit; }',
    "x10 $var(i) = $var(i) + 1": "$var(i) = $var(i) + 1;",
    "x10 $avp(s:a) = text": '$avp(s:a) = "text";',
    "x10 text + $rU + $fd": '$var(s) = "x-" + $rU + "@" + $fd;',
    "x10 $ru = …": '$ru = "sip:carol@example.net";',
    "x10 {s.len}": "$var(n) = $(fu{s.len});",
    "x10 {s.substr,0,3}": "$var(s) = $(fU{s.substr,0,3});",
    "x10 {uri.host}": "$var(s) = $(fu{uri.host});",
    "x10 {s.md5}": "$var(s) = $(fU{s.md5});",
    "x10 setflag, isflagset": "setflag(5); if (!isflagset(5)) { exit; }",
    "x10 route(NEXT)": "route(NEXT);",
    "x10 is_present_hf": 'if (is_present_hf("Subject")) { exit; }',
    "x10 xlog below the level": 'xlog("L_DBG", "step of $rm\\n");',
    "x10 search": 'if (search("Subject: *urgent")) { exit; }',
}
REPEATS = 10
EDITS = {
    "append_hf": 'append_hf("P-Hint: one\\r\\n");',
    "remove_hf": 'remove_hf("User-Agent");',
    "record_route": "record_route();",
    "mf_process_maxfwd_header": 'mf_process_maxfwd_header("10");',
}


def script() -> str:
    """A configuration with one route for each case."""
    blocks = ['loadmodule "xlog.so"\nroute { exit; }\nroute[NEXT] { return; }\n']
    for number, line in enumerate(LINES.values()):
        blocks.append(f"route[CASE{number}] {{\n" + f"\t{line}\n" * REPEATS + "}\n")
    blocks += [f"route[EDIT{number}] {{\n\t{line}\n}}\n" for number, line in enumerate(EDITS.values())]
    return "".join(blocks)


def on_a_fresh_message(bed: Bed, route: Callable[[Any], Any]) -> Case:
    return lambda: route(bed.context(INVITE))


def cases(stack: ExitStack) -> dict[str, Case]:
    """What is timed, by name."""
    bed = stack.enter_context(closing(Bed(script())))
    ctx = bed.context(INVITE)
    found: dict[str, Case] = {}
    for number, name in enumerate(LINES):
        run = bed.route(f"CASE{number}")
        found[name] = lambda run=run: run(ctx)
    found["context (with parsing)"] = lambda: bed.context(INVITE)
    for number, name in enumerate(EDITS):
        found[f"{name} (with parsing)"] = on_a_fresh_message(bed, bed.route(f"EDIT{number}"))
    return found
