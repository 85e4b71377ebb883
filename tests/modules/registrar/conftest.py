"""A worker with usrloc and registrar; what would be answered is recorded instead of sent."""

from dataclasses import dataclass
from typing import Any

import pytest

from siprouter.core.context import Context
from siprouter.core.declare import Module
from siprouter.core.routes import REQUEST
from siprouter.modules.registrar.state import Registrar
from siprouter.modules.usrloc.domain import Domain
from siprouter.sip.message import Message
from siprouter.state.local import LocalState
from tests.support.fakes import FakeWorker, call, context, request

NOW = 1_700_000_000


@dataclass
class Reply:
    """An answer that sl was asked for."""

    status: int
    reason: str
    headers: dict[str, str]


class Replies:
    """Stands for sl: remembers the answers."""

    def __init__(self, worker: Any) -> None:
        self.sent: list[Reply] = []
        self.result = 1

    def send_reply(self, ctx: Context, status: int, reason: str) -> int:
        lines = b"".join(ctx.reply_headers or []).decode().splitlines()
        self.sent.append(Reply(status, reason, dict(line.split(": ", 1) for line in lines)))
        return self.result


SL = Module("sl", help="remembers answers", state=Replies)


class Site:
    """The modules of one test, and short forms for what tests do with them."""

    def __init__(self, usrloc: dict[str, Any], registrar: dict[str, Any], *modules: str) -> None:
        self.worker = FakeWorker()
        self.worker.wall_time = float(NOW)
        self.worker.state = LocalState(self.worker.wall_clock)
        self.sl: Replies = self.worker.add_module(SL)
        for name in modules:
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
    def reply(self) -> Reply:
        return self.sl.sent[-1]

    def uris(self, aor: str = "bob") -> list[str]:
        return [one.uri for one in self.domain.get(aor)]

    def invite(self, uri: str = "sip:bob@example.com", method: str = "INVITE") -> Context:
        msg: Message = request(method, uri)
        return context(self.worker, msg)

    def stat(self, name: str) -> int:
        counter = self.worker.counters.find("registrar", name)
        assert counter is not None
        return counter.get()


class MakeSite:
    def __call__(self, *modules: str, usrloc: dict[str, Any] | None = None, **registrar: Any) -> Site:
        return Site(usrloc or {}, registrar, *modules)


@pytest.fixture
def make_site() -> MakeSite:
    return MakeSite()


@pytest.fixture
def site() -> Site:
    return Site({}, {})
