"""Loading the script again in several workers: all of them or none, and no call is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.rpc.values import RpcError
from tests.server.test_workers import SCRIPT, options_request
from tests.support.ports import Ports
from tests.support.wire import Endpoint
from tests.support.workers import Traffic, Workers, call_ids

pytestmark = pytest.mark.scenario

COMPILED = os.environ.get("SIPROUTER_PURE") != "1"
RATE, SECONDS, RELOADS = (500, 12, 100) if COMPILED and os.environ.get("SIPROUTER_FULL_LOAD") else (40, 8, 100)


def script(mark: str, more: str = "") -> str:
    return SCRIPT.replace('"200", "Here"', f'"200", "{mark}"') + more


@pytest.fixture
def server(tmp_path: Path, ports: Ports) -> Iterator[Workers]:
    with Workers(script("one"), tmp_path, ports) as running:
        yield running


def answers(server: Workers, turn: str) -> set[str]:
    """What each worker says now."""
    endpoint = Endpoint("asker", server.address)
    found = set()
    try:
        for index in (0, 1):
            endpoint.send(options_request(next(call_ids(index, 2, turn)), endpoint.port))
            found.add(endpoint.expect(200).start.split(" ", 2)[2])
    finally:
        endpoint.close()
    return found


def test_all_workers_switch_and_go_back_together(server: Workers) -> None:
    assert answers(server, "a") == {"one"}
    server.write(script("two"))
    assert server.rpc_value("cfg.reload")["version"] == 2
    assert answers(server, "b") == {"two"}
    server.write(script("three", "route[x] { no_such_function(); }\n"))
    with pytest.raises(RpcError, match="no_such_function"):
        server.rpc("cfg.reload")
    assert answers(server, "c") == {"two"}
    assert server.rpc_value("cfg.rollback_script")["version"] == 1
    assert answers(server, "d") == {"one"}
    versions = [server.rpc("core.worker", index, "cfg.versions") for index in (0, 1)]
    assert [[row["version"] for row in rows if row["running"]] for rows in versions] == [[1], [1]]


def test_a_worker_that_starts_again_runs_what_the_others_run(server: Workers) -> None:
    server.write(script("two"))
    server.rpc("cfg.reload")
    server.write(script("not loaded"))
    for index in (1, 0):
        os.kill(server.pids()[index], signal.SIGKILL)
        server.wait_for(f"worker {index} is at work again")
        assert answers(server, f"r{index}") == {"two"}
    assert server.rpc_value("cfg.reload")["version"] == 3
    assert answers(server, "s") == {"not loaded"}
    assert server.rpc_value("cfg.rollback_script")["version"] == 2


async def test_messages_are_answered_while_a_large_script_is_compiled(server: Workers) -> None:
    steps = "".join(f'    if ($rU =~ "^{number}[0-9]+$") {{ $rU = "x{number}"; }}\n' for number in range(1500))
    server.write(script("large", f"route[large] {{\n{steps}}}\n"))
    endpoint = Endpoint("asker", server.address)
    try:
        reload = asyncio.create_task(asyncio.to_thread(server.rpc, "cfg.reload"))
        seen = []
        while not reload.done():
            call = f"beside{len(seen)}@test"
            endpoint.send(options_request(call, endpoint.port))
            seen.append((await asyncio.to_thread(endpoint.expect, 200, 20.0, call)).start)
        assert (await reload)[0]["version"] == 2
    finally:
        endpoint.close()
    # the second one was answered by the old version, long before the new one was ready
    assert len(seen) > 3 and seen[1].endswith("one")
    assert answers(server, "large") == {"large"}


async def test_a_hundred_reloads_lose_no_call(server: Workers) -> None:
    async with Traffic(server.address, patience=30.0) as traffic:
        run = asyncio.create_task(traffic.run(RATE, SECONDS))
        for number in range(RELOADS):
            server.write(script(f"version {number}"))
            found = await asyncio.to_thread(server.rpc, "cfg.reload")
            assert found[0]["version"] == number + 2
        await run
        assert traffic.lost == []
        assert len(traffic.finished) == RATE * SECONDS
    assert answers(server, "end") == {f"version {RELOADS - 1}"}
