"""The instance of avp_radius, and its argument that says which attributes are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.core.values import Value, to_text
from siprouter.radius.questions import Item, Questions
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

DEFAULT_DID = "_default"
CLASSES = {
    "$fu": TRACK_FROM | CLASS_USER,
    "$fr": TRACK_FROM | CLASS_URI,
    "$tu": TRACK_TO | CLASS_USER,
    "$tr": TRACK_TO | CLASS_URI,
}


class AttributeClass(ArgType):
    """One of the words above, in any case; the function gets the track and class."""

    kind = "$fu, $fr, $tu or $tr"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        klass = CLASSES.get(to_text(value).lower())
        if klass is None:
            raise self.bad(value, location)
        return Constant(klass)

    def convert(self, ctx: Context, value: Value) -> int:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class AvpRadius:
    """Asks by the id of a user, or by the parts of a URI."""

    radius_config: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.questions: Questions

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        self.questions = questions = Questions(self.worker, "avp_radius", self.radius_config)
        self.user_name = questions.find("User-Name")
        self.service = questions.find("SER-Service-Type")
        self.attr = questions.find("SER-Attr")
        self.did = questions.find("SER-DID")
        self.scheme = questions.find("SER-Uri-Scheme")
        self.of_user = questions.value("SER-Service-Type", "Get-User-Attrs")
        self.of_uri = questions.value("SER-Service-Type", "Get-URI-Attrs")

    def _did(self, host: str) -> str:
        """The id of a domain, where module domain knows it."""
        domain: Any = self.worker.modules.get("domain")
        found: str | None = domain.get_did(host) if hasattr(domain, "get_did") else None
        return found or DEFAULT_DID

    async def load_attrs(self, ctx: Context, klass: int, who: str | None) -> int:
        """radius_load_attrs(class, id)"""
        if not who:
            self.worker.log.error("radius_load_attrs: there is nobody to ask for", source="avp_radius")
            return -1
        if klass & CLASS_URI:
            try:
                uri = parse_uri(who)
            except PeerError as error:
                self.worker.log.error("radius_load_attrs: %s", error.reason, source="avp_radius")
                return -1
            items: list[Item] = [
                (self.scheme, uri.scheme),
                (self.user_name, uri.user),
                (self.did, self._did(uri.host)),
                (self.service, self.of_uri),
            ]
        else:
            items = [(self.user_name, who), (self.service, self.of_user)]
        reply = await self.questions.ask(ctx, items, [])
        if reply is None or not reply.accepted:
            return -1
        return 1 if self.questions.load_attrs(ctx, reply, self.attr, klass) else -1
