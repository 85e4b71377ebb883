"""Routes as the text of a module: deterministic, importable, and every line leads back to the configuration."""

from __future__ import annotations

from typing import Any

from siprouter.core.declare import Module
from siprouter.script.native import NativeSource
from siprouter.testing import Node

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"

route {
	if (is_method("OPTIONS")) {
		route(ANSWER);
		exit;
	}
	if ($rU == "\\u00fcber" && (method == "INVITE" || $var(x) > 3))
		sl_send_reply("486", "Busy");
	else
		sl_send_reply("404", "None");
}

route[ANSWER] {
	$var(n) = 0;
	switch ($rc) {
		case -1:
			$var(n) = 1;
			break;
		case 2:
			$var(n) = -2;
	}
	while ($var(n) < 3) {
		$var(n) = $var(n) + 1;
	}
	sl_send_reply("200", "Counted $var(n)");
}
"""


class Collector:
    """Keeps the text, and defines the functions from it as plain Python."""

    def __init__(self) -> None:
        self.source: NativeSource | None = None

    def define(self, source: NativeSource, namespace: dict[str, Any]) -> str:
        self.source = source
        module: dict[str, Any] = {}
        exec(compile(source.text, "built.py", "exec"), module)
        module["bind"](namespace)
        for known, built in source.functions.items():
            namespace[known] = module[built]
        return "built.py"


def built_node(config: str, collector: Collector) -> Node:
    """A node whose routes come from the text."""

    def offer(worker: Any) -> Any:
        worker.services["native"] = collector
        return worker

    return Node(config, modules=[Module("native", help="", state=offer)])


def text_of(config: str) -> NativeSource:
    collector = Collector()
    with built_node(config, collector):
        assert collector.source is not None
        return collector.source


def test_text_is_the_same_each_time() -> None:
    first, second = text_of(CONFIG), text_of(CONFIG)
    assert (first.text, first.types, first.lines) == (second.text, second.types, second.lines)
    assert first.digest(b"x") == second.digest(b"x") != first.digest(b"y")


def test_another_script_has_another_text() -> None:
    assert text_of(CONFIG).digest(b"") != text_of(CONFIG.replace("404", "405")).digest(b"")


def test_same_answers() -> None:
    with built_node(CONFIG, Collector()) as built, Node(CONFIG) as plain:
        for method, uri in (("OPTIONS", "sip:a@b"), ("INVITE", "sip:a@b"), ("INVITE", "sip:\u00fcber@b")):
            replies = [node.receive(node.request(method, uri)).last for node in (built, plain)]
            assert replies[0].status == replies[1].status
            assert replies[0].text.splitlines()[0] == replies[1].text.splitlines()[0]


def test_lines_lead_to_the_configuration() -> None:
    source = text_of(CONFIG)
    lines = source.text.splitlines()
    wanted = CONFIG.splitlines()
    for number, (_path, line) in source.lines.items():
        if "sl_send_reply" in lines[number - 1]:
            assert "sl_send_reply" in wanted[line - 1]
    assert any("while" in wanted[line - 1] for _path, line in source.lines.values())


def test_every_route_has_a_type() -> None:
    source = text_of(CONFIG)
    assert sorted(source.functions.values()) == ["route_0", "route_1"]
    for name in source.functions.values():
        assert f"cpdef object {name}(Context ctx)" in source.types
    for name in source.objects:
        assert f"cdef object {name}\n" in source.types
