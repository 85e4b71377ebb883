"""avp of SER."""

from __future__ import annotations

from contextlib import closing

import pytest

from siprouter.modules.avp_s.bodies import parse_fields
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from tests.support.ser_modules import ser_router

AVP = 'loadmodule "avp.so"'


def run(call: str, show: str = "", before: str = "", uri: str = "sip:bob@example.org", **fields: object) -> str:
    with ser_router(AVP, call, show, before) as found:
        result = found.ask(uri, **fields)
        found.node.records.clear()
        return result


@pytest.mark.parametrize(
    ("call", "show", "before", "result"),
    [
        ('set_attr("x", "1") && attr_equals("x", "1")', "%$x", "", "ok 1"),
        ('set_sattr("tr.x", "@ruri")', "%$tr.x", "", "ok sip:bob@example.org"),
        ('set_iattr("x", "7") && set_iattr("x", 8)', "%<x[1]> %<x[2]>", "", "ok 7 8"),
        ('set_iattr("x", "$none")', "%$x", "", "no"),
        ('set_attr("$name", "v")', "%$real", '$name = "real";', "ok v"),
        ('set_attr("$none", "v")', "", "", "no"),
        ('del_attr("$x")', "%$x", '$x = "1";', "ok"),
        ('del_attr("$none")', "", "", "ok"),
        ('del_attr("$x[1]")', "%<x[1]> %<x[2]>", 'set_attr("x", "a"); set_attr("x", "b");', "ok b"),
        ('del_attrs("$fr")', "%$x %$tu.y", '$x = "1"; $tu.y = "2";', "ok  2"),
        ('subst_attr("$x", "/(.*)@x/\\\\1@y/")', "%$x", '$x = "a@x";', "ok a@y"),
        ('subst_attr("$x", "/q/r/")', "%$x", '$x = "a@x";', "no a@x"),
        ('subst_attr("$x", "/q/r/")', "%$x", "$x = 5;", "no 5"),
        ('flags2attr("$x")', "%$x", "setflag(3);", "ok 8"),
        ('attr_exists("x")', "", '$x = "";', "ok"),
        ('attr_exists("x")', "", "", "no"),
        ('attr_equals("x", "$y")', "", '$x = 5; $y = "5";', "ok"),
        ('attr_equals("x", "a")', "", 'set_attr("x", "a"); set_attr("x", "b");', "ok"),
        ('attr_equals("x", "c")', "", 'set_attr("x", "a");', "no"),
        ('attr_equals("x", "$none")', "", 'set_attr("x", "a");', "no"),
        ('attr_equals_xl("$x", "%ru")', "", '$x = "sip:bob@example.org";', "ok"),
        ('attr_equals_xl("$x", "%$none")', "", '$x = "<null>";', "no"),
        ('xlset_attr("$x", "<%ru>")', "%$x", "", "ok <sip:bob@example.org>"),
        ('xlset_attr("$x", "%$none")', "%$x", "", "no"),
        ('xlfix_attr("$x")', "%$x", '$x = "to %ru";', "ok to sip:bob@example.org"),
        ('xlfix_attr("$x")', "%$x", "$x = 5;", "no 5"),
        ('xlfix_attr("$x")', "", '$x = "%@nothing.at.all";', "no"),
        ('print_attr("$x")', "", '$x = "1";', "ok"),
        ('print_attr("$x")', "", "", "no"),
    ],
)
def test_values(call: str, show: str, before: str, result: str) -> None:
    assert run(call, show, before) == result


def test_a_format_that_gives_too_much() -> None:
    with ser_router(AVP, 'xlset_attr("$x", "%ru%ru%ru%ru")') as found:
        assert found.fails("more than 256 octets", f"sip:{'a' * 100}@x") == "no"


def test_dumped() -> None:
    with ser_router(AVP, 'dump_attrs() && dump_attrs("$tu")', "", '$x = "1"; $tu.y = 2;') as found:
        found.ask()
        lines = [line for line in found.node.log if line.startswith("AVP $")]
        assert lines == ["AVP $tu.y = 2", "AVP $fr.x = '1'", "AVP $tu.y = 2"]


