"""Path in REGISTER requests (RFC 3327)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.registrar.rejection import PARSE_PATH, Rejected
from siprouter.sip.escape import unescape_uri
from siprouter.sip.names import H_PATH, H_SUPPORTED
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar.state import Registrar
    from siprouter.sip.message import Message

MAX_PATH = 1024
PATH_OFF = 0
PATH_LAZY = 1
PATH_STRICT = 2


def read_path(inst: Registrar, ctx: Context) -> tuple[str | None, str | None]:
    """The Path values joined by commas, and the `received` parameter of the first URI where `path_use_received` asks
    for it. Raises Rejected where the first URI is malformed or is no loose router."""
    msg: Message = ctx.msg
    headers = msg.all(H_PATH)
    if not headers:
        return None, None
    path = ",".join([msg.value(header) for header in headers])
    if len(path) > MAX_PATH:
        raise Rejected(*PARSE_PATH)
    try:
        first = msg.addresses(H_PATH)[0].parsed_uri
    except (PeerError, IndexError):
        raise Rejected(*PARSE_PATH) from None
    if first.param("lr") is None:
        raise Rejected(*PARSE_PATH)
    received = first.param("received") if inst.path_use_received else None
    return path, unescape_uri(received.strip('"')) if received else None


def supports_path(msg: Message) -> bool:
    """True where Supported names the extension `path`."""
    for header in msg.all(H_SUPPORTED):
        if any(option.strip().lower() == "path" for option in msg.value(header).split(",")):
            return True
    return False
