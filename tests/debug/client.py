"""A client of the Debug Adapter Protocol without sockets, for a node of the test kit."""

from __future__ import annotations

from typing import Any

from siprouter.debug.adapter import Adapter
from siprouter.testing import Node
from siprouter.testing.messages import reply_to

CONFIG = """#!KAMAILIO
#!define FLT_HERE 5
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
route {
	setflag(FLT_HERE);
	if (is_method("OPTIONS")) {
		$avp(s:who) = $fU;
		route(ANSWER);
		$var(after) = 1;
		exit;
	}
	append_branch("sip:second@192.0.2.8");
	t_on_failure("AGAIN");
	$du = "sip:192.0.2.9:5060";
	t_relay();
}

route[ANSWER] {
	$var(x) = 1;
	if ($var(x) == 1 &&
			$rU != "nobody") {
		sl_send_reply("200", "OK");
	}
}

failure_route[AGAIN] {
	$var(failed) = 1;
}

onsend_route {
	$var(sending) = 1;
}
"""


class Client:
    """Sends requests to an adapter and keeps what comes back."""

    def __init__(self, node: Node, file: str = "<text>", owned: bool = False) -> None:
        self.node = node
        self.received: list[dict[str, Any]] = []
        self.stops = 0
        self.adapter = Adapter(
            node.worker,
            self.received.append,
            file=file,
            defines={},
            stop=self._stop,
            owned=owned,
            claim=lambda adapter: True,
        )
        self._sequence = 0

    def _stop(self) -> None:
        self.stops += 1

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The response, whatever it says."""
        self._sequence += 1
        message = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
        self.node.wait(self.adapter.take(message))
        self.node.settle()
        return next(
            item for item in self.received if item["type"] == "response" and item["request_seq"] == self._sequence
        )

    def ask(self, command: str, **arguments: Any) -> Any:
        """The body of a response that must be a good one."""
        answer = self.request(command, **arguments)
        assert answer["success"], answer
        return answer.get("body")

    def refused(self, command: str, **arguments: Any) -> str:
        """Why a request failed."""
        answer = self.request(command, **arguments)
        assert not answer["success"], answer
        return str(answer["message"])

    def events(self, name: str) -> list[dict[str, Any]]:
        """The bodies of all events of a name since the last call."""
        found = [item for item in self.received if item["type"] == "event" and item["event"] == name]
        for item in found:
            self.received.remove(item)
        return [item.get("body", {}) for item in found]

    def stopped(self) -> tuple[str, int]:
        """Reason and thread of the only message that has stopped since the last call."""
        (body,) = self.events("stopped")
        assert body["allThreadsStopped"] is False
        return body["reason"], body["threadId"]

    def begin(self, *breakpoints: dict[str, Any], path: str = "<text>", **arguments: Any) -> list[dict[str, Any]]:
        """Up to the point where messages stop; what became of the breakpoints."""
        self.ask("initialize", adapterID="siprouter")
        assert self.events("initialized") == [{}]
        self.ask("attach", **arguments)
        found = self.ask("setBreakpoints", source={"path": path}, breakpoints=list(breakpoints))["breakpoints"]
        self.ask("configurationDone")
        return list(found)

    def stack(self, thread: int) -> list[tuple[str, int]]:
        """(route, line) of the frames of a thread, innermost first."""
        return [(frame["name"], frame["line"]) for frame in self.ask("stackTrace", threadId=thread)["stackFrames"]]

    def frame(self, thread: int) -> int:
        """The innermost frame."""
        return int(self.ask("stackTrace", threadId=thread)["stackFrames"][0]["id"])

    def scope(self, thread: int, name: str) -> dict[str, str]:
        """The lines of a scope."""
        listed = self.ask("variables", variablesReference=self.reference(thread, name))["variables"]
        return {item["name"]: item["value"] for item in listed}

    def reference(self, thread: int, name: str) -> int:
        """The handle of a scope."""
        found = self.ask("scopes", frameId=self.frame(thread))["scopes"]
        return next(int(item["variablesReference"]) for item in found if item["name"] == name)

    def value(self, expression: str, thread: int, context: str = "watch") -> str:
        """What an expression gives."""
        body = self.ask("evaluate", expression=expression, frameId=self.frame(thread), context=context)
        return str(body["result"])


def ask(node: Node, user: str = "alice", method: str = "OPTIONS") -> bytes:
    request = node.request(method, "sip:bob@example.com", from_=f"sip:{user}@example.org")
    node.receive(request)
    return request


def answer(node: Node) -> None:
    """404 from both destinations of a call."""
    forwarded = [message for message in node.sent if message.data.startswith(b"INVITE")]
    assert len(forwarded) == 2
    for message in forwarded:
        node.receive(reply_to(message.data, 404, "No"), "udp:192.0.2.9:5060")


def statuses(node: Node) -> list[int]:
    return [message.status for message in node.sent if message.status >= 200]
