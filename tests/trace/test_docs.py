"""The ladder in docs/tracing.md is what the call that it describes gives."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from siprouter.testing import Node
from siprouter.testing.messages import reply_to
from siprouter.trace.commands import recorder_of
from siprouter.trace.render import render_text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tracing.md"


def block_behind(text: str, words: str) -> str:
    """The indented block that follows a line of the page."""
    lines = text[text.index(words) :].split("\n")[1:]
    found: list[str] = []
    for line in lines:
        if line and not line.startswith("    "):
            break
        found.append(line[4:])
    return "\n".join(found).strip("\n")


def test_the_pictured_call(tmp_path: Path) -> None:
    page = PAGE.read_text()
    (tmp_path / "kamailio.cfg").write_text(block_behind(page, "This configuration") + "\n")
    with closing(
        Node.from_file(tmp_path / "kamailio.cfg", names={"first.example": "10.0.0.9"}, name_delay=0.012)
    ) as node:
        kept = recorder_of(node.worker)
        kept.start('$fU == "alice"')
        node.receive(
            node.request("INVITE", "sip:bob@test", from_="sip:alice@test", to="sip:bob@test", call_id="3c26700c")
        )
        node.advance(2.3)
        sent = [item for item in node.sent if item.method == "INVITE"][-1]
        node.receive(reply_to(sent.message, 200), "udp:10.0.0.8:5060")
        node.advance(0.1)
        kept.stop()
        shown = render_text(kept.calls["3c26700c@test"])
        node.advance(200)
    assert shown == block_behind(page, "gives, for a call")
