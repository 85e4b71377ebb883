"""From a parsed configuration to a worker that is ready to listen: what running and checking have in common."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from siprouter.core.blacklist import note_lost, note_undelivered
from siprouter.core.core_cfg import declare_core_cfg
from siprouter.core.worker import Surroundings, Worker
from siprouter.rpc.core import register_core_rpcs
from siprouter.script.diagnostics import Diagnostics
from siprouter.script.foreign import UNTRUSTED
from siprouter.script.load import Parsed, ScriptError, compile_script, load_modules, parse_file
from siprouter.script.params import core_settings
from siprouter.script.source import SourceFile, read_source
from siprouter.server.clockwork import log_timer_error
from siprouter.server.network import Network, listen_options
from siprouter.server.options import RunOptions
from siprouter.server.reload import Watcher, absolute, offer_reload
from siprouter.server.runtime_cfg import check_ranges
from siprouter.server.seat import Seat
from siprouter.state.factory import StateOptions, open_state
from siprouter.trace.commands import register_trace
from siprouter.transport.endpoint import PROTO_TLS, PROTO_WSS
from siprouter.transport.interfaces import source_address
from siprouter.transport.listen import ListenPlan, parse_listen, plan_sockets
from siprouter.transport.listeners import Listeners
from siprouter.transport.outlet import SocketOutlet
from siprouter.transport.sockopts import is_multicast
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.log import Log
from siprouter.util.wheel import Wheel

MAX_TASKS = 50_000


class Tasks:
    """What runs beside messages: routes that wait, look-ups, work of modules."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs a coroutine; what it raises is logged. Raises PeerError where there are too many."""
        if len(self._running) >= MAX_TASKS:
            coroutine.close()
            raise PeerError(503, "Server Overloaded")
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            try:
                raise error
            except BaseException:
                self._log.exception("task %s", task.get_name())

    async def finish(self, seconds: float) -> None:
        """Waits for all, and cancels what is not done after `seconds`."""
        if self._running and seconds > 0:
            await asyncio.wait(set(self._running), timeout=seconds)
        remaining = set(self._running)
        for task in remaining:
            task.cancel()
        if remaining:
            await asyncio.wait(remaining, timeout=1)


