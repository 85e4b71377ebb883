"""Whatever the text: diagnostics and never anything else, in bounded time."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siprouter.script.diagnostics import Diagnostics
from siprouter.script.parser import parse_source
from siprouter.script.runtime import EvalError
from siprouter.script.source import SourceFile
from tests.support.scripts import Rig

SEED_TEXT = """#!ALL
#!define WITH_NAT
#!define FLAG 5
#!subst "/HOST/example.com/g"
#!ifdef WITH_NAT
debug=3 children=4
listen=udp:127.0.0.1:5060
#!else
fork=no
#!endif
pstn.gw = "10.0.0.1" desc "gateway"
flags acc, missed:3
loadmodule "tm.so"
modparam("tm|sl", "fr_timer", 5000)
route {
	if (!mf_process_maxfwd_header("10") || src_ip == 10.0.0.0/8) { sl_send_reply("483", "Too Many"); exit; }
	$var(i) = (int)$(rU{s.len}) + 1 * -2;
	while ($var(i) < 10 && defined $avp(s:x)) { $var(i) = $var(i) + FLAG; if (uri == myself) break; }
	switch ($rm) { case "INVITE": case /"^ACK": route(RELAY); break; default: drop; }
	$x = @from.uri.user; $f.y[1] = "a" "b"; /* comment */ # more
	if ($rc == -1) return -1; else if (method == "BYE") t_relay(); else { t_reply("404", "Not \\x46ound"); }
}
route[RELAY] { setflag(acc); if (!t_relay()) sl_reply_error(); exit; }
event_route[tm:local-request] { xlog("$ru\\n"); }
"""


def parse_any(text: str) -> Diagnostics:
    found = Diagnostics()
    parse_source(SourceFile("fuzz.cfg", text), found)
    found.render()
    for item in found.items:
        assert item.message
        item.as_dict()
    return found


@pytest.mark.fuzz
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_random_bytes(data: bytes) -> None:
    parse_any(data.decode("utf-8", "surrogateescape"))


WORDS = (
    SEED_TEXT.split() + list("(){}[];,:=+-*/<>!~^&|$%@#'\"\\\n") + ["#!define ", "#!ifdef ", "#!endif\n", "case", "::"]
)


@pytest.mark.fuzz
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(WORDS), max_size=60), st.sampled_from(["", " ", "\n"]))
def test_random_words(words: list[str], separator: str) -> None:
    parse_any(separator.join(words))


def mutate(text: str, source: random.Random, most: int = 6) -> str:
    """`text` with up to `most` stretches of characters deleted, doubled, moved or changed."""
    for _ in range(source.randint(1, most)):
        start = source.randrange(len(text))
        end = min(len(text), start + source.randint(1, 12))
        kind = source.randrange(4)
        if kind == 0:
            text = text[:start] + text[end:]
        elif kind == 1:
            text = text[:end] + text[start:]
        elif kind == 2:
            text = text[:start] + source.choice(WORDS) + text[end:]
        else:
            other = source.randrange(len(text))
            text = text[:other] + text[start:end] + text[other:]
        text = text or " "
    return text


@pytest.mark.fuzz
def test_mutated_configurations() -> None:
    source = random.Random(31)
    for _ in range(1500):
        parse_any(mutate(SEED_TEXT, source))


def test_the_seed_itself_is_good() -> None:
    assert not parse_any(SEED_TEXT).items


def test_ten_thousand_lines() -> None:
    body = SEED_TEXT.partition("route {")[2].partition("route[RELAY]")[0]
    text = "#!define FLAG 5\n" + "\n".join(f"route[r{number}] {{{body}" for number in range(1250))
    assert text.count("\n") > 10_000
    assert not parse_any(text).items


COMPILED_TEXT = """#!KAMAILIO
flags acc, missed:3
gw.ip = "10.0.0.1" desc "gateway"
modparam("probe", "limit", 5)
route {
	$var(i) = 0; $avp(a) = "x" + 1;
	if (method == "INVITE" && !code(-1) || src_ip == 10.0.0.0/8) { note("$rU"); } else if ($rU =~ "^b") exit;
	while ($var(i) < 3 && defined $avp(a)) { $var(i) += 1; if ($rc == 1) break; code($var(i) - 1 / 2); }
	switch ($rU) { case "bob": case /"^x": route(A); break; default: drop; }
	switch ($var(i)) { case 1: keep(1); case 2: keep(@from.uri.user); default: keep((int)$var(i) mod 2); }
	$var(r) = { code(2); } + strlen($fu) + ~5; setflag(acc); route("A");
	if (later(1)) append_branch("sip:a@b", "0.5");
	return -1;
}
route[A] { if (isflagset(acc) && ($var(x) = 5)) return $var(i) + 1; route(0); }
failure_route[F] { only_failure(1); }
"""


@pytest.mark.fuzz
def test_mutated_configurations_are_refused_or_run() -> None:
    source = random.Random(7)
    ran = 0
    for _ in range(250):
        rig = Rig(mutate(COMPILED_TEXT, source, 1))
        rig.found.render()
        assert (rig.script is None) == rig.found.failed
        if rig.script is not None and rig.script.request_route is not None:
            try:
                rig.run()
            except EvalError:
                continue
            ran += 1
    assert ran > 5


def test_the_compiled_seed_itself_is_good() -> None:
    rig = Rig(COMPILED_TEXT)
    assert not rig.found.items, rig.found.render()
    rig.run()


def test_ten_thousand_lines_compile_in_a_moment() -> None:
    body = COMPILED_TEXT.partition("route {")[2].partition("route[A]")[0].replace('case /"^x":', "")
    routes = "\n".join(f"route[r{number}] {{{body}" for number in range(1000))
    rig = Rig(f"#!KAMAILIO\nflags acc\nroute {{ route(r1); }} route[A] {{ exit; }}\n{routes}")
    assert not rig.found.errors, rig.found.render()[:2000]


def test_expressions_as_deep_as_the_parser_allows_compile() -> None:
    for text in (
        "(" * 70 + "1 + $var(x)" + ")" * 70,
        "!" * 60 + "$var(x)",
        " + ".join(["$var(x)"] * 140),
        "(" * 30 + "$var(x)" + " + $var(x))" * 30,
        "{ keep(" * 20 + "1" + "); }" * 20,
        " && ".join(["$var(x)"] * 1500),
    ):
        rig = Rig(f"#!KAMAILIO\nroute {{ keep({text}); }}")
        assert not rig.found.errors, rig.found.render()
        rig.run()


def test_too_deep_trees_are_refused() -> None:
    text = "$var(x)"
    for _ in range(60):
        text = "(" + text + " + 1" * 140 + ")"
    rig = Rig(f"#!KAMAILIO\nroute {{ keep({text}); }}")
    assert [item.code for item in rig.found.errors] == ["nesting"]


def test_errors_are_limited() -> None:
    found = parse_any("route { " + "f(;" * 5000 + "}")
    assert len(found.errors) == 100
    assert found.full
