"""msg_apply_changes() and change_reply_status()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.late_edits import LATE_EDITS
from siprouter.core.routes import REQUEST
from siprouter.sip.edits import make_edit
from siprouter.sip.message import Message, parse_message
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker


class TextOpsX:
    """The instance of the module."""

    def __init__(self, worker: Worker) -> None:
        self.log = worker.log

    def apply_changes(self, ctx: Context) -> int:
        """msg_apply_changes(): what is read from now on is the changed request; it cannot be undone"""
        if ctx.route_type != REQUEST:
            self.log.error("msg_apply_changes() outside of a request route", source="textopsx")
            return -1
        if ctx.tm is not None and ctx.tm.saved:
            # its branches, and failure routes, go on from the message as it is now
            self.log.error("msg_apply_changes() after the request was relayed", source="textopsx")
            return -1
        msg: Message = ctx.msg
        if ctx.new_uri is not None:
            uri = make_edit(msg.uri_start, msg.uri_end - msg.uri_start, to_bytes(ctx.new_uri))
            msg.edits.append(uri)
        try:
            changed = msg.apply_edits()
        except PeerError as error:
            if ctx.new_uri is not None:
                msg.edits.pop()
            self.log.error("the changed message is broken: %s", error.reason, source="textopsx")
            return -1
        ctx.msg = changed
        ctx.revert_uri()
        ctx.vars.pop(LATE_EDITS, None)
        return 1

    def change_status(self, ctx: Context, code: int, reason: str) -> int:
        """change_reply_status(code, reason): only from 3xx–6xx to 3xx–6xx, or within 1xx or 2xx"""
        msg: Message = ctx.msg
        if msg.is_request or not 100 <= code <= 699 or not reason:
            self.log.error("cannot make a reply %d %s", code, reason, source="textopsx")
            return -1
        if (code < 300 or msg.status < 300) and code // 100 != msg.status // 100:
            self.log.error("cannot make a reply %d of %d: another class", code, msg.status, source="textopsx")
            return -1
        line = to_bytes(f"SIP/2.0 {code} {reason}".replace("\r", " ").replace("\n", " "))
        # a new message and no pending edit, so that the transaction decides by the new status
        changed = parse_message(line + msg.buf[msg.uri_end :])
        shift = len(line) - msg.uri_end
        changed.edits = [
            make_edit(edit.start + shift, edit.length, edit.data, edit.body)
            for edit in msg.edits
            if edit.start >= msg.uri_end
        ]
        ctx.msg = changed
        return 1
