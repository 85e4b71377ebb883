"""Pending header lines whose text depends on the socket that the request will leave from (Record-Route, Path).

Such an edit is an ordinary one with the text for an unknown socket, plus its owner in `ctx.vars`. It goes where the
list of edits goes: a branch has it when it is in the branch's list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from siprouter.sip.edits import Edit, make_edit

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.transport.endpoint import Listener

LATE_EDITS = "core.late_edits"


class LateLines(Protocol):
    """What an edit stands for."""

    def lines(self, listener: Listener | None) -> bytes:
        """The header lines for a request that leaves from `listener`; None: not known."""


def insert_late(ctx: Context, owner: LateLines) -> None:
    """Put the lines of `owner` before the first header."""
    ctx.msg.insert_header(owner.lines(None))
    _remember(ctx, ctx.msg.edits[-1], owner)


def _remember(ctx: Context, edit: Edit, owner: LateLines) -> None:
    known: list[tuple[Edit, LateLines]] | None = ctx.variables().get(LATE_EDITS)
    if known is None:
        known = ctx.variables()[LATE_EDITS] = []
    known.append((edit, owner))


def _owner(ctx: Context, edit: Edit) -> LateLines | None:
    known: list[tuple[Edit, LateLines]] = ctx.vars.get(LATE_EDITS, [])
    for other, owner in known:
        if other is edit:
            return owner
    return None


def find_late(ctx: Context, kind: type[Any]) -> Any:
    """The first owner of a class among the pending edits of this branch, or None."""
    if ctx.var_map is None or LATE_EDITS not in ctx.var_map:
        return None
    for edit in ctx.msg.edits:
        owner = _owner(ctx, edit)
        if isinstance(owner, kind):
            return owner
    return None


def exchange_late(ctx: Context, old: LateLines, new: LateLines) -> None:
    """Put `new` in the place of `old` in this branch; other branches that have `old` keep it."""
    for position, edit in enumerate(ctx.msg.edits):
        if _owner(ctx, edit) is old:
            changed = make_edit(edit.start, edit.length, new.lines(None))
            ctx.msg.edits[position] = changed
            _remember(ctx, changed, new)


def remove_late(ctx: Context, kind: type[Any]) -> None:
    """Take all edits whose owner is of a class away from this branch."""
    if ctx.var_map is not None and LATE_EDITS in ctx.var_map:
        ctx.msg.edits = [edit for edit in ctx.msg.edits if not isinstance(_owner(ctx, edit), kind)]


def settle_edits(ctx: Context, edits: list[Edit], listener: Listener | None) -> list[Edit]:
    """`edits` as they are for a request of `ctx` that leaves from `listener`: what builds a request calls this."""
    known: list[tuple[Edit, LateLines]] | None = None if ctx.var_map is None else ctx.var_map.get(LATE_EDITS)
    if not known:
        return edits
    settled: list[Edit] = []
    for edit in edits:
        owner = _owner(ctx, edit)
        if owner is not None:
            lines = owner.lines(listener)
            if lines != edit.data:
                edit = make_edit(edit.start, edit.length, lines)
        settled.append(edit)
    return settled
