"""How to compile a switch: cases that share a body are one group; whether any of them falls into the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from siprouter.script.nodes import Block, Break, Case, Drop, Exit, If, Return, Stmt, Str, Switch


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """Groups of cases, the last of each holds the body. `by_text`: labels are strings or patterns."""

    groups: list[list[Case]]
    by_text: bool
    needs_loop: bool


def plan_switch(switch: Switch) -> SwitchPlan:
    """Look at the cases of a switch."""
    groups: list[list[Case]] = []
    group: list[Case] = []
    for case in switch.cases:
        group.append(case)
        if case.body:
            groups.append(group)
            group = []
    if group:
        groups.append(group)
    first = next((case for case in switch.cases if case.label is not None), None)
    by_text = first is not None and (first.regex or isinstance(first.label, Str))
    falls = any(not _ends(group[-1].body) for group in groups[:-1])
    inner_break = any(_breaks_inside(group[-1].body) for group in groups)
    return SwitchPlan(groups, by_text, falls or inner_break)


def _ends(body: Sequence[Stmt]) -> bool:
    return bool(body) and isinstance(body[-1], Break | Return | Exit | Drop)


def _breaks_inside(body: Sequence[Stmt]) -> bool:
    """Whether a break other than the last statement leaves the switch."""
    inner = body[:-1] if body and isinstance(body[-1], Break) else body
    return any(_has_break(statement) for statement in inner)


def _has_break(statement: Stmt) -> bool:
    if isinstance(statement, Break):
        return True
    if isinstance(statement, If):
        bodies = [body for _, body in statement.branches] + [statement.orelse]
        return any(_has_break(inner) for body in bodies for inner in body)
    if isinstance(statement, Block):
        return any(_has_break(inner) for inner in statement.body)
    return False
