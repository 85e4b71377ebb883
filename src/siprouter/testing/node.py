"""A whole router in memory: an unmodified configuration, a clock that the test moves, a network without sockets."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

from siprouter.core.context import Context
from siprouter.core.core_cfg import declare_core_cfg
from siprouter.core.routes import FAILURE, REQUEST, CompiledRoute, Script
from siprouter.core.worker import Surroundings, Worker
from siprouter.rpc.call import RpcReply, call_rpc
from siprouter.rpc.core import register_core_rpcs
from siprouter.script.load import ScriptError, compile_script, load_modules, parse_file, parse_text
from siprouter.script.params import core_settings
from siprouter.server.receive import MessageReceiver
from siprouter.sip.message import Message, parse_message
from siprouter.state.local import LocalState
from siprouter.testing.clock import FakeClock
from siprouter.testing.messages import build_message
from siprouter.testing.network import Network, Sent, parse_address
from siprouter.transport.endpoint import Endpoint, Listener
from siprouter.transport.listen import ListenOptions, ListenSpec, parse_listen, plan_sockets
from siprouter.transport.listeners import Listeners
from siprouter.util.errors import OperatorError
from siprouter.util.log import L_DBG, Log, Record
from siprouter.util.wheel import Wheel

LoadError = ScriptError
STEP = 0.05
QUIET_ROUNDS = 4
MAX_ROUNDS = 100_000


class LeakError(AssertionError):
    """Something was left behind at the end of a test: a transaction, a task."""


class Node:
    """The router under test. Close it when done: `close` fails on what was left behind."""

    def __init__(
        self,
        text: str = "",
        *,
        path: Path | str | None = None,
        defines: dict[str, str] | None = None,
        listen: Iterable[str] = ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"),
        aliases: Iterable[str] = (),
        resolver: Any = None,
        debug: int = L_DBG,
    ) -> None:
        """Load a configuration given as text or by `path`. Raises LoadError with everything that is wrong in it.

        `listen` counts where the configuration names no address; `aliases` are added to its own.
        """
        self.clock = FakeClock()
        self.network = Network(self.clock)
        self.records: list[Record] = []
        self.loop = asyncio.new_event_loop()
        self.tasks: set[asyncio.Task[Any]] = set()
        self._queue: list[tuple[bytes, Endpoint]] = []
        self._connections: dict[tuple[int, str, int], int] = {}
        self._started = False
        self._next_tick = self.clock() + 1
        self.worker = self._make_worker(resolver, debug)
        try:
            self._load(text, path, defines, list(listen), list(aliases))
            self.receiver = MessageReceiver(self.worker)
            self.worker.services["receiver"] = self.receiver
            self.loop.run_until_complete(self.worker.start_modules())
        except BaseException:
            self.loop.close()
            raise
        self._started = True

    @classmethod
    def from_file(cls, path: Path | str, **options: Any) -> Node:
        """A node that runs the configuration file at `path`; options as for Node."""
        return cls(path=path, **options)

    # --- building

    def _make_worker(self, resolver: Any, debug: int) -> Worker:
        numbers = random.Random(1)
        surroundings = Surroundings(
            outlet=self.network,
            resolver=resolver,
            wheel=Wheel(self.clock()),
            clock=self.clock,
            wall_clock=self.clock.wall,
            spawn=self._spawn,
            sleep=self._sleep,
            random_bytes=numbers.randbytes,
            log=Log(self.records.append, debug),
        )
        worker = Worker(surroundings, core_settings(), LocalState(self.clock.wall), Listeners())
        worker.services["in_memory"] = True
        register_core_rpcs(worker)
        return worker

    def _load(
        self,
        text: str,
        path: Path | str | None,
        defines: dict[str, str] | None,
        listen: list[str],
        aliases: list[str],
    ) -> None:
        worker = self.worker
        parsed = parse_text(text, defines) if path is None else parse_file(path, defines)
        load_modules(parsed, worker)
        declare_core_cfg(worker)
        settings = worker.settings
        specs: list[ListenSpec] = list(settings.listen) or [parse_listen(item) for item in listen]
        names = [*settings.alias, *(parse_listen(item) for item in aliases)]
        plan = plan_sockets(specs, names, ListenOptions(port=settings.port, auto_aliases=False))
        address, port = settings.advertised_address or "", settings.advertised_port or 0
        made = Listeners.from_plan(plan, address, port)
        worker.listeners = made
        parsed.report(worker.configure_modules())
        script = compile_script(parsed, worker)
        if script is None:
            raise ScriptError(parsed.diagnostics)
        worker.script = script

    def _spawn(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = self.loop.create_task(coroutine, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def _sleep(self, seconds: float) -> None:
        done = self.loop.create_future()
        self.worker.wheel.call(self.clock() + seconds, lambda: done.done() or done.set_result(None))
        await done

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

    def source(self, address: str) -> Endpoint:
        """The endpoint for a peer at `address` ("10.0.0.1:5060"), as if a message had come from there."""
        proto, ip, port = parse_address(address)
        listener = self.listener(proto, ip)
        connection = 0
        if proto != 1:
            connection = self._connections.setdefault((proto, ip, port), len(self._connections) + 1)
        return Endpoint(proto, ip, port, connection, listener)

    def listener(self, proto: int, ip: str) -> Listener:
        """The listener that a peer at `ip` talks to. AssertionError where the configuration has none."""
        found: Listener | None = self.worker.listeners.choose(proto, ip)
        assert found is not None, f"the configuration listens on nothing that {ip} could reach by this protocol"
        return found

    def enqueue(self, data: bytes, address: str) -> None:
        """Let `data` arrive from `address` at the next `settle`."""
        self._queue.append((data, self.source(address)))

    def receive(self, data: bytes, address: str = "192.0.2.1:5060") -> list[Sent]:
        """Let `data` arrive now; what the router sent until it was quiet again."""
        before = len(self.network.sent)
        self.enqueue(data, address)
        self.settle()
        return self.network.sent[before:]

    def settle(self) -> None:
        """Run until nothing moves any more, without letting time pass."""
        quiet = 0
        for _ in range(MAX_ROUNDS):
            moved = bool(self._queue)
            while self._queue:
                data, source = self._queue.pop(0)
                self.receiver.receive(data, source)
            moved = self.network.deliver() > 0 or moved
            before = (len(self.network.sent), len(self.tasks))
            self._run_loop_once()
            moved = moved or before != (len(self.network.sent), len(self.tasks))
            quiet = 0 if moved else quiet + 1
            if quiet >= (QUIET_ROUNDS if self.tasks else 1):
                return
        raise RuntimeError("the router and the phones never come to rest")

    def _run_loop_once(self) -> None:
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()

    def advance(self, seconds: float) -> list[Sent]:
        """Let time pass: timers fire, phones react; what the router sent meanwhile."""
        before = len(self.network.sent)
        self.settle()
        end = self.clock() + seconds
        while self.clock() < end:
            self.clock.move(min(STEP, end - self.clock()))
            fired = self.worker.wheel.advance(self.clock())
            if self.clock() >= self._next_tick:
                self._next_tick += 1
                self._tick()
                fired += 1
            if fired or self.network.waiting or self._queue:
                self.settle()
        return self.network.sent[before:]

    def _tick(self) -> None:
        self.worker.state.tick()
        for callback in self.worker.hooks.tick:
            callback(self.clock())

    # --- what happened

    @property
    def sent(self) -> list[Sent]:
        """Everything the router sent so far."""
        return self.network.sent

    @property
    def last(self) -> Sent:
        """What the router sent last. AssertionError where it sent nothing."""
        assert self.network.sent, "the router sent nothing"
        return self.network.sent[-1]

    @property
    def log(self) -> list[str]:
        """Texts of all log records so far."""
        return [record.text for record in self.records]

    # --- single routes, RPC

    def run_route(
        self, name: str, message: bytes | Message, *, address: str = "192.0.2.1:5060", kind: int = REQUEST
    ) -> Context:
        """Run one route block on a message and give the context that it left; `ctx.rc` is its return code.

        `kind` is one of core.routes (REQUEST, FAILURE, TM_ONREPLY, BRANCH). KeyError for an unknown name.
        """
        msg = parse_message(message) if isinstance(message, bytes) else message
        route: CompiledRoute = self.script.table(kind)[name]
        ctx = Context(self.worker, self.script, msg, self.source(address), self.clock(), kind)
        self.run(route, ctx)
        return ctx

    def run(self, route: CompiledRoute, ctx: Context) -> int:
        """Run a compiled route on a context; its return code, also left in `ctx.rc`."""
        result = route.run(ctx)
        if not isinstance(result, int):
            task = self._spawn(_finish(result), "route")
            while not task.done():
                self.settle()
                if not task.done():
                    self.advance(STEP)
            result = task.result()
        ctx.rc = result
        return result

    def rpc(self, command: str, *parameters: Any) -> RpcReply:
        """Call an RPC command."""
        reply: RpcReply = self.loop.run_until_complete(call_rpc(self.worker, command, parameters))
        return reply

    def close(self, check: bool = True) -> None:
        """Stop the modules. With `check`, LeakError on transactions that still have no final reply and on tasks that wait."""
        if self.loop.is_closed():
            return
        try:
            leaks = [f"task {task.get_name()} still waits" for task in self.tasks if not task.done()]
            for task in list(self.tasks):
                task.cancel()
            self.loop.run_until_complete(self.worker.stop_modules())
            self._run_loop_once()
        finally:
            self.loop.close()
        if check and leaks:
            raise LeakError("; ".join(leaks))

    def __enter__(self) -> Node:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.close(check=error is None)


async def _finish(result: Any) -> int:
    return int(await result)


__all__ = ["FAILURE", "REQUEST", "LeakError", "LoadError", "Node", "OperatorError"]
