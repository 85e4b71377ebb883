"""The functions of the core: rewriting the request URI, flags, branches, logging."""

from __future__ import annotations

from siprouter.core import rewrite
from siprouter.core.context import Branch, Context
from siprouter.core.worker import Worker
from siprouter.script.attributes import Attribute
from siprouter.util.log import L_DBG, L_NOTICE

SCRIPT_SOURCE = "<script>"


def code(done: bool) -> int:
    """The return code of a function that did its work, or not."""
    return 1 if done else -1


class CoreFunctions:
    """The instance that the core functions belong to; one per worker. Sending is in core_sending.py."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    # --- request URI

    def rewrite_uri(self, ctx: Context, uri: str) -> int:
        """rewriteuri(): another request URI."""
        ctx.set_uri(uri)
        return 1

    def revert_uri(self, ctx: Context) -> int:
        """revert_uri(): the request URI as received."""
        ctx.revert_uri()
        return 1

    def rewrite_host(self, ctx: Context, host: str) -> int:
        """rewritehost()."""
        return code(rewrite.set_host(ctx, host))

    def rewrite_host_port(self, ctx: Context, text: str) -> int:
        """rewritehostport(): "host:port"."""
        return code(rewrite.set_host_port(ctx, text))

    def rewrite_host_port_transport(self, ctx: Context, text: str) -> int:
        """rewritehostporttrans(): "host:port;transport=tcp"."""
        return code(rewrite.set_host_port_transport(ctx, text))

    def rewrite_user(self, ctx: Context, user: str) -> int:
        """rewriteuser()."""
        return code(rewrite.set_user(ctx, user))

    def rewrite_user_password(self, ctx: Context, text: str) -> int:
        """rewriteuserpass(): "user:password"."""
        return code(rewrite.set_user_password(ctx, text))

    def rewrite_port(self, ctx: Context, port: str) -> int:
        """rewriteport()."""
        return code(rewrite.set_port(ctx, port))

    def prefix(self, ctx: Context, text: str) -> int:
        """prefix(): text before the user part."""
        return code(rewrite.prefix(ctx, text))

    def strip(self, ctx: Context, count: int) -> int:
        """strip(): the user part without its first characters."""
        return code(rewrite.strip(ctx, count))

    def strip_tail(self, ctx: Context, count: int) -> int:
        """strip_tail(): the user part without its last characters."""
        return code(rewrite.strip_tail(ctx, count))

    def user_phone(self, ctx: Context) -> int:
        """userphone(): user=phone added."""
        return code(rewrite.set_user_phone(ctx))

    def append_branch(self, ctx: Context, uri: str = "", q: int = -1) -> int:
        """append_branch(): one more destination. Without arguments it is the present request URI, which then counts
        as used up: it does not become a branch a second time."""
        branch = Branch(
            uri or ctx.uri, q, ctx.dst_uri or None, ctx.path or None, ctx.force_socket, ctx.branch_flags, ctx.instance
        )
        if not ctx.append_branch(branch):
            self.worker.log.error("append_branch: too many branches")
            return -1
        if not uri and q < 0:
            ctx.uri_consumed = True
        return 1

    # --- flags

    def set_flag(self, ctx: Context, flag: int) -> int:
        """setflag()."""
        ctx.flags |= 1 << flag
        return 1

    def reset_flag(self, ctx: Context, flag: int) -> int:
        """resetflag()."""
        ctx.flags &= ~(1 << flag)
        return 1

    def is_flag_set(self, ctx: Context, flag: int) -> int:
        """isflagset()."""
        return 1 if ctx.flags >> flag & 1 else -1

    def set_avp_flag(self, ctx: Context, attribute: Attribute, flag: int) -> int:
        """setavpflag()."""
        return attribute.set_flag(ctx, flag)

    def reset_avp_flag(self, ctx: Context, attribute: Attribute, flag: int) -> int:
        """resetavpflag()."""
        return attribute.reset_flag(ctx, flag)

    def is_avp_flag_set(self, ctx: Context, attribute: Attribute, flag: int) -> int:
        """isavpflagset()."""
        return attribute.has_flag(ctx, flag)

    # --- log

    def log(self, ctx: Context, text: str) -> int:
        """log(text): at the level below debug."""
        self.worker.log.write(L_DBG + 1, text.replace("%", "%%"), source=SCRIPT_SOURCE)
        return 1

    def log_at(self, ctx: Context, level: int, text: str) -> int:
        """log(level, text)."""
        self.worker.log.write(level, "%s", text, source=SCRIPT_SOURCE)
        return 1

    def error(self, ctx: Context, first: str, second: str) -> int:
        """error(): only logs, as in 3.1."""
        self.worker.log.write(L_NOTICE, "error(%s, %s)", first, second, source=SCRIPT_SOURCE)
        return 1
