"""core.sctp_info and core.sctp_options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from siprouter.rpc.values import RpcError
from siprouter.testing import Node
from siprouter.transport.endpoint import PROTO_SCTP, Listener
from siprouter.transport.sctp import SctpStats
from siprouter.transport.sctp_wire import SCTP_SETTINGS, SctpOptions


class Socket:
    """What the commands look at of a socket."""

    def __init__(self, listener: Listener, fails: bool = False) -> None:
        self.listener = listener
        self.stats = SctpStats(established=9, opened=4, tracked=3)
        self.options = SctpOptions(send_retries=2)
        self.fails = fails

    def read_options(self) -> dict[str, int]:
        if self.fails:
            raise OSError("no such option")
        return dict.fromkeys(SCTP_SETTINGS, 5)


@pytest.fixture
def node() -> Iterator[Node]:
    with Node("request_route { forward(); }") as one:
        yield one


def ask(node: Node, command: str, *arguments: str) -> Any:
    return node.rpc(command, *arguments).result


def open_sockets(node: Node) -> None:
    first, second = Listener(PROTO_SCTP, "127.0.0.1", 5070), Listener(PROTO_SCTP, "::1", 5070)
    for listener in (first, second):
        node.worker.listeners.add(listener)
    node.network.sctp_sockets = [Socket(first), Socket(second, True)]  # type: ignore[attr-defined]


def test_without_sctp(node: Node) -> None:
    for command in ("core.sctp_info", "core.sctp_options"):
        with pytest.raises(RpcError, match="sctp support disabled"):
            ask(node, command)


def test_what_there_is(node: Node) -> None:
    open_sockets(node)
    assert ask(node, "core.sctp_info") == {
        "opened_connections": 4,
        "tracked_connections": 3,
        "total_connections": 9,
    }
    settings = ask(node, "core.sctp_options")
    assert list(settings) == [f"sctp_{name}" for name in SCTP_SETTINGS]
    assert settings["sctp_send_retries"] == 2 and settings["sctp_srto_max"] == 0


@pytest.mark.parametrize("name", ["default", "FIRST", "127.0.0.1", "127.0.0.1:5070", "sctp:127.0.0.1:5070"])
def test_what_is_in_force_on_a_socket(node: Node, name: str) -> None:
    open_sockets(node)
    assert set(ask(node, "core.sctp_options", name).values()) == {5}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a:b:c:d", "bad param"),
        ("udp:127.0.0.1", "bad protocol"),
        ("192.0.2.1", "not listening on sctp 192.0.2.1"),
        ("sctp:[::1]:5070", "failed to get socket options"),
    ],
)
def test_sockets_that_cannot_be_asked(node: Node, name: str, problem: str) -> None:
    open_sockets(node)
    with pytest.raises(RpcError, match=problem):
        ask(node, "core.sctp_options", name)
