"""The process that checks: what it does to itself never reaches the server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from siprouter.lsp.analysts import Analyst
from siprouter.lsp.findings import Task

LOOPS = "import sys, time\nwhile sys.stdin.buffer.read(1):\n    pass\n"
DIES = "import sys\nsys.stdin.buffer.read(4)\nsys.exit(3)\n"
TALKS = (
    "import sys\nsys.stdin.buffer.read(4)\nsys.stdout.buffer.write(b'\\x00\\x00\\x00\\x03{{{')\nsys.stdout.flush()\n"
)


async def test_it_answers_and_is_used_again(tmp_path: Path) -> None:
    (tmp_path / "k.cfg").write_text("route { nothing(); }\n")
    analyst = Analyst()
    try:
        for _ in range(2):
            found = await analyst.ask(Task(str(tmp_path / "k.cfg"), {}, {}))
            assert [item.code for item in found.findings] == ["unknown-function"]
    finally:
        await analyst.close()


@pytest.mark.parametrize(
    ("program", "seconds", "message"),
    [(LOOPS, 0.5, "longer than"), (DIES, 30.0, "ended early"), (TALKS, 30.0, "ended early")],
    ids=["stuck", "dies", "nonsense"],
)
async def test_a_process_that_fails_is_a_finding(program: str, seconds: float, message: str) -> None:
    analyst = Analyst([sys.executable, "-c", program], seconds)
    try:
        for _ in range(2):  # each time with a fresh process
            found = await analyst.ask(Task("/k.cfg", {}, {}))
            assert len(found.findings) == 1 and message in found.findings[0].message
    finally:
        await analyst.close()
