"""dialplan over SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from siprouter.rpc.call import call_mi, call_rpc
from siprouter.rpc.mi import MiArgument
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.sqlite import Sqlite

CONFIG = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "dialplan.so"
modparam("dialplan", "db_url", "@URL@")
modparam("dialplan", "attrs_pvar", "$avp(s:attrs)")
@PARAMS@
route {
	@BODY@;
	$var(code) = $rc;
	append_to_reply("X-Result: $var(code) $rU $avp(s:out) $avp(s:attrs)\\r\\n");
	sl_send_reply("200", "OK");
}
"""
EQUAL, REGEX = 0, 1


def add(sqlite: Sqlite, plan: int, priority: int, how: int, match: str, length: int, *more: str) -> None:
    subst, replacement, attributes = (*more, "", "", "")[:3]
    sqlite.insert(
        "dialplan",
        dpid=plan,
        pr=priority,
        match_op=how,
        match_exp=match,
        match_len=length,
        subst_exp=subst,
        repl_exp=replacement,
        attrs=attributes,
    )


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    add(sqlite, 1, 2, REGEX, "^0", 0, "^0(.*)$", "+49\\1", "national")
    add(sqlite, 1, 1, REGEX, "^00", 0, "^00(.*)$", "+\\1", "international")
    add(sqlite, 1, 9, EQUAL, "112", 0, "", "emergency$rU", "sos")
    add(sqlite, 1, 9, REGEX, "^0", 4, "^(.)(.)?(x)?", "\\2\\3short\\\\", "four")
    add(sqlite, 1, 3, EQUAL, "only", 0, "", "", "matched")
    add(sqlite, 1, 3, REGEX, "^pv", 0, "^pv(.*)", "\\1-$fU", "")
    add(sqlite, 1, 3, REGEX, "^uri", 0, "^uri(.*)", "<\\u>", "")
    add(sqlite, 1, 3, REGEX, "^broken", 0, "^(never)", "\\1", "")
    add(sqlite, 1, 3, REGEX, "^long", 0, "^(.*)", "\\1", "")
    add(sqlite, 1, 4, REGEX, "^(a+)+$", 0, "", "catastrophe", "")
    return sqlite


class Site:
    def __init__(self, node: Node) -> None:
        self.node = node

    def ask(self, user: str, **fields: Any) -> str:
        sent = self.node.receive(build_message("OPTIONS", f"sip:{user}@example.org", **fields))
        return sent[-1].header("X-Result") or ""

    def mi(self, name: str, *values: str) -> Any:
        return self.node.wait(call_mi(self.node.worker, name, [MiArgument(None, value) for value in values]))


@contextmanager
def site(database: Sqlite, body: str = 'dp_translate("1")', *params: str) -> Iterator[Site]:
    lines = "\n".join(f'modparam("dialplan", {line})' for line in params)
    text = CONFIG.replace("@URL@", database.url).replace("@PARAMS@", lines).replace("@BODY@", body)
    with closing(Node(text)) as node:
        yield Site(node)


@pytest.mark.parametrize(
    ("user", "result"),
    [
        ("03012345", "1 +493012345 <null> national"),
        ("0043123", "1 +43123 <null> international"),
        ("112", "1 emergency$rU <null> sos"),
        ("0999", "1 9short\\ <null> four"),
        ("only", "1 only <null> matched"),
        ("pvx", "1 x-alice <null> "),
        ("nothing", "-1 nothing <null> <null>"),
        ("a" * 2000 + "b", f"-1 {'a' * 2000}b <null> <null>"),
        ("0'%20OR%20'1'='1", "1 +49'%20OR%20'1'='1 <null> national"),
    ],
)
def test_the_user_is_translated(database: Sqlite, user: str, result: str) -> None:
    with site(database) as found:
        assert found.ask(user).rstrip() == result.rstrip()


@pytest.mark.parametrize(
    ("user", "message"), [("broken", "but not the substitution"), ("long" + "x" * 200, "more than 127 characters")]
)
def test_rules_that_cannot_be_carried_out(database: Sqlite, user: str, message: str) -> None:
    with site(database) as found:
        assert found.ask(user).startswith(f"-1 {user} ")
        assert message in found.node.errors[-1]
        found.node.records.clear()


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ('dp_translate("1", "$rU/$avp(s:out)")', "1 0123456 +49123456 national"),
        ('dp_translate("1", "$rU")', "1 0123456 <null> national"),
        ('dp_translate("1", "$rU/$ru")', "1 <null> <null> national"),
        ('$var(u) = "uri"; dp_translate("1", "$var(u)/$avp(s:out)")', "1 0123456 <sip:0123456@example.org> "),
        ('dp_translate("2")', "-1 0123456 <null> <null>"),
        ('$var(p) = 1; dp_translate("$var(p)")', "1 +49123456 <null> national"),
        ('dp_translate("$avp(s:none)")', "-1 0123456 <null> <null>"),
        ('$var(s) = 112; dp_translate("1", "$var(s)/$avp(s:out)")', "1 0123456 emergency$rU sos"),
        ('dp_translate("1", "$avp(s:none)/$avp(s:out)")', "-1 0123456 <null> <null>"),
    ],
)
def test_sources_and_destinations(database: Sqlite, body: str, result: str) -> None:
    with site(database, body) as found:
        assert found.ask("0123456").rstrip() == result.rstrip()
        found.node.records.clear()


