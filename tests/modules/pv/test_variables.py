"""$var, $shv, $avp, $xavp, their parameters, functions and MI commands."""

from __future__ import annotations

import pytest

from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context, expand, make_worker, read, write


def test_var_starts_at_0_survives_the_message_and_null_sets_0() -> None:
    worker = make_worker("pv")
    ctx = context(worker)
    assert read(ctx, "$var(x)") == 0
    write(ctx, "$var(x)", "text")
    assert read(context(worker), "$var(x)") == "text"
    write(ctx, "$var(x)", None)
    assert read(ctx, "$var(x)") == 0


def test_computed_names_of_script_variables_are_refused() -> None:
    with pytest.raises(OperatorError, match="cannot be computed"):
        read(context(make_worker("pv")), "$var($fU)")


def test_avp_is_a_stack_by_name() -> None:
    ctx = context(make_worker("pv"))
    assert read(ctx, "$avp(x)") is None
    for value in (1, "two", 3):
        write(ctx, "$avp(x)", value)
    assert [read(ctx, f"$(avp(x)[{index}])") for index in (0, 1, 2, 3, -1, -4)] == [3, "two", 1, None, 1, None]
    assert read(ctx, "$(avp(x)[*])") == "3, two, 1"
    write(ctx, "$avp(x)", None)
    assert read(ctx, "$avp(x)") == "two"
    write(ctx, "$(avp(x)[*])", "only")
    assert read(ctx, "$(avp(x)[*])") == "only"
    write(ctx, "$(avp(x)[*])", None)
    assert read(ctx, "$avp(x)") is None


def test_avp_names_have_types_and_classes() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$avp(s:5)", "text")
    write(ctx, "$avp(i:5)", "number")
    write(ctx, "$avp(tu.z)", "to user")
    assert expand(ctx, "$avp(5) $avp(i:5) $avp(fr.5) $avp(tu.z) $avp(z)") == "text number text to user to user"
    for name in ("i:x", "i:99999", "q:x", "xx.y", "s:"):
        with pytest.raises(OperatorError):
            read(ctx, f"$avp({name})")


def test_avp_names_may_be_computed() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$var(n)", "name")
    write(ctx, "$avp($var(n))", "value")
    assert read(ctx, "$avp(name)") == "value"
    write(ctx, "$var(n)", 5)
    write(ctx, "$avp($var(n))", "five")
    assert read(ctx, "$avp(i:5)") == "five"
    assert read(ctx, "$(avp($var(n))[*])") == "five"
    assert read(ctx, "$avp($avp(none))") is None
    write(ctx, "$avp($avp(none))", "lost")


def test_aliases_stand_for_other_names() -> None:
    worker = FakeWorker()
    worker.load("pv", avp_aliases=["mail=s:email_addr ; id=i:5", "x=fu.y"])
    ctx = context(worker)
    write(ctx, "$avp(mail)", "a@b")
    write(ctx, "$avp(id)", 1)
    write(ctx, "$avp(x)", "z")
    assert expand(ctx, "$avp(s:email_addr) $avp(i:5) $avp(fu.y)") == "a@b 1 z"
    with pytest.raises(OperatorError, match="expected alias=name"):
        worker.set_param("pv", "avp_aliases", "nothing")


def test_initial_values() -> None:
    worker = FakeWorker()
    worker.load("pv", varset=["a=s:text", "b=i:-7"], shvset=["c=s:", "d=i:0"])
    assert expand(context(worker), "[$var(a)][$var(b)][$shv(c)][$shv(d)]") == "[text][-7][][0]"
    for wrong in ("a", "=s:x", "a=x:1", "a=i:x", "a=sx"):
        with pytest.raises(OperatorError, match="expected name=s:text"):
            worker.set_param("pv", "varset", wrong)