@pytest.mark.parametrize(
    ("part", "value", "result"),
    [
        ("", '"sip:x@y"', "ok sip:x@y"),
        (', "user"', '"carol"', "ok sip:carol@example.org:5062"),
        (', "username"', "5", "ok sip:5@example.org:5062"),
        (', "host"', '"y"', "ok sip:bob@y:5062"),
        (', "domainport"', '"y:1"', "ok sip:bob@y:1"),
        (', "port"', '"77"', "ok sip:bob@example.org:77"),
        (', "port"', '"x"', "no sip:bob@example.org:5062"),
        (', "prefix"', '"00"', "ok sip:00bob@example.org:5062"),
        (', "strip"', '"2"', "ok sip:b@example.org:5062"),
        (', "strip_tail"', "1", "ok sip:bo@example.org:5062"),
        (', "strip"', '"x"', "no sip:bob@example.org:5062"),
    ],
)
def test_request_uris(part: str, value: str, result: str) -> None:
    assert run(f'attr2uri("$x"{part})', "%ru", f"$x = {value};", "sip:bob@example.org:5062") == result
    assert run(f'attr2uri("$x"{part})', "%ru", "", "sip:bob@x") == "no sip:bob@x"


@pytest.mark.parametrize(
    ("call", "value", "result"),
    [
        ('attr_destination("$x")', '"sip:10.0.0.7"', "10.0.0.7:5060"),
        ('attr_destination("$x")', '"\\"A B\\" <sip:10.0.0.8:5070;lr>;q=1"', "10.0.0.8:5070"),
        ('xlset_destination("sip:%$x")', '"10.0.0.9"', "10.0.0.9:5060"),
        ('attr_destination("$x")', '"nonsense"', ""),
        ('attr_destination("$x")', "5", ""),
        ('xlset_destination("%$none")', '""', ""),
    ],
)
def test_destinations(call: str, value: str, result: str) -> None:
    route = f'route {{ $x = {value}; if ({call}) forward(); else sl_reply("404", "No"); }}'
    text = f'#!SER\nloadmodule "sl.so"\n{AVP}\n{route}'
    with closing(Node(text)) as node:
        sent = node.receive(build_message("OPTIONS", "sip:a@b"))
        assert sent[0].status == (0 if result else 404)
        assert not result or result in str(sent[0])
        node.records.clear()


HEADERS = {"X-A": ["1", "2"], "X-B": "3"}


@pytest.mark.parametrize(
    ("call", "names", "found"),
    [
        ('insert_attr_hf("X-A", "$x")', "X-A", ["new", "old", "1", "2"]),
        ('append_attr_hf("X-A", "$x")', "X-A", ["1", "2", "old", "new"]),
        ('replace_attr_hf("X-A", "$x")', "X-A", ["old", "new"]),
        ('append_attr_hf("X-C", "$x")', "X-C", ["old", "new"]),
        ('append_attr_hf("x")', "x", ["old", "new"]),
        ('replace_attr_hf("X-A", "$none")', "X-A", ["1", "2"]),
        ('append_attr_hf("X-A", "$evil")', "X-A", ["1", "2"]),
        ('append_attr_hf("X-A: 9", "$x")', "X-A", ["1", "2"]),
    ],
)
def test_headers(call: str, names: str, found: list[str]) -> None:
    text = f"""#!SER
        loadmodule "sl.so"
        {AVP}
        route {{
            set_attr("x", "old"); set_attr("x", "new"); $evil = "1\\r\\nX-Evil: 1";
            {call};
            forward(10.0.0.1, 5060);
        }}
    """
    with closing(Node(text)) as node:
        sent = node.receive(build_message("OPTIONS", "sip:a@b", headers=HEADERS))[0].text
        lines = [line.partition(": ")[::2] for line in sent.split("\r\n")]
        assert [value for name, value in lines if name.lower() == names.lower()] == found
        assert "X-Evil" not in sent
        node.records.clear()


