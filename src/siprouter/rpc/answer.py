"""Whole request bodies of the HTTP protocols, JSON-RPC and XML-RPC, to whole response bodies."""

from __future__ import annotations

from dataclasses import dataclass

from siprouter.core.worker import Worker
from siprouter.rpc import jsonrpc, xmlrpc
from siprouter.rpc.call import call_rpc
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.util.errors import InternalError


@dataclass(frozen=True, slots=True)
class XmlRpcStyle:
    """What clients of XML-RPC do in different ways; see the parameters of module xmlrpc."""

    autoconvert: bool = False
    escape_cr: bool = True
    double_lf_to_crlf: bool = False


DEFAULT_STYLE = XmlRpcStyle()


async def answer_jsonrpc(worker: Worker, body: bytes) -> bytes:
    """Run the calls of a JSON-RPC 2.0 body, one after the other; empty when there is nothing to answer.

    A fault of a command gives its own code, a command that does not exist the code of the protocol (-32601).
    """
    parsed = jsonrpc.parse_body(body)
    responses: list[dict[str, object]] = []
    for item in parsed.calls:
        if isinstance(item, jsonrpc.Refusal):
            responses.append(jsonrpc.build_error(item.id, item.code, item.message))
            continue
        response = await _answer_call(worker, item)
        if not item.notification:
            responses.append(response)
    try:
        return jsonrpc.dump_responses(responses, parsed.batch)
    except ValueError as error:  # a float that JSON does not have
        worker.log.error("JSON-RPC reply cannot be sent: %s", error)
        failed = [jsonrpc.build_error(None, 500, "internal server error")]
        return jsonrpc.dump_responses(failed, False)


async def _answer_call(worker: Worker, item: jsonrpc.Call) -> dict[str, object]:
    if item.method not in worker.registry.rpcs:
        return jsonrpc.build_error(item.id, jsonrpc.METHOD_NOT_FOUND, "Method not found")
    try:
        reply = await call_rpc(worker, item.method, item.params, transport="jsonrpc")
    except RpcError as error:
        return jsonrpc.build_error(item.id, error.code, error.message)
    return jsonrpc.build_result(item.id, reply.result)


async def answer_xmlrpc(worker: Worker, body: bytes, style: XmlRpcStyle = DEFAULT_STYLE) -> bytes:
    """Run the call of an XML-RPC body; a command that returns nothing answers true."""
    try:
        method, params = xmlrpc.parse_call(body)
        if style.double_lf_to_crlf:
            params = [xmlrpc.double_lf_to_crlf(value) for value in params]
        reply = await call_rpc(worker, method, params, transport="xmlrpc", autoconvert=style.autoconvert)
        result: RpcValue = reply.result if reply.values or reply.is_array else True
    except xmlrpc.XmlRpcError as error:
        return xmlrpc.build_fault(error.status, error.reason, style.escape_cr)
    except RpcError as error:
        return xmlrpc.build_fault(error.code, error.message, style.escape_cr)
    try:
        return xmlrpc.build_response(result, style.escape_cr)
    except InternalError as error:
        worker.log.error("XML-RPC reply cannot be sent: %s", error)
        return xmlrpc.build_fault(500, "internal server error")
