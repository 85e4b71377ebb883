"""The instance of mqueue: named queues of (key, value) in the shared state, and the items that messages fetched.

A fetched item belongs to the message (or run of a timer route) that fetched it: others go on while its route waits.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value, to_text
from siprouter.util.errors import OperatorError, PeerError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker
    from siprouter.state.interface import Queue

EXAMPLE = "name=calls;size=1000"
UNSIZED = 100_000
"""items in a queue that was given no size"""
MOST = 2**31 - 1
_NUMBER = re.compile(r"-?[0-9]{1,10}")
FETCHED = "mqueue"
EMPTY = -2

KEY, VALUE = 0, 1


class QueueName(ArgType):
    """The name of a queue; load warns of one that is not defined."""

    kind = "the name of a queue"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name = to_text(value)
        queues: MessageQueues = env.worker.module("mqueue")
        if name not in queues.sizes:
            hint = queues.suggest(name) or "mq_add and mq_fetch will fail"
            env.worker.log.warning(
                "%s: there is no queue '%s'%s", location, name, hint and f": {hint}", source="mqueue"
            )
        return Constant(name)

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value)


class MessageQueues:
    """One instance per worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.sizes: dict[str, int] = {}
        """the defined queues; 0: no size given"""
        self.queues: dict[str, Queue] = {}
        self._overflowing: set[str] = set()

    def define(self, text: str) -> None:
        """Parameter mqueue: name=…;size=…. Raises OperatorError."""
        name, size = parse_definition(text)
        if name in self.sizes:
            raise OperatorError(f"mqueue: queue '{name}' is defined twice")
        self.sizes[name] = size

    def configure(self) -> None:
        """Open the queues."""
        if not self.sizes:
            self.worker.log.warning("no queue is defined by parameter mqueue", source="mqueue")
        for name, size in self.sizes.items():
            self.queues[name] = self.worker.state.queue(f"mqueue:{name}", size or UNSIZED)

    def suggest(self, name: str) -> str:
        """What may have been meant by the name of a queue that is not defined."""
        close = difflib.get_close_matches(name, self.sizes, 1)
        return f"did you mean {close[0]}?" if close else ""

    # --- functions

    def add(self, _ctx: Context, name: str, key: str, value: str) -> int:
        """mq_add(queue, key, value): 1, or -1 where there is no such queue or the shared state is full."""
        queue = self._find(name)
        if queue is None:
            return -1
        dropped = 0
        try:
            with self.worker.state.atomic():
                while not queue.push((key, value)):
                    queue.pop()
                    dropped += 1
        except PeerError as error:
            self.worker.log.error("cannot add to queue %s: %s", name, error, source="mqueue")
            return -1
        if not dropped:
            self._overflowing.discard(name)
        elif not self.sizes[name] and name not in self._overflowing:
            self._overflowing.add(name)
            text = "queue %s has %d items: from now on the oldest ones are dropped"
            self.worker.log.warning(text, name, UNSIZED, source="mqueue")
        return 1

    def fetch(self, ctx: Context, name: str) -> int:
        """mq_fetch(queue): 1 with the oldest item in $mqk and $mqv, -2 for none, -1 where it cannot be taken.

        In any case what was fetched before is forgotten.
        """
        self.free(ctx, name)
        queue = self._find(name)
        if queue is None:
            return -1
        try:
            item = queue.pop()
        except PeerError as error:
            self.worker.log.error("cannot take from queue %s: %s", name, error, source="mqueue")
            return -1
        if item is None:
            return EMPTY
        ctx.vars.setdefault(FETCHED, {})[name] = item
        return 1

    def free(self, ctx: Context, name: str) -> int:
        """mq_pv_free(queue): $mqk and $mqv become null."""
        fetched = fetched_items(ctx)
        if fetched:
            fetched.pop(name, None)
        return 1

    def _find(self, name: str) -> Queue | None:
        queue = self.queues.get(name)
        if queue is None:
            self.worker.log.error("there is no queue '%s'", name, source="mqueue")
        return queue

    # --- variables

    def bind_key(self, inner: InnerName) -> PvAccess:
        """$mqk(queue): null where nothing was fetched, or an empty key."""
        return self._bind(inner, KEY)

    def bind_value(self, inner: InnerName) -> PvAccess:
        """$mqv(queue): null where nothing was fetched, or an empty value."""
        return self._bind(inner, VALUE)

    def _bind(self, inner: InnerName, part: int) -> PvAccess:
        name = inner.text
        if name not in self.sizes:
            raise inner.error(f"there is no queue '{name}'", self.suggest(name))

        def get(ctx: Context) -> Value:
            fetched = fetched_items(ctx)
            item = fetched.get(name) if fetched else None
            return item[part] or None if item else None

        return PvAccess(get)


def fetched_items(ctx: Context) -> dict[str, tuple[str, str]] | None:
    """What this message has fetched, by queue."""
    kept: dict[str, Any] | None = ctx.var_map
    return None if kept is None else kept.get(FETCHED)


def parse_definition(text: str) -> tuple[str, int]:
    """Name and size of `name=…;size=…`; the size is 0 where it is not said. Raises OperatorError."""
    name, size = "", 0
    for part in filter(None, (part.strip() for part in text.split(";"))):
        key, _, value = (piece.strip() for piece in part.partition("="))
        value = value.strip('"')
        number = int(value) if _NUMBER.fullmatch(value) else None
        if key.lower() == "name" and value:
            name = value
        elif key.lower() == "size" and number is not None and number <= MOST:
            size = max(number, 0)
        else:
            raise OperatorError(f"mqueue: '{part}' in the definition of a queue", suggestion=EXAMPLE)
    if not name:
        raise OperatorError(f"mqueue: a queue without a name: '{text}'", suggestion=EXAMPLE)
    return name, size
