"""Short ways to parse configuration text in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from siprouter.core.access import PvAccess
from siprouter.core.args import AnyValue, Choice, Fmt, Int, Opt, PvRef, RegexArg, RouteName, Str
from siprouter.core.context import Context
from siprouter.core.declare import Module, event_route, function, param
from siprouter.core.routes import FAILURE, REQUEST, CompiledRoute
from siprouter.core.worker import Worker
from siprouter.script.diagnostics import Diagnostics
from siprouter.script.load import compile_script, load_modules, parse_text
from siprouter.script.nodes import Config, Stmt
from siprouter.script.params import core_settings
from siprouter.script.parser import parse_source
from siprouter.script.preprocess import preprocess
from siprouter.script.source import SourceFile
from siprouter.sip.message import Message
from tests.support.fakes import FakeWorker, context


def parse(text: str, defines: dict[str, str] | None = None, path: str = "test.cfg") -> tuple[Config, Diagnostics]:
    """The configuration and what was found wrong with it."""
    diagnostics = Diagnostics()
    return parse_source(SourceFile(path, text), diagnostics, defines), diagnostics


def parse_good(text: str, defines: dict[str, str] | None = None) -> Config:
    """The configuration; fails the test on errors and warnings."""
    config, diagnostics = parse(text, defines)
    assert not diagnostics.items, diagnostics.render()
    return config


def statements(body: str) -> list[Stmt]:
    """The statements of a route with this body."""
    return parse_good(f"route {{\n{body}\n}}\n").routes[0].body


def tokens(text: str, mode: str = "max", defines: dict[str, str] | None = None) -> list[tuple[str, object]]:
    """(kind, value) of all tokens but the end."""
    diagnostics = Diagnostics()
    found = preprocess(SourceFile("test.cfg", text), diagnostics, defines, mode)
    assert not diagnostics.items, diagnostics.render()
    return [(token.kind, token.value) for token in found.tokens[:-1]]


def codes(diagnostics: Diagnostics) -> list[tuple[str, int, int]]:
    """(code, line, column) of everything found, in the order of the text."""
    return [(item.code, item.location.line, item.location.column) for item in diagnostics.in_order()]


class Probe:
    """A module that only remembers how it was called."""

    def __init__(self, worker: Worker) -> None:
        self.notes: list[object] = []
        self.limit = 0
        self.name = ""

    def note(self, ctx: Context, text: str) -> int:
        """note("text $x"): remember a text."""
        self.notes.append(text)
        return 1

    def keep(self, ctx: Context, value: object) -> int:
        """keep(value): remember a value with its type."""
        self.notes.append(value)
        return 1

    def code(self, ctx: Context, number: int) -> int:
        """code(n): return n."""
        return number

    async def later(self, ctx: Context, number: int) -> int:
        """later(n): wait, then return n."""
        self.notes.append("waits")
        await asyncio.sleep(0)
        return number

    def fail(self, ctx: Context) -> int:
        """fail(): our own mistake."""
        raise ZeroDivisionError("deliberate")

    def show(self, ctx: Context, access: PvAccess, text: str = "-") -> int:
        """show($x[, text]): remember a variable by reference."""
        self.notes.append((access.get(ctx), text))
        return 1


PROBE = Module(
    "probe",
    help="remembers calls",
    state=Probe,
    params=[param("limit", int, 0, "a number"), param("name", str, "", "a text")],
    functions=[
        function("note", Probe.note, [Fmt("text")], help="remember a text"),
        function("keep", Probe.keep, [AnyValue("value")], help="remember a value"),
        function("code", Probe.code, [Int("number")], help="return a number"),
        function("later", Probe.later, [Int("number")], waits=True, help="wait, then return a number"),
        function("fail", Probe.fail, help="raise an error"),
        function("show", Probe.show, [PvRef("variable"), Opt(Str("text"))], help="remember a variable"),
        function("only_failure", Probe.code, [Int("number")], routes=FAILURE, help="for failure routes"),
        function("choose", Probe.code, [Choice("way", "left", "right")], help="one of two words"),
        function("pattern", Probe.keep, [RegexArg("pattern")], help="a regular expression"),
        function("use_route", Probe.keep, [RouteName("route", FAILURE)], help="name of a failure route"),
    ],
    event_routes=[event_route("probe:start", "at the start")],
)


class Rig:
    """A worker with pv and the probe, and a script in it."""

    def __init__(self, text: str = "", *modules: str, defines: dict[str, str] | None = None) -> None:
        self.worker = FakeWorker(settings=core_settings())
        self.probe: Probe = self.worker.add_module(PROBE)
        for name in ("pv", *modules):
            self.worker.load(name)
        self.parsed = parse_text(text, defines, "test.cfg")
        load_modules(self.parsed, self.worker)
        self.parsed.report(self.worker.configure_modules())
        self.script = compile_script(self.parsed, self.worker)
        self.worker.script = self.script
        self.code: int | None = None
        self.ctx: Context

    @property
    def found(self) -> Diagnostics:
        """What was found wrong."""
        return self.parsed.diagnostics

    def run(self, msg: Message | None = None, route: CompiledRoute | None = None, kind: int = REQUEST) -> list[object]:
        """Run a route (the request route); what the probe remembered."""
        self.ctx = self.context(msg, kind)
        self.probe.notes.clear()
        assert self.script is not None, self.found.render()
        chosen = route or self.script.request_route
        assert chosen is not None
        result = chosen.run(self.ctx)
        if not isinstance(result, int):
            result = asyncio.run(finish(result))
        self.code = result
        return self.probe.notes

    def context(self, msg: Message | None = None, kind: int = REQUEST) -> Context:
        """A context for `msg` (an INVITE)."""
        ctx = context(self.worker, msg, kind)
        ctx.script = self.script
        return ctx


async def finish(running: Awaitable[int]) -> int:
    """Wait for a route."""
    return await running


def run(body: str, *, extra: str = "", msg: Message | None = None, mode: str = "#!KAMAILIO\n") -> list[object]:
    """What `keep`, `note` and `show` remembered while a request route with this body ran."""
    rig = Rig(f"{mode}route {{\n{body}\n}}\n{extra}")
    return rig.run(msg)


def evaluate(expression: str, before: str = "", *, mode: str = "#!KAMAILIO\n") -> object:
    """The value of an expression."""
    return run(f"{before} keep({expression});", mode=mode)[-1]