class Assembly:
    """A worker with its sockets and resolver, nothing opened yet but its state."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        log: Log,
        state: StateOptions | None = None,
        seat: Seat | None = None,
    ) -> None:
        """`state` None: a local one; `seat`: one worker of several. Raises OperatorError where it cannot be opened."""
        self.log = log
        self.seat = seat
        self.plan = ListenPlan()
        self.tasks = Tasks(log)
        self.network = Network(log, time.monotonic)
        self.outlet = SocketOutlet(loop, Listeners(), log, self.network.udp, self.network.stream)
        surroundings = Surroundings(
            outlet=self.outlet,
            resolver=self.network.resolver,
            wheel=Wheel(time.monotonic(), on_error=log_timer_error(log.exception)),
            clock=time.monotonic,
            wall_clock=time.time,
            spawn=self.tasks.spawn,
            sleep=asyncio.sleep,
            random_bytes=os.urandom,
            log=log,
        )
        shared = open_state(state or StateOptions(), time.time, log)
        self.worker = Worker(surroundings, core_settings(), shared, self.outlet.listeners)
        if seat is not None:
            self.worker.index, self.worker.count = seat.index, seat.count
            self.worker.started_at = seat.started_at
            if seat.comes_later:
                self.worker.services["comes_later"] = True
        self.outlet.filters = self.worker.hooks.message_out  # type: ignore[assignment]
        self.outlet.sctp_options = self.network.sctp
        self.outlet.failed = partial(note_lost, self.worker)
        self.outlet.unreachable = partial(note_undelivered, self.worker)
        register_core_rpcs(self.worker)
        register_trace(self.worker)

    def load(self, parsed: Parsed, options: RunOptions) -> None:
        """Loads modules and compiles the script. Raises ScriptError with everything that is wrong."""
        worker = self.worker
        worker.services["config_folder"] = absolute(options.file).parent
        load_modules(parsed, worker)
        apply_overrides(worker, options)
        parsed.report(check_ranges(worker.settings))
        declare_core_cfg(worker)
        try:
            self.plan_listeners(options)
        except OperatorError as error:
            if not options.check_only:
                parsed.report([error])
            else:  # names that another machine knows are no fault of the file
                parsed.diagnostics.warning("listen", error.message, error.location, suggestion=error.suggestion)
        parsed.report(worker.configure_modules())
        parsed.report(missing_tls(worker))
        script = compile_script(parsed, worker)
        if script is None:
            raise ScriptError(parsed.diagnostics)
        worker.script = script
        if not options.check_only:
            self.offer_reload(parsed, options)

    def offer_reload(self, parsed: Parsed, options: RunOptions) -> None:
        """Let the file be loaded again, by command and, where the options say so, whenever it changes."""
        file, defines = absolute(options.file), dict(options.defines)
        pinned = [*options.settings, *(["debug"] if options.debug is not None else [])]
        if options.log_stderr:
            pinned.append("log_stderror")
        reloader = offer_reload(self.worker, lambda: parse_file(file, defines), parsed, pinned)
        reloader.beside = True
        if options.watch and self.worker.index == 0:
            self.worker.hooks.tick.append(Watcher(reloader).tick)

    def plan_listeners(self, options: RunOptions) -> None:
        """Decides where to listen and what is ourselves. Raises OperatorError."""
        settings = self.worker.settings
        plan = self.plan = self.listen_plan(options) if self.seat is None else self.seat.plan
        listeners = Listeners.from_plan(
            plan,
            settings.advertised_address or "",
            settings.advertised_port or 0,
            source_address if settings.mhomed else None,
        )
        self.worker.listeners = self.outlet.listeners = listeners
        if self.seat is not None:
            self.outlet.inherited = dict(zip(listeners.own_ports(), self.seat.sockets, strict=True))
            if self.seat.index:  # each socket of a group gets a copy of what is sent to it
                self.outlet.mute = {one for one in listeners if is_multicast(one.address)}
        self.network.apply(settings, listeners)

    def listen_plan(self, options: RunOptions) -> ListenPlan:
        """Where to listen. Raises OperatorError."""
        settings = self.worker.settings
        wanted = listen_options(settings, check_only=options.check_only)
        specs = [*settings.listen, *(parse_listen(text) for text in options.listen)]
        return plan_sockets(specs, settings.alias, wanted)


def missing_tls(worker: Worker) -> list[OperatorError]:
    """What to say where something listens on TLS, and no module says how to secure it."""
    listening = [listener.name for listener in worker.listeners if listener.proto in (PROTO_TLS, PROTO_WSS)]
    if not listening or "tls" in worker.modules:
        return []
    return [OperatorError(f"cannot listen on {listening[0]}: TLS needs its module", suggestion='loadmodule "tls.so"')]


def apply_overrides(worker: Worker, options: RunOptions) -> None:
    """What the command line says wins over the file."""
    for name, value in options.settings.items():
        worker.settings.set(name, value)
    if options.debug is not None:
        worker.settings.set("debug", options.debug)
    if options.log_stderr:
        worker.settings.set("log_stderror", 1)


async def check(
    options: RunOptions, log: Log, read: Callable[[Path], SourceFile] = read_source, trusted: bool = True
) -> Diagnostics:
    """Everything that can be said about a configuration without opening a socket. Raises OperatorError: unreadable.

    `trusted` False: scripts in other languages that it names are not run.
    """
    parsed = parse_file(options.file, options.defines, read=read)
    assembly = Assembly(asyncio.get_running_loop(), log)
    assembly.worker.services["in_memory"] = True
    assembly.worker.services[UNTRUSTED] = not trusted
    options.check_only = True
    try:
        assembly.load(parsed, options)
    except ScriptError as error:
        return error.diagnostics
    finally:
        await assembly.tasks.finish(0)
    return parsed.diagnostics
