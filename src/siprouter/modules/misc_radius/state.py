"""The instance of misc_radius: questions whose answers bring AVPs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.radius.questions import Extras, Item, Questions
from siprouter.sip.uri import Uri, parse_uri
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

NO = -1
FAILED = -2

# kinds of questions: what its parameters begin with, and the name of its Service-Type
KINDS = {
    "caller": "SIP-Caller-AVPs",
    "callee": "SIP-Callee-AVPs",
    "group": "Group-Check",
    "uri": "Call-Check",
}


class MiscRadius:
    """All functions: 1 accepted, NO rejected (or the arguments are of no use), FAILED no server answered."""

    radius_config: str
    use_sip_uri_host: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.questions: Questions
        self.extras: dict[str, Extras] = {}
        self.services: dict[str, int] = {}

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        self.questions = questions = Questions(self.worker, "misc_radius", self.radius_config)
        for kind, service in KINDS.items():
            self.extras[kind] = questions.extras(f"{kind}_extra", getattr(self, f"{kind}_extra"))
            self.services[kind] = questions.value("Service-Type", service, getattr(self, f"{kind}_service_type"))
        self.service = questions.find("Service-Type")
        self.user_name = questions.find("User-Name")
        self.group = questions.find("Sip-Group")
        self.avp = questions.find("SIP-AVP")
        self.host = questions.find("Sip-Uri-Host") if self.use_sip_uri_host else None

    async def _ask(self, ctx: Context, kind: str, user: str, more: list[Item]) -> int:
        if not user:
            self.worker.log.error("there is no user to ask the RADIUS server for", source="misc_radius")
            return NO
        items: list[Item] = [(self.user_name, user), *more, (self.service, self.services[kind])]
        reply = await self.questions.ask(ctx, items, self.extras[kind])
        if reply is None:
            return FAILED
        if not reply.accepted:
            return NO
        self.questions.load_avps(ctx, reply, self.avp)
        return 1

    # --- the script

    async def load_caller(self, ctx: Context, user: str) -> int:
        """radius_load_caller_avps(caller)"""
        return await self._ask(ctx, "caller", user, [])

    async def load_callee(self, ctx: Context, user: str) -> int:
        """radius_load_callee_avps(callee)"""
        return await self._ask(ctx, "callee", user, [])

    async def is_user_in(self, ctx: Context, user: str, group: str) -> int:
        """radius_is_user_in(user, group)"""
        if not group:
            self.worker.log.error("radius_is_user_in: the group is empty", source="misc_radius")
            return NO
        return await self._ask(ctx, "group", user, [(self.group, group)])

    async def does_uri_exist(self, ctx: Context, variable: PvAccess | None = None) -> int:
        """radius_does_uri_exist([uri])"""
        uri = self._uri(ctx, variable)
        if uri is None:
            return NO
        if self.host is not None:
            return await self._ask(ctx, "uri", uri.user, [(self.host, uri.host)])
        return await self._ask(ctx, "uri", f"{uri.user}@{uri.host}", [])

    def _uri(self, ctx: Context, variable: PvAccess | None) -> Uri | None:
        try:
            if variable is None:
                return ctx.parsed_uri
            text = self._text(ctx, variable)
            return parse_uri(text) if text else None
        except PeerError as error:
            self.worker.log.error("radius_does_uri_exist: %s", error.reason, source="misc_radius")
            return None

    def _text(self, ctx: Context, variable: PvAccess) -> str:
        """The value of a variable; "" where it is no text, which is told."""
        value = variable.get(ctx)
        if isinstance(value, str) and value:
            return value
        self.worker.log.error("%s has no text to ask the RADIUS server for", variable.text, source="misc_radius")
        return ""

    async def does_user_exist(self, ctx: Context, variable: PvAccess | None = None) -> int:
        """radius_does_uri_user_exist([user])"""
        try:
            user = ctx.parsed_uri.user if variable is None else self._text(ctx, variable)
        except PeerError as error:
            self.worker.log.error("radius_does_uri_user_exist: %s", error.reason, source="misc_radius")
            return NO
        return await self._ask(ctx, "uri", user, [])
