"""Stopping in unusual places: included files, functions that wait, reply routes; beside the module debugger."""

from __future__ import annotations

import os
from pathlib import Path

from siprouter.testing import Node
from tests.debug.client import Client, ask, statuses

HEAD = """#!KAMAILIO
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "cfgutils.so"
"""


def test_an_included_file(tmp_path: Path) -> None:
    part, block = tmp_path / "part.cfg", tmp_path / "block.cfg"
    part.write_text("\n$var(part) = 1;\n$var(part) = 2;\n")
    block.write_text("route[OTHER] {\n\t$var(other) = 1;\n}\n")
    main = tmp_path / "main.cfg"
    body = 'route {\n\twhile ($var(go) < 1) {\n\t\tinclude_file "part.cfg"\n\t\t$var(go) = 1;\n\t}\n\troute(OTHER);\n'
    main.write_text(f'{HEAD}include_file "block.cfg"\n{body}\tsl_send_reply("200", "OK");\n}}\n')
    link = tmp_path / "link.cfg"
    link.symlink_to(part)
    with Node.from_file(main) as node:
        client = Client(node, str(main))
        (point,) = client.begin({"line": 1}, path=str(link))  # as an editor may have it open
        assert point["verified"] and point["line"] == 2
        client.ask("setBreakpoints", source={"path": str(block)}, breakpoints=[{"line": 2}])
        sources = client.ask("loadedSources")["sources"]
        assert [item["path"] for item in sources] == [str(main), str(block), str(part)]
        ask(node)
        _, thread = client.stopped()
        (frame,) = client.ask("stackTrace", threadId=thread)["stackFrames"]
        assert (frame["source"]["path"], frame["line"], frame["name"]) == (str(part), 2, "route")
        client.ask("next", threadId=thread)
        client.ask("next", threadId=thread)
        (frame,) = client.ask("stackTrace", threadId=thread)["stackFrames"]
        assert (frame["source"]["path"], frame["line"]) == (str(main), 10)
        client.events("stopped")
        client.ask("continue", threadId=thread)
        _, thread = client.stopped()
        assert client.stack(thread) == [("route[OTHER]", 2), ("route", 12)]
        client.ask("continue", threadId=thread)
        assert statuses(node) == [200]
        client.adapter.close()


def test_over_a_function_that_waits() -> None:
    with Node(HEAD + 'route {\n\t$var(a) = 1;\n\tusleep("500000");\n\tsl_send_reply("200", "OK");\n}\n') as node:
        client = Client(node)
        client.begin({"line": 8})
        ask(node)
        _, thread = client.stopped()
        client.ask("next", threadId=thread)
        assert client.events("stopped") == []
        assert client.ask("stackTrace", threadId=thread)["stackFrames"] == []
        client.ask("pause", threadId=thread)
        node.advance(1)
        assert client.stopped()[0] == "step" and client.stack(thread) == [("route", 9)]
        client.ask("continue", threadId=thread)
        assert statuses(node) == [200]
        client.adapter.close()


def test_replies_without_transaction() -> None:
    with Node(HEAD + "route { exit; }\nonreply_route {\n\t$var(reply) = $rs;\n}\n") as node:
        client = Client(node)
        client.begin({"line": 8, "condition": "$rs == 486"})
        lines = "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb\r\n"
        lines += (
            "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        )
        for status in (200, 486):
            node.receive(f"SIP/2.0 {status} It\r\n{lines}".encode())
        _, thread = client.stopped()
        assert statuses(node) == [200]
        names = {item["id"]: item["name"] for item in client.ask("threads")["threads"]}
        assert names[thread].startswith("486 (INVITE) sip:a@b to sip:a@b, c, onreply_route")
        assert client.value("$rs", thread) == "486"
        client.adapter.close()
        node.settle()
        assert statuses(node) == [200, 486]


def test_beside_the_module() -> None:
    """Both stop a message where both want to, one after the other."""
    text = HEAD + 'loadmodule "debugger.so"\nmodparam("debugger", "cfgtrace", 1)\n'
    with Node(text + 'route {\n\t$var(a) = 1;\n\tsl_send_reply("200", "OK");\n}\n') as node:
        client = Client(node)
        client.begin({"line": 10})
        node.rpc("dbg.bp", "on")
        ask(node)
        pid = os.getpid()
        assert node.rpc("dbg.bp", "next", pid).result == "exec [<text>:9] a=63 n=assign"
        assert node.rpc("dbg.bp", "next", pid).result == "exec [<text>:10] a=27 n=sl_send_reply"
        node.rpc("dbg.bp", "move", pid)
        _, thread = client.stopped()
        assert statuses(node) == [] and len(node.logged("a=27 n=sl_send_reply")) == 1
        client.ask("continue", threadId=thread)
        assert statuses(node) == [200]
        client.adapter.close()
