"""What modules ask servers in the name of a message, and what they do with the attributes of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.avp import DEFAULT_CLASS
from siprouter.core.extras import parse_extras
from siprouter.radius.attributes import Pair, encode
from siprouter.radius.client import open_radius
from siprouter.radius.dictionary import Attribute
from siprouter.radius.errors import RadiusError
from siprouter.radius.packets import Reply
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

MAX_AVPS = 64
"""of one answer"""
MAX_NUMBER = (1 << 31) - 1

Extras = list[tuple[Attribute, PvAccess]]
Item = tuple[Attribute, int | str]


class Questions:
    """One module's way to the servers. Raises OperatorError where the configuration cannot be used."""

    def __init__(self, worker: Worker, module: str, path: str) -> None:
        self.worker = worker
        self.module = module
        self.client = open_radius(worker, path, module, auth=True)

    def find(self, *names: str) -> Attribute:
        """The attribute of the first name that is known. Raises OperatorError."""
        try:
            return self.client.dictionary.find(*names)
        except OperatorError as error:
            raise OperatorError(f"{self.module}: {error.message}", suggestion=error.suggestion) from None

    def value(self, attribute: str, name: str, chosen: int = -1) -> int:
        """`chosen`, or for -1 what the dictionary says. Raises OperatorError."""
        return self.client.dictionary.value(attribute, name) if chosen == -1 else chosen

    def extras(self, param: str, text: str | None) -> Extras:
        """A parameter `attribute=$variable;…`. Raises OperatorError."""
        return [(self.find(name), access) for name, access in parse_extras(self.module, param, text, self.worker.env)]

    async def ask(self, ctx: Context, items: Sequence[Item], extras: Extras, port: int = 0) -> Reply | None:
        """Send an Access-Request; attributes without a value are left out. None: no answer, the log says why."""
        try:
            pairs: list[Pair] = [encode(attribute, value) for attribute, value in items if value != ""]
            for attribute, access in extras:
                value = access.get(ctx)
                if value is not None and value != "":
                    pairs.append(encode(attribute, value))
            nas_port = self.client.dictionary.find("NAS-Port")
            if nas_port.key not in [key for key, _ in pairs]:
                pairs.append(encode(nas_port, port))
            return await self.client.authenticate(pairs)
        except RadiusError as error:
            self.worker.log.error("%s", error, source=self.module)
            return None

    def load_avps(self, ctx: Context, reply: Reply, attribute: Attribute) -> None:
        """Make AVPs of the values of SIP-AVP; one that cannot be read is told and left out."""
        for text in reply.texts(attribute)[:MAX_AVPS]:
            found = parse_sip_avp(text)
            if found is None:
                self.worker.log.error("cannot read the AVP %r of the RADIUS server", text[:80], source=self.module)
            else:
                ctx.avps.add(found[0], found[1], DEFAULT_CLASS)

    def load_attrs(self, ctx: Context, reply: Reply, attribute: Attribute, klass: int) -> bool:
        """Make attributes of SER (`name:value` or `name=value`); False where one has no name: the rest is left out."""
        for text in reply.texts(attribute)[:MAX_AVPS]:
            end = min((pos for pos in (text.find(":"), text.find("=")) if pos >= 0), default=0)
            if end < 1:
                self.worker.log.error("the RADIUS server sent an attribute without a name", source=self.module)
                return False
            ctx.avps.add(text[:end], text[end + 1 :], klass)
        return True


def parse_sip_avp(text: str) -> tuple[int | str, int | str] | None:
    """`name:text`, `name#28`, `#14:text` or `#14#28` as (name, value); None for anything else."""
    numbered = text.startswith("#")
    rest = text[1:] if numbered else text
    end = min((pos for pos in (rest.find(":"), rest.find("#")) if pos >= 0), default=0)
    name, value = rest[:end], rest[end + 1 :]
    if not name or not value:
        return None
    found_name: int | str | None = _number(name) if numbered else name
    found_value: int | str | None = _number(value) if rest[end] == "#" else value
    return None if found_name is None or found_value is None else (found_name, found_value)


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    number = int(text)
    return number if number <= MAX_NUMBER else None
