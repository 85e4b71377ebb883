"""Max-Forwards: RFC 3261 sections 16.3 (3) and 16.6 (3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Folded, Int
from siprouter.core.max_forwards import ABSENT, add_hops, hops_left, set_hops
from siprouter.core.values import Value
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

UPPER_LIMIT = 256


class HopLimit(Int):
    """A number of hops; a constant is checked against the parameter max_limit."""

    kind = "a number of hops"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = super().fold(value, env, location)
        if isinstance(folded, Constant):
            limit = env.worker.modules["maxfwd"].max_limit
            if not 1 <= folded.value <= limit:
                raise OperatorError(f"argument '{self.name}' must be 1 to {limit}, found {folded.value}", location)
        return folded


class MaxFwd:
    """The instance of the module."""

    max_limit: int

    def __init__(self, worker: Worker) -> None:
        self.log = worker.log

    def configure(self) -> None:
        """Check the parameter."""
        if not 1 <= self.max_limit <= UPPER_LIMIT:
            raise OperatorError(f"parameter max_limit of maxfwd must be 1 to {UPPER_LIMIT}, found {self.max_limit}")

    def process(self, ctx: Context, value: int) -> int:
        """mf_process_maxfwd_header(value): 1 counted down, 2 added, -1 used up, -2 broken."""
        hops = hops_left(ctx)
        if hops > 0:
            set_hops(ctx, min(hops - 1, self.max_limit))
            return 1
        if hops != ABSENT:
            return -1 if hops == 0 else -2
        if not 1 <= value <= self.max_limit:
            self.log.error("cannot add Max-Forwards: %d", value, source="maxfwd")
            return -2
        add_hops(ctx, value)
        return 2

    def is_less(self, ctx: Context, limit: int) -> int:
        """is_maxfwd_lt(limit): 1 less, -1 not less, -2 absent, -3 broken."""
        hops = hops_left(ctx)
        if hops < 0:
            return hops - 1
        return 1 if hops < limit else -1
