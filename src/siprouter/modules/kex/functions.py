"""The script functions: flags, destination URI, branches, pv_printf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.context import Branch

if TYPE_CHECKING:
    from siprouter.core.access import PvAccess
    from siprouter.core.context import Context
    from siprouter.modules.kex.state import Kex

MAX_FLAG = 31


def setsflag(inst: Kex, ctx: Context, flag: int) -> int:
    """setsflag(flag): false for a number that is no flag."""
    if not 0 <= flag <= MAX_FLAG:
        return -1
    ctx.script_flags |= 1 << flag
    return 1


def resetsflag(inst: Kex, ctx: Context, flag: int) -> int:
    """resetsflag(flag): false for a number that is no flag."""
    if not 0 <= flag <= MAX_FLAG:
        return -1
    ctx.script_flags &= ~(1 << flag)
    return 1


def issflagset(inst: Kex, ctx: Context, flag: int) -> int:
    """issflagset(flag)."""
    return 1 if 0 <= flag <= MAX_FLAG and ctx.script_flags >> flag & 1 else -1


def _branch_flags(ctx: Context, flag: int, branch: int) -> int | None:
    """The flags of a branch, 0 being the request URI's; None where there is no such branch or flag."""
    if not 0 <= flag <= MAX_FLAG or not 0 <= branch <= len(ctx.branches):
        return None
    return ctx.branches[branch - 1].flags if branch else ctx.branch_flags


def _set_branch_flags(ctx: Context, branch: int, flags: int) -> None:
    if branch:
        ctx.branches[branch - 1].flags = flags
    else:
        ctx.branch_flags = flags


def setbflag(inst: Kex, ctx: Context, flag: int, branch: int = 0) -> int:
    """setbflag(flag [, branch]): false where there is no such branch or flag."""
    flags = _branch_flags(ctx, flag, branch)
    if flags is None:
        return -1
    _set_branch_flags(ctx, branch, flags | 1 << flag)
    return 1


def resetbflag(inst: Kex, ctx: Context, flag: int, branch: int = 0) -> int:
    """resetbflag(flag [, branch]): false where there is no such branch or flag."""
    flags = _branch_flags(ctx, flag, branch)
    if flags is None:
        return -1
    _set_branch_flags(ctx, branch, flags & ~(1 << flag))
    return 1


def isbflagset(inst: Kex, ctx: Context, flag: int, branch: int = 0) -> int:
    """isbflagset(flag [, branch])."""
    flags = _branch_flags(ctx, flag, branch)
    return 1 if flags is not None and flags >> flag & 1 else -1


def km_append_branch(inst: Kex, ctx: Context, uri: str = "") -> int:
    """km_append_branch([uri]): false when there are too many branches.

    Without a URI the branch takes the present destination over: request URI, destination URI, path, socket and flags,
    and all but the request URI are reset. With one it only copies them.
    """
    branch = Branch(
        uri or ctx.uri,
        dst_uri=ctx.dst_uri,
        path=ctx.path,
        force_socket=ctx.force_socket,
        flags=ctx.branch_flags,
    )
    if not ctx.append_branch(branch):
        inst.worker.log.error("too many branches", source="kex")
        return -1
    if not uri:
        ctx.force_socket = None
        ctx.branch_flags = 0
        ctx.dst_uri = None
        ctx.path = None
    return 1


def setdsturi(inst: Kex, ctx: Context, uri: str) -> int:
    """setdsturi(uri)."""
    ctx.dst_uri = uri
    return 1


def resetdsturi(inst: Kex, ctx: Context) -> int:
    """resetdsturi()."""
    ctx.dst_uri = None
    return 1


def isdsturiset(inst: Kex, ctx: Context) -> int:
    """isdsturiset()."""
    return 1 if ctx.dst_uri else -1


def pv_printf(inst: Kex, ctx: Context, variable: PvAccess, text: str) -> int:
    """pv_printf(var, text), avp_printf(var, text); `var` is writable, which the argument type checked."""
    if variable.set is None:
        return -1
    variable.set(ctx, text)
    return 1
