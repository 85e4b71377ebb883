"""What it costs to watch a route run: the plain version, one that tells an observer, one that could stop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import ExitStack, closing
from typing import Any

from benchmarks.bed import Bed
from benchmarks.micro import Case
from siprouter.core.observe import PAUSABLE, WATCHED, Frame, Observer, Place

STATEMENTS = 26
SCRIPT = "route { exit; }\nroute[CASE] {\n" + "\t$var(i) = $var(i) + 1;\n" * STATEMENTS + "}\n"


class Counter(Observer):
    """Counts statements, and stops nowhere."""

    steps = 0

    def step(self, frame: Frame, place: Place) -> None:
        self.steps += 1

    def pause(self, frame: Frame, place: Place) -> None:
        return None


def drive(run: Callable[[Any], Coroutine[Any, Any, int]], ctx: Any) -> None:
    """Run a coroutine that never waits."""
    try:
        run(ctx).send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")


def cases(stack: ExitStack) -> dict[str, Case]:
    """What is timed, by name."""
    bed = stack.enter_context(closing(Bed(SCRIPT)))
    worker, script = bed.worker, bed.worker.script
    assert script is not None
    worker.observation.add(Counter())
    ctx = bed.context(b"OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
                      b"From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n")  # fmt: skip
    plain: Any = script.routes["CASE"].run
    watched: Any = worker.observation.version(script, WATCHED).routes["CASE"].run
    pausable: Any = worker.observation.version(script, PAUSABLE).routes["CASE"].run
    return {
        f"{STATEMENTS} statements": lambda: plain(ctx),
        f"{STATEMENTS} statements, watched": lambda: watched(ctx),
        f"{STATEMENTS} statements that could stop": lambda: drive(pausable, ctx),
    }
