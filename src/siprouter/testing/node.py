"""A whole router in memory: an unmodified configuration, a clock that the test moves, a network without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from siprouter.core.context import Context
from siprouter.core.declare import Module
from siprouter.core.observe import route_for
from siprouter.core.programs import ProgramResult
from siprouter.core.routes import FAILURE, REQUEST, CompiledRoute, Script
from siprouter.core.values import Value
from siprouter.core.worker import Worker
from siprouter.rpc.call import RpcReply, call_rpc
from siprouter.script.load import ScriptError
from siprouter.server.network import apply_cache, apply_plan
from siprouter.server.receive import MessageReceiver
from siprouter.sip.framing import PING, PONG, Framer
from siprouter.sip.message import Message, parse_message
from siprouter.sip.summary import summarize
from siprouter.state.factory import LOCAL, open_state, options_for
from siprouter.testing import leaks
from siprouter.testing.clock import FakeClock
from siprouter.testing.leaks import LeakError, TimerView, TransactionView
from siprouter.testing.loading import DEFAULT_LISTEN, Source, load_into, make_worker
from siprouter.testing.loop import TestLoop
from siprouter.testing.messages import build_message
from siprouter.testing.names import Names, fake_resolver
from siprouter.testing.network import Address, Messages, Network, Sent, parse_address
from siprouter.testing.routes import KINDS, RouteRun, write_variables
from siprouter.transaction.branch import B_FAKED
from siprouter.transport.endpoint import Endpoint, Listener, is_stream
from siprouter.transport.http import CONTINUE, HttpRefusal, HttpRequest, SwitchingFramer, build_http_reply
from siprouter.util.ladder import Arrow, draw_ladder
from siprouter.util.log import JSON_LEVELS, L_ALERT, L_DBG, L_ERR, Log, Record

LoadError = ScriptError
MAX_ROUNDS = 2_000
MAX_WAIT = 3600.0
SHORTEST_STEP = 0.0001
ROUTER = "router"

T = TypeVar("T")


class Node:
    """The router under test. Close it when done, or use it in a `with` block: `close` fails on what was left behind."""

    usual_state = LOCAL
    """the kind of state of nodes that name none"""

    def __init__(
        self,
        text: str = "",
        *,
        path: Path | str | None = None,
        defines: Mapping[str, str] | None = None,
        listen: Iterable[str] = DEFAULT_LISTEN,
        aliases: Iterable[str] = (),
        names: Names | None = None,
        name_delay: float = 0.0,
        modules: Iterable[Module] = (),
        debug: int | None = None,
        state: str = "",
    ) -> None:
        """Load a configuration given as text or by `path`. Raises LoadError with everything that is wrong in it.

        `listen` counts where the configuration names no address; `aliases` (host names that count as the router) are
        added to its own. `names` are the host names that DNS knows, see `siprouter.testing.names`; each question takes
        `name_delay` seconds. `modules` are declarations loaded before the configuration, for modules of your own or
        stand-ins for others. `debug` is the log level (3: everything), None: as the configuration says, and everything
        where it says nothing. `state` is where location and the like are kept: "local", "shared" (as several workers
        do, see docs/state.md), or the directory of a shared one that outlasts the node; "": `Node.usual_state`.
        """
        self.clock = FakeClock()
        self.network = Network(self.clock)
        self.records: list[Record] = []
        self.loop = TestLoop(self.clock)
        self._queue: list[tuple[bytes, Address, str]] = []
        self._framers: dict[int, Framer | SwitchingFramer] = {}
        self._next_tick = self.clock() + 1
        self._failures: list[str] = []
        log = Log(self.records.append, L_DBG)
        kept = open_state(options_for(state or self.usual_state), self.clock.wall, log)
        self.worker: Worker = make_worker(self.clock, self.network, log, self._spawn, self._sleep, kept)
        resolver = fake_resolver(names or {}, self.clock, log, self._sleep, delay=name_delay)
        self.worker.resolver = resolver
        self.worker.services["shell"] = self._shell
        self.worker.services["program"] = self._program
        self.worker.services["connection_alias"] = self.network.add_alias
        self.commands: list[str] = []
        """shell commands that the script would have run"""
        self.programs: Callable[[str, Mapping[str, str], bytes | None], ProgramResult | bytes] = lambda *_: b""
        """programs(command, environment, input): what such a command would have written, or how it would have ended"""
        try:
            source = Source(text, path, defines, listen, aliases, modules, debug)
            self.diagnostics = load_into(self.worker, source)
            apply_plan(resolver.options, self.worker.settings, self.worker.listeners)
            apply_cache(resolver.cache.options, self.worker.settings)
            self.receiver = MessageReceiver(self.worker)
            self.worker.services["receiver"] = self.receiver
            self.wait(self.worker.start_modules())
        except BaseException:
            self.close(check=False)
            raise

    @classmethod
    def from_file(cls, path: Path | str, **options: Any) -> Self:
        """A node that runs the configuration file at `path`; options as for Node."""
        return cls(path=path, **options)

    # --- what the worker needs

    def _spawn(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = self.loop.create_task(coroutine, name=name)
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failures.append(f"task {task.get_name()} raised {error!r}")

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _shell(self, command: str) -> int:
        self.commands.append(command)
        return 0

    async def _program(
        self, command: str, *, environment: Mapping[str, str], data: bytes | None, limit: int, seconds: float
    ) -> ProgramResult:
        self.commands.append(command)
        await asyncio.sleep(0)
        found = self.programs(command, environment, data)
        if isinstance(found, ProgramResult):
            return found
        return ProgramResult(0, found[:limit], cut=bool(limit) and len(found) > limit)

    # --- messages

    @property
    def script(self) -> Script:
        """The compiled script."""
        script = self.worker.script
        assert script is not None
        return script

    def request(self, method: str, uri: str, **fields: Any) -> bytes:
        """A request from a few words; see `build_message`."""
        return build_message(method, uri, **fields)

    def source(self, address: str, to: str = "") -> Endpoint:
        """The endpoint for a peer at `address`, as if a message had come from there; arguments as for `receive`."""
        return self._endpoint(parse_address(address), to)

    def _endpoint(self, address: Address, to: str) -> Endpoint:
        proto, ip, port = address
        return Endpoint(proto, ip, port, self.network.connection(address), self.listener(proto, ip, to))

    def listener(self, proto: int, ip: str, name: str = "") -> Listener:
        """The listener that a peer at `ip` talks to: the one called `name` ("udp:127.0.0.1:5060"), else the usual one.

        AssertionError where the configuration has none.
        """
        found: Listener | None
        if name:
            found = next((item for item in self.worker.listeners if item.name == name), None)
        else:
            found = self.worker.listeners.choose(proto, ip)
        wanted = name or f"anything that {ip} could reach"
        assert found is not None, f"the configuration does not listen on {wanted}"
        return found

    def enqueue(self, data: bytes, address: str, to: str = "") -> None:
        """Let `data` arrive from `address` at the next `settle`; see `receive`."""
        self._queue.append((data, parse_address(address), to))

    def receive(self, data: bytes, address: str = "192.0.2.1:5060", to: str = "") -> Messages:
        """Let `data` arrive from `address` now; what the router sent until it was quiet again.

        `to` names the listener where there are several ("udp:127.0.0.1:5060"). From a "tcp:" address the octets are
        part of a stream: messages may come in pieces or together.
        """
        before = len(self.sent)
        self.enqueue(data, address, to)
        self.settle()
        return self.sent[before:]

    def _arrive(self, data: bytes, address: Address, to: str) -> None:
        self.network.arrived(data, address)
        source = self._endpoint(address, to)
        if is_stream(source.proto):
            self._stream(data, source, address)
        else:
            self.receiver.receive(data, source)

    def _stream(self, data: bytes, source: Endpoint, address: Address) -> None:
        """Octets of a connection: whole messages to the receiver, keep-alives answered, broken ones refused."""
        framer = self._framers.get(source.connection)
        if framer is None:
            framer = self._framers[source.connection] = SwitchingFramer() if self.worker.hooks.http_in else Framer()
        for message in framer.feed(data):
            if not isinstance(message, bytes):
                self._http(message, source)
            elif message is CONTINUE:
                self.network.send(CONTINUE, source)
            elif message is PING:
                self.network.send(PONG, source)
            elif message is not PONG:
                self.receiver.receive(message, source)
        if framer.error is not None:
            self.receiver.reject(framer.rest, source, framer.error)
            self.network.disconnect(str(source))

    def _http(self, item: HttpRequest | HttpRefusal, source: Endpoint) -> None:
        if isinstance(item, HttpRequest):
            self.receiver.receive_http(item, source)
        else:
            self.network.send(build_http_reply(item.status, item.reason), source)
            self.network.disconnect(str(source))

    # --- time

    def settle(self) -> None:
        """Run until nothing moves any more, without letting time pass."""
        for _ in range(MAX_ROUNDS):
            while self._queue:
                self._arrive(*self._queue.pop(0))
            self.network.deliver()
            self.loop.run_until_idle()
            if not self._queue and not self.network.moving:
                return
        raise RuntimeError("the router and the phones never come to rest")

    def advance(self, seconds: float) -> Messages:
        """Let time pass: timers fire, phones react; what the router sent meanwhile."""
        before = len(self.sent)
        self.settle()
        end = self.clock() + seconds
        while self.clock() < end:
            self._step(end)
        return self.sent[before:]

    def _step(self, end: float) -> None:
        """Go to the next time at which something is due, `end` at the latest."""
        due = min(self.worker.wheel.next_due(), self._next_tick, self.loop.next_timer)
        self.clock.time = min(max(due, self.clock() + SHORTEST_STEP), end)
        self.worker.wheel.advance(self.clock())
        if self.clock() >= self._next_tick:
            self._next_tick += 1
            self.worker.state.tick()
            for callback in tuple(self.worker.hooks.tick):
                callback(self.clock())
        self.settle()

    def wait(self, awaitable: Awaitable[T], most: float = MAX_WAIT) -> T:
        """The result of something that waits; time passes as it needs. TimeoutError after `most` seconds."""
        task = self.loop.create_task(_finish(awaitable), name="wait")
        self.settle()
        end = self.clock() + most
        while not task.done():
            if self.clock() >= end:
                task.cancel()
                self.settle()
                raise TimeoutError(f"still waiting after {most} seconds")
            self._step(end)
        return task.result()

    # --- what happened

    @property
    def sent(self) -> Messages:
        """Everything the router sent so far."""
        return self.network.sent

    @property
    def last(self) -> Sent:
        """What the router sent last. AssertionError where it sent nothing."""
        assert self.sent, "the router sent nothing"
        return self.sent[-1]

    @property
    def log(self) -> list[str]:
        """Texts of all log records so far."""
        return [record.text for record in self.records]

    def logged(self, text: str = "", level: str = "") -> list[Record]:
        """Log records that contain `text`; of one level only where it is given ("error", "warning", "info" …)."""
        found = [record for record in self.records if text in record.text]
        return [record for record in found if level in ("", JSON_LEVELS[record.level - L_ALERT])]

    @property
    def errors(self) -> list[str]:
        """Texts of the log records that tell of an error or worse."""
        return [record.text for record in self.records if record.level <= L_ERR]

    @property
    def warnings(self) -> list[str]:
        """What the script checks warned about, with file, line and column."""
        return [item.headline() for item in self.diagnostics.warnings]

    @property
    def transactions(self) -> list[TransactionView]:
        """All transactions there are, oldest first."""
        return leaks.transactions(self.worker)

    @property
    def timers(self) -> list[TimerView]:
        """All timers that run, the next one first."""
        return leaks.timers(self.worker.wheel, self.clock())

    def stored(self, table: str) -> dict[str, Any]:
        """What a table of the state holds by key, for example "usrloc:location". KeyError for an unknown table."""
        return dict(self.worker.state.tables[table].items())

    def contacts(self, user: str, table: str = "location") -> list[str]:
        """Where a user is registered: URIs, in the order of registration."""
        domain = self.worker.module("usrloc").domain(table)
        return [contact.uri for contact in domain.valid(user)]

    def counter(self, group: str, name: str) -> int:
        """The value of a statistic. KeyError for an unknown one."""
        counter = self.worker.counters.find(group, name)
        if counter is None:
            raise KeyError(f"{group}:{name}")
        return counter.get()

    def ladder(self, width: int = 100) -> str:
        """All messages so far, drawn as arrows between the router and its peers."""
        names = self.network.names
        arrows = []
        for passed in self.network.passed:
            peer = names.get(passed.peer, passed.peer)
            ends = (ROUTER, peer) if passed.outgoing else (peer, ROUTER)
            arrows.append(Arrow(passed.time, *ends, summarize(passed.data)))
        return draw_ladder(arrows, middle=ROUTER, width=width)

    # --- single routes, RPC

    def run_route(
        self,
        name: str,
        message: bytes | Message,
        *,
        kind: str = "route",
        address: str = "192.0.2.1:5060",
        variables: Mapping[str, Value] | None = None,
        status: int = 408,
    ) -> RouteRun:
        """Run one route block on a message.

        `kind` is "route" ("" is the request route's name), "failure_route", "onreply_route" or "branch_route".
        `variables` are assigned before ({"$var(x)": 1, "$avp(s:y)": "z", "$du": "sip:10.0.0.1"}). A failure route runs
        for a new transaction of the request whose only branch ended with `status`. KeyError for an unknown name.
        """
        msg = parse_message(message) if isinstance(message, bytes) else message
        number = KINDS[kind]
        route = self.script.table(number)[name]
        ctx = Context(self.worker, self.script, msg, self.source(address), self.clock(), number)
        if number == FAILURE:
            return self._run_failure_route(route, ctx, variables, status)
        write_variables(self.worker, ctx, variables or {})
        return self._run_route(route_for(ctx, route), ctx)

    def _run_route(self, route: CompiledRoute, ctx: Context) -> RouteRun:
        sent, records = len(self.sent), len(self.records)
        result = route.run(ctx)
        code = result if isinstance(result, int) else self.wait(result)
        self.settle()
        return RouteRun(ctx, code, self.sent[sent:], self.records[records:])

    def _run_failure_route(
        self, route: CompiledRoute, ctx: Context, variables: Mapping[str, Value] | None, status: int
    ) -> RouteRun:
        tm = self.worker.module("tm")
        route = route_for(ctx, route)
        ctx.route_type = REQUEST
        transaction, branch = tm.suspend(ctx)
        transaction.end_blind_branch(branch)
        branch.status = status
        branch.flags |= B_FAKED
        transaction.picked, transaction.failed_count = branch, 1
        failed = tm.user.failure_context(transaction, branch, self.clock())
        write_variables(self.worker, failed, variables or {})
        sent = len(self.sent)
        try:
            run = self._run_route(route, failed)
            run.edited  # noqa: B018  the edits go with the route
        finally:
            tm.user.leave_failure(transaction, failed)
            transaction.after_failure(self.clock())
            self.settle()
        run.sent = self.sent[sent:]
        return run

    def rpc(self, command: str, *parameters: Any) -> RpcReply:
        """Call an RPC command. Raises RpcError."""
        reply: RpcReply = self.wait(call_rpc(self.worker, command, parameters))
        return reply

    # --- the end

    def close(self, check: bool = True) -> None:
        """Stop the modules. With `check`, LeakError on what should not be there any more.

        That is: transactions without final reply; and after the modules have stopped, tasks, timers and sockets.
        """
        if self.loop.is_closed():
            return
        found: list[str] = []
        try:
            self._come_to_rest(found)
            found += leaks.unanswered(self.transactions)
            self.wait(self.worker.stop_modules())
            self.wait(self.worker.resolver.close())
            self.settle()
            left = asyncio.all_tasks(self.loop)
            found += self._failures + leaks.waiting_tasks(left)
            found += leaks.left_timers(self.worker.wheel, self.clock())
            if self.loop.open_files():
                found.append(f"{self.loop.open_files()} sockets or pipes still open")
            for task in left:
                task.cancel()
            self.loop.run_until_idle()
        finally:
            self.worker.state.close()
            self.loop.close()
        if check and found:
            raise LeakError("; ".join(found))

    def _come_to_rest(self, problems: list[str]) -> None:
        """Let what is on its way arrive; from then on the phones are silent."""
        try:
            self.settle()
        except RuntimeError as error:
            problems.append(str(error))
        self._queue.clear()
        self.network.silence()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(check=error is None)


async def _finish(awaitable: Awaitable[T]) -> T:
    return await awaitable


__all__ = ["LeakError", "LoadError", "Node"]
