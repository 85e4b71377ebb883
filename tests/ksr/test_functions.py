"""ksr/functions.py and what it finds: names, parameters and results of KEMI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from siprouter.core.context import Branch, Context
from siprouter.core.routes import FAILURE
from siprouter.ksr.api import HostApi
from siprouter.ksr.errors import LeaveScript
from siprouter.ksr.functions import LIBRARY, find, modules_of, names_of
from siprouter.ksr.lib_modules import ALIASES
from siprouter.ksr.values import CallError
from siprouter.testing import Node

CONFIG = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "maxfwd.so"
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;")
alias=example.org
route { exit; }
route[ONE] { $var(seen) = $rm; return 5; }
failure_route[AGAIN] { exit; }
"""

Call = Callable[..., Any]


@pytest.fixture
def node() -> Iterator[Node]:
    with Node(CONFIG) as node:
        yield node


@pytest.fixture
def api(node: Node) -> HostApi:
    return HostApi(node.worker, node.worker.env)


@pytest.fixture
def ctx(node: Node) -> Context:
    headers = [("X-One", "first"), ("X-One", "second"), ("User-Agent", "phone")]
    return node.run_route("", node.request("INVITE", "sip:bob@example.org", headers=headers)).ctx


@pytest.fixture
def ksr(api: HostApi, ctx: Context) -> Call:
    def call(path: str, *args: Any) -> Any:
        module, _, name = path.rpartition(".")
        return find(api, module, name)(ctx, args)

    return call


def edited(ctx: Context) -> str:
    return ctx.msg.apply_edits().buf.decode()


def test_methods_and_addresses(ksr: Call) -> None:
    assert ksr("is_INVITE") is True
    assert ksr("is_BYE") is False
    assert ksr("is_method", "BYE|INVITE") is True
    assert ksr("is_method_in", "RI") is True
    assert ksr("is_method_in", "RB") is False
    assert ksr("is_UDP") is ksr("is_IPv4") is ksr("is_proto", "udp") is ksr("is_proto", "tu") is True
    assert ksr("is_TCP") is ksr("is_IPv6") is ksr("is_proto", "tew") is ksr("is_WSX") is False
    assert ksr("is_myself_ruri") is ksr("is_myself", "sip:x@example.org") is True
    assert ksr("is_myself_duri") is ksr("is_myself", "no uri") is ksr("is_myself_srcip") is False
    assert ksr("is_src_port", 5060) is ksr("is_dst_port", "5060") is True


def test_flags(ksr: Call, ctx: Context) -> None:
    for letter in ("", "b", "s"):
        assert ksr(f"is{letter}flagset", 3) is False
        assert ksr(f"set{letter}flag", 3) is ksr(f"is{letter}flagset", 3) is True
        assert ksr(f"reset{letter}flag", 3) is True
        assert ksr(f"is{letter}flagset", 3) is False
    ctx.branches.append(Branch("sip:two@x"))
    assert ksr("setbiflag", 2, 1) is ksr("isbiflagset", 2, 1) is True
    assert ksr("isbiflagset", 2, 0) is False
    assert ctx.branches[0].flags == 4
    for bad in ((32,), (-1,)):
        with pytest.raises(CallError, match="from 0 to 31"):
            ksr("setflag", *bad)
    with pytest.raises(CallError, match="no branch 9"):
        ksr("setbiflag", 1, 9)


def test_destinations(ksr: Call, ctx: Context) -> None:
    assert ksr("isdsturiset") is False
    assert ksr("setdsturi", "sip:10.0.0.1") is ksr("isdsturiset") is True
    assert ksr("is_myself_nhuri") is False
    assert ksr("resetdsturi") is True
    assert ksr("is_myself_nhuri") is True
    assert ksr("seturi", "sip:a@b") is ksr("setuser", "c") is ksr("sethost", "d") is True
    assert ctx.uri == "sip:c@d"


