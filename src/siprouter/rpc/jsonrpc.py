"""JSON-RPC 2.0 (jsonrpc.org/specification): requests to calls, results to responses, single or in a batch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from siprouter.rpc.values import RpcValue, plain

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601

MAX_BODY = 65535
MAX_BATCH = 64

CallId: TypeAlias = str | int | float | None


@dataclass(frozen=True, slots=True)
class Call:
    """A call to make; a notification gets no response."""

    method: str
    params: list[RpcValue]
    id: CallId
    notification: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that cannot be made; its response is an error."""

    id: CallId
    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Body:
    """What a request body holds; the responses to a batch go back as an array."""

    calls: list[Call | Refusal]
    batch: bool


def parse_body(data: bytes) -> Body:
    """The calls of a request body; never raises, what is wrong becomes a Refusal."""
    if len(data) > MAX_BODY:
        return Body([Refusal(None, INVALID_REQUEST, "request too big")], False)
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return Body([Refusal(None, PARSE_ERROR, "Parse error")], False)
    if not isinstance(parsed, list):
        return Body([_parse_call(parsed)], False)
    if not parsed or len(parsed) > MAX_BATCH:
        return Body([Refusal(None, INVALID_REQUEST, "Invalid Request")], False)
    return Body([_parse_call(item) for item in parsed], True)


def _parse_call(item: Any) -> Call | Refusal:
    if not isinstance(item, dict):
        return Refusal(None, INVALID_REQUEST, "Invalid Request")
    call_id = item.get("id")
    if isinstance(call_id, bool) or not isinstance(call_id, str | int | float | None):
        return Refusal(None, INVALID_REQUEST, "Invalid Request")
    method = item.get("method")
    params = item.get("params", [])
    if item.get("jsonrpc") != "2.0" or not isinstance(method, str) or not isinstance(params, list | dict):
        return Refusal(call_id, INVALID_REQUEST, "Invalid Request")
    # RPC commands know their arguments by position only: named ones count in the order they are written.
    values = list(params.values()) if isinstance(params, dict) else params
    return Call(method, values, call_id, "id" not in item)


def build_result(call_id: CallId, result: RpcValue) -> dict[str, object]:
    """The response to a call that succeeded."""
    return {"jsonrpc": "2.0", "result": plain(result), "id": call_id}


def build_error(call_id: CallId, code: int, message: str) -> dict[str, object]:
    """The response to a call that failed."""
    return {"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": call_id}


def dump_responses(responses: list[dict[str, object]], batch: bool) -> bytes:
    """The response body; empty when there is nothing to answer (notifications only)."""
    if not responses:
        return b""
    return json.dumps(responses if batch else responses[0], allow_nan=False, separators=(",", ":")).encode("ascii")
