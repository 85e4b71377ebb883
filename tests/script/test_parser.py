"""Grammar: statements, expressions and their precedence, parameters, and recovery from errors."""

from __future__ import annotations

import pytest

from siprouter.script.nodes import (
    Assign,
    Attr,
    Binary,
    BlockExpr,
    Call,
    CallStmt,
    Condition,
    CustomParam,
    Expr,
    If,
    Int,
    ListenAddress,
    LoadModule,
    LoadPath,
    Logic,
    ModParam,
    Myself,
    Name,
    Net,
    Node,
    Pv,
    Return,
    Select,
    Str,
    Switch,
    Unary,
    While,
    Word,
)
from tests.support.scripts import codes, parse, parse_good, statements


def show(node: Node) -> str:
    """An expression with all its parentheses."""
    match node:
        case Int(value=value):
            return str(value)
        case Str(value=text):
            return f'"{text}"'
        case Pv(text=text) | Word(text=text) | Select(text=text):
            return text
        case Name(name=name):
            return f"?{name}"
        case Attr(klass=klass, name=name, index=index):
            return f"%{klass}.{name}[{index}]"
        case Unary(op=op, operand=operand):
            return f"({op} {show(operand)})"
        case Binary(op=op, left=left, right=right):
            return f"({show(left)} {op} {show(right)})"
        case Logic(op=op, operands=operands):
            return "(" + f" {op} ".join(map(show, operands)) + ")"
        case Condition(keyword=keyword, op=op, operand=operand):
            return f"<{keyword} {op} {show(operand)}>"
        case Myself():
            return "myself"
        case Net(address=address, mask=mask):
            return f"{address}/{mask}"
        case Call(name=name, args=args):
            return f"{name}({', '.join(map(show, args))})"
        case BlockExpr():
            return "{}"
    raise AssertionError(node)


def expression(text: str) -> Expr:
    body = statements(f"if ({text}) exit;")
    assert isinstance(body[0], If)
    return body[0].branches[0][0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("1 & 2 == 3", "(1 & (2 == 3))"),
        ("1 | 2 & 3 ^ 4 << 5", "(1 | (2 & (3 ^ (4 << 5))))"),
        ("1 << 2 >> 3 == 4", "(1 << (2 >> (3 == 4)))"),
        ("1 == 2 < 3", "(1 == (2 < 3))"),
        ("1 && 2 || 3 and 4 or 5", "((1 && 2) || (3 && 4) || 5)"),
        ("!1 == 2", "((! 1) == 2)"),
        ("not 1 && 2", "((! 1) && 2)"),
        ("-$(x) + 1", "((- $(x)) + 1)"),
        ("-5 + 1", "(-5 + 1)"),
        ("(int)$(x) + 1", "((int $(x)) + 1)"),
        ("(str)1 + 2", "((str 1) + 2)"),
        ("defined $(x) && 1", "((defined $(x)) && 1)"),
        ("!defined $(x)", "(! (defined $(x)))"),
        ("strlen($(x)) > 3", "((strlen $(x)) > 3)"),
        ('strempty("a" + $(x))', '(strempty ("a" + $(x)))'),
        ("$(x) eq 1 || $(x) ine 2", "(($(x) eq 1) || ($(x) ine 2))"),
        ('$(x) =~ "a" && $(y) !~ "b"', '(($(x) =~ "a") && (! ($(y) =~ "b")))'),
        ("5 mod 3", "(5 mod 3)"),
        ("~1 & 2", "((~ 1) & 2)"),
        ("$x + %f.y + $z[1] + $w[-1]", "(((?x + %f.y[None]) + %.z[1]) + %.w[-1])"),
        ('@from.uri == "a"', '(@from.uri == "a")'),
        ('f(1, "a", $(x) + 1) && !g()', '(f(1, "a", ($(x) + 1)) && (! g()))'),
        ("yes + off", "(1 + 0)"),
        ("($x = 1)", "{}"),
    ],
)
def test_precedence(text: str, shown: str) -> None:
    assert show(expression(text)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('method == "INVITE"', '<method == "INVITE">'),
        ("method==INVITE || method == ACK", "(<method == INVITE> || <method == ACK>)"),
        ('!method=="REGISTER"', '(! <method == "REGISTER">)'),
        ('method =~ "INV" && 1', '(<method =~ "INV"> && 1)'),
        ("uri == myself", "<uri == myself>"),
        ("myself != from_uri", "<from_uri != myself>"),
        ('status =~ "2.."', '<uri =~ "2..">'),
        ("src_ip == 10.0.0.0/8", "<src_ip == 10.0.0.0/8>"),
        ("src_ip == 10.0.0.0/255.0.0.0", "<src_ip == 10.0.0.0/255.0.0.0>"),
        ("src_ip != [2001:db8::]/32", "<src_ip != 2001:db8::/32>"),
        ("dst_ip == ::1", "<dst_ip == ::1/>"),
        ("src_ip == myself", "<src_ip == myself>"),
        ("src_ip == gw-1.example.com", "<src_ip == gw-1.example.com>"),
        ('src_ip == "10.0.0.1"', '<src_ip == "10.0.0.1">'),
        ("src_ip == $(x)", "<src_ip == $(x)>"),
        ("src_port > 1024 + 1 && 1", "(<src_port > (1024 + 1)> && 1)"),
        ("af == INET6", "<af == 10>"),
        ("proto == tcp || proto != UDP", "(<proto == 2> || <proto != 1>)"),
        ("msg:len >= 4096", "<msg:len >= 4096>"),
        ('uri eq "a" && dst_port ne 5', '(<uri == "a"> && <dst_port != 5>)'),
    ],
)
def test_conditions(text: str, shown: str) -> None:
    assert show(expression(text)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("route(1)", "route(1)"),
        ("route(NAT-OUT)", "route(NAT-OUT)"),
        ('route("a" + $(x))', 'route(("a" + $(x)))'),
        ("forward(uri:host, uri:port)", "forward(uri:host, uri:port)"),
        ("forward(10.0.0.1, 5060)", "forward(10.0.0.1, 5060)"),
        ("forward([::1])", "forward([::1])"),
        ("force_send_socket(udp:10.0.0.1:5060)", "force_send_socket(udp:10.0.0.1:5060)"),
        ("setflag(acc)", "setflag(acc)"),
        ("isavpflagset($x, keep)", "isavpflagset(?x, keep)"),
        ("udp_mtu_try_proto(TCP)", "udp_mtu_try_proto(TCP)"),
        ("append_branch", "append_branch()"),
        ('log(1, "a")', 'log(1, "a")'),
    ],
)
def test_calls(text: str, shown: str) -> None:
    statement = statements(f"{text};")[0]
    assert isinstance(statement, CallStmt)
    assert show(statement.call) == shown