def test_headers_of_replies() -> None:
    with ser_router(AVP, 'attr_to_reply("X-R", "$x") && attr_to_reply("x")', "", '$x = "v";') as found:
        sent = found.node.receive(build_message("OPTIONS", "sip:a@b"))[0]
        assert (sent.header("X-R"), sent.header("x"), sent.header("X-Result")) == ("v", "v", "ok")


@pytest.mark.parametrize(
    ("text", "between", "within", "found"),
    [
        ("a=1, b = -2 ,c=x", ",", "", [("a", 1), ("b", -2), ("c", "x")]),
        ('a="x,y"; b', ";", ",", [("a", "x,y")]),
        ("a=1,2;b=3,x", ";", ",", [("a#1", 1), ("a#2", 2), ("b#1", 3), ("b#2", "x")]),
        ("a=99999999999,b=0x10", ",", "", [("a", "99999999999"), ("b", "0x10")]),
        ("a=;b=1", ";", ",", [("a", ""), ("b", 1)]),
        ("=1", ",", "", []),
        ("a=1 x=2", ",", "", [("a", 1)]),
        ('a="open', ",", "", [("a", '"open')]),
    ],
)
def test_fields(text: str, between: str, within: str, found: list[tuple[str, object]]) -> None:
    assert parse_fields(text, between, within) == found


def test_fields_are_bounded() -> None:
    assert len(parse_fields(",".join("a=1" for _ in range(5000)), ",", "")) == 256
    assert len(parse_fields("a=" + ",".join("1" for _ in range(5000)), ";", ",")) <= 256


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('hdr_body2attrs("X-S", "q_")', "ok 1 b 3"),
        ('hdr_body2attrs("X-S/i", "q_")', "ok 1  3"),
        ('hdr_body2attrs("X-S/s", "q_")', "ok  b"),
        ('hdr_body2attrs("X-None", "q_")', "ok"),
    ],
)
def test_fields_of_headers(call: str, result: str) -> None:
    assert run(call, "%$q_a %$q_b %$q_c", headers={"X-S": "a=1,b=b,c=3"}) == result


def test_lists_of_headers() -> None:
    found = run('hdr_body2attrs2("X-S", "")', "%@attr.a %@attr.b", headers={"X-S": f"a=7;b=8;{'n' * 60}=1"})
    assert found == "ok 7 8"


@pytest.mark.parametrize(
    ("select", "result"),
    [
        ("@attr.x", '"A" <sip:u@h:5061;p=1>;q=2'),
        ("@avp.tu.y", "5"),
        ("@attribute.f.x.nameaddr.uri", "sip:u@h:5061;p=1"),
        ("@attr.x.nameaddr.uri.host", "h"),
        ("@attr.x.nameaddr.uri.params.p", "1"),
        ("@attr.x.nameaddr.params.q", "2"),
        ("@attr.x.nameaddr.name", '"A"'),
        ("@attr.none", ""),
        ("@attr.none.nameaddr.uri", ""),
    ],
)
def test_selects(select: str, result: str) -> None:
    before = '$x = "\\"A\\" <sip:u@h:5061;p=1>;q=2"; $tu.y = 5;'
    assert run("1", f"%{select}", before) == f"ok {result}".rstrip()


@pytest.mark.parametrize(
    "call",
    [
        'del_attr("x")',
        'del_attrs("$xx")',
        'attr2uri("$x", "colour")',
        'hdr_body2attrs("", "x")',
        'hdr_body2attrs("x/q", "x")',
        'subst_attr("$x", "nonsense")',
        'xlset_attr("$x", "%@nothing.at.all")',
    ],
)
def test_mistakes_are_found_when_loading(call: str) -> None:
    with pytest.raises(LoadError):
        run(call)


def test_the_parameter_is_checked() -> None:
    with pytest.raises(LoadError, match="xlbuf_size"), ser_router(AVP + '\nmodparam("avp", "xlbuf_size", 0)', "1"):
        pass
