"""add_sock_hdr(): tells the next registrar by which socket a REGISTER came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar.state import Registrar


def add_socket_header(inst: Registrar, ctx: Context, name: str) -> int:
    """Appends the header `name` with the socket that received the request; -1 where that is not known."""
    listener = ctx.source.listener
    if listener is None:
        return -1
    ctx.msg.append_header(to_bytes(f"{name}: {listener.name}\r\n"))
    return 1
