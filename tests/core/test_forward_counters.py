"""core/forward.py: what is counted."""

from __future__ import annotations

from typing import Any

import pytest

from siprouter.core.forward import forward_request
from siprouter.util.errors import PeerError
from tests.support.fakes import FakeWorker, context


def counts(worker: FakeWorker) -> list[int]:
    return [worker.counters.declare("core", name).value for name in ("fwd_requests", "drop_requests")]


class NoResolver:
    """Knows nothing, and finds nothing out."""

    def plan_now(self, *hop: Any) -> None:
        return None

    async def plan(self, *hop: Any) -> None:
        raise PeerError(478, "Unresolvable destination")


@pytest.mark.parametrize(("uri", "result", "expected"), [("sip:192.0.2.99", 1, [1, 0]), ("mailto:x", -1, [0, 1])])
def test_addresses(uri: str, result: int, expected: list[int]) -> None:
    ctx = context(FakeWorker())
    ctx.dst_uri = uri
    assert forward_request(ctx) == result
    assert counts(ctx.worker) == expected


async def test_name_that_cannot_be_resolved() -> None:
    worker = FakeWorker()
    worker.resolver = NoResolver()
    ctx = context(worker)
    ctx.dst_uri = "sip:no-such-host.invalid"
    assert forward_request(ctx) == 1
    assert counts(worker) == [0, 0]
    await worker.spawned[0]
    assert counts(worker) == [0, 1]
