"""A worker with sl, usrloc and registrar of SER."""

from collections.abc import Callable
from typing import Any

import pytest

from siprouter.core.context import Context
from siprouter.core.routes import REQUEST
from siprouter.modules.registrar_s.state import SerRegistrar
from siprouter.modules.usrloc.domain import Domain
from siprouter.modules.usrloc_s.contact import SerContacts, of_ser
from siprouter.sip.message import Message, parse_message
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Listener
from tests.modules.usrloc_s.conftest import NOW, load_ser
from tests.support.fakes import FakeWorker, call, context, request
from tests.support.states import make_state


class Site:
    """The modules of one test, and short forms for what tests do with them."""

    def __init__(self, usrloc: dict[str, Any], registrar: dict[str, Any]) -> None:
        self.worker = FakeWorker(Listener(PROTO_UDP, "192.0.2.10", 5060), Listener(PROTO_TCP, "192.0.2.10", 5090))
        self.worker.wall_time = float(NOW)
        self.worker.state = make_state(self.worker.wall_clock)
        self.worker.env.flag_names["NAT"] = 7
        self.worker.env.avp_flag_names["regavps"] = 0
        self.worker.load("sl")
        load_ser(self.worker, "usrloc", **usrloc)
        self.registrar: SerRegistrar = load_ser(self.worker, "registrar", **registrar)
        self.errors = self.worker.configure_modules()
        self.domain: Domain = self.worker.module("usrloc").domain("location")

    def context(self, *contacts: str, headers: Any = (), route_type: int = REQUEST, **replaced: str) -> Context:
        replaced.setdefault("to", "To: <sip:Bob@example.com>")
        lines = [f"Contact: {one}" for one in contacts]
        msg = request("REGISTER", "sip:example.com", *lines, *headers, **replaced)  # type: ignore[arg-type]
        return context(self.worker, msg, route_type)

    def register(self, *contacts: str, name: str = "save_contacts", flags: int = 0, headers: Any = ()) -> int:
        ctx = self.context(*contacts, headers=headers)
        ctx.flags = flags
        result: int = call(ctx, name, "location")
        return result

    @property
    def reply(self) -> Message:
        return parse_message(self.worker.outlet.sent[-1][0])

    def header(self, name: str) -> str | None:
        """A header of the last answer."""
        found = self.reply.find(name)
        return self.reply.value(found[0]) if found else None

    def stored(self, uid: str = "bob") -> SerContacts:
        return of_ser(self.domain.get(uid))

    def uris(self, uid: str = "bob") -> list[str]:
        return [one.uri for one in self.stored(uid)]

    def invite(self, uri: str = "sip:bob@example.com") -> Context:
        return context(self.worker, request("INVITE", uri))


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site() -> MakeSite:
    """Makes a site from parameters of registrar; `usrloc` gives those of usrloc."""

    def make(usrloc: dict[str, Any] | None = None, **registrar: Any) -> Site:
        return Site(usrloc or {}, registrar)

    return make


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    made = make_site()
    assert made.errors == []
    return made
