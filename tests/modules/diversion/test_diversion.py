"""Diversion headers: the newest on top, with the URI as received."""

from __future__ import annotations

import pytest

from siprouter.testing import Node

CONFIG = """
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "diversion.so"
%s
route {
	$ru = "sip:vm@192.0.2.9";
	if (!add_diversion("%s")) {
		exit;
	}
	forward();
}
"""


@pytest.mark.parametrize(
    ("head", "reason", "line"),
    [
        ("", "user-busy", "<sip:bob@b>;reason=user-busy"),
        ('modparam("diversion", "suffix", ";privacy=off")', "away", "<sip:bob@b>;reason=away;privacy=off"),
        ("", "$rm", "<sip:bob@b>;reason=OPTIONS"),
    ],
)
def test_added(head, reason, line):
    with Node(CONFIG % (head, reason)) as node:
        sent = node.receive(node.request("OPTIONS", "sip:bob@b")).last
        assert sent.headers("Diversion") == [line]
        sent = node.receive(node.request("OPTIONS", "sip:bob@b", headers={"Diversion": "<sip:a@a>;reason=x"})).last
        assert sent.headers("Diversion") == [line, "<sip:a@a>;reason=x"]


def test_no_reason():
    with Node(CONFIG.replace("$ru =", '$var(none) = ""; $ru =') % ("", "$var(none)")) as node:
        node.receive(node.request("OPTIONS", "sip:bob@b"))
        assert node.sent == []
        assert "add_diversion()" in node.errors[-1]


def test_after_a_failure():
    text = """
        loadmodule "tm.so"
        loadmodule "pv.so"
        loadmodule "diversion.so"
        route { t_on_failure("F"); $rd = "192.0.2.8"; t_relay(); }
        failure_route[F] { add_diversion("user-busy"); $ru = "sip:vm@192.0.2.9"; t_relay(); }
    """
    with Node(text) as node:
        run = node.run_route("F", node.request("INVITE", "sip:bob@b"), kind="failure_route", status=486)
        assert run.sent.last.headers("Diversion") == ["<sip:bob@b>;reason=user-busy"]
        node.advance(40)


def test_ser():
    text = """#!SER
        loadmodule "tm.so"
        loadmodule "diversion.so"
        route { add_diversion("%s"); forward("192.0.2.9", 5060); }
    """
    with Node(text % "@from.tag") as node:
        sent = node.receive(node.request("OPTIONS", "sip:bob@b")).last
        tag = sent.message.from_.tag
        assert sent.headers("Diversion") == [f"<sip:bob@b>;reason={tag}"]
    with Node(text % "@to.tag") as node:
        sent = node.receive(node.request("OPTIONS", "sip:bob@b")).last
        assert sent.headers("Diversion") == []
        assert "add_diversion()" in node.errors[-1]
