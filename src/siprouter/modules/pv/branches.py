"""Pseudo-variables of additional branches and of the whole destination set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.context import Q_UNSET, Branch
from siprouter.core.outgoing import contact_line, q_text
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value, to_int, to_text
from siprouter.modules.pv.message import FLAGS_MASK, unknown_name
from siprouter.modules.pv.uris import find_listener
from siprouter.util.text import to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv

BRANCH_NAMES = ("uri", "dst_uri", "path", "q", "send_socket", "count", "flags")
DELIMITER = ", "


def _with_q(uri: str, q: int) -> str:
    return uri if q == Q_UNSET else f"<{uri}>;q={q_text(q)}"


def get_branch(inst: Pv, ctx: Context) -> Value:
    """$br: the URI of the first additional branch"""
    branches = ctx.branch_list
    return branches[0].uri if branches and ctx.msg.is_request else None


def set_branch(inst: Pv, ctx: Context, value: Value) -> None:
    """$br = uri: one more branch"""
    uri = to_text(value)
    if not uri or not ctx.append_branch(Branch(uri, force_socket=ctx.force_socket)):
        inst.refuse(ctx, "$br", value)


def get_branches(inst: Pv, ctx: Context) -> Value:
    """$bR: all additional branches"""
    if not ctx.branch_list or not ctx.msg.is_request:
        return None
    return DELIMITER.join(_with_q(branch.uri, branch.q) for branch in ctx.branch_list)


def get_destination_set(inst: Pv, ctx: Context) -> Value:
    """$ds: a Contact header with the rewritten request URI and all branches; null where there is neither"""
    line = contact_line(ctx)
    return to_str(line).rstrip("\r\n") if line else None


def bind_branch(inst: Pv, inner: InnerName) -> PvAccess:
    """$(branch(name)[index])"""
    name = "q" if inner.text == "Q" else inner.text
    if name not in BRANCH_NAMES:
        raise unknown_name(inner, "branch", BRANCH_NAMES)
    if name == "count":
        return PvAccess(lambda ctx: len(ctx.branch_list or ()), lambda ctx, value: None)

    def get(ctx: Context) -> Value:
        branch = _find(ctx, inner.index_value(ctx))
        return None if branch is None else _read(branch, name)

    def put(ctx: Context, value: Value) -> None:
        index = inner.index_value(ctx)
        branch = _find(ctx, index)
        if branch is None:
            inst.refuse(ctx, f"$(branch({name})[{index}])", value)
        elif name == "uri" and (value is None or value == ""):
            ctx.branches.remove(branch)
        else:
            _write(inst, branch, name, value)

    return PvAccess(get, put)


def _find(ctx: Context, index: int) -> Branch | None:
    branches = ctx.branch_list
    return branches[index] if branches and -len(branches) <= index < len(branches) else None


def _read(branch: Branch, name: str) -> Value:
    if name == "uri":
        return branch.uri
    if name == "dst_uri":
        return branch.dst_uri or None
    if name == "path":
        return branch.path or None
    if name == "q":
        return None if branch.q == Q_UNSET else branch.q
    if name == "send_socket":
        socket: str | None = None if branch.force_socket is None else branch.force_socket.name
        return socket
    return branch.flags


def _write(inst: Pv, branch: Branch, name: str, value: Value) -> None:
    if name == "uri":
        branch.uri = to_text(value)
    elif name == "dst_uri":
        branch.dst_uri = to_text(value) or None
    elif name == "path":
        branch.path = to_text(value) or None
    elif name == "q":
        branch.q = Q_UNSET if value is None else max(0, min(1000, to_int(value)))
    elif name == "send_socket":
        branch.force_socket = find_listener(inst, to_text(value)) if value else None
    else:
        branch.flags = to_int(value) & FLAGS_MASK