def test_shared_variables_by_mi() -> None:
    worker = make_worker("pv")
    inst = worker.modules["pv"]
    ctx = context(worker)
    read(ctx, "$shv(a)")
    write(ctx, "$shv(b)", "text")
    commands = {command.name: command.call for command in worker.registry.modules["pv"][0].mis}
    reply = commands["shv_get"](inst)
    assert [(node.value, dict(node.attributes)) for node in reply.children] == [
        ("a", {"type": "integer", "value": "0"}),
        ("b", {"type": "string", "value": "text"}),
    ]
    assert commands["shv_set"](inst, "a", "int", "5").code == 200
    assert commands["shv_set"](inst, "b", "str", "7").code == 200
    assert (read(ctx, "$shv(a)"), read(ctx, "$shv(b)")) == (5, "7")
    assert len(commands["shv_get"](inst, "a").children) == 1
    assert commands["shv_get"](inst, "zz").code == 404
    assert commands["shv_set"](inst, "zz", "int", "5").code == 404
    assert commands["shv_set"](inst, "a", "int", "x").code == 500
    assert commands["shv_set"](inst, "a").code == 400
    assert commands["shv_set"](inst).code == 400


def test_isset_and_unset() -> None:
    ctx = context(make_worker("pv"))
    assert call(ctx, "pv_isset", "$avp(x)") == -1
    write(ctx, "$avp(x)", "")
    assert call(ctx, "pv_isset", "$avp(x)") == 1
    assert call(ctx, "pv_unset", "$avp(x)") == 1
    assert call(ctx, "pv_isset", "$avp(x)") == -1
    assert call(ctx, "pv_unset", "$ci") == 1
    assert call(ctx, "pv_isset", "$(avp(x){s.len})") == -1


def test_xavp_values_and_fields() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$xavp(a)", "old")
    write(ctx, "$xavp(a)", 5)
    assert expand(ctx, "$xavp(a) $xavp(a[0]) $xavp(a[1]) $xavp(a[-1]) $xavp(a[7])") == "5 5 old old <null>"
    write(ctx, "$xavp(a[1])", "new")
    assert read(ctx, "$xavp(a[1])") == "new"
    write(ctx, "$xavp(b=>x)", 1)
    write(ctx, "$xavp(b[0]=>y)", 2)
    write(ctx, "$xavp(b[0]=>y)", 3)
    assert expand(ctx, "$xavp(b=>x) $xavp(b=>y) $xavp(b[0]=>y[1]) $xavp(b)") == "1 3 2 <<xavp:b>>"
    write(ctx, "$xavp(b=>x)", 9)
    assert expand(ctx, "$xavp(b=>x) $xavp(b[1]=>x) $xavp(b[1]=>y)") == "9 1 3"
    write(ctx, "$xavp(b[1]=>y[*])", None)
    assert read(ctx, "$xavp(b[1]=>y)") is None
    write(ctx, "$var(i)", 1)
    write(ctx, "$xavp(b[$var(i)]=>x[0])", "z")
    assert read(ctx, "$xavp(b[1]=>x)") == "z"
    assert read(ctx, "$xavp(a=>x)") is None
    write(ctx, "$xavp(b[*]=>x)", None)
    assert read(ctx, "$xavp(b[0]=>x)") is None
    write(ctx, "$xavp(b)", None)
    write(ctx, "$xavp(a[*])", None)
    assert (read(ctx, "$xavp(a)"), read(ctx, "$xavp(b)")) == (None, "<<xavp:b>>")
    assert call(ctx, "pv_xavp_print") == 1
    assert ctx.worker.texts()[-1].startswith("xavp b[0]")
    for wrong in ("a[x]", "", "a=>", "a]"):
        with pytest.raises(OperatorError):
            read(ctx, f"$xavp({wrong})")


def test_variables_belong_to_one_worker() -> None:
    first, second = make_worker("pv"), make_worker("pv")
    write(context(first), "$var(x)", 1)
    assert read(context(second), "$var(x)") == 0


def test_the_return_code() -> None:
    ctx = context(make_worker())
    ctx.rc = -3
    assert expand(ctx, "$rc $retcode $? $null") == "-3 -3 -3 <null>"