def test_management(database: Sqlite) -> None:
    with site(database) as found:
        reply = found.mi("dp_translate", "1", "0123456")
        assert (reply.code, [(child.name, child.value) for child in reply.children]) == (
            200,
            [("Output", "+49123456"), ("ATTRIBUTES", "national")],
        )
        for values, code in (
            ((), 400),
            (("x", "1"), 404),
            (("2", "1"), 404),
            (("1", "nothing"), 404),
            (("1", ""), 404),
        ):
            assert found.mi("dp_translate", *values).code == code
        answer = found.node.wait(call_rpc(found.node.worker, "dialplan.translate", [1, "pvx"]))
        assert answer.result == {"Output": "x-", "Attributes": ""}
        for plan, text in ((2, "x"), (1, "nothing")):
            with pytest.raises(RpcError):
                found.node.wait(call_rpc(found.node.worker, "dialplan.translate", [plan, text]))


def test_reload(database: Sqlite) -> None:
    with site(database) as found:
        add(database, 1, 1, EQUAL, "new", 0, "", "old")
        assert found.ask("new").startswith("-1 ")
        assert found.mi("dp_reload").code == 200
        assert found.ask("new").startswith("1 old")
        add(database, 1, 1, REGEX, "(", 0)
        assert found.mi("dp_reload").code == 500
        with pytest.raises(RpcError):
            found.node.wait(call_rpc(found.node.worker, "dialplan.reload", []))
        assert found.ask("new").startswith("1 old")
        database.run("DELETE FROM dialplan WHERE match_exp = '('")
        found.node.wait(call_rpc(found.node.worker, "dialplan.reload", []))
        database.run("ALTER TABLE dialplan RENAME TO gone")
        assert found.mi("dp_reload").code == 500
        assert found.ask("new").startswith("1 old")
        found.node.records.clear()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((REGEX, "a(", 0), "missing \\)"),
        ((REGEX, "a", 0, "(", "x"), "missing \\)"),
        ((REGEX, "a", 0, "(a)", "\\2"), "wants group 2"),
        ((REGEX, "a", 0, "(a)", "\\"), "backslash"),
        ((REGEX, "a", 0, "(a)", "$nothing(x)"), "nothing"),
        ((REGEX, "a", 0, "(a)" * 11, "x"), "more than 10 groups"),
        ((7, "a", 0), "unknown operator 7"),
    ],
)
def test_a_bad_rule_stops_the_start(sqlite: Sqlite, row: tuple[Any, ...], message: str) -> None:
    add(sqlite, 5, 6, *row)
    with pytest.raises(OperatorError, match=f"rule 5, priority 6, .*{message}"), site(sqlite):
        pass


def test_a_failure_route_gets_a_branch(database: Sqlite) -> None:
    text = CONFIG.replace("@URL@", database.url).replace("@PARAMS@", "")
    text = text.replace("@BODY@", 't_on_failure("f"); $du = "sip:10.0.0.1"; t_relay(); exit')
    text += 'failure_route[f] { if (dp_translate("1")) { $du = "sip:10.0.0.2"; t_relay(); } }'
    with closing(Node(text)) as node:
        sent = node.receive(build_message("INVITE", "sip:0123456@example.org"))
        forwarded = next(one for one in sent if one.text.startswith("INVITE"))
        node.receive(build_refusal(forwarded.text), "10.0.0.1:5060")
        assert any(one.text.startswith("INVITE sip:+49123456@example.org") for one in node.sent)
        node.advance(400)


def build_refusal(text: str) -> bytes:
    kept = [line for line in text.split("\r\n") if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    kept = [line + ";tag=b" if line.startswith("To:") else line for line in kept]
    return "\r\n".join(["SIP/2.0 486 Busy Here", *kept, "Content-Length: 0", "", ""]).encode()


def test_an_empty_table_is_said(sqlite: Sqlite) -> None:
    with site(sqlite) as found:
        assert found.node.logged("there are no rules")


@pytest.mark.parametrize(
    ("body", "params", "message"),
    [
        ('dp_translate("x")', (), "must be an integer"),
        ('dp_translate("$ru")', (), "must be an integer"),
        ('dp_translate("1", "$rU/$fU")', (), "cannot be the destination"),
        ('dp_translate("1", "$rU/")', (), ""),
        ("drop", ('"attrs_pvar", "$ru"',), "attrs_pvar must be"),
        ("drop", ('"pr_col", "a;b"',), "no name of a table or column"),
    ],
)
def test_mistakes_are_found_when_loading(database: Sqlite, body: str, params: tuple[str, ...], message: str) -> None:
    with pytest.raises(LoadError, match=message or None), site(database, body, *params):
        pass
