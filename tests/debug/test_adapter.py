"""The requests of an editor: breakpoints, threads, steps, looking and setting; in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from siprouter.sip.message import parse_message
from siprouter.sip.names import H_CALL_ID, H_FROM, H_TO, H_VIA
from siprouter.testing import Node
from tests.debug.client import CONFIG, Client, answer, ask, statuses

# --- where to stop


def test_a_breakpoint_stops_one_message_and_others_go_on(node: Node) -> None:
    client = Client(node)
    (point,) = client.begin({"line": 11, "condition": '$fU == "alice"'})
    assert point["verified"] and (point["line"], point["column"]) == (11, 3)
    ask(node, "bob")
    assert statuses(node) == [200] and client.events("stopped") == []
    ask(node)
    (body,) = client.events("stopped")
    thread = body["threadId"]
    assert body == {
        "reason": "breakpoint",
        "threadId": thread,
        "allThreadsStopped": False,
        "hitBreakpointIds": [point["id"]],
    }
    ask(node, "carol")
    assert statuses(node) == [200, 200]
    names = {item["id"]: item["name"] for item in client.ask("threads")["threads"]}
    assert names[1] == "siprouter" and names[thread].startswith("OPTIONS sip:alice@example.org to sip:bob@example.com")
    assert client.stack(thread) == [("route", 11)]
    assert client.ask("continue", threadId=thread) == {"allThreadsContinued": False}
    assert statuses(node) == [200, 200, 200]
    assert [item["reason"] for item in client.events("thread")] == ["started", "exited"]
    client.adapter.close()


def test_lines_that_mean_the_next_statement_or_none(node: Node) -> None:
    client = Client(node)
    found = client.begin({"line": 21}, {"line": 23}, {"line": 24}, {"line": 25}, {"line": 34}, {"line": 99})
    assert [item.get("line") for item in found[:4]] == [23, 23, 24, 26]
    assert [item["verified"] for item in found] == [True, True, True, True, False, False]
    assert "cannot wait" in found[4]["message"] and "no statement" in found[5]["message"]
    where = client.ask("breakpointLocations", source={"path": "<text>"}, line=23, endLine=26)["breakpoints"]
    assert where == [{"line": 23, "column": 2}, {"line": 24, "column": 2}, {"line": 26, "column": 3}]
    client.adapter.close()


@pytest.mark.parametrize(
    ("hits", "stops"),
    [("2", [2]), ("== 3", [3]), (">= 3", [3, 4]), ("> 3", [4]), ("<2", [1]), ("<= 2", [1, 2]), ("%2", [2, 4])],
)
def test_counts_of_hits(node: Node, hits: str, stops: list[int]) -> None:
    client = Client(node)
    client.begin({"line": 11, "hitCondition": hits})
    seen = []
    for number in range(1, 5):
        ask(node)
        if client.events("stopped"):
            seen.append(number)
            client.ask("continue", threadId=1)
    assert seen == stops and len(statuses(node)) == 4
    client.adapter.close()


def test_a_log_point_says_something_and_stops_nothing(node: Node) -> None:
    client = Client(node)
    client.begin(
        {
            "line": 12,
            "logMessage": 'call {$ci{s.len}} of {$fU + "!"} {$du} {isflagset(FLT_HERE)}'.replace(
                "{$ci{s.len}}", "{$(ci{s.substr,0,4})}"
            ),
        }
    )
    ask(node)
    assert statuses(node) == [200]
    (body,) = [item for item in client.events("output") if item["category"] == "console"]
    assert body["output"] == "call call of alice! <null> 1\n" and body["line"] == 12
    client.adapter.close()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"condition": "$nosuch == 1"}, "unknown pseudo-variable"),
        ({"condition": "1 +"}, "unexpected end"),
        ({"condition": "nosuch()"}, "unknown function"),
        ({"condition": 'usleep("1")'}, "waits"),
        ({"condition": "x" * 5000}, "more than 4096"),
        ({"condition": "$var(x) = 1;"}, "unexpected"),
        ({"hitCondition": "often"}, "count of hits"),
        ({"logMessage": "{$ru"}, "closing"),
        ({"logMessage": "{}"}, "missing"),
    ],
)
def test_bad_conditions(node: Node, fields: dict[str, Any], message: str) -> None:
    client = Client(node)
    (point,) = client.begin({"line": 11, **fields})
    assert not point["verified"] and message in point["message"]
    ask(node)
    assert statuses(node) == [200]
    client.adapter.close()


def test_a_condition_without_value_says_so_and_stops_nothing(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 11, "condition": "1 / $var(zero)"})
    ask(node)
    assert statuses(node) == [200]
    assert [item for item in client.events("output") if "division by zero" in item["output"]]
    client.adapter.close()


def test_breakpoints_are_replaced(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 11})
    client.ask("setBreakpoints", source={"path": "<text>"}, breakpoints=[])
    ask(node)
    assert client.events("stopped") == []
    client.adapter.close()


def test_route_blocks_as_breakpoints(node: Node) -> None:
    client = Client(node)
    client.begin()
    found = client.ask("setFunctionBreakpoints", breakpoints=[{"name": "ANSWER"}, {"name": "route[NOSUCH]"}])
    assert [item["verified"] for item in found["breakpoints"]] == [True, False]
    ask(node)
    reason, thread = client.stopped()
    assert reason == "function breakpoint" and client.stack(thread) == [("route[ANSWER]", 23), ("route", 12)]
    client.adapter.close()
    node.settle()
    assert statuses(node) == [200]


# --- steps


def test_steps(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 11})
    ask(node)
    _, thread = client.stopped()
    seen = []
    for command in ("next", "stepIn", "next", "next", "stepOut", "next", "next"):
        client.ask(command, threadId=thread)
        stopped = client.events("stopped")
        seen.append(client.stack(thread) if stopped else None)
        assert not stopped or stopped[0]["reason"] == "step"
    assert seen == [
        [("route", 12)],
        [("route[ANSWER]", 23), ("route", 12)],
        [("route[ANSWER]", 24), ("route", 12)],
        [("route[ANSWER]", 26), ("route", 12)],
        [("route", 13)],
        [("route", 14)],
        None,
    ]
    assert statuses(node) == [200]
    client.adapter.close()


def test_over_a_route(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 12})
    ask(node)
    _, thread = client.stopped()
    client.ask("next", threadId=thread)
    assert client.stopped()[0] == "step" and client.stack(thread) == [("route", 13)]
    assert "does not wait" not in client.request("continue", threadId=thread).get("message", "")
    client.adapter.close()


def test_pause_and_stop_on_entry(node: Node) -> None:
    client = Client(node)
    client.begin()
    client.ask("pause", threadId=1)
    ask(node)
    assert client.stopped()[0] == "pause"
    ask(node)
    assert client.events("stopped") == []
    assert client.ask("continue", threadId=1) == {"allThreadsContinued": True}
    assert statuses(node) == [200, 200]
    client.ask("attach", stopOnEntry=True)
    ask(node)
    reason, thread = client.stopped()
    assert reason == "entry" and client.stack(thread) == [("route", 9)]
    client.adapter.close()
    node.settle()
    assert len(statuses(node)) == 3


def test_failure_routes_and_replies_of_a_call(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 31})
    ask(node, method="INVITE")
    answer(node)
    _, thread = client.stopped()
    assert client.stack(thread) == [("failure_route[AGAIN]", 31)]
    assert client.scope(thread, "Message")["route"] == "failure_route"
    assert client.scope(thread, "Reply")["first line"] == '"SIP/2.0 404 No"'
    assert statuses(node) == []
    client.ask("continue", threadId=thread)
    assert statuses(node) == [404]
    client.adapter.close()


# --- beginning and end


def test_a_message_may_be_stopped_for_long(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 11})
    request = ask(node)
    _, thread = client.stopped()
    node.advance(20)
    node.receive(request)
    assert statuses(node) == [] and client.events("stopped") == []
    node.advance(3600)
    assert statuses(node) == [408]  # as for anything else that waits longer than fr_timer
    client.ask("continue", threadId=thread)
    assert statuses(node)[:1] == [408] and client.ask("threads")["threads"] == [{"id": 1, "name": "siprouter"}]
    client.adapter.close()


def test_a_call_is_canceled_while_it_is_stopped(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 16, "condition": 'is_method("INVITE")'})
    request = ask(node, method="INVITE")
    _, thread = client.stopped()
    msg = parse_message(request)
    lines = [msg.line(header) for header in msg.headers if header.id in (H_VIA, H_FROM, H_TO, H_CALL_ID)]
    node.receive(
        b"CANCEL sip:bob@example.com SIP/2.0\r\n" + b"".join(lines) + b"CSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
    )
    client.ask("continue", threadId=thread)
    assert sorted(statuses(node)) == [200, 487]
    assert not [message for message in node.sent if message.data.startswith(b"INVITE")]
    client.adapter.close()


def test_disconnect_lets_all_go_and_leaves_nothing(node: Node) -> None:
    client = Client(node)
    client.begin({"line": 11})
    ask(node)
    ask(node)
    assert len(client.events("stopped")) == 2
    client.ask("disconnect")
    assert client.adapter.closing and client.stops == 0
    client.adapter.close()
    node.settle()
    assert statuses(node) == [200, 200] and node.worker.hooks.entry == []


def test_who_ends_the_server(node: Node) -> None:
    client = Client(node, owned=True)
    client.begin()
    client.ask("disconnect", terminateDebuggee=False)
    assert client.stops == 0
    client.ask("disconnect")
    assert client.stops == 1
    client.ask("terminate")
    assert client.stops == 2 and client.events("terminated") == [{}]


def test_launch_without_debugging(node: Node) -> None:
    client = Client(node, "/etc/siprouter/siprouter.cfg")
    client.ask("initialize", linesStartAt1=False, columnsStartAt1=False)
    assert "runs /etc" in client.refused("launch", program="/etc/other.cfg")
    client.ask("launch", program="/etc/siprouter/siprouter.cfg", noDebug=True)
    (point,) = client.ask("setBreakpoints", source={"path": "<text>"}, breakpoints=[{"line": 10}])["breakpoints"]
    assert (point["line"], point["column"]) == (10, 2)
    client.ask("configurationDone")
    ask(node)
    assert statuses(node) == [200]


def test_requests_that_make_no_sense(node: Node) -> None:
    client = Client(node)
    assert "initialize comes first" in client.refused("threads")
    client.begin()
    assert "once" in client.refused("initialize")
    assert "unknown request" in client.refused("stepBack")
    for command, arguments in (
        ("continue", {}),
        ("continue", {"threadId": "x"}),
        ("next", {"threadId": 77}),
        ("next", {"threadId": 1}),
        ("pause", {"threadId": 9}),
        ("scopes", {"frameId": 5}),
        ("variables", {"variablesReference": 5}),
        ("setBreakpoints", {}),
        ("setBreakpoints", {"source": {}}),
        ("setBreakpoints", {"source": {"path": "/x"}, "breakpoints": [{"line": -1}]}),
        ("setBreakpoints", {"source": {"path": "/x"}, "breakpoints": [{"line": 1}] * 1001}),
        ("setBreakpoints", {"source": {"path": "/x"}, "breakpoints": [{"line": 1, "condition": 7}]}),
        ("setFunctionBreakpoints", {"breakpoints": [7]}),
        ("evaluate", {"expression": 7}),
    ):
        assert client.refused(command, **arguments) not in ("", "internal error"), (command, arguments)
    client.node.wait(client.adapter.take({"type": "response"}))
    client.node.wait(client.adapter.take({"type": "request", "command": ["x"], "arguments": 7, "seq": "y"}))
    assert client.received[-1]["success"] is False
    assert client.ask("stackTrace", threadId=1) == {"stackFrames": [], "totalFrames": 0}
    assert client.ask("loadedSources") == {"sources": [{"name": "<text>", "path": "<text>"}]}
    client.adapter.close()


def test_breakpoints_follow_a_reload(tmp_path: Path) -> None:
    file = tmp_path / "router.cfg"
    file.write_text(CONFIG)
    with Node.from_file(file) as node:
        client = Client(node, str(file))
        (point,) = client.begin({"line": 11}, path=str(file))
        assert point["line"] == 11
        file.write_text(CONFIG.replace("\tsetflag", "\n\n\n\n\tsetflag"))
        node.worker.services["reloader"].reload()
        ask(node)
        (changed,) = client.events("breakpoint")
        assert changed["reason"] == "changed" and changed["breakpoint"]["line"] == 13
        _, thread = client.stopped()
        assert client.stack(thread) == [("route", 13)]
        client.adapter.close()
        node.settle()
        assert statuses(node) == [200]
