"""The instance of auth_radius: the servers compare, auth does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.modules.auth.check import BAD_CREDENTIALS, GO_ON, PASSED, Check
from siprouter.modules.auth.state import OK, Auth
from siprouter.modules.auth_radius.digest import SIP_PORT, DigestAttributes, default_realm, user_of
from siprouter.radius.questions import Extras, Questions
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

FAILED = -1
MALFORMED = -2
STALE = -3
NO_CREDENTIALS = -4
INTERNAL = -5


class AuthRadius:
    """Lets servers check credentials; what fails puts a challenge into the attribute of auth."""

    radius_config: str
    service_type: int
    auth_extra: str | None
    use_ruri_flag: int
    append_realm_to_username: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.auth: Auth
        self.questions: Questions
        self.digest: DigestAttributes
        self.extras: Extras = []

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if not -1 <= self.use_ruri_flag <= 31:
            message = f"parameter use_ruri_flag of auth_radius must be a flag or -1, found {self.use_ruri_flag}"
            raise OperatorError(message)
        self.auth = self.worker.module("auth")
        self.questions = Questions(self.worker, "auth_radius", self.radius_config)
        self.digest = DigestAttributes(self.questions)
        self.service = self.questions.value("Service-Type", "Sip-Session", self.service_type)
        self.find_attributes()

    def find_attributes(self) -> None:
        """Those of this flavour. Raises OperatorError."""
        self.extras = self.questions.extras("auth_extra", self.auth_extra)
        self.service_attribute = self.questions.find("Service-Type")
        self.uri_user = self.questions.find("Sip-Uri-User")
        self.avp = self.questions.find("SIP-AVP")

    # --- the script

    async def www_authorize(self, ctx: Context, realm: str) -> int:
        """radius_www_authorize(realm)"""
        return await self.authorize(ctx, realm, False, None)

    async def proxy_authorize(self, ctx: Context, realm: str) -> int:
        """radius_proxy_authorize(realm)"""
        return await self.authorize(ctx, realm, True, None)

    async def proxy_authorize_user(self, ctx: Context, realm: str, user: PvAccess) -> int:
        """radius_proxy_authorize(realm, uri_user)"""
        return await self.authorize(ctx, realm, True, user)

    async def authorize(self, ctx: Context, realm: str, proxy: bool, user: PvAccess | None) -> int:
        """1: right. Else one of the numbers above, and there is a challenge in the attribute."""
        realm = realm or default_realm(ctx)
        check = self.auth.begin(ctx, realm, proxy)
        result = await self._check(ctx, check, user)
        if result < 0 and not self.auth.store_challenge(ctx, realm, proxy, stale=check.stale):
            return INTERNAL
        return result

    async def _check(self, ctx: Context, check: Check, user: PvAccess | None) -> int:
        if check.state != GO_ON:
            return {PASSED: 1, BAD_CREDENTIALS: MALFORMED}.get(check.state, NO_CREDENTIALS)
        if user is None:
            try:
                name = user_of(ctx)
            except PeerError as error:
                self.worker.log.error("cannot tell whose credentials they are: %s", error.reason, source="auth_radius")
                return MALFORMED
        else:
            value = user.get(ctx)
            if not isinstance(value, str):
                self.worker.log.error("radius_proxy_authorize: %s is no string", user.text, source="auth_radius")
                return INTERNAL
            name = value
        items = self.digest.items(ctx, check, self.hashed_uri(ctx, check), bool(self.append_realm_to_username))
        items += [(self.service_attribute, self.service), (self.uri_user, name)]
        reply = await self.questions.ask(ctx, items, self.extras, SIP_PORT)
        if reply is None:
            return INTERNAL
        if not reply.accepted:
            self.auth.stats.wrong_passwords.inc()
            return FAILED
        if self.auth.accept(ctx, check) != OK:
            return STALE
        self.questions.load_avps(ctx, reply, self.avp)
        return 1

    def hashed_uri(self, ctx: Context, check: Check) -> str:
        """What the phone says that it hashed, or the request URI where something on the way changes that."""
        if self.use_ruri_flag >= 0 and ctx.flags >> self.use_ruri_flag & 1:
            return ctx.uri
        return check.credentials.get("uri")
