"""Which calls are recorded: those with a Call-ID, or those with a message for which an expression is true."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.values import to_int
from siprouter.script.expression import Expression, compile_text
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

CALL_ID = "call"
EXPRESSION = "filter"
AUTO = "auto"
KINDS = (AUTO, CALL_ID, EXPRESSION)
_NO_CALL_ID = re.compile(r"[\s$=&|;,]|^@")
MAX_CALL_ID = 1024


class Filter:
    """One `trace.start`. `calls` counts those that it chose; `until` is a time on the worker's clock."""

    def __init__(self, worker: Worker, text: str, kind: str, until: float, most: int) -> None:
        """Raises OperatorError for an expression that cannot be compiled."""
        if kind == AUTO:
            kind = EXPRESSION if _NO_CALL_ID.search(text) else CALL_ID
        if kind not in KINDS:
            raise OperatorError(f"'{kind}' is no kind of filter", suggestion=f"one of {', '.join(KINDS)}")
        if not text.strip() or (kind == CALL_ID and len(text) > MAX_CALL_ID):
            raise OperatorError("a Call-ID or an expression is needed", suggestion='$fU == "alice"')
        self.worker = worker
        self.text = text
        self.kind = kind
        self.until = until
        self.most = most
        self.calls = 0
        self._expression: Expression | None = None
        if kind == EXPRESSION:
            self._expression = compile_text(text, worker)
            if self._expression.waits:
                raise OperatorError("a filter cannot wait")

    def full(self) -> bool:
        """Whether it has chosen as many calls as it may."""
        return self.calls >= self.most

    def is_call(self, call_id: str) -> bool:
        """Whether it names this call."""
        return self.kind == CALL_ID and call_id == self.text

    def matches(self, ctx: Context) -> bool:
        """Whether it chooses the call of this message. An expression that fails chooses none."""
        if self.kind == CALL_ID:
            return bool(ctx.msg.call_id == self.text)
        expression = self._expression
        if expression is None:
            return False
        rc = ctx.rc
        try:
            value = expression.run(ctx)
        except Exception:
            return False
        finally:
            ctx.rc = rc
        return isinstance(value, int | str) and to_int(value) > 0
