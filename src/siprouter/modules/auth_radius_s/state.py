"""The instance of SER's auth_radius."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.avp import CLASS_USER, TRACK_FROM
from siprouter.modules.auth.check import BAD_CREDENTIALS, GO_ON, PASSED, Check
from siprouter.modules.auth.state import OK
from siprouter.modules.auth_radius.digest import SIP_PORT, default_realm, user_of
from siprouter.modules.auth_radius.state import AuthRadius
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context

NOT_AUTHENTICATED = -1
FAILED = -2
MALFORMED = -3
OF_USER = TRACK_FROM | CLASS_USER


class SerAuthRadius(AuthRadius):
    """Names and results of SER; the answer must name the user (SER-UID), and brings attributes of From's user."""

    append_realm_to_username = 1
    auth_extra = None

    def find_attributes(self) -> None:
        """Those of SER. Raises OperatorError."""
        find = self.questions.find
        self.service_attribute = find("Service-Type")
        self.ser_service_attribute = find("SER-Service-Type")
        self.ser_service = self.questions.value("SER-Service-Type", "Digest-Authentication")
        self.uri_user = find("SER-Uri-User")
        self.uid = find("SER-UID")
        self.attr = find("SER-Attr")

    async def authorize(self, ctx: Context, realm: str, proxy: bool, user: PvAccess | None) -> int:
        """1: right. NOT_AUTHENTICATED, FAILED, MALFORMED: not, and there is a challenge in the attribute."""
        realm = realm or default_realm(ctx)
        check = self.auth.begin(ctx, realm, proxy)
        result = await self._compare(ctx, check)
        if result < 0 and not self.auth.store_challenge(ctx, realm, proxy, stale=check.stale):
            return FAILED
        return result

    async def _compare(self, ctx: Context, check: Check) -> int:
        if check.state != GO_ON:
            return {PASSED: 1, BAD_CREDENTIALS: MALFORMED}.get(check.state, NOT_AUTHENTICATED)
        try:
            name = user_of(ctx)
        except PeerError as error:
            self.worker.log.error("cannot tell whose credentials they are: %s", error.reason, source="auth_radius")
            return NOT_AUTHENTICATED
        items = self.digest.items(ctx, check, self.hashed_uri(ctx, check), True)
        items += [
            (self.service_attribute, self.service),
            (self.ser_service_attribute, self.ser_service),
            (self.uri_user, name),
        ]
        reply = await self.questions.ask(ctx, items, [], SIP_PORT)
        if reply is None:
            return FAILED
        if not reply.accepted:
            self.auth.stats.wrong_passwords.inc()
            return NOT_AUTHENTICATED
        uids = reply.texts(self.uid)
        if not uids:
            self.worker.log.warning("the RADIUS server accepts a user without SER-UID", source="auth_radius")
            return NOT_AUTHENTICATED
        if self.auth.accept(ctx, check) != OK:
            return NOT_AUTHENTICATED
        ctx.avps.add("uid", uids[0], OF_USER)
        return 1 if self.questions.load_attrs(ctx, reply, self.attr, OF_USER) else NOT_AUTHENTICATED
