"""What a script says about a transaction before there is one, and what became of it in this run of the script."""

from __future__ import annotations

from typing import Any

from siprouter.core.context import Context

# Hints.done: what the script did with the transaction
REPLIED = 1
FORWARDED = 2
RELEASED = 4


class Hints:
    """One per request context (`ctx.tm`). Times are seconds, 0: not given; flags are those of the transaction.

    `key` identifies the request hop by hop; `created` tells that this run of the script made the transaction; `error`
    is what the last relay failed with; `hold` the blind branch that keeps the transaction open while the script waits.
    `edits` and the URIs are what the request looked like when it was relayed first: failure routes begin with that.
    """

    __slots__ = (
        "branch_flags",
        "created",
        "done",
        "dst_uri",
        "e2e_ack",
        "edits",
        "error",
        "flags_off",
        "flags_on",
        "force_socket",
        "fr",
        "fr_inv",
        "hold",
        "instance",
        "key",
        "lifetime_inv",
        "lifetime_other",
        "new_uri",
        "on_branch",
        "on_failure",
        "on_reply",
        "path",
        "picked",
        "retr1",
        "retr2",
        "saved",
    )

    def __init__(self, key: str) -> None:
        self.key = key
        self.done = 0
        self.created = False
        self.saved = False
        self.error: tuple[int, str] | None = None
        self.hold: Any = None
        self.e2e_ack = False
        self.picked: Any = None
        self.on_failure: Any = None
        self.on_reply: Any = None
        self.on_branch: Any = None
        self.fr = 0.0
        self.fr_inv = 0.0
        self.retr1 = 0.0
        self.retr2 = 0.0
        self.lifetime_inv = 0.0
        self.lifetime_other = 0.0
        self.flags_on = 0
        self.flags_off = 0
        self.edits: list[Any] = []
        self.new_uri: str | None = None
        self.dst_uri: str | None = None
        self.path: str | None = None
        self.instance: str | None = None
        self.force_socket: Any = None
        self.branch_flags = 0

    def save(self, ctx: Context) -> None:
        """Keep how the request looks now; only the first call counts."""
        if self.saved:
            return
        self.saved = True
        self.edits = list(ctx.msg.edits)
        self.new_uri = ctx.new_uri
        self.dst_uri = ctx.dst_uri
        self.path = ctx.path
        self.instance = ctx.instance
        self.force_socket = ctx.force_socket
        self.branch_flags = ctx.branch_flags


def hints_of(ctx: Context) -> Hints:
    """The hints of a request's context, made where there are none."""
    hints: Hints | None = ctx.tm
    if hints is None:
        hints = Hints("")
        ctx.tm = hints
    return hints
