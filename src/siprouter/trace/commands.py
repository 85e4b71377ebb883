"""The RPC commands `trace.*`: every worker has them, whatever modules are loaded."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from siprouter.core.declare import EVERY_WORKER, JOIN_LISTS, SUM_VALUES, Rpc, rpc
from siprouter.core.worker import Worker
from siprouter.rpc.call import RpcCall
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.trace.events import Call
from siprouter.trace.filters import AUTO
from siprouter.trace.otlp import render_otlp
from siprouter.trace.recorder import CALLS, SECONDS, Recorder
from siprouter.trace.render import render_text
from siprouter.util.errors import OperatorError

TEXT, JSON, OTLP = "text", "json", "otlp"
FORMATS = (TEXT, JSON, OTLP)
SERVICE = "recorder"


def recorder_of(worker: Worker) -> Recorder:
    """The recorder of a worker, made when it is first needed."""
    found = worker.services.get(SERVICE)
    if found is None:
        found = worker.services[SERVICE] = Recorder(worker)
    recorder: Recorder = found
    return recorder


def start(
    worker: Worker, call: RpcCall, text: str, seconds: int = SECONDS, calls: int = CALLS, kind: str = AUTO
) -> RpcValue:
    """trace.start."""
    try:
        made = recorder_of(worker).start(text, kind, seconds, calls)
    except OperatorError as error:
        hint = f"; {error.suggestion}" if error.suggestion else ""
        raise RpcError(400, f"{error.message}{hint}") from None
    return {"filter": made.text, "kind": made.kind}


def stop(worker: Worker, call: RpcCall, text: str | None = None) -> int:
    """trace.stop."""
    return recorder_of(worker).stop(text)


def list_filters(worker: Worker, call: RpcCall) -> RpcValue:
    """trace.list."""
    recorder = recorder_of(worker)
    now, wall = worker.now(), worker.wall_clock()
    shown: list[RpcValue] = []
    for one in recorder.filters.values():
        ends = datetime.fromtimestamp(wall + one.until - now, UTC).isoformat(timespec="seconds")
        shown.append({"filter": one.text, "kind": one.kind, "calls": one.calls, "until": ends})
    return shown


def list_calls(worker: Worker, call: RpcCall) -> RpcValue:
    """trace.calls."""
    return [
        {
            "call_id": one.call_id,
            "title": one.title,
            "filter": one.filter,
            "events": len(one.events),
            "dropped": one.dropped,
            "worker": one.worker,
        }
        for one in recorder_of(worker).calls.values()
    ]


def show(worker: Worker, call: RpcCall, call_id: str, form: str = TEXT) -> str:
    """trace.show."""
    found = recorder_of(worker).calls.get(call_id)
    if found is None:
        raise RpcError(404, f"nothing was recorded of call {call_id}")
    return render(found, form)


def render(call: Call, form: str) -> str:
    """The record of a call in one of FORMATS. Raises RpcError."""
    if form == TEXT:
        return render_text(call)
    if form == JSON:
        return json.dumps(call.plain())
    if form == OTLP:
        return json.dumps(render_otlp([call]))
    raise RpcError(400, f"'{form}' is no form of a record: there are {', '.join(FORMATS)}")


def clear(worker: Worker, call: RpcCall) -> int:
    """trace.clear."""
    return recorder_of(worker).clear()


def stats(worker: Worker, call: RpcCall) -> RpcValue:
    """trace.stats."""
    recorder = recorder_of(worker)
    return {
        "filters": len(recorder.filters),
        "calls": len(recorder.calls),
        "octets": recorder.octets,
        "dropped_calls": recorder.dropped_calls,
        "dropped_events": sum(one.dropped for one in recorder.calls.values()),
    }


TRACE_RPCS: tuple[Rpc, ...] = (
    rpc(
        "trace.start",
        start,
        ".s*dds",
        help="Records the calls that a Call-ID or an expression chooses: text, seconds, most calls, auto|call|filter.",
        workers=EVERY_WORKER,
    ),
    rpc("trace.stop", stop, "*.s", help="Ends one recording, or all; what was recorded stays.", workers=EVERY_WORKER),
    rpc("trace.list", list_filters, help="What is being recorded.", returns_array=True, workers=SUM_VALUES),
    rpc(
        "trace.calls", list_calls, help="The calls of which there is a record.", returns_array=True, workers=JOIN_LISTS
    ),
    rpc(
        "trace.show",
        show,
        ".s*s",
        help="The record of a call: Call-ID, text|json|otlp.",
        call_id=lambda call_id, *_rest: str(call_id),
    ),
    rpc("trace.clear", clear, help="Forgets what was recorded.", workers=SUM_VALUES),
    rpc("trace.stats", stats, help="How much is kept, and what was dropped.", workers=SUM_VALUES),
)


def register_trace(worker: Worker) -> None:
    """Make the commands known to a worker."""
    for command in TRACE_RPCS:
        worker.registry.rpcs.setdefault(command.name, (command, worker))
