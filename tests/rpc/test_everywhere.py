"""Commands in a server of several workers: which worker runs them, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import Any

import pytest

from siprouter.core.declare import ANY_WORKER, EVERY_WORKER, JOIN_LISTS, SUM_VALUES, mi, rpc
from siprouter.rpc.call import call_mi, mi_here, run_here
from siprouter.rpc.everywhere import ASK_COUNTERS, ASK_MI, ASK_RPC, local_counters
from siprouter.rpc.mi import MiArgument, MiReply
from siprouter.rpc.values import RpcError, plain
from siprouter.testing.node import Node
from siprouter.util.hashing import call_shard

TEXT = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "kex.so"
loadmodule "counters.so"
loadmodule "cfg_rpc.so"
route { sl_send_reply("200", "OK"); }
"""


class TwoWorkers:
    """A Team of two nodes in this process, as the first one sees it."""

    index = 0
    count = 2

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.asked: list[tuple[int, str]] = []
        self.dead = False

    def ask(self, worker: int, what: str, *args: Any) -> Awaitable[Any]:
        self.asked.append((worker, what))
        return self._answer(self.nodes[worker].worker, what, args)

    async def _answer(self, worker: Any, what: str, args: tuple[Any, ...]) -> Any:
        if self.dead:
            raise RpcError(500, "worker 1 died meanwhile")
        if what == ASK_RPC:
            return await run_here(worker, *args)
        if what == ASK_MI:
            return await mi_here(worker, *args)
        assert what == ASK_COUNTERS
        return local_counters(worker)

    def roster(self) -> list[dict[str, Any]]:
        return [{"worker": index, "pid": 100 + index, "restarts": 0} for index in range(2)]


@pytest.fixture
def team() -> Iterator[TwoWorkers]:
    with Node(TEXT) as one, Node(TEXT) as two:
        made = TwoWorkers([one, two])
        one.worker.services["team"] = made
        for index, node in enumerate(made.nodes):
            declare(node.worker, index)
        yield made


def declare(worker: Any, index: int) -> None:
    """Commands that tell where they ran."""

    def first_only(inst: Any, call: Any) -> str:
        if index == 0:
            raise RpcError(404, "not here")
        return "found"

    async def joined(inst: Any, call: Any) -> list[Any]:
        return [index, index]

    def one_mi(inst: Any, name: str = "") -> MiReply:
        if name == "fail" and index == 1:
            return MiReply(480, "Not now")
        reply = MiReply()
        reply.add(None, f"worker {index}")
        return reply

    for command in (
        rpc("t.here", lambda inst, call: index, help=""),
        rpc("t.every", lambda inst, call: index, help="", workers=EVERY_WORKER),
        rpc("t.any", first_only, help="", workers=ANY_WORKER),
        rpc("t.join", joined, help="", returns_array=True, workers=JOIN_LISTS),
        rpc("t.sum", lambda inst, call: {"n": index + 1, "list": [1, "x"], "name": "x"}, help="", workers=SUM_VALUES),
        rpc("t.call", lambda inst, call, call_id: index, "s", help="", call_id=lambda call_id, *_: call_id),
    ):
        worker.registry.rpcs[command.name] = (command, None)
    for item in (
        mi("m_every", one_mi, help="", workers=EVERY_WORKER),
        mi("m_join", one_mi, help="", workers=JOIN_LISTS),
        mi("m_call", one_mi, help="", call_id=lambda call_id, *_: call_id),
    ):
        worker.registry.mis[item.name] = (item, None)


def values(team: TwoWorkers, name: str, *params: Any) -> Any:
    return plain(team.nodes[0].rpc(name, *params).values)


def mi_values(team: TwoWorkers, name: str, *arguments: str) -> tuple[int, list[str | None]]:
    node = team.nodes[0]
    reply = node.wait(call_mi(node.worker, name, [MiArgument(None, text) for text in arguments]))
    return reply.code, [child.value for child in reply.children]


def test_where_commands_run(team: TwoWorkers) -> None:
    assert values(team, "t.here") == [0] and team.asked == []
    assert values(team, "t.every") == [0] and team.asked == [(1, ASK_RPC)]
    assert values(team, "t.any") == ["found"]
    assert values(team, "t.join") == [0, 0, 1, 1]
    assert values(team, "t.sum") == [{"n": 3, "list": [2, "x"], "name": "x"}]


def test_a_command_about_a_call_runs_in_its_owner(team: TwoWorkers) -> None:
    ids = [f"call{number}" for number in range(8)]
    owners = [call_shard(call_id.encode(), 2) for call_id in ids]
    assert set(owners) == {0, 1}
    assert [values(team, "t.call", call_id)[0] for call_id in ids] == owners
    assert [mi_values(team, "m_call", call_id)[1] for call_id in ids] == [[f"worker {owner}"] for owner in owners]
    with pytest.raises(RpcError, match="parameter 0"):
        values(team, "t.call")


def test_management_commands(team: TwoWorkers) -> None:
    assert mi_values(team, "m_every") == (200, ["worker 0"])
    assert mi_values(team, "m_join") == (200, ["worker 0", "worker 1"])
    assert mi_values(team, "m_join", "fail") == (480, [])
    assert mi_values(team, "m_join", "too", "many")[0] == 400


def test_counters_are_summed(team: TwoWorkers) -> None:
    for number, node in enumerate(team.nodes):
        for turn in range(number + 1):
            node.receive(node.request("OPTIONS", f"sip:{turn}@example.org"), "10.0.0.1:5060")
    assert values(team, "cnt.get", "sl", "200_replies") == [3]
    assert values(team, "sl.stats")[0]["200"] == 3
    assert mi_values(team, "get_statistics", "200_replies") == (200, ["sl:200_replies = 3"])
    assert mi_values(team, "reset_statistics", "200_replies") == (200, [])
    assert mi_values(team, "get_statistics", "200_replies") == (200, ["sl:200_replies = 0"])
    total = mi_values(team, "get_statistics", "total_size")[1][0]
    alone = team.nodes[1].counter("shmem", "total_size")
    assert total == f"shmem:total_size = {alone}"  # the machine's, not to be added up


def test_settings_change_everywhere(team: TwoWorkers) -> None:
    values(team, "cfg.set_now_int", "core", "debug", 2)
    assert [node.worker.cfg.get("core", "debug") for node in team.nodes] == [2, 2]


def test_single_workers_can_be_asked(team: TwoWorkers) -> None:
    assert values(team, "core.worker", 1, "t.sum")[0]["n"] == 2
    assert values(team, "core.worker", 0, "t.every") == [0]
    assert [row["pid"] for row in values(team, "core.workers")] == [100, 101]
    for index in (-1, 2):
        with pytest.raises(RpcError, match="there are 2"):
            values(team, "core.worker", index, "t.here")
    assert plain(team.nodes[1].rpc("core.workers").values)[0]["restarts"] == 0  # it is alone, as far as it knows
    assert team.nodes[1].rpc("core.worker", 0, "t.here").values == [1]


def test_a_worker_that_is_gone_is_a_fault(team: TwoWorkers) -> None:
    team.dead = True
    for name in ("t.every", "t.join", "t.sum"):
        with pytest.raises(RpcError, match="died meanwhile"):
            values(team, name)
    assert mi_values(team, "m_every")[0] == 500
    assert mi_values(team, "get_statistics", "200_replies")[0] == 500
