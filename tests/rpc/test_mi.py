"""rpc/mi.py: reply trees and their lines."""

import pytest

from siprouter.rpc.mi import MiReply, node_lines, to_reply
from siprouter.rpc.values import Pairs
from siprouter.util.errors import InternalError


def tree() -> MiReply:
    reply = MiReply()
    domain = reply.add("Domain", "location").attribute("table", 512)
    aor = domain.add("AOR", "alice")
    aor.add("Contact", "sip:a@b").attribute("Q", "")
    reply.add(None, "plain")
    reply.add("empty")
    return reply


def test_lines() -> None:
    assert list(node_lines(tree(), "\t")) == [
        "Domain:: location table=512",
        "\tAOR:: alice",
        "\t\tContact:: sip:a@b Q=",
        "plain",
        "empty:: ",
    ]
    assert list(node_lines(tree(), ""))[2] == "Contact:: sip:a@b Q="


def test_plain_data_becomes_nodes() -> None:
    reply = to_reply(
        {"Now": "today", "list": [1, "x"], "inner": Pairs([("a", 1), ("a", 2)]), "none": None, "yes": True}
    )
    assert (reply.code, reply.reason) == (200, "OK")
    assert list(node_lines(reply, " ")) == [
        "Now:: today", "list:: ", " 1", " x", "inner:: ", " a:: 1", " a:: 2", "none:: ", "yes:: 1"
    ]  # fmt: skip
    assert list(node_lines(to_reply(["a", b"b", 1.5]), "")) == ["a", "b", "1.5"]
    assert list(node_lines(to_reply("one"), "")) == ["one"]
    assert to_reply(None).children == []
    same = MiReply(404, "gone")
    assert to_reply(same) is same


def test_what_is_no_data_or_too_deep_is_our_mistake() -> None:
    with pytest.raises(InternalError):
        to_reply(object())
    nested: list[object] = []
    for _ in range(50):
        nested = [nested]
    with pytest.raises(InternalError):
        to_reply(nested)
