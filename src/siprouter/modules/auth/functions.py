"""Script functions of auth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.auth.check import GO_ON, PASSED
from siprouter.modules.auth.state import ERROR, OK
from siprouter.sip.names import M_ACK, M_CANCEL

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.auth.state import Auth

PASSWORD_IS_HA1 = 1
STORE_PLAIN = 2
STORE_AUTH = 4
STORE_AUTH_INT = 8

WITH_AUTH = 1
WITH_AUTH_INT = 2
NO_ERROR_REPLY = 4


def consume_credentials(auth: Auth, ctx: Context) -> int:
    """consume_credentials()"""
    if auth.consume(ctx):
        return OK
    if ctx.msg.method_id not in (M_ACK, M_CANCEL):
        auth.worker.log.error("consume_credentials(): no credentials were accepted before", source="auth")
    return ERROR


def pv_www_authenticate(auth: Auth, ctx: Context, realm: str, password: str, flags: int | None) -> int:
    """pv_www_authenticate(realm, password, flags)"""
    return _authenticate(auth, ctx, realm, password, flags, False)


def pv_proxy_authenticate(auth: Auth, ctx: Context, realm: str, password: str, flags: int | None) -> int:
    """pv_proxy_authenticate(realm, password, flags)"""
    return _authenticate(auth, ctx, realm, password, flags, True)


def _authenticate(auth: Auth, ctx: Context, realm: str, password: str, flags: int | None, proxy: bool) -> int:
    if not realm or not password or flags is None:
        empty = "realm" if not realm else "flags" if flags is None else "password"
        auth.worker.log.error("cannot check credentials: the %s has no value", empty, source="auth")
        return ERROR
    check = auth.begin(ctx, realm, proxy)
    if check.state == PASSED:
        return OK
    result = ERROR
    if check.state == GO_ON:
        ha1 = password if flags & PASSWORD_IS_HA1 else auth.password_ha1(check, password)
        result = auth.finish(ctx, check, ha1)
    if result < 0 and flags & (STORE_PLAIN | STORE_AUTH | STORE_AUTH_INT):
        qop = "auth-int" if flags & STORE_AUTH_INT else "auth" if flags & STORE_AUTH else ""
        if not auth.store_challenge(ctx, realm, proxy, qop):
            return ERROR
    return result


def www_challenge(auth: Auth, ctx: Context, realm: str, flags: int | None) -> int:
    """www_challenge(realm, flags)"""
    return _challenge(auth, ctx, realm, flags, False)


def proxy_challenge(auth: Auth, ctx: Context, realm: str, flags: int | None) -> int:
    """proxy_challenge(realm, flags)"""
    return _challenge(auth, ctx, realm, flags, True)


def _challenge(auth: Auth, ctx: Context, realm: str, flags: int | None, proxy: bool) -> int:
    """1; -1 no realm or flags, -2 not a realm, -3 the reply cannot be sent, -4 not even 500."""
    flags_known = flags or 0
    qop = "auth-int" if flags_known & WITH_AUTH_INT else "auth" if flags_known & WITH_AUTH else ""
    lines = auth.challenge(ctx, realm, proxy, qop) if realm and flags is not None else ""
    if lines:
        status, reason = (407, "Proxy Authentication Required") if proxy else (401, "Unauthorized")
        return OK if _reply(auth, ctx, status, reason, lines.encode("utf-8", "surrogateescape")) else -3
    if not flags_known & NO_ERROR_REPLY and not _reply(auth, ctx, 500, "Internal Server Error", b""):
        return -4
    return -2 if realm and flags is not None else ERROR


def _reply(auth: Auth, ctx: Context, status: int, reason: str, headers: bytes) -> bool:
    if auth.force_stateless_reply:
        sent: bool = auth.sl.send(ctx, status, reason, headers)
        return sent
    return bool(auth.sl.send_reply(ctx, status, reason, headers) > 0)
