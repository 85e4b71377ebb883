"""rpc/answer.py."""

from __future__ import annotations

import json
import xmlrpc.client
from typing import Any

import pytest

from siprouter.core.declare import rpc
from siprouter.core.worker import Worker
from siprouter.rpc.answer import answer_jsonrpc, answer_xmlrpc
from siprouter.util.log import Record


async def ask_json(worker: Worker, body: Any) -> Any:
    answer = await answer_jsonrpc(worker, body if isinstance(body, bytes) else json.dumps(body).encode())
    return json.loads(answer) if answer else None


def call(method: str, *params: Any, call_id: int = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": list(params), "id": call_id}


async def test_json(worker: Worker) -> None:
    assert await ask_json(worker, call("sample.add", 1, 2)) == {"jsonrpc": "2.0", "result": 3, "id": 1}
    assert (await ask_json(worker, call("sample.several")))["result"] == [{"a": [1, 2]}, 3]
    assert (await ask_json(worker, call("core.echo", "x")))["result"] == ["x"]
    assert (await ask_json(worker, call("sample.who")))["result"]["transport"] == "jsonrpc"
    assert (await ask_json(worker, call("sample.fail", "rpc")))["error"] == {"code": 410, "message": "gone"}
    assert (await ask_json(worker, call("no.such")))["error"]["code"] == -32601
    assert (await ask_json(worker, b"{"))["error"]["code"] == -32700


async def test_json_batch_and_notifications(worker: Worker) -> None:
    quiet = {"jsonrpc": "2.0", "method": "sample.add", "params": [1]}
    answers = await ask_json(worker, [call("sample.add", 1, call_id=7), quiet, 5, call("sample.wait", "x", call_id=8)])
    assert [(answer["id"], answer.get("result")) for answer in answers] == [(7, 11), (None, None), (8, ["x", "x"])]
    assert await ask_json(worker, quiet) is None


async def test_json_of_a_number_that_is_none(worker: Worker, records: list[Record]) -> None:
    worker.registry.rpcs["odd"] = (rpc("odd", lambda inst, call: float("nan"), help="odd"), None)
    assert (await ask_json(worker, call("odd")))["error"]["code"] == 500
    assert len(records) == 1


async def ask_xml(worker: Worker, method: str, *params: Any) -> Any:
    answer = await answer_xmlrpc(worker, xmlrpc.client.dumps(params, method).encode())
    return xmlrpc.client.loads(answer)[0][0]


async def test_xml(worker: Worker) -> None:
    assert await ask_xml(worker, "sample.add", 1, 2) == 3
    assert await ask_xml(worker, "core.echo", "é") == ["é"]
    assert (await ask_xml(worker, "sample.who"))["transport"] == "xmlrpc"


async def test_xml_faults(worker: Worker, records: list[Record]) -> None:
    worker.registry.rpcs["odd"] = (rpc("odd", lambda inst, call: float("inf"), help="odd"), None)
    for method, code in (("no.such", 500), ("odd", 500), ("sample.add", 400)):
        with pytest.raises(xmlrpc.client.Fault) as caught:
            await ask_xml(worker, method)
        assert caught.value.faultCode == code
    with pytest.raises(xmlrpc.client.Fault):
        xmlrpc.client.loads(await answer_xmlrpc(worker, b"<nonsense>"))
    assert len(records) == 1
