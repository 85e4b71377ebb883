"""The instance of uri_radius."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp import DEFAULT_CLASS
from siprouter.radius.questions import Item, Questions
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

BAD_URI = -1
NO = -5


class UriRadius:
    """Asks with User-Name `user@host`."""

    radius_config: str
    service_type: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.questions: Questions

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        self.questions = questions = Questions(self.worker, "uri_radius", self.radius_config)
        self.user_name = questions.find("User-Name")
        self.service_attribute = questions.find("Service-Type")
        self.service = questions.value("Service-Type", "Call-Check", self.service_type)
        self.attr = questions.find("SER-Attr")

    async def does_uri_exist(self, ctx: Context) -> int:
        """radius_does_uri_exist(): 1, NO or BAD_URI"""
        try:
            uri = ctx.parsed_uri
        except PeerError as error:
            self.worker.log.error("radius_does_uri_exist: %s", error.reason, source="uri_radius")
            return BAD_URI
        items: list[Item] = [(self.user_name, f"{uri.user}@{uri.host}"), (self.service_attribute, self.service)]
        reply = await self.questions.ask(ctx, items, [])
        if reply is None or not reply.accepted:
            return NO
        self.questions.load_attrs(ctx, reply, self.attr, DEFAULT_CLASS)
        return 1