def test_statements() -> None:
    body = statements(
        """
        $var(x) = 1;; $x += 2;
        if ($x) f(); else if !$y { g(); } else if ($z) { } else exit;
        while ($x) { break; }
        switch ($x) { case 1: case 2: f(); break; case /"^a": g(); default: return; }
        return -1; drop; exit(); { f(); }
        """
    )
    kinds = [type(item).__name__ for item in body]
    assert kinds == ["Assign", "Assign", "If", "While", "Switch", "Return", "Drop", "Exit", "Block"]
    assign, branch, loop, switch = body[1], body[2], body[3], body[4]
    assert isinstance(assign, Assign) and assign.op == "+="
    assert isinstance(branch, If) and len(branch.branches) == 3 and len(branch.orelse) == 1
    assert isinstance(loop, While) and isinstance(switch, Switch)
    assert [(case.regex, case.label is None, len(case.body)) for case in switch.cases] == [
        (False, False, 0),
        (False, False, 2),
        (True, False, 1),
        (False, True, 1),
    ]
    assert isinstance(body[5], Return) and isinstance(body[5].value, Int)


def test_route_blocks() -> None:
    config = parse_good(
        """
        route { f(); } route[1] { f(); } route["my route"] { f(); } request_route { f(); }
        failure_route[F] { f(); } onreply_route { f(); } onreply_route[0] { f(); } reply_route { f(); }
        onreply_route[R] { f(); } branch_route[if] { f(); } onsend_route { f(); } error_route { f(); }
        local_route { f(); } event_route[tm:local-request] { f(); } event_route[htable:expired:t1] { f(); }
        """
    )
    assert [(block.kind, block.name) for block in config.routes] == [
        ("route", ""),
        ("route", "1"),
        ("route", "my route"),
        ("route", ""),
        ("failure_route", "F"),
        ("onreply_route", ""),
        ("onreply_route", ""),
        ("onreply_route", ""),
        ("onreply_route", "R"),
        ("branch_route", "if"),
        ("onsend_route", ""),
        ("error_route", ""),
        ("local_route", ""),
        ("event_route", "tm:local-request"),
        ("event_route", "htable:expired:t1"),
    ]


