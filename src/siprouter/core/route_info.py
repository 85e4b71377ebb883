"""What special routes leave in `ctx.vars` for pseudo-variables: the message being sent, the error being handled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siprouter.transport.endpoint import Endpoint

SENDING = "core.sending"
"""key of `ctx.vars`: the Sending of an onsend route"""
ERROR = "core.error"
"""key of `ctx.vars`: the ErrorInfo of an error route"""
AUTHORIZED = "core.authorized"
"""key of `ctx.vars`: the credentials (sip.auth.AuthParams) that an authentication module found right"""

REPLY_BODY = "core.reply_body"
"""key of `ctx.vars`: bytes, the body of replies generated for this request (set_reply_body)"""

ERROR_CLASS_PARSER = 1
ERROR_LEVEL_MEDIUM = 3


@dataclass(frozen=True, slots=True)
class Sending:
    """A built message that is about to be sent; `to.listener` is the socket it leaves from."""

    data: bytes
    to: Endpoint


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error while a message was handled, with the reply it deserves."""

    error_class: int
    level: int
    info: str
    code: int
    reason: str
