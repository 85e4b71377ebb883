"""rpc/call.py: argument specifications, results, and whose fault a fault is."""

from __future__ import annotations

from typing import Any

import pytest

from siprouter.core.worker import Worker
from siprouter.rpc.call import MAX_ARGUMENTS, RpcReply, call_mi, call_rpc, scan, start_rpc
from siprouter.rpc.fifo import build_mi_reply
from siprouter.rpc.mi import MiArgument
from siprouter.rpc.values import Pairs, RpcError, RpcValue
from siprouter.util.errors import InternalError
from siprouter.util.log import Record


@pytest.mark.parametrize(
    ("spec", "params", "expected"),
    [
        ("", [1, 2], []),
        ("sd*s", ["a", 1], ["a", 1]),
        ("sd*s", ["a", 1, "b"], ["a", 1, "b"]),
        ("*ss", [], []),
        ("dtb", [1, 2, 3], [1, 2, True]),
        ("f", [2], [2.0]),
        ("fS", [2.5, b"x"], [2.5, "x"]),
        (".s.d.f", [7, "8", "9.5"], ["7", 8, 9.5]),
        (".s", [1.5], ["1.5"]),
        (".d", [1.9], [1]),
        (".", [[1]], [[1]]),
        ("{", [{"a": 1}], [Pairs([("a", 1)])]),
        ("*s+", ["a", "b", "c"], ["a", "b", "c"]),
        ("d*.s+", [1, 2, "c"], [1, "2", "c"]),
        ("*s+", [], []),
        ("s+", ["a", "b"], ["a", "b"]),
    ],
)
def test_scan(spec: str, params: list[RpcValue], expected: list[Any]) -> None:
    result = scan(spec, params)
    assert result == expected
    assert [type(value) for value in result] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("spec", "params", "message"),
    [
        ("s", [], "error at parameter 0: expected string type but end of packet encountered"),
        ("s+", [], "error at parameter 0: expected string type but end of packet encountered"),
        ("sd", ["a", "1"], "error at parameter 1: expected integer type but record doesn't match type"),
        ("*d", ["1"], "error at parameter 0: expected integer type but record doesn't match type"),
        (".d", ["x"], "error at parameter 0: expected integer type but record doesn't match type"),
        (".d", ["9" * 50], "error at parameter 0: expected integer type but record doesn't match type"),
        (".d", [float("inf")], "error at parameter 0: expected integer type but record doesn't match type"),
        ("f", ["1.5"], "error at parameter 0: expected float type but record doesn't match type"),
        ("s", [1], "error at parameter 0: expected string type but record doesn't match type"),
        ("{", [[]], "error at parameter 0: expected structure type but record doesn't match type"),
        ("*s+", ["a", 1], "error at parameter 1: expected string type but record doesn't match type"),
        ("*.s+", ["a"] * (MAX_ARGUMENTS + 1), "too many arguments"),
    ],
)
def test_scan_faults(spec: str, params: list[RpcValue], message: str) -> None:
    with pytest.raises(RpcError) as caught:
        scan(spec, params)
    assert (caught.value.code, caught.value.message) == (400, message)


def test_autoconversion_counts_for_all_arguments() -> None:
    assert scan("sd", [1, "2"], autoconvert=True) == ["1", 2]


def test_bad_specification_is_our_mistake() -> None:
    with pytest.raises(InternalError):
        scan("x", [1])


async def test_arguments_and_defaults(worker: Worker) -> None:
    assert (await call_rpc(worker, "sample.add", [1, 2])).values == [3]
    assert (await call_rpc(worker, "sample.add", [1])).values == [11]
    assert (await call_rpc(worker, "sample.add", ["1"], autoconvert=True)).values == [11]
    with pytest.raises(RpcError):
        await call_rpc(worker, "sample.add", ["1"])


async def test_call_tells_who_calls(worker: Worker) -> None:
    reply = await call_rpc(worker, "sample.who", transport="binrpc")
    assert reply.result == {"name": "sample.who", "transport": "binrpc", "same": True}


async def test_waiting_commands(worker: Worker) -> None:
    assert (await call_rpc(worker, "sample.wait", ["x"])).values == ["x", "x"]
    with pytest.raises(RpcError) as caught:
        await call_rpc(worker, "sample.wait", ["fail"])
    assert caught.value.code == 404


async def test_start_gives_the_reply_at_once_where_nothing_waits(worker: Worker) -> None:
    assert start_rpc(worker, "sample.add", [1]) == RpcReply([11], False)
    started = start_rpc(worker, "sample.wait", ["x"])
    assert not isinstance(started, RpcReply)
    assert (await started).values == ["x", "x"]


def test_result_for_codecs_that_carry_one_value(worker: Worker) -> None:
    def result(name: str, *params: RpcValue) -> RpcValue:
        reply = start_rpc(worker, name, params)
        assert isinstance(reply, RpcReply)
        return reply.result

    assert result("sample.add", 1) == 11
    assert result("sample.several") == [Pairs([("a", 1), ("a", 2)]), 3]
    assert result("core.echo") == []
    assert result("core.echo", 1) == ["1"]
    assert RpcReply([], False).result is None


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        ("rpc", 410, "gone"),
        ("peer", 487, "Terminated"),
        ("operator", 400, "no such table"),
        ("crash", 500, "internal server error"),
    ],
)
async def test_faults(worker: Worker, records: list[Record], kind: str, code: int, message: str) -> None:
    with pytest.raises(RpcError) as caught:
        await call_rpc(worker, "sample.fail", [kind])
    assert (caught.value.code, caught.value.message) == (code, message)
    assert len(records) == (kind == "crash")


async def test_crash_while_waiting_is_logged(worker: Worker, records: list[Record]) -> None:
    with pytest.raises(RpcError) as caught:
        await call_rpc(worker, "sample.wait", ["crash"])
    assert caught.value.code == 500
    assert "ZeroDivisionError" in records[0].text and "sample.wait" in records[0].text


async def test_unknown_command(worker: Worker) -> None:
    with pytest.raises(RpcError) as caught:
        await call_rpc(worker, "no.such")
    assert (caught.value.code, caught.value.message) == (500, "command no.such not found")


async def mi_lines(worker: Worker, name: str, *values: str) -> bytes:
    reply = await call_mi(worker, name, [MiArgument(None, value) for value in values])
    assert reply is not None
    return build_mi_reply(reply)


async def test_mi(worker: Worker) -> None:
    assert await mi_lines(worker, "join", "a") == b"200 OK\njoined:: a-\n\n"
    assert await mi_lines(worker, "join", "a", "b") == b"200 OK\njoined:: ab\n\n"
    assert await mi_lines(worker, "mi_wait", "a", "b") == b"200 OK\ntext:: a\ntext:: b\n\n"
    assert await call_mi(worker, "no_such") is None


async def test_mi_argument_count_is_checked(worker: Worker) -> None:
    assert await mi_lines(worker, "join") == b"400 Too few or too many arguments\n\n"
    assert await mi_lines(worker, "join", "a", "b", "c") == b"400 Too few or too many arguments\n\n"


async def test_mi_errors(worker: Worker, records: list[Record]) -> None:
    assert await mi_lines(worker, "mi_fail", "rpc") == b"410 gone\n\n"
    assert await mi_lines(worker, "mi_fail", "peer") == b"487 Terminated\n\n"
    assert await mi_lines(worker, "mi_fail", "operator") == b"400 no such table\n\n"
    assert not records
    assert await mi_lines(worker, "mi_fail", "crash") == b"500 command 'mi_fail' failed\n\n"
    assert "KeyError" in records[0].text
