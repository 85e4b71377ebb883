"""The instance of sanity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.args import Constant, Folded, Int
from siprouter.core.values import Value
from siprouter.modules.sanity.checks import (
    ALL_CHECKS,
    ALL_URIS,
    REPLY_CHECKS,
    URI_REQUEST,
    Check,
    Failure,
    select_checks,
)
from siprouter.sip.names import M_ACK
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker


class Bits(Int):
    """A sum of bits, 1 to `most`."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(name)
        self.most = most
        self.kind = f"a number from 1 to {most}"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = super().fold(value, env, location)
        if isinstance(folded, Constant) and not 1 <= folded.value <= self.most:
            raise self.bad(value, location)
        return folded


class Sanity:
    """Other modules may call `check` as scripts do."""

    default_checks: int
    uri_checks: int
    proxy_require: str
    autodrop: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.sl: Any = None
        self.extensions: frozenset[str] = frozenset()
        self.selected: dict[int, tuple[Check, ...]] = {}

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        self.sl = self.worker.module("sl")
        for name, most in (("default_checks", ALL_CHECKS), ("uri_checks", ALL_URIS)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise OperatorError(f"parameter {name} of sanity must be 0 to {most}, found {value}")
        tags = (tag.strip().lower() for tag in self.proxy_require.split(","))
        self.extensions = frozenset(tag for tag in tags if tag)

    def check(self, ctx: Context, checks: int | None = None, uris: int | None = None) -> int:
        """sanity_check([checks[, uris]]): 1, or what `autodrop` says where the message fails: 0 or -1.

        Other languages call it for replies, too: with the checks that replies have, and without an answer.
        """
        bits = (self.default_checks if checks is None else checks) & ALL_CHECKS
        wanted = self.uri_checks if uris is None else uris
        if not ctx.msg.is_request:
            bits &= REPLY_CHECKS
            wanted &= ~URI_REQUEST
        selected = self.selected.get(bits)
        if selected is None:
            selected = self.selected[bits] = select_checks(bits)
        for run in selected:
            failure = run(ctx, wanted, self.extensions)
            if failure is not None:
                self.refuse(ctx, failure)
                return 0 if self.autodrop else -1
        return 1

    def refuse(self, ctx: Context, failure: Failure) -> None:
        """Answer the request; an ACK has no answer, and a reply neither."""
        reason = failure.reason
        self.worker.log.warning("%s from %s refused: %s", ctx.msg.method, ctx.source, reason, source="sanity")
        if ctx.msg.is_request and ctx.msg.method_id != M_ACK:
            self.sl.send_reply(ctx, failure.status, reason, failure.headers)
