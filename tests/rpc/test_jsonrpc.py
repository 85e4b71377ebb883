"""rpc/jsonrpc.py: the examples of the JSON-RPC 2.0 specification, and bodies that are none."""

import json

import pytest

from siprouter.rpc.jsonrpc import (
    INVALID_REQUEST,
    MAX_BATCH,
    MAX_BODY,
    PARSE_ERROR,
    Call,
    Refusal,
    build_error,
    build_result,
    dump_responses,
    parse_body,
)
from siprouter.rpc.values import Pairs


def one(text: str | bytes) -> Call | Refusal:
    body = parse_body(text.encode() if isinstance(text, str) else text)
    assert not body.batch
    (call,) = body.calls
    return call


def test_positional_named_and_absent_params() -> None:
    assert one('{"jsonrpc":"2.0","method":"subtract","params":[42,23],"id":1}') == Call("subtract", [42, 23], 1, False)
    named = '{"jsonrpc":"2.0","method":"subtract","params":{"a":42,"b":"x"},"id":"q"}'
    assert one(named) == Call("subtract", [42, "x"], "q", False)
    assert one('{"jsonrpc":"2.0","method":"core.ps","id":null}') == Call("core.ps", [], None, False)


def test_notification() -> None:
    assert one('{"jsonrpc":"2.0","method":"update","params":[1]}') == Call("update", [1], None, True)


@pytest.mark.parametrize("body", ['{"jsonrpc":"2.0","method', "", "nonsense", b"\xff\xfe\xff", "[" * 60000])
def test_parse_errors(body: str | bytes) -> None:
    refusal = one(body)
    assert isinstance(refusal, Refusal) and (refusal.code, refusal.id) == (PARSE_ERROR, None)


@pytest.mark.parametrize(
    ("body", "call_id"),
    [
        ("1", None),
        ("[]", None),
        ('{"jsonrpc":"2.0","method":1,"params":"bar"}', None),
        ('{"jsonrpc":"2.0","method":"a","params":7,"id":3}', 3),
        ('{"jsonrpc":"1.0","method":"a","id":4}', 4),
        ('{"method":"a","id":5}', 5),
        ('{"jsonrpc":"2.0","method":"a","id":true}', None),
        ('{"jsonrpc":"2.0","method":"a","id":[1]}', None),
        (" " * MAX_BODY + "1", None),
    ],
)
def test_invalid_requests(body: str, call_id: object) -> None:
    refusal = one(body)
    assert isinstance(refusal, Refusal) and (refusal.code, refusal.id) == (INVALID_REQUEST, call_id)


def test_batch() -> None:
    body = parse_body(b'[{"jsonrpc":"2.0","method":"a","id":1},1,{"jsonrpc":"2.0","method":"b"}]')
    assert body.batch
    assert [type(call) for call in body.calls] == [Call, Refusal, Call]
    too_many = parse_body(json.dumps([1] * (MAX_BATCH + 1)).encode())
    assert len(too_many.calls) == 1 and not too_many.batch


def test_responses() -> None:
    result = build_result(1, [Pairs([("a", 1), ("a", 2)]), b"x"])
    assert result == {"jsonrpc": "2.0", "result": [{"a": [1, 2]}, "x"], "id": 1}
    error = build_error("q", 400, "bad")
    assert json.loads(dump_responses([result, error], True))[1]["error"] == {"code": 400, "message": "bad"}
    assert json.loads(dump_responses([error], False)) == error
    assert json.loads(dump_responses([error], True)) == [error]
    assert dump_responses([], True) == b""


def test_text_that_is_not_utf8_is_escaped() -> None:
    assert b'"\\udcff"' in dump_responses([build_result(1, "\udcff")], False)
