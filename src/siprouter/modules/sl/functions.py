"""Script functions of sl."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.values import Value
    from siprouter.modules.sl.state import Sl


def status_and_reason(sl: Sl, code: Value, reason: Value) -> tuple[int, str]:
    """The arguments of a reply function; the module's defaults where they are none."""
    phrase = sl.default_reason if reason is None or reason == "" else str(reason)
    if type(code) is int and 100 <= code <= 699:
        return code, phrase
    text = str(code).strip() if code is not None else ""
    return int(text) if text.isdigit() and 100 <= int(text) <= 699 else sl.default_code, phrase


def sl_send_reply(sl: Sl, ctx: Context, code: Value, reason: Value) -> int:
    """Reply statelessly."""
    status, text = status_and_reason(sl, code, reason)
    return 1 if sl.send(ctx, status, text) else -1


def send_reply(sl: Sl, ctx: Context, code: Value, reason: Value) -> int:
    """Reply, statefully where there is a transaction."""
    status, text = status_and_reason(sl, code, reason)
    return sl.send_reply(ctx, status, text)


def sl_reply_error(sl: Sl, ctx: Context) -> int:
    """Reply with what the last function failed with."""
    error = None if ctx.tm is None else ctx.tm.error
    status, reason = error or (500, sl.default_reason)
    if sl.send_reply(ctx, status, reason) < 0:
        return -1
    sl.stats.sent_err_replies.inc()
    return 1
