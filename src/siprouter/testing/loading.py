"""A configuration into a worker that has neither sockets nor processes."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from siprouter.core.blacklist import note_lost
from siprouter.core.core_cfg import declare_core_cfg
from siprouter.core.declare import Module
from siprouter.core.worker import Surroundings, Worker
from siprouter.rpc.core import register_core_rpcs
from siprouter.script.diagnostics import Diagnostics
from siprouter.script.load import Parsed, ScriptError, compile_script, load_modules, parse_file, parse_text
from siprouter.script.params import core_settings
from siprouter.server.network import listen_options
from siprouter.server.reload import offer_reload
from siprouter.state.interface import State
from siprouter.testing.clock import FakeClock
from siprouter.testing.network import Network
from siprouter.trace.commands import register_trace
from siprouter.transport.listen import ListenSpec, parse_listen, plan_sockets
from siprouter.transport.listeners import Listeners
from siprouter.util.log import L_DBG, Log
from siprouter.util.wheel import Wheel

DEFAULT_LISTEN = ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")


@dataclass
class Source:
    """What to load: `text`, or the file at `path`, with the defines of the command line; see Node."""

    text: str = ""
    path: Path | str | None = None
    defines: Mapping[str, str] | None = None
    listen: Iterable[str] = DEFAULT_LISTEN
    aliases: Iterable[str] = ()
    modules: Iterable[Module] = field(default_factory=tuple)
    debug: int | None = None


def make_worker(
    clock: FakeClock,
    network: Network,
    log: Log,
    spawn: Callable[[Coroutine[Any, Any, Any], str], Any],
    sleep: Callable[[float], Awaitable[None]],
    state: State,
) -> Worker:
    """A worker whose random octets are the same in each run."""
    surroundings = Surroundings(
        outlet=network,
        resolver=None,
        wheel=Wheel(clock()),
        clock=clock,
        wall_clock=clock.wall,
        spawn=spawn,
        sleep=sleep,
        random_bytes=random.Random(1).randbytes,
        log=log,
    )
    worker = Worker(surroundings, core_settings(), state, Listeners())
    worker.services["in_memory"] = True
    register_core_rpcs(worker)
    register_trace(worker)
    network.filters = worker.hooks.message_out
    network.failed = partial(note_lost, worker)
    return worker


def load_into(worker: Worker, source: Source) -> Diagnostics:
    """Load modules and script. Raises ScriptError with everything that is wrong; warnings are in the result."""
    for declared in source.modules:
        worker.add_module(declared)
    defines = dict(source.defines or {})

    def read() -> Parsed:
        return parse_text(source.text, defines) if source.path is None else parse_file(source.path, defines)

    parsed = read()
    load_modules(parsed, worker)
    pinned = ["debug"] if source.debug is not None or "debug" not in worker.settings.explicit else []
    if pinned:
        worker.settings.set("debug", L_DBG if source.debug is None else source.debug)
    declare_core_cfg(worker)
    worker.listeners = make_listeners(worker, source)
    parsed.report(worker.configure_modules())
    script = compile_script(parsed, worker)
    if script is None:
        raise ScriptError(parsed.diagnostics)
    worker.script = script
    offer_reload(worker, read, parsed, pinned)
    return parsed.diagnostics


def make_listeners(worker: Worker, source: Source) -> Listeners:
    """The listeners that the configuration names, else those of `source`; no name is looked up."""
    settings = worker.settings
    specs: list[ListenSpec] = list(settings.listen) or [parse_listen(item) for item in source.listen]
    names = [*settings.alias, *(parse_listen(item) for item in source.aliases)]
    plan = plan_sockets(specs, names, listen_options(settings, check_only=True))
    return Listeners.from_plan(plan, settings.advertised_address or "", settings.advertised_port or 0)
