"""Records chosen calls. Nothing of it is there while no filter is set: no hook, no observer, no watcher."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.core.observe import PLAIN, WATCHED, Frame, Observer, Place
from siprouter.sip.call_id import find_call_id
from siprouter.sip.summary import summarize
from siprouter.trace.events import (
    ASSIGNED,
    ENTER,
    LEAVE,
    MAX_MESSAGE,
    MESSAGE_IN,
    MESSAGE_OUT,
    RETURNED,
    STEP,
    TIMER,
    Call,
    Event,
    cut,
)
from siprouter.trace.filters import AUTO, Filter
from siprouter.trace.timers import retransmission, time_outs
from siprouter.util.errors import OperatorError
from siprouter.util.text import to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.values import Value
    from siprouter.core.worker import Worker
    from siprouter.sip.message import Message
    from siprouter.transport.endpoint import Endpoint

MAX_FILTERS = 32
MAX_CALLS = 1_000
MAX_TOTAL = 64 * 1024 * 1024  # octets of all calls
SECONDS = 600
MAX_SECONDS = 86_400
CALLS = 100

Ended = Callable[[str], None]


class Recorder(Observer):
    """One per worker. `calls` by Call-ID, the oldest first; they stay when recording ends, until `clear`."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.filters: dict[str, Filter] = {}
        self.calls: dict[str, Call] = {}
        self.octets = 0
        self.dropped_calls = 0
        self._runs: dict[Frame, int] = {}
        self._last_run = 0
        self._installed = False

    # --- starting and stopping

    def start(self, text: str, kind: str = AUTO, seconds: int = SECONDS, calls: int = CALLS) -> Filter:
        """Record what `text` chooses, for `seconds`, at most `calls` of them. Raises OperatorError."""
        if not 1 <= seconds <= MAX_SECONDS or not 1 <= calls <= MAX_CALLS:
            raise OperatorError(f"1 to {MAX_SECONDS} seconds and 1 to {MAX_CALLS} calls can be recorded")
        if text not in self.filters and len(self.filters) >= MAX_FILTERS:
            raise OperatorError(f"{MAX_FILTERS} filters are set already", suggestion="trace.stop")
        made = Filter(self.worker, text, kind, self.worker.now() + seconds, calls)
        self.filters[text] = made
        self._install()
        return made

    def stop(self, text: str | None = None) -> int:
        """Take away one filter, or all; how many there were. What was recorded stays."""
        if text is None:
            count = len(self.filters)
            self.filters.clear()
        else:
            count = 1 if self.filters.pop(text, None) is not None else 0
        if not self.filters:
            self._remove()
        return count

    def clear(self) -> int:
        """Forget what was recorded; how many calls."""
        count = len(self.calls)
        self.calls.clear()
        self.octets = 0
        self.dropped_calls = 0
        return count

    def _install(self) -> None:
        if self._installed:
            return
        self._installed = True
        hooks = self.worker.hooks
        self.worker.observation.add(self)
        hooks.message_in.append(self._message_in)
        hooks.message_out.append(self._message_out)
        hooks.tick.append(self._tick)
        self._watch(self._wait)

    def _remove(self) -> None:
        if not self._installed:
            return
        self._installed = False
        hooks = self.worker.hooks
        self.worker.observation.remove(self)
        hooks.message_in.remove(self._message_in)
        hooks.message_out.remove(self._message_out)
        hooks.tick.remove(self._tick)
        self._watch(None)
        self._runs.clear()
        for call in self.calls.values():
            call.transactions.clear()

    def _watch(self, watcher: Callable[[str, str], Ended] | None) -> None:
        """Hear of what messages wait for outside of the script."""
        for target in (self.worker.resolver, self.worker.services.get("databases")):
            if target is not None:
                target.watcher = watcher

    def _tick(self, now: float) -> None:
        for text, one in list(self.filters.items()):
            if now >= one.until:
                self.stop(text)

    # --- keeping

    def _call_for(self, call_id: str, one: Filter) -> Call:
        call = self.calls.get(call_id)
        if call is None:
            one.calls += 1
            call = self.calls[call_id] = Call(call_id, one.text, self.worker.index)
            while len(self.calls) > MAX_CALLS:
                self._drop_oldest()
        return call

    def _known(self, call_id: str) -> Call | None:
        """The record of a call that is being recorded, or is to be."""
        call = self.calls.get(call_id)
        if call is not None:
            return call if call.filter in self.filters else None
        for one in self.filters.values():
            if one.is_call(call_id) and not one.full():
                return self._call_for(call_id, one)
        return None

    def add(self, call: Call, kind: str, text: str, **more: Any) -> Event:
        """Keep an event that happens now."""
        event = Event(self.worker.wall_clock(), kind, cut(text), **more)
        self.octets += call.add(event)
        while self.octets > MAX_TOTAL and len(self.calls) > 1:
            self._drop_oldest()
        return event

    def _drop_oldest(self) -> None:
        oldest = self.calls.pop(next(iter(self.calls)))
        self.octets -= oldest.octets
        self.dropped_calls += 1

    # --- messages

    def _message_in(self, data: bytes, source: Endpoint) -> None:
        call = self._known(to_str(find_call_id(data)))
        if call is not None:
            self._note_message(call, MESSAGE_IN, data, source)

    def _message_out(self, data: bytes, to: Endpoint, _message: Message | None) -> None:
        call = self._known(to_str(find_call_id(data)))
        if call is None:
            return
        self._note_timers(call)
        timer = retransmission(call.transactions, data, self.worker.now())
        if timer:
            self.add(call, TIMER, timer)
        self._note_message(call, MESSAGE_OUT, data, to)

    def _note_message(self, call: Call, kind: str, data: bytes, peer: Endpoint) -> None:
        text = summarize(data)
        call.title = call.title or text
        shown = to_str(data[:MAX_MESSAGE])
        self.add(call, kind, text, peer=str(peer), data=shown)

    # --- timers of transactions

    def _follow(self, call: Call, ctx: Context) -> None:
        """Look at the transaction of this message from now on."""
        transaction: Any = ctx.transaction
        if transaction is not None and transaction not in call.transactions:
            call.transactions.append(transaction)
            tm = self.worker.modules.get("tm")
            if tm is not None:
                tm.watch(transaction, "destroy", self._destroyed)

    def _destroyed(self, _event: int, transaction: Any, *_rest: Any) -> None:
        for call in self.calls.values():
            if transaction in call.transactions:
                call.transactions.remove(transaction)
                self.add(call, TIMER, f"wt_timer: transaction of {transaction.method} is over")

    def _note_timers(self, call: Call) -> None:
        for text in time_outs(call):
            self.add(call, TIMER, text)

    # --- the script (see Observer)

    def wants(self, ctx: Context) -> int:
        """Observe the messages of calls that are recorded."""
        call_id = ctx.msg.call_id
        if self._known(call_id) is not None:
            return WATCHED
        for one in self.filters.values():
            if not one.full() and one.matches(ctx):
                call = self._call_for(call_id, one)
                call.filter = one.text
                if ctx.msg.buf:
                    self._note_message(call, MESSAGE_IN, ctx.msg.buf, ctx.source)
                return WATCHED
        return PLAIN

    def _call_of(self, frame: Frame) -> Call | None:
        call = self.calls.get(frame.ctx.msg.call_id)
        return call if call is not None and call.filter in self.filters else None

    def _run_of(self, frame: Frame) -> int:
        root = frame
        while root.parent is not None:
            root = root.parent
        return self._runs.get(root, 0)

    def _script(self, frame: Frame, kind: str, text: str, place: Place, code: int | None = None) -> None:
        call = self._call_of(frame)
        if call is None:
            return
        self._follow(call, frame.ctx)
        where = f"{place.file.rpartition('/')[2]}:{place.line}"
        self.add(call, kind, text, place=where, run=self._run_of(frame), depth=frame.depth, code=code)

    def enter(self, frame: Frame) -> None:
        """See Observer."""
        if frame.parent is None:
            self._last_run += 1
            self._runs[frame] = self._last_run
        call = self._call_of(frame)
        if call is not None:
            self._follow(call, frame.ctx)
            self._note_timers(call)
        self._script(frame, ENTER, frame.route.name, frame.route)

    def leave(self, frame: Frame, code: int | None) -> None:
        """See Observer."""
        self._script(frame, LEAVE, frame.route.name, frame.route, code)
        self._runs.pop(frame, None)

    def step(self, frame: Frame, place: Place) -> None:
        """See Observer."""
        self._script(frame, STEP, place.text, place)

    def returned(self, frame: Frame, place: Place, code: int) -> None:
        """See Observer."""
        self._script(frame, RETURNED, place.text, place, code)

    def assigned(self, frame: Frame, place: Place, value: Value) -> None:
        """See Observer."""
        shown = "<null>" if value is None else repr(value) if isinstance(value, int) else f'"{value}"'
        self._script(frame, ASSIGNED, f"{place.target} = {shown}", place)

    # --- DNS and SQL

    def _wait(self, kind: str, text: str) -> Ended:
        """Something begins that the present message waits for; the result is called with what came of it."""
        frame = self.worker.observation.last_frame()
        call = None if frame is None else self._call_of(frame)
        if frame is None or call is None:
            return _nothing
        event = self.add(call, kind, text, run=self._run_of(frame), depth=frame.depth)
        begin = self.worker.now()

        def ended(result: str) -> None:
            event.seconds = self.worker.now() - begin
            event.text = cut(f"{text} → {result}")

        return ended


def _nothing(_result: str) -> None:
    return None