def test_parameters() -> None:
    config = parse_good(
        """
        debug=-1 log_stderror=yes fork=no; user=nobody group="daemon"
        log_facility=LOG_LOCAL0 tcp_source_ipv4=10.0.0.1 tcp_source_ipv6=[::1] udp_mtu_try_proto=TCP
        listen=udp:10.0.0.1:5060 tcp:eth0 (a, b):5070 *:[::1]:5080 "host.example.com" eth0.100
        alias=sip.example.com:5060
        advertised_address="1.2.3.4"
        advertised_port=5080
        tls_disable=1
        """
    )
    values = {param.name: param.value for param in config.params}
    assert values["debug"] == -1
    assert (values["log_stderror"], values["fork"], values["user"], values["group"]) == (1, 0, "nobody", "daemon")
    assert (values["tcp_source_ipv4"], values["tcp_source_ipv6"], values["udp_mtu_try_proto"]) == ("10.0.0.1", "::1", 2)
    found = [(item.proto, item.hosts, item.port) for item in values["listen"] if isinstance(item, ListenAddress)]
    assert found == [
        ("udp", ("10.0.0.1",), 5060),
        ("tcp", ("eth0",), 0),
        ("", ("a", "b"), 5070),
        ("", ("::1",), 5080),
        ("", ("host.example.com",), 0),
        ("", ("eth0.100",), 0),
    ]
    assert values["disable_tls"] == 1
    assert values["advertised_address"] == "1.2.3.4"


def test_custom_parameters_modules_and_flags() -> None:
    config = parse_good(
        """
        alias=a.example.com
        pstn.gw_ip = "10.0.0.1" desc "gateway"
        pstn.limit = 5
        flags acc, missed:3, "third"
        avpflags one, two
        mpath="modules:modules_k"
        loadpath "x"
        loadmodule "tm.so"
        modparam("tm|sl", "fr_timer", -5);
        modparam("tm", "text", "a" "b")
        """
    )
    assert [(item.group, item.name, item.value, item.description) for item in config.custom] == [
        ("pstn", "gw_ip", "10.0.0.1", "gateway"),
        ("pstn", "limit", 5, ""),
    ]
    assert isinstance(config.custom[0], CustomParam)
    assert [(name, number) for name, number, _ in config.flags[0].flags] == [
        ("acc", None),
        ("missed", 3),
        ("third", None),
    ]
    assert config.avp_flags[0].names == ["one", "two"]
    assert [type(item) for item in config.modules] == [LoadPath, LoadPath, LoadModule, ModParam, ModParam]
    param = config.modules[3]
    assert isinstance(param, ModParam) and (param.modules, param.name, param.value) == ("tm|sl", "fr_timer", -5)


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "message"),
    [
        ("route {\n f()\n g();\n}", "missing-semicolon", 2, 5, "missing ';', expected ';' after ')'"),
        ("route {\n $x = 1\n}", "missing-semicolon", 2, 8, "missing ';'"),
        ("route {\n f() g();\n}", "syntax", 2, 6, "unexpected name g, expected ';'"),
        ("route {\n f(;\n}", "syntax", 2, 4, "unexpected ';', expected an expression"),
        ("route {\n f(1;\n}", "syntax", 2, 5, "expected ',' or ')'"),
        ("route {\n if (x) f();\n}", "syntax", 2, 6, "unexpected name x"),
        ("route {\n $x == 1;\n}", "syntax", 2, 5, "expected '='"),
        ("route {\n x = 1;\n}", "syntax", 2, 2, "expected a variable before '='"),
        ("route {\n else f();\n}", "syntax", 2, 2, "unexpected name else"),
        ("route {\n case 1: f();\n}", "syntax", 2, 2, "unexpected name case"),
        ('route {\n foo "a";\n}', "syntax", 2, 6, "expected '('"),
        ("route {\n method == 1;\n}", "syntax", 2, 2, "expected a statement"),
        ("route {\n if (uri > 1) f();\n}", "syntax", 2, 10, "expected ==, != or =~"),
        ("route {\n if (proto == ) f();\n}", "syntax", 2, 15, "expected an expression"),
        ("route {\n switch ($x) { f(); }\n}", "syntax", 2, 16, "expected case or default"),
        ("route {\n switch ($x) { case 1 f(); }\n}", "syntax", 2, 23, "expected ':'"),
        ("route {\n f();\n", "unclosed-block", 1, 7, "block without closing brace"),
        ("route {\n f();\nroute[1] {\n f();\n}", "unclosed-block", 1, 7, "expected '}' before name route"),
        ("route {\n f();\n}\n}\n", "syntax", 4, 1, "unexpected '}'"),
        ("route[] { f(); }", "syntax", 1, 7, "expected the name of the route"),
        ("route[1 { f(); }", "syntax", 1, 9, "expected ']'"),
        ("event_route[x] { f(); }", "syntax", 1, 14, "expected an event name"),
        ("event_route { f(); }", "syntax", 1, 13, "expected '['"),
        ("chidlren=4\n", "unknown-parameter", 1, 1, "unknown parameter chidlren"),
        ("children=four\n", "syntax", 1, 10, "expected a number"),
        ("children=-4\n", "syntax", 1, 10, "expected a number"),
        ('fork="yes"\n', "syntax", 1, 6, "expected yes or no"),
        ("log_facility=LOG_LOKAL0\n", "syntax", 1, 14, "expected a syslog facility"),
        ("loadmodule tm\n", "syntax", 1, 12, "expected the module in quotes"),
        ('modparam("tm", "x", Y)\n', "syntax", 1, 21, "expected a number or a string"),
        ('modparam("tm" "x", 1)\n', "syntax", 1, 20, "expected"),
        ("flags 1\n", "syntax", 1, 7, "expected the name of a flag"),
        ("listen=udp:\n", "syntax", 2, 1, "expected an address, a host or an interface"),
        ("udp_mtu_try_proto=x\n", "syntax", 1, 19, "expected one of"),
        ("f();\n", "syntax", 1, 1, "unexpected name f"),
    ],
)
def test_syntax_errors(text: str, code: str, line: int, column: int, message: str) -> None:
    _, found = parse(text)
    first = found.in_order()[0]
    assert (first.code, first.location.line, first.location.column) == (code, line, column)
    assert message in first.headline()


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("chidlren=4\n", "did you mean children?"),
        ('fifo="/tmp/x"\n', "mi_fifo"),
        ('loadmodul "tm.so"\n', "did you mean loadmodule?"),
        ("rout { f(); }\n", "did you mean route?"),
        ("route { if (msg:len > max_len) exit; }", "a number such as 4096"),
        ("route { if ($x == NULL) exit; }", "write $null"),
        ("route { f(word); if (word) exit; }", '"word"'),
        ('modparam("a", "b", WORD)\n', "no define has the name WORD"),
        ("route { } }", "brace too many"),
        ("if (1) { f(); }", "route block"),
        ("route { f;  }", "did you mean f()?"),
    ],
)
def test_suggestions(text: str, suggestion: str) -> None:
    _, found = parse(text)
    assert suggestion in found.in_order()[0].suggestion