def test_variables(ksr: Call) -> None:
    assert ksr("pv.get", "$rm") == "INVITE"
    assert (ksr("pv.get", "$avp(n)"), ksr("pv.gete", "$avp(n)"), ksr("pv.getw", "$avp(n)")) == (None, "", "<null>")
    assert (ksr("pv.getvn", "$avp(n)", 7), ksr("pv.getvs", "$avp(n)", "x")) == (7, "x")
    assert ksr("pv.is_null", "$avp(n)") is True
    assert ksr("pv.seti", "$avp(n)", "12") is True
    assert ksr("pv.sets", "$avp(s)", 12) is True
    assert (ksr("pv.get", "$avp(n)"), ksr("pv.get", "$avp(s)"), ksr("pv.geti", "$avp(s)")) == (12, "12", 12)
    assert ksr("pv.unset", "$avp(n)") is ksr("pv.is_null", "$avp(n)") is True
    assert ksr("pvx.evalx", "$var(x)", "m $rm") == ksr("pvx.avp_is_null", "n") == 1
    assert (ksr("pvx.var_get", "x"), ksr("pvx.var_seti", "x", 4), ksr("pvx.var_get", "x")) == ("m INVITE", 1, 4)
    assert ksr("kx.get_ruri") == "sip:bob@example.org"
    assert ksr("kx.gete_duri") == ""
    with pytest.raises(CallError, match="bad name"):
        ksr("pvx.var_get", "x)$rm")


def test_hash_tables(ksr: Call) -> None:
    key = "odd $rm )=>key"
    assert ksr("htable.sht_is_null", "t", key) == 1
    assert ksr("htable.sht_seti", "t", key, 5) == 1
    assert (ksr("htable.sht_inc", "t", key), ksr("htable.sht_dec", "t", key)) == (6, 5)
    assert ksr("htable.sht_get", "t", key) == 5
    assert ksr("htable.sht_setxs", "t", key, "v", 10) == 1
    assert ksr("htable.sht_gete", "t", key) == "v"
    assert ksr("htable.sht_rm", "t", key) == 1
    assert ksr("htable.sht_getw", "t", key) == "<null>"
    with pytest.raises(CallError, match="no hash table 'u'"):
        ksr("htable.sht_get", "u", key)


def test_search_in_hash_tables(ksr: Call) -> None:
    ksr("htable.sht_sets", "t", "10.0.0.1", "Banned")
    for name, expected in (("sht_match_name", "10.0.0.1"), ("sht_match_str_value", "Banned")):
        found = [
            ksr(f"htable.{name}", "t", operator, text)
            for operator, text in (
                ("eq", expected),
                ("eq", "no"),
                ("ne", expected),
                ("ne", "no"),
                ("sw", expected[:4]),
                ("sw", expected[1:]),
                ("re", expected[-2:] + "$"),
                ("re", "^x"),
            )
        ]
        assert found == [1, -1, -1, 1, 1, -1, 1, -1]
    with pytest.raises(CallError, match="unknown comparison 'is'"):
        ksr("htable.sht_match_name", "t", "is", "x")
    with pytest.raises(CallError, match="bad regular expression"):
        ksr("htable.sht_match_name", "t", "re", "(")


def test_headers(ksr: Call, ctx: Context) -> None:
    assert (ksr("hdr.get", "x-one"), ksr("hdr.get_idx", "X-One", -1), ksr("hdr.get_idx", "X-One", 2)) == (
        "first",
        "second",
        None,
    )
    assert (ksr("hdr.gete", "None"), ksr("hdr.getw", "None")) == ("", "<null>")
    assert (ksr("hdr.is_present", "X-One"), ksr("hdr.is_present", "None")) == (1, -1)
    for operator, text, which, found in (
        ("eq", "first", "f", True), ("eq", "first", "l", False), ("ne", "x", "a", True), ("sw", "sec", "o", True),
        ("in", "cond", "l", True), ("re", "^f.*t$", "f", True), ("re", "^f", "a", False),
    ):  # fmt: skip
        assert ksr("hdr.match_content", "X-One", operator, text, which) is found, (operator, text, which)
    assert ksr("hdr.match_content", "None", "eq", "", "f") is False
    for bad in (("like", "f"), ("eq", "x"), ("re", "f")):
        with pytest.raises(CallError):
            ksr("hdr.match_content", "X-One", bad[0], "(", bad[1])
    assert ksr("hdr.append", "A: 1") == ksr("hdr.append_after", "B: 2\r\n", "X-One") == ksr("hdr.insert", "C: 3") == 1
    assert ksr("hdr.insert_before", "D: 4", "User-Agent") == ksr("hdr.append_after", "E: 5", "None") == 1
    text = edited(ctx)
    assert "X-One: first\r\nB: 2\r\nX-One: second\r\nD: 4\r\nUser-Agent" in text
    assert text.splitlines()[1] == "C: 3" and "A: 1\r\nE: 5\r\n" in text
    assert ksr("hdr.rmappend", "X-One", "X-One: third") == 1
    assert ksr("hdr.remove", "None") == -1
    assert edited(ctx).count("X-One") == 1
    assert ksr("hdr.append_to_reply", "R: 1") == 1
    assert ctx.reply_headers == [b"R: 1\r\n"]
    with pytest.raises(CallError, match="a header line is needed"):
        ksr("hdr.append", "nothing")


