"""What an editor shows of a message that has stopped, evaluates and sets."""

from __future__ import annotations

from siprouter.testing import Node
from tests.debug.client import Client, answer, ask


def test_scopes(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 17}, {"line": 12})
    ask(node, method="INVITE")
    _, thread = client.stopped()
    message = client.scope(thread, "Message")
    assert message["first line"] == '"INVITE sip:bob@example.com SIP/2.0"' and message["destination URI"] == "null"
    assert client.scope(thread, "Headers")["CSeq"] == '"1 INVITE"'
    found = client.scope(thread, "Pseudo-variables")
    assert found["$ru"] == '"sip:bob@example.com"' and found["$fU"] == '"alice"' and "$du" not in found
    assert client.scope(thread, "Flags")["message"] == "0x20: 5"
    assert client.scope(thread, "Script variables")["$var(x)"] == "0"
    listed = client.ask("variables", variablesReference=client.reference(thread, "Branches"))["variables"]
    assert [(item["name"], item["value"]) for item in listed] == [("[1]", "sip:second@192.0.2.8")]
    inner = client.ask("variables", variablesReference=listed[0]["variablesReference"])["variables"]
    assert {item["name"]: item["value"] for item in inner}["uri"] == '"sip:second@192.0.2.8"'
    page = client.ask("variables", variablesReference=client.reference(thread, "Headers"), start=1, count=1)
    assert [item["name"] for item in page["variables"]] == ["Max-Forwards"]
    client.ask("continue", threadId=thread)
    answer(node)
    ask(node)
    _, thread = client.stopped()
    assert client.scope(thread, "AVPs") == {"$avp(s:who)": '"alice"'}
    client.adapter.close()
    node.settle()


def test_evaluate(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 12})
    ask(node)
    _, thread = client.stopped()
    for expression, value in (
        ("$rU", '"bob"'),
        ("$(ru{uri.host}{s.toupper})", '"EXAMPLE.COM"'),
        ("@from.uri", '"sip:alice@example.org"'),
        ("1 + 2 * 3", "7"),
        ('$fU == "alice" && is_method("OPTIONS")', "1"),
        ("isflagset(FLT_HERE)", "1"),
        ("$du", "null"),
        ('"a\\"b" + "\\n"', '"a\\"b\\n"'),
        ("src_ip == 192.0.2.1", "1"),
        ("$hdr(CSeq)", '"1 OPTIONS"'),
    ):
        assert client.value(expression, thread) == value, expression
    assert client.value('$var(new) = "set";', thread, "repl") == "1"
    assert client.value("$var(new)", thread, "clipboard") == "set"
    assert client.value('usleep("1000")', thread, "repl") == "1"
    assert client.value("$fU", thread, "hover") == '"alice"'
    frame = client.frame(thread)
    for expression, context, message in (
        ("$nosuch", "watch", "unknown pseudo-variable"),
        ("1/0", "watch", "division by zero"),
        ('setflag("1")', "hover", "hover"),
        ("$var(x) = 1;", "watch", "unexpected"),
        ("route(ANSWER)", "repl", "undefined route"),
        ("", "repl", "missing"),
        ("{" * 5000, "repl", "more than"),
        ("(" * 4000, "repl", "nested"),
    ):
        assert message in client.refused("evaluate", expression=expression, frameId=frame, context=context)
    assert client.ask("evaluate", expression="$rm")["result"] == '"OPTIONS"'
    client.ask("continue", threadId=thread)
    assert "does not wait" in client.refused("evaluate", expression="$rm", frameId=frame)
    assert "no message has stopped" in client.refused("evaluate", expression="$rm")
    client.adapter.close()


def test_set(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 12})
    ask(node)
    _, thread = client.stopped()
    frame = client.frame(thread)

    def put(scope: str, name: str, value: str) -> str:
        body = client.ask("setVariable", variablesReference=client.reference(thread, scope), name=name, value=value)
        return str(body["value"])

    assert put("AVPs", "$avp(s:who)", '"carol"') == '"carol"'
    assert client.value("$avp(s:who)", thread) == '"carol"'
    assert put("AVPs", "$avp(s:who)", "null") == "null"
    assert client.scope(thread, "AVPs") == {}
    put("Flags", "message", "3")
    assert client.scope(thread, "Flags")["message"] == "0x3: 0, 1"
    put("Message", "request URI", '"sip:new@example.net"')
    assert client.value("$rU", thread) == '"new"'
    put("Message", "destination URI", '"sip:" + "192.0.2.7"')
    assert client.value("$du", thread) == '"sip:192.0.2.7"'
    assert put("Pseudo-variables", "$rU", '"newer"') == '"newer"'
    assert client.ask("setExpression", expression="$var(x)", value="41 + 1", frameId=frame)["value"] == "42"
    assert client.scope(thread, "Script variables")["$var(x)"] == "42"
    refused = client.refused(
        "setVariable", variablesReference=client.reference(thread, "Headers"), name="To", value="1"
    )
    assert "cannot be set" in refused
    refused = client.refused("setVariable", variablesReference=client.reference(thread, "AVPs"), name="x", value="1")
    assert "there is no x" in refused
    assert "cannot be set" in client.refused("setExpression", expression="$ci", value="1", frameId=frame)
    assert "not a variable" in client.refused("setExpression", expression="1+1", value="1", frameId=frame)
    client.adapter.close()
    node.settle()
