"""Workers and contexts for tests of modules: real core, fake surroundings."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from siprouter.core.context import Context
from siprouter.core.registry import load_declaration
from siprouter.core.routes import REQUEST
from siprouter.core.settings import CoreParam, Settings
from siprouter.core.worker import Surroundings, Worker
from siprouter.sip.message import Message, parse_message
from siprouter.transport.endpoint import PROTO_UDP, Endpoint, Listener
from siprouter.transport.listeners import Listeners
from siprouter.util.errors import NOWHERE
from siprouter.util.log import L_DBG, Log, Record
from tests.support.states import make_state

INVITE = b"""INVITE sip:bob@example.com;transport=tcp SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;rport
Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0
Max-Forwards: 70
From: "Alice" <sip:alice@example.org>;tag=a1
To: <sip:bob@example.com>
Call-ID: c1@192.0.2.1
CSeq: 102 INVITE
Contact: <sip:alice@192.0.2.1:5070>
User-Agent: test
Content-Type: application/sdp
Content-Length: 5

v=0
""".replace(b"\n", b"\r\n")


class FakeOutlet:
    """Collects what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Endpoint]] = []

    def send(self, data: bytes, to: Endpoint, on_error: Any = None) -> bool:
        self.sent.append((data, to))
        return True


class FakeWorker(Worker):
    """A worker whose clock stands still unless a test moves it, and which remembers its log records."""

    def __init__(self, *listeners: Listener, settings: Settings | None = None) -> None:
        self.records: list[Record] = []
        self.time = 1000.0
        self.wall_time = 1_700_000_000.25
        self.slept: list[float] = []
        self.spawned: list[Coroutine[Any, Any, Any]] = []
        known = Listeners()
        for listener in listeners or (Listener(PROTO_UDP, "192.0.2.10", 5060),):
            known.add(listener)
        surroundings = Surroundings(
            outlet=FakeOutlet(),
            resolver=None,
            wheel=None,
            clock=lambda: self.time,
            wall_clock=lambda: self.wall_time,
            spawn=lambda coroutine, name: self.spawned.append(coroutine),
            sleep=self._sleep,
            random_bytes=lambda count: bytes(number & 255 for number in range(count)),
            log=Log(self.records.append, L_DBG),
        )
        super().__init__(
            surroundings, settings or Settings(DEFAULT_SETTINGS), make_state(lambda: self.wall_time), known
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        self.wall_time += seconds

    def load(self, name: str, **params: int | str | list[str]) -> Any:
        """Add a module with parameters, without configuring it; a list sets a parameter several times."""
        declared = load_declaration(name)
        assert declared is not None, name
        inst = self.add_module(declared)
        for key, value in params.items():
            for one in value if isinstance(value, list) else [value]:
                self.set_param(declared.name, key, one)
        return inst

    def texts(self) -> list[str]:
        """The texts of all log records so far."""
        return [record.text for record in self.records]


DEFAULT_SETTINGS = (
    CoreParam("debug", "int", 0, "log level"),
    CoreParam("server_signature", "bool", 1, "Server header in replies"),
    CoreParam("server_header", "str", "Server: siprouter", "Server header"),
    CoreParam("user_agent_header", "str", "User-Agent: siprouter", "User-Agent header"),
    CoreParam("log_facility", "str", "LOG_DAEMON", "syslog facility"),
)


def make_worker(*modules: str, **settings: Any) -> FakeWorker:
    """A worker with these modules loaded and configured."""
    worker = FakeWorker()
    for name in modules:
        worker.load(name)
    assert worker.configure_modules() == []
    return worker


def message(text: bytes | str) -> Message:
    """A message from text whose line ends may be plain newlines."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if b"\r\n" not in data:
        data = data.replace(b"\n", b"\r\n")
    return parse_message(data)


def request(
    method: str = "INVITE",
    uri: str = "sip:bob@example.com",
    *headers: str,
    body: bytes = b"",
    drop: tuple[str, ...] = (),
    **replaced: str,
) -> Message:
    """A request with the usual headers; keywords exchange them (`from_`, `call_id`…), `drop` leaves some out."""
    lines = {
        "via": "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1",
        "max_forwards": "Max-Forwards: 70",
        "from_": "From: <sip:alice@example.org>;tag=a1",
        "to": "To: <sip:bob@example.com>",
        "call_id": "Call-ID: c1@192.0.2.1",
        "cseq": f"CSeq: 102 {method}",
    }
    lines.update(replaced)
    kept = [line for key, line in lines.items() if key not in drop]
    text = "\r\n".join([f"{method} {uri} SIP/2.0", *kept, *headers, f"Content-Length: {len(body)}", "", ""])
    return parse_message(text.encode("utf-8", "surrogateescape") + body)


def reply(status: int = 200, reason: str = "OK", *headers: str, method: str = "INVITE", body: bytes = b"") -> Message:
    """A reply with the usual headers."""
    lines = [
        f"SIP/2.0 {status} {reason}",
        "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1",
        "From: <sip:alice@example.org>;tag=a1",
        "To: <sip:bob@example.com>;tag=b1",
        "Call-ID: c1@192.0.2.1",
        f"CSeq: 102 {method}",
        *headers,
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return parse_message("\r\n".join(lines).encode("utf-8", "surrogateescape") + body)


def context(worker: Worker, msg: Message | None = None, route_type: int = REQUEST, ip: str = "192.0.2.1") -> Context:
    """A context for a message that came from `ip`:5070 over UDP to the worker's first listener."""
    listener = worker.listeners.all[0]
    source = Endpoint(listener.proto, ip, 5070, 0, listener)
    return Context(worker, None, msg if msg is not None else parse_message(INVITE), source, worker.now(), route_type)


def read(ctx: Context, text: str) -> Any:
    """The value of a pseudo-variable."""
    return ctx.worker.env.parse_pvar(text, NOWHERE).get(ctx)


def write(ctx: Context, text: str, value: Any) -> None:
    """Assign to a pseudo-variable."""
    access = ctx.worker.env.parse_pvar(text, NOWHERE)
    assert access.set is not None, text
    access.set(ctx, value)


def expand(ctx: Context, text: str) -> str:
    """A string with pseudo-variables, as xlog prints it."""
    expanded: str = ctx.worker.env.parse_format(text, NOWHERE).text(ctx)
    return expanded


def call(ctx: Context, name: str, *args: str | int) -> Any:
    """Call a script function as a script does: arguments are folded, then converted."""
    from siprouter.core.args import Constant, Opt, Rest, arities

    for declared, inst, _ in ctx.worker.registry.find_functions(name):
        least, most = arities(declared.args)
        fits = least <= len(args) and (most < 0 or len(args) <= most)
        if declared.arities:
            fits = len(args) in declared.arities
        if not fits:
            continue
        values = []
        for number, value in enumerate(args):
            kind = declared.args[min(number, len(declared.args) - 1)]
            kind = kind.type if isinstance(kind, Opt | Rest) else kind
            folded = kind.fold(value, ctx.worker.env, NOWHERE)
            values.append(folded.value if isinstance(folded, Constant) else folded.evaluate(ctx))
        return declared.call(inst, ctx, *values)
    raise AssertionError(f"no function {name} with {len(args)} arguments")


def edited(ctx: Context) -> bytes:
    """The message with its pending edits done."""
    return bytes(ctx.msg.apply_edits().buf)