def test_logging(node: Node, api: HostApi, ksr: Call) -> None:
    for level, name in (("err", "error"), ("warn", "warning"), ("info", "info")):
        find(api, "", level)(None, (f"at {level} 100%s\n",))
        assert [record.text for record in node.logged(f"at {level}", name)] == [f"at {level} 100%s"]
    ksr("log", "crit", "worst")
    ksr("xlog.xerr", "method $rm")
    assert node.logged("worst") and node.logged("method INVITE", "error")
    with pytest.raises(CallError, match="unknown log level"):
        ksr("log", "loud", "x")


def test_the_script(node: Node, ksr: Call, ctx: Context) -> None:
    assert ksr("route", "ONE") == 5
    assert ksr("pv.get", "$var(seen)") == "INVITE"
    assert ksr("x.modf", "mf_process_maxfwd_header", "10") == 1
    assert ksr("x.modf", "xlog", "L_ERR", "to $rU") == 1
    assert node.logged("to bob")
    with pytest.raises(CallError, match=r"no route\[TWO\]"):
        ksr("route", "TWO")
    with pytest.raises(LeaveScript):
        ksr("x.exit")
    assert not ctx.dropped
    with pytest.raises(LeaveScript):
        ksr("x.drop")
    assert ctx.dropped


def test_declared_functions_and_other_names(ksr: Call) -> None:
    assert ksr("maxfwd.process_maxfwd", 10) == 1
    assert ksr("rr.record_route") == 1
    assert ksr("tm.t_is_set", "failure_route") == -1
    assert ksr("tm.t_on_failure", "AGAIN") == 1
    assert ksr("tm.t_is_set", "failure_route") == 1
    assert ksr("siputils.is_first_hop") == ksr("siputils.is_request") == ksr("corex.has_ruri_user") == 1
    assert ksr("corex.has_user_agent") == ksr("tmx.t_is_request_route") == 1
    assert ksr("tmx.t_is_failure_route") == ksr("tmx.t_precheck_trans") == -1
    assert ksr("corex.append_branch_uri", "sip:other@example.net") == 1


def test_failure_routes_know_the_status(ksr: Call, ctx: Context) -> None:
    ctx.route_type, ctx.code = FAILURE, 486
    assert ksr("tm.t_get_status_code") == 486
    assert ksr("tmx.t_is_failure_route") == 1


@pytest.mark.parametrize(
    ("path", "args", "message"),
    [
        ("nothing", (), "KSR has no function nothing()"),
        ("hdr.nothing", (), "module hdr is needed"),
        ("registrar.save", ("location",), "module registrar is needed"),
        ("pv.get", (), "get() with 0 arguments"),
        ("pv.seti", ("$var(x)", "many"), "seti(): argument 2: an integer is needed, not 'many'"),
        ("pv.get", (1.5,), "get(): argument 1: str, int, bytes or None is needed, not float"),
    ],
)
def test_what_is_wrong_is_named(ksr: Call, path: str, args: tuple[object, ...], message: str) -> None:
    with pytest.raises(CallError) as caught:
        ksr(path, *args)
    assert message in caught.value.message


def test_outside_of_routes(api: HostApi) -> None:
    for path in ("pv.get", "tm.t_relay", "is_INVITE"):
        module, _, name = path.rpartition(".")
        with pytest.raises(CallError, match="no message is being routed"):
            find(api, module, name)(None, ())
    assert isinstance(find(api, "", "get_debug")(None, ()), int)


def test_all_that_is_listed_is_found(api: HostApi) -> None:
    assert {"tm", "hdr", "pv", "x", "kx"} <= set(modules_of(api))
    for module in ["", *modules_of(api)]:
        for name in names_of(api, module):
            assert find(api, module, name)
    assert {"t_relay", "t_on_failure", "t_send_reply", "t_is_set"} <= set(names_of(api, "tm"))


def test_the_library_is_sound() -> None:
    assert all(item.help for item in LIBRARY.values())
    assert not set(LIBRARY) & set(ALIASES)