def test_all_errors_of_one_run_are_reported() -> None:
    _, found = parse(
        """debug=x
route {
	f(;
	if ($x == ) { g(); }
	h()
	switch ($x) { case 1: i(; break; }
	j();
}
childrn=3
route[2] {
	k(,);
}
"""
    )
    assert [line for _, line, _ in codes(found)] == [1, 3, 4, 5, 6, 9, 11]


def test_errors_show_line_and_caret() -> None:
    _, found = parse('route {\n\tlookup("location"\n}\n')
    assert found.render().splitlines() == [
        "test.cfg:3:1: error: unexpected '}', expected ',' or ')' [syntax]",
        "    3 | }",
        "      | ^",
    ]


def test_long_rows_of_operators() -> None:
    terms = " || ".join(f"$(x) == {number}" for number in range(1500))
    assert len(expression(terms).operands) == 1500  # type: ignore[attr-defined]
    _, found = parse("route { $x = " + " + ".join(["1"] * 1000) + "; }")
    assert codes(found)[0][0] == "nesting"


@pytest.mark.parametrize(
    "text",
    [
        "route { if (" + "(" * 5000 + "1" + ")" * 5000 + ") exit; }",
        "route { if (" + "!" * 5000 + "1) exit; }",
        "route " + "{" * 5000 + "}" * 5000,
        "route { " + "if (1) " * 5000 + "exit; }",
        "route { " + "while (1) { " * 200 + "}" * 200 + " }",
        "route { if (1) exit; " + "else if (1) exit; " * 2000 + " }",
        "route { f(" + "1," * 500 + "1); }",
    ],
)
def test_nesting_is_bounded(text: str) -> None:
    _, found = parse(text)
    assert "nesting" in [item.code for item in found.errors]


def test_a_while_is_a_while() -> None:
    loop = statements("while ($x < 3) $x = $x + 1;")[0]
    assert isinstance(loop, While) and len(loop.body) == 1
