"""ksr/api.py: declared functions and variables called with plain values."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest

from siprouter.core.context import Context
from siprouter.core.routes import BRANCH, FAILURE, ONSEND
from siprouter.ksr.api import MAX_KEPT, HostApi
from siprouter.ksr.convert import MAX_KEPT as MAX_ARGUMENTS
from siprouter.ksr.values import CallError
from siprouter.testing import Node

CONFIG = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
loadmodule "cfgutils.so"
flags named:5;
route { exit; }
failure_route[AGAIN] { exit; }
"""


@pytest.fixture
def node() -> Iterator[Node]:
    with Node(CONFIG) as node:
        yield node


@pytest.fixture
def api(node: Node) -> HostApi:
    return HostApi(node.worker, node.worker.env)


@pytest.fixture
def ctx(node: Node) -> Context:
    return node.run_route("", node.request("INVITE", "sip:bob@example.org", headers={"X-Dollar": "$rm"})).ctx


def test_calls_of_modules_and_the_core(api: HostApi, ctx: Context) -> None:
    assert api.call(ctx, "maxfwd", "mf_process_maxfwd_header", (10,)) == 1
    assert api.call(ctx, "", "mf_process_maxfwd_header", ("10",)) == 1
    assert api.call(ctx, "core", "setflag", (3,)) == 1
    assert api.call(ctx, "core", "setflag", ("named",)) == 1
    assert ctx.flags == 1 << 3 | 1 << 5
    assert api.call(ctx, "core", "isflagset", (4,)) == -1
    assert api.call(ctx, "core", "sethost", (b"example.net",)) == 1
    assert ctx.uri == "sip:bob@example.net"


def test_a_call_is_resolved_once(api: HostApi, ctx: Context) -> None:
    first = api.resolve("core", "setflag", 1, ctx.route_type)
    api.call(ctx, "core", "setflag", (1,))
    assert api.resolve("core", "setflag", 1, ctx.route_type) is first
    assert api.resolve("core", "setflag", 1, FAILURE) is not first


def test_text_is_data_unless_it_is_to_be_expanded(node: Node, api: HostApi, ctx: Context) -> None:
    read = api.get(ctx, "$hdr(X-Dollar)")
    assert read == "$rm"
    assert api.call(ctx, "textops", "append_hf", ("X-Seen: $rm\r\n",)) == 1
    assert api.call(ctx, "textops", "append_hf", ("X-Seen: $rm\r\n",), True) == 1
    text = ctx.msg.apply_edits().buf.decode()
    assert "X-Seen: $rm\r\n" in text and "X-Seen: INVITE\r\n" in text
    api.call(ctx, "xlog", "xlog", ("L_ERR", "method $rm"), True)
    api.call(ctx, "xlog", "xlog", ("L_ERR", "data $rm"))
    assert [record.text for record in node.logged(level="error")] == ["method INVITE", "data $rm"]


def test_functions_that_wait_give_an_awaitable(node: Node, api: HostApi, ctx: Context) -> None:
    assert api.resolve("cfgutils", "sleep", 1, ctx.route_type).waits
    waiting = api.call(ctx, "cfgutils", "sleep", (2,))
    assert isinstance(waiting, Awaitable)
    before = node.clock()
    assert node.wait(waiting) == 1
    assert node.clock() - before >= 2


def test_variables(api: HostApi, ctx: Context) -> None:
    assert api.get(ctx, "$rm") == "INVITE"
    assert api.get(ctx, "$var(none)") == 0
    assert api.get(ctx, "$avp(none)") is None
    for value, found in ((5, 5), ("x", "x"), (b"\xff", "\udcff"), (True, 1), (3.0, 3), (2**31, -(2**31))):
        api.set(ctx, "$avp(x)", value)
        assert api.get(ctx, "$avp(x)") == found
    api.set(ctx, "$ru", "sip:carol@example.org")
    assert api.get(ctx, "$(ru{uri.user})") == "carol"
    assert api.expand(ctx, "to $rU, $avp(none)") == "to carol, <null>"


@pytest.mark.parametrize(
    ("module", "name", "args", "message", "suggestion"),
    [
        ("", "nothing_here", (), "unknown function nothing_here()", ""),
        ("tm", "t_relai", (), "module tm has no function t_relai()", "did you mean t_relay?"),
        ("registrar", "save", ("location",), "module registrar is needed", 'add: loadmodule "registrar.so"'),
        ("", "save", ("location",), "unknown function save()", 'add: loadmodule "registrar.so"'),
        ("core", "setflag", (), "setflag() with 0 arguments", "it takes 1 argument"),
        ("core", "setflag", (99,), "setflag(): argument 1", ""),
        ("core", "setflag", (object(),), "setflag(): argument 1: str, int, bytes or None is needed, not object", ""),
        ("core", "setflag", (1.5,), "setflag(): argument 1: str, int, bytes or None is needed, not float", ""),
        ("core", "strip", ("ten",), "strip(): argument 1: an integer is needed, not 'ten'", ""),
        ("tm", "t_on_failure", ("AGAN",), "argument 1: undefined failure_route[AGAN]", "did you mean AGAIN?"),
    ],
)
def test_what_is_wrong_is_named(
    api: HostApi, ctx: Context, module: str, name: str, args: tuple[object, ...], message: str, suggestion: str
) -> None:
    with pytest.raises(CallError) as caught:
        api.call(ctx, module, name, args)
    assert message in caught.value.message
    assert suggestion in caught.value.suggestion


def test_functions_know_their_routes(api: HostApi, ctx: Context) -> None:
    ctx.route_type = BRANCH
    with pytest.raises(CallError, match=r"t_newtran\(\) is not allowed in branch_route"):
        api.call(ctx, "tm", "t_newtran")
    ctx.route_type = ONSEND
    with pytest.raises(CallError, match=r"is not allowed in onsend_route"):
        api.call(ctx, "core", "forward")


@pytest.mark.parametrize("text", ["ru", "$nosuchthing", "$ru and more", "", "$hdr(x"])
def test_variables_that_are_none(api: HostApi, ctx: Context, text: str) -> None:
    with pytest.raises(CallError):
        api.get(ctx, text)


def test_read_only_variables(api: HostApi, ctx: Context) -> None:
    with pytest.raises(CallError, match=r"variable \$rm is read-only"):
        api.set(ctx, "$rm", "BYE")


def test_what_is_kept_is_bounded(api: HostApi, ctx: Context) -> None:
    for number in range(MAX_KEPT + 10):
        api.get(ctx, f"$var(x{number})")
    assert len(api._variables) <= MAX_KEPT
    call = api.resolve("textops", "is_method", 1, ctx.route_type)
    for number in range(MAX_ARGUMENTS + 10):
        api.call(ctx, "textops", "is_method", (f"M{number}",))
    assert len(call.conversions._kept) <= MAX_ARGUMENTS
    long = "M" * 1000
    api.call(ctx, "textops", "is_method", (long,))
    assert (long,) not in call.conversions._kept


def test_the_name_of_a_file_is_no_part_of_errors(api: HostApi, ctx: Context) -> None:
    with pytest.raises(CallError) as caught:
        api.call(ctx, "core", "setflag", ("nobody",))
    assert caught.value.location.file == "" and str(Path.cwd()) not in str(caught.value)
