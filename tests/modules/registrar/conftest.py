"""A worker with sl, usrloc and registrar."""

from dataclasses import dataclass
from typing import Any

import pytest

from siprouter.core.context import Context
from siprouter.core.routes import REQUEST
from siprouter.modules.registrar.state import Registrar
from siprouter.modules.usrloc.domain import Domain
from siprouter.sip.message import Message, parse_message
from siprouter.transport.endpoint import Endpoint
from tests.support.fakes import FakeWorker, call, context, request
from tests.support.states import make_state

NOW = 1_700_000_000


ANSWERED = ("Contact", "P-Registrar-Error", "Retry-After", "Path", "Unsupported")
"""the headers that registrar puts into answers"""


@dataclass
class Reply:
    """An answer that was sent, with the headers that are registrar's."""

    status: int
    reason: str
    headers: dict[str, str]


class Deaf:
    """An outlet that sends nothing."""

    def send(self, data: bytes, to: Endpoint, on_error: Any = None) -> bool:
        return False


class Site:
    """The modules of one test, and short forms for what tests do with them."""

    def __init__(self, usrloc: dict[str, Any], registrar: dict[str, Any], *modules: str) -> None:
        self.worker = FakeWorker()
        self.worker.wall_time = float(NOW)
        self.worker.state = make_state(self.worker.wall_clock)
        for name in ("sl", *modules):
            self.worker.load(name)
        self.worker.load("usrloc", **usrloc)
        self.registrar: Registrar = self.worker.load("registrar", **registrar)
        assert self.worker.configure_modules() == []
        self.domain: Domain = self.registrar.usrloc.domain("location")

    def context(self, *headers: str, route_type: int = REQUEST, **replaced: str) -> Context:
        replaced.setdefault("to", "To: <sip:bob@example.com>")
        msg = request("REGISTER", "sip:example.com", *headers, **replaced)  # type: ignore[arg-type]
        return context(self.worker, msg, route_type)

    def register(self, *contacts: str, flags: int = 0, cseq: int = 1, call_id: str = "c1", headers: Any = ()) -> int:
        ctx = self.context(
            *[f"Contact: {one}" for one in contacts],
            *headers,
            call_id=f"Call-ID: {call_id}",
            cseq=f"CSeq: {cseq} REGISTER",
        )
        result: int = call(ctx, "save", "location", flags)
        return result

    @property
    def replies(self) -> list[Reply]:
        return [read_reply(data) for data, _ in self.worker.outlet.sent]

    @property
    def reply(self) -> Reply:
        return self.replies[-1]

    def uris(self, aor: str = "bob") -> list[str]:
        return [one.uri for one in self.domain.get(aor)]

    def invite(self, uri: str = "sip:bob@example.com", method: str = "INVITE") -> Context:
        msg: Message = request(method, uri)
        return context(self.worker, msg)

    def stat(self, name: str) -> int:
        counter = self.worker.counters.find("registrar", name)
        assert counter is not None
        return counter.get()


def read_reply(data: bytes) -> Reply:
    msg = parse_message(data)
    headers = {msg.name(header): msg.value(header) for header in msg.headers if msg.name(header) in ANSWERED}
    return Reply(msg.status, msg.reason, headers)


class MakeSite:
    def __call__(self, *modules: str, usrloc: dict[str, Any] | None = None, **registrar: Any) -> Site:
        return Site(usrloc or {}, registrar, *modules)


@pytest.fixture
def make_site() -> MakeSite:
    return MakeSite()


@pytest.fixture
def site() -> Site:
    return Site({}, {})
