"""The destination blacklist in the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.blacklist import ADM_PROHIBITED, Blacklist, blacklist_of
from siprouter.core.outgoing import setting
from siprouter.core.send_flags import FORWARD_IGNORE_SHIFT, REPLY_IGNORE_SHIFT
from siprouter.sip.names import H_RETRY_AFTER
from siprouter.sip.retry_after import parse_retry_after
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

ALL = 0xFF


class Blst:
    """One per worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.blacklist: Blacklist = blacklist_of(worker)

    def is_on(self, name: str) -> bool:
        """Whether there is a blacklist to work on; where not, the log says which function was called in vain."""
        if self.blacklist.is_on():
            return True
        self.worker.log.warning("%s: the blacklist is off (see use_dst_blacklist)", name, source="blst")
        return False

    def list_source(self, ctx: Context, seconds: int) -> None:
        """Put the source of the message on the list."""
        source = ctx.source
        self.blacklist.force(ADM_PROHIBITED, source.proto, source.ip, source.port, seconds, self.worker.now())

    def add(self, ctx: Context, seconds: int | None = 0) -> int:
        """blst_add()"""
        if not self.is_on("blst_add"):
            return 1
        if seconds is None or seconds < 0:
            return -1
        self.list_source(ctx, seconds or setting(self.worker, "dst_blacklist_expire", 60))
        return 1

    def add_retry_after(self, ctx: Context, least: int | None, most: int | None) -> int:
        """blst_add_retry_after()"""
        if not self.is_on("blst_add_retry_after"):
            return 1
        header = ctx.msg.get(H_RETRY_AFTER)
        if header is None or least is None or most is None:
            return -1
        try:
            wanted = parse_retry_after(ctx.msg.value(header)).seconds
        except PeerError:
            return -1
        seconds = min(max(wanted, least), most)
        if seconds > 0:
            self.list_source(ctx, seconds)
        return 1

    def delete(self, ctx: Context) -> int:
        """blst_del()"""
        if not self.is_on("blst_del"):
            return -1
        source = ctx.source
        return 1 if self.blacklist.delete(source.proto, source.ip, source.port) else -1

    def is_listed(self, ctx: Context) -> int:
        """blst_is_blacklisted()"""
        if not self.is_on("blst_is_blacklisted"):
            return -1
        source = ctx.source
        return 1 if self.blacklist.flags_of(source.proto, source.ip, source.port, self.worker.now()) else -1

    def set_ignore(self, ctx: Context, flags: int | None = ALL) -> int:
        """blst_set_ignore()"""
        return set_bits(ctx, flags, FORWARD_IGNORE_SHIFT)

    def clear_ignore(self, ctx: Context, flags: int | None = ALL) -> int:
        """blst_clear_ignore()"""
        return clear_bits(ctx, flags, FORWARD_IGNORE_SHIFT)

    def rpl_set_ignore(self, ctx: Context, flags: int | None = ALL) -> int:
        """blst_rpl_set_ignore()"""
        return set_bits(ctx, flags, REPLY_IGNORE_SHIFT)

    def rpl_clear_ignore(self, ctx: Context, flags: int | None = ALL) -> int:
        """blst_rpl_clear_ignore()"""
        return clear_bits(ctx, flags, REPLY_IGNORE_SHIFT)


def set_bits(ctx: Context, flags: int | None, shift: int) -> int:
    """Set a bit mask of the message's send flags."""
    if flags is None:
        return -1
    ctx.send_flags |= (flags & ALL) << shift
    return 1


def clear_bits(ctx: Context, flags: int | None, shift: int) -> int:
    """Clear a bit mask of the message's send flags."""
    if flags is None:
        return -1
    ctx.send_flags &= ~((flags & ALL) << shift) & 0xFFFFFFFF
    return 1
