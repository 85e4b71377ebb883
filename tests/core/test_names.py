"""Names of AVPs, paths of selects, substitutions, edits that are settled late."""

from __future__ import annotations

import pytest

from siprouter.core.avp import CLASS_GLOBAL, CLASS_USER, DEFAULT_CLASS, TRACK_TO
from siprouter.core.avp_names import parse_avp_aliases, parse_avp_name, parse_avp_variable
from siprouter.core.declare import Module, select
from siprouter.core.late_edits import exchange_late, find_late, insert_late, settle_edits
from siprouter.core.selects import find_select, split_select_path
from siprouter.core.substitution import SubstArg, parse_substitution
from siprouter.transport.endpoint import PROTO_UDP, Listener
from siprouter.util.errors import NOWHERE, OperatorError
from tests.support.fakes import context, make_worker, request


def test_avp_names() -> None:
    assert parse_avp_name("x") == parse_avp_name("s:x") == parse_avp_name("S:x") == (DEFAULT_CLASS, "x")
    assert parse_avp_name("i:65535") == (DEFAULT_CLASS, 65535)
    assert parse_avp_name("tu.x") == (TRACK_TO | CLASS_USER, "x")
    assert parse_avp_name("g.x") == (CLASS_GLOBAL, "x")
    for wrong in ("", "s:", "i:", "i:x", "i:65536", "i:-1", "x:y", "ff.x", "f.", "f.a[1]", "f.a.b"):
        with pytest.raises(ValueError, match="AVP"):
            parse_avp_name(wrong)


def test_avp_aliases_and_variables() -> None:
    aliases = parse_avp_aliases(" a = s:x;b=i:5 ")
    assert aliases == {"a": (DEFAULT_CLASS, "x"), "b": (DEFAULT_CLASS, 5)}
    assert parse_avp_aliases("") == {}
    assert parse_avp_variable("$avp(b)", aliases) == (DEFAULT_CLASS, 5)
    assert parse_avp_variable(" $avp(s:b) ", aliases) == (DEFAULT_CLASS, "b")
    for wrong in ("a", "a=", "=x", "a=s:x;", "a=q:x"):
        with pytest.raises(ValueError, match=r"alias|AVP"):
            parse_avp_aliases(wrong)
    for wrong in ("b", "$var(b)", "$avp(b", "$avp()"):
        with pytest.raises(ValueError, match=r"AVP|avp"):
            parse_avp_variable(wrong, aliases)


def test_select_paths() -> None:
    assert split_select_path('a.b-c[1].d["x.y"][-2]') == ["a", "b-c", 1, "d", "x.y", -2]
    for wrong in ("", ".a", "a.", "a[", "a[x]", "a b", "a" + ".a" * 40):
        with pytest.raises(ValueError, match="select"):
            split_select_path(wrong)


def test_the_select_with_most_fixed_names_wins() -> None:
    worker = make_worker()
    worker.add_module(
        Module(
            "x",
            help="",
            state=lambda worker: None,
            selects=[
                select("a.%s", lambda inst, ctx, name: f"any {name}"),
                select("a.b", lambda inst, ctx: "fixed"),
                select("a.c.*", lambda inst, ctx, rest: f"rest {rest}"),
                select("via[%i].x", lambda inst, ctx, index: f"via {index}"),
                select("q([%i])(.%s)", lambda inst, ctx, index, name: f"q {index} {name}"),
            ],
        )
    )
    values = {
        "a.b": "fixed", "a.z": "any z", "a.c.d[2]": "rest ('d', 2)", "via[3].x": "via 3", "q": "q None None",
        "q[1]": "q 1 None", "q.n": "q None n", "q[1].n": "q 1 n",
    }  # fmt: skip
    ctx = context(worker, request("INVITE", "sip:a"))
    for path, value in values.items():
        get = find_select(worker.registry, split_select_path(path))
        assert get is not None
        assert get(ctx) == value
    for path in ("a", "a.b.c", "via.x", "via[1]", "q.n.m", "z"):
        assert find_select(worker.registry, split_select_path(path)) is None


def test_substitutions() -> None:
    worker = make_worker("pv")
    ctx = context(worker, request("INVITE", "sip:bob@h"))
    run = parse_substitution("/b(.)b/<\\1$rm$$x\\u>/g", worker.env, NOWHERE).run
    assert run(ctx, "a bob c bib") == "a <oINVITE$xsip:bob@h> c <iINVITE$xsip:bob@h>"
    assert run(ctx, "nothing") is None
    assert parse_substitution("/a/$/", worker.env, NOWHERE).run(ctx, "a") == "$"
    for wrong in ("/a", "/(/x/", "/a/$none/"):
        with pytest.raises(OperatorError):
            parse_substitution(wrong, worker.env, NOWHERE)
    with pytest.raises(OperatorError):
        SubstArg().convert(ctx, "/a/b/")


class Lines:
    def __init__(self, name: str) -> None:
        self.name = name

    def lines(self, listener: Listener | None) -> bytes:
        return f"{self.name}: {listener.port if listener else 0}\r\n".encode()


def test_late_edits_follow_the_list_of_edits() -> None:
    ctx = context(make_worker(), request("INVITE", "sip:a"))
    socket = Listener(PROTO_UDP, "192.0.2.1", 5070)
    assert find_late(ctx, Lines) is None
    before = list(ctx.msg.edits)
    first = Lines("A")
    insert_late(ctx, first)
    ctx.msg.append_header(b"B: c\r\n")
    assert find_late(ctx, Lines) is first
    assert find_late(ctx, Listener) is None
    assert [edit.data for edit in settle_edits(ctx, ctx.msg.edits, socket)] == [b"A: 5070\r\n", b"B: c\r\n"]
    assert [edit.data for edit in ctx.msg.edits] == [b"A: 0\r\n", b"B: c\r\n"]
    shared = ctx.msg.edits
    ctx.msg.edits = list(shared)
    exchange_late(ctx, first, Lines("C"))
    assert settle_edits(ctx, ctx.msg.edits, socket)[0].data == b"C: 5070\r\n"
    assert settle_edits(ctx, shared, socket)[0].data == b"A: 5070\r\n"
    ctx.msg.edits = before
    assert find_late(ctx, Lines) is None
