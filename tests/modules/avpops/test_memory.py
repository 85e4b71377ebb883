"""Functions of avpops that need no database."""

from __future__ import annotations

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "avpops.so"
route {
	%s;
	$var(code) = $rc;
	append_to_reply("X-Result: $var(code) %s\\r\\n");
	sl_send_reply("200", "OK");
}
"""

ANY = "$(avp(s:a)[*]) $(avp(s:b)[*]) $(avp(i:5)[*])"
SET = '$avp(s:a) = 1; $avp(s:a) = 2; $avp(s:b) = "x"; '


def run(call: str, show: str = ANY, uri: str = "sip:bob@example.org") -> str:
    node = Node(CONFIG % (call, show))
    try:
        sent = node.receive(build_message("OPTIONS", uri, headers={"User-Agent": "Phone 1.0"}))
        node.records.clear()
        return (sent[0].header("X-Result") or "").replace(", ", ",")
    finally:
        node.close()


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('avp_delete("$avp(s:a)")', "1 1 x <null>"),
        ('avp_delete("$avp(s:a)/g")', "1 <null> x <null>"),
        ('avp_delete("$avp(s:none)")', "-1 2,1 x <null>"),
        ('$avp(i:5) = 5; avp_delete("i")', "1 2,1 x <null>"),
        ('$avp(i:5) = 5; avp_delete("s")', "1 <null> <null> 5"),
        ('$avp(i:5) = 5; avp_delete("*")', "1 <null> <null> <null>"),
        ('avp_delete("a3")', "-1 2,1 x <null>"),
        ('avp_copy("$avp(s:a)", "$avp(s:b)")', "1 2,1 2,x <null>"),
        ('avp_copy("$avp(s:a)", "$avp(s:b)/g")', "1 2,1 1,2,x <null>"),
        ('avp_copy("$avp(s:a)", "$avp(s:b)/gd")', "1 <null> 1,2,x <null>"),
        ('avp_copy("$avp(s:a)", "$avp(s:b)/d")', "1 1 2,x <null>"),
        ('avp_copy("$avp(s:a)", "$avp(s:a)/gd")', "1 1,2 x <null>"),
        ('avp_copy("$avp(s:b)", "$avp(i:5)/n")', "-1 2,1 x <null>"),
        ('$avp(s:b) = "12"; avp_copy("$avp(s:b)", "$avp(i:5)/n"); avp_op("$avp(i:5)", "add/i:1/d")', "1 2,1 12,x 13"),
        ('avp_copy("$avp(s:a)", "$avp(i:5)/s"); is_avp_set("$avp(i:5)/s")', "1 2,1 x 2"),
        ('avp_copy("$avp(s:none)", "$avp(i:5)")', "-1 2,1 x <null>"),
        ('$var(n) = "a"; avp_delete("$avp($var(n))/g")', "1 <null> x <null>"),
        ('avp_delete("$avp($var(none))/g")', "-1 2,1 x <null>"),
    ],
)
def test_deleted_and_copied(call: str, result: str) -> None:
    assert run(SET + call) == result


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('avp_op("$avp(s:a)", "add/i:3")', "1 4,5,2,1"),
        ('avp_op("$avp(s:a)/$avp(i:5)", "mul/i:0x10")', "1 2,1"),
        ('avp_op("$avp(s:a)/$avp(i:5)", "not/i:0/d")', "1 <null>"),
        ('avp_op("$avp(s:b)", "add/i:3")', "-1 2,1"),
        ('avp_op("$avp(s:a)", "add/$avp(s:none)")', "-1 2,1"),
        ('avp_op("$avp(s:a)", "add/$ua")', "-1 2,1"),
        ('$var(x) = 7; avp_op("$avp(s:a)", "sub/$var(x)/d")', "1 -6,-5"),
    ],
)
def test_calculated(call: str, result: str) -> None:
    assert run(SET + call, "$(avp(s:a)[*])") == result


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ("add/i:2147483647", -2147483642),
        ("div/i:-2", -3),
        ("mod/i:-2", 1),
        ("div/i:0", 0),
        ("mod/i:0", 0),
        ("and/i:3", 3),
        ("or/i:8", 15),
        ("xor/i:1", 6),
        ("not/i:6", -7),
    ],
)
def test_arithmetic(operation: str, result: int) -> None:
    assert run(f'$avp(s:c) = 7; avp_op("$avp(s:c)", "{operation}")', "$avp(s:c)") == f"1 {result}"


@pytest.mark.parametrize(
    ("variable", "test", "result"),
    [
        ("$avp(s:a)", "eq/i:2", 1),
        ("$avp(s:a)", "eq/i:1", -1),
        ("$avp(s:a)", "eq/i:1/g", 1),
        ("$avp(s:a)", "lt/i:2/g", 1),
        ("$avp(s:a)", "gt/i:2/g", -1),
        ("$avp(s:a)", "ge/i:2", 1),
        ("$avp(s:a)", "le/i:1", -1),
        ("$avp(s:a)", "ne/i:2", -1),
        ("$avp(s:a)", "and/i:2", 1),
        ("$avp(s:a)", "and/i:1", -1),
        ("$avp(s:a)", "or/i:0", 1),
        ("$avp(s:a)", "xor/i:2", -1),
        ("$avp(s:a)", "eq/s:2", -1),
        ("$avp(s:none)", "ne/s:2", -1),
        ("$avp(s:b)", "eq/X/i", 1),
        ("$avp(s:b)", "eq/X", -1),
        ("$avp(s:b)", "ne/y", 1),
        ("$avp(s:b)", "lt/Y", 1),
        ("$avp(s:b)", "eq/i:1", -1),
        ("$ua", "re/^phone", 1),
        ("$ua", "re/^(a+)+$", -1),
        ("$ua", "fm/Phone*", 1),
        ("$ua", "fm/phone*", -1),
        ("$ua", "fm/phone [0-9].?/i", 1),
        ("$ua", "eq/$ua", 1),
        ("$rU", "eq/$fU/I", -1),
        ("$avp(s:a)", "eq/$avp(s:a)", 1),
        ("$var(none)", "eq/$avp(s:none)", -1),
    ],
)
def test_checks(variable: str, test: str, result: int) -> None:
    assert run(f'{SET} avp_check("{variable}", "{test}")', "") == str(result)


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('is_avp_set("$avp(s:a)")', 1),
        ('is_avp_set("$avp(s:none)")', -1),
        ('is_avp_set("$avp(s:a)/n")', 1),
        ('is_avp_set("$avp(s:a)/s")', -1),
        ('is_avp_set("$avp(s:b)/s")', 1),
        ('is_avp_set("$avp(s:b)/e")', -1),
        ('$avp(s:c) = ""; is_avp_set("$avp(s:c)/es")', 1),
        ('$avp(s:c) = 0; is_avp_set("$avp(s:c)/en")', 1),
        ('is_avp_set("$(avp(s:a)[1])/n")', 1),
        ('is_avp_set("$(avp(s:a)[2])")', -1),
    ],
)
def test_whether_one_is_set(call: str, result: int) -> None:
    assert run(SET + call, "") == str(result)


MAILS = '$avp(s:a) = "a@x"; $avp(s:a) = 7; $avp(s:a) = "b@x"; '


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('avp_subst("$avp(s:a)", "/(.*)@(.*)/\\\\1@$rd/")', "1 b@example.org,7,a@x <null>"),
        ('avp_subst("$avp(s:a)//g", "/@x/@y/")', None),
        ('avp_subst("$avp(s:a)/$avp(s:b)/g", "/@x/@y/")', "1 b@x,7,a@x a@y,b@y"),
        ('avp_subst("$avp(s:a)/$avp(s:b)/gd", "/@x/@y/")', "1 7 a@y,b@y"),
        ('avp_subst("$avp(s:a)/$avp(s:b)", "/A@X/q/i")', "1 b@x,7,a@x q"),
        ('avp_subst("$avp(s:a)", "/nothing/q/")', "-1 b@x,7,a@x <null>"),
        ('avp_subst("$avp(s:none)", "/nothing/q/")', "-1 b@x,7,a@x <null>"),
    ],
)
def test_substituted(call: str, result: str | None) -> None:
    if result is None:
        with pytest.raises(LoadError):
            run(MAILS + call)
    else:
        assert run(MAILS + call, "$(avp(s:a)[*]) $(avp(s:b)[*])") == result


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('avp_pushto("$ru", "$avp(s:u)")', "1 sip:v@v.org <null> <null>"),
        ('avp_pushto("$ru", "$avp(s:u)/g")', "1 sip:u@u.org <null> sip:v@v.org"),
        ('avp_pushto("$ru/username", "$fU")', "1 sip:alice@example.org <null> <null>"),
        ('avp_pushto("$ru/domain", "$avp(s:d)")', "1 sip:bob@d.org <null> <null>"),
        ('avp_pushto("$ru/username", "$avp(s:n)")', "1 sip:9@example.org <null> <null>"),
        ('avp_pushto("$du", "$avp(s:u)")', "1 sip:bob@example.org sip:v@v.org <null>"),
        ('avp_pushto("$du", "$avp(s:n)")', "-1 sip:bob@example.org <null> <null>"),
        ('avp_pushto("$br", "$avp(s:u)")', "1 sip:bob@example.org <null> sip:v@v.org"),
        ('avp_pushto("$ru", "$avp(s:none)")', "-1 sip:bob@example.org <null> <null>"),
    ],
)
def test_pushed(call: str, result: str) -> None:
    first = '$avp(s:u) = "sip:u@u.org"; $avp(s:u) = "sip:v@v.org"; $avp(s:d) = "d.org"; $avp(s:n) = 9; '
    assert run(first + call, "$ru $du $(branch(uri)[0])") == result


def test_printed() -> None:
    node = Node(CONFIG % (SET + "avp_print()", ""))
    node.receive(build_message("OPTIONS", "sip:a@b"))
    assert node.logged("AVP s:a = 2") and node.logged("AVP s:b = 'x'")
    node.close()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('avp_delete("x")', "expected"),
        ('avp_delete("$avp(s:a)/x")', "unknown flag 'x'"),
        ('avp_delete("s999")', "expected"),
        ('avp_copy("$ru", "$avp(s:a)")', "expected .avp"),
        ('avp_pushto("$fu", "$ru")', "expected .ru"),
        ('avp_pushto("$ru/port", "$ru")', "expected .ru"),
        ('avp_pushto("$ru", "x")', "expected a variable"),
        ('avp_check("$ru", "xx/1")', "operators are"),
        ('avp_check("$ru", "eq/")', "no value"),
        ('avp_check("$ru", "eq/i:x")', "expected i:number"),
        ('avp_check("$ru", "re/$var(x)")', "constant"),
        ('avp_check("$ru", "re/(")', "avp_check|test"),
        ('avp_check("x", "eq/1")', "expected a variable"),
        ('avp_op("$avp(s:a)", "add/1")', "i:number"),
        ('is_avp_set("$avp(s:a)/sn")', "exclude"),
        ('avp_db_query("select 1")', "db_url"),
        ('avp_db_load("$fu/x", "i")', "unknown flag"),
        ('avp_db_load("$fu", "i/a;b")', "name of a table"),
        ('avp_db_load("$fu", "i/$none")', "needs the name"),
        ('avp_db_load("$fu", "$avp(s:a)/$none")', "no scheme"),
    ],
)
def test_mistakes_are_found_when_loading(call: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        run(call)
