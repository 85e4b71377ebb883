"""The instance of peering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.radius.questions import Item, Questions
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

SIP_PORT = 5060
HASH_HEADER = "P-Request-Hash"


class Peering:
    """Both functions: 1 where the broker accepts, -1 where not, or where it does not answer."""

    radius_config: str
    verify_destination_service_type: int
    verify_source_service_type: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.questions: Questions

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        self.questions = questions = Questions(self.worker, "peering", self.radius_config)
        find = questions.find
        self.user_name, self.uri_user = find("User-Name"), find("Sip-Uri-User")
        self.from_tag, self.call_id = find("Sip-From-Tag"), find("Sip-Call-Id")
        self.hash, self.avp = find("Sip-Request-Hash"), find("SIP-AVP")
        self.service = find("Service-Type")
        try:
            value = questions.value
            self.destination = value("Service-Type", "Sip-Verify-Destination", self.verify_destination_service_type)
            self.source = value("Service-Type", "Sip-Verify-Source", self.verify_source_service_type)
        except OperatorError as error:
            hint = 'modparam("peering", "verify_source_service_type", 22)'
            raise OperatorError(f"peering: {error.message}", suggestion=hint) from None

    async def verify_destination(self, ctx: Context) -> int:
        """verify_destination()"""
        return await self._ask(ctx, self.destination, [])

    async def verify_source(self, ctx: Context) -> int:
        """verify_source()"""
        headers = ctx.msg.find(HASH_HEADER)
        value = ctx.msg.value(headers[0]) if headers else ""
        if not value:
            self.worker.log.error("verify_source: there is no %s", HASH_HEADER, source="peering")
            return -1
        return await self._ask(ctx, self.source, [(self.hash, value)])

    async def _ask(self, ctx: Context, service: int, more: list[Item]) -> int:
        try:
            uri, tag = ctx.parsed_uri, ctx.msg.from_.tag
        except PeerError as error:
            self.worker.log.error("cannot ask the broker: %s", error.reason, source="peering")
            return -1
        if not tag:
            self.worker.log.error("cannot ask the broker: From has no tag", source="peering")
            return -1
        items: list[Item] = [
            (self.user_name, uri.host),
            (self.uri_user, uri.user),
            (self.from_tag, tag),
            (self.call_id, ctx.msg.call_id),
            *more,
            (self.service, service),
        ]
        reply = await self.questions.ask(ctx, items, [], SIP_PORT)
        if reply is None or not reply.accepted:
            return -1
        self.questions.load_avps(ctx, reply, self.avp)
        return 1
