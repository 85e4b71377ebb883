"""Running the server: load, listen, receive, stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from siprouter.core.context import Context
from siprouter.core.worker import Worker
from siprouter.rpc.memory import read_memory
from siprouter.script.load import Parsed, parse_file
from siprouter.server.banner import banner
from siprouter.server.clockwork import Clockwork
from siprouter.server.logsinks import StderrSink, SyslogSink, facility_of
from siprouter.server.memory_reports import MemoryReports
from siprouter.server.native import BuiltRoutes, folder_for
from siprouter.server.options import RunOptions
from siprouter.server.process import (
    change_directory,
    change_root,
    drop_privileges,
    go_background,
    new_ids,
    pid_file,
    set_limits,
)
from siprouter.server.programs import Programs
from siprouter.server.receive import MessageReceiver
from siprouter.server.runtime_cfg import declare_network_cfg, declare_network_counters, declare_raw_cfg
from siprouter.server.sctp_cfg import declare_sctp_cfg, declare_sctp_counters
from siprouter.server.startup import Assembly
from siprouter.transport.endpoint import SIP_PORT, is_stream
from siprouter.util.errors import OperatorError
from siprouter.util.log import L_WARN, Log

EXIT_OK = 0
EXIT_FAILED = 1
DRAIN_TIME = 2.0  # seconds that transactions and routes under way get when the server stops
DRAIN_STEP = 0.02
MAX_WORKERS = 64

Ready = Callable[[bool, bool], None]

# Messages and transactions are freed by their reference counts; collections are for the rare cycle that a script makes.
# The first number is more than the objects of some thousands of transactions in progress: these live for seconds, so
# that each collection while their number grows would look at all of them and find nothing.
GC_THRESHOLDS = (500_000, 10, 10)


def run(options: RunOptions) -> int:
    """Runs until a signal ends it; the exit status. Everything an operator did wrong is printed."""
    for warning in options.warnings:
        print(f"siprouter: {warning}", file=sys.stderr)
    try:
        parsed = parse_file(options.file, options.defines)
        count = 1 if options.check_only else worker_count(options, parsed)
        ready = go_background() if wants_background(options, parsed) else stay
        if count > 1:
            return run_supervisor(options, parsed, count, ready)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(Server(options, parsed).run(ready))
    except OperatorError as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_OK


def run_supervisor(options: RunOptions, parsed: Parsed, count: int, ready: Ready) -> int:
    """Several workers; the exit status. Raises OperatorError."""
    from siprouter.server.supervisor import Supervisor

    return Supervisor(options, parsed, count, ready).run()


def worker_count(options: RunOptions, parsed: Parsed) -> int:
    """As the command line says, else as the parameter `workers`; "auto" is a worker for each processor that we may use.

    Raises OperatorError.
    """
    values = [param.value for param in parsed.config.params if param.name == "workers"]
    wanted = options.workers or (values[-1] if values else 1)
    if wanted == "auto":
        return min(len(os.sched_getaffinity(0)), MAX_WORKERS)
    try:
        count = int(wanted)
    except ValueError:
        count = 0
    if not 1 <= count <= MAX_WORKERS:
        raise OperatorError(
            f"there can be no '{wanted}' workers", suggestion=f"a number from 1 to {MAX_WORKERS}, or auto"
        )
    return count


def stay(well: bool, keep_stderr: bool) -> None:
    """In the foreground nobody waits for the news."""


def wants_background(options: RunOptions, parsed: Parsed) -> bool:
    """As the command line says, else as the parameter `fork` says where the file has it. Checking forks never."""
    if options.check_only or parsed.diagnostics.failed:
        return False
    if options.background is not None:
        return options.background
    values = [param.value for param in parsed.config.params if param.name == "fork"]
    return bool(values and values[-1])


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


class Server:
    """One worker from its start to its end."""

    def __init__(self, options: RunOptions, parsed: Parsed, number: int = 0) -> None:
        """`number` is that of the process in log lines."""
        self.options = options
        self.parsed = parsed
        self.stderr = StderrSink(options.log_json, number=number)
        self.log = Log(self.stderr, L_WARN)
        self.syslog: SyslogSink | None = None
        self.stopping = asyncio.Event()
        self.memory: MemoryReports | None = None
        self.programs = Programs()

    async def run(self, ready: Ready) -> int:
        """Load, serve, stop; the exit status."""
        loop = asyncio.get_running_loop()
        assembly: Assembly | None = None
        try:
            assembly = Assembly(loop, self.log, None if self.options.check_only else self.options.state)
            self.load(assembly)
            if self.options.check_only:
                print("config file ok, exiting...", file=sys.stderr)
                return EXIT_OK
            with (
                pid_file(self.options.pid_file, os.getpid()),
                pid_file(self.options.group_pid_file, os.getpgrp()),
            ):
                await self.serve(assembly, ready)
        except OperatorError as error:
            print(error, file=sys.stderr)
            ready(False, True)
            return EXIT_FAILED
        finally:
            if assembly is not None:
                assembly.worker.state.close()
            if self.syslog is not None:
                self.syslog.close()
        return EXIT_OK

    def load(self, assembly: Assembly) -> None:
        """Everything before sockets are opened. Raises OperatorError."""
        worker = assembly.worker
        if self.options.check_only:
            worker.services["in_memory"] = True
        worker.services["native"] = BuiltRoutes(folder_for(self.options.file), self.log)
        assembly.load(self.parsed, self.options)
        self.set_sink(worker)
        self.warn(assembly)
        declare_network_cfg(worker, assembly.network, self.set_facility)
        declare_raw_cfg(worker, assembly.outlet)
        declare_sctp_cfg(worker, assembly.outlet)
        declare_sctp_counters(worker, assembly.outlet)
        self.memory = MemoryReports(worker)
        self.memory.declare()
        declare_network_counters(worker, assembly.outlet, assembly.network)
        worker.services["main_pid"] = os.getpid()
        worker.services["shell"] = self.programs.shell
        worker.services["program"] = self.programs.run
        worker.services["upgrade"] = assembly.outlet.upgrade
        worker.services["connection_alias"] = partial(add_alias, assembly)
        assembly.network.stream.http = bool(worker.hooks.http_in)
        if any(is_stream(listener.proto) for listener in worker.listeners):
            worker.hooks.request_in.insert(0, lambda ctx: note_alias(ctx, assembly))

    def warn(self, assembly: Assembly) -> None:
        """Say what is doubtful in the configuration."""
        for item in self.parsed.diagnostics.warnings:
            self.log.warning("%s", item.headline())

    def set_sink(self, worker: Worker) -> None:
        """Log to where the settings say."""
        settings = worker.settings
        if settings.log_stderror or self.options.check_only:
            return
        name = settings.log_name or "siprouter"
        facility = facility_of(settings.log_facility)
        self.syslog = SyslogSink(name, facility, self.stderr, self.options.log_json)
        self.log.sink = self.syslog

    def set_facility(self, facility: int) -> None:
        """Use another syslog facility from now."""
        if self.syslog is not None:
            self.syslog.facility = facility

    async def serve(self, assembly: Assembly, ready: Ready) -> None:
        """Open, run until told to stop, close. Raises OperatorError where it cannot start."""
        worker, settings = assembly.worker, assembly.worker.settings
        loop = asyncio.get_running_loop()
        change_directory(settings.workdir or ("/" if self.is_background() else None))
        for problem in set_limits(settings.open_files_limit, not settings.disable_core_dump, settings.mlock_pages):
            self.log.warning("%s", problem)
        clockwork = Clockwork(loop, worker, EverySecond(assembly))
        worker.services["receiver"] = MessageReceiver(worker)
        try:
            await self.open(assembly)
            self.handle_signals(loop, assembly)
            await worker.start_modules()
            change_root(settings.chroot)
            if ids := new_ids(settings.user, settings.group):
                worker.state.give_to(*ids)
            drop_privileges(settings.user, settings.group)
            clockwork.start()
            await assembly.outlet.start()
            self.announce(worker, ready)
            gc.collect()
            gc.freeze()  # what is loaded stays: no collection needs to look at it again
            gc.set_threshold(*GC_THRESHOLDS)
            if self.memory is not None:
                self.memory.start()
            await self.stopping.wait()
        finally:
            await self.stop(assembly, clockwork)

    async def open(self, assembly: Assembly) -> None:
        """Open the sockets. Raises OperatorError."""
        assembly.outlet.tls = assembly.worker.services.get("tls")
        await assembly.outlet.open(assembly.worker.services["receiver"])

    def announce(self, worker: Worker, ready: Ready) -> None:
        """All is at work."""
        print(banner(worker, str(self.options.file)), flush=True)
        self.log.notice("started")
        tell_children(worker, self.options, self.log)
        ready(True, bool(worker.settings.log_stderror))

    def is_background(self) -> bool:
        """Whether this process went to the background."""
        return wants_background(self.options, self.parsed)

    async def stop(self, assembly: Assembly, clockwork: Clockwork) -> None:
        """Take nothing new, let what runs come to its end, stop the modules, close."""
        worker = assembly.worker
        limit = worker.settings.exit_timeout or None
        await self.drain(assembly, DRAIN_TIME if self.stopping.is_set() else 0)
        assembly.outlet.stop_receiving()
        await assembly.tasks.finish(DRAIN_TIME)
        try:
            async with asyncio.timeout(limit):
                await worker.stop_modules()
        except TimeoutError:
            self.log.error("modules did not stop within %s seconds", limit)
        clockwork.stop()
        await assembly.tasks.finish(0)
        await assembly.network.resolver.close()
        await assembly.outlet.close()
        if self.memory is not None:
            self.memory.stop()
        self.log.notice("stopped")

    async def drain(self, assembly: Assembly, seconds: float) -> None:
        """Begin nothing new, and let transactions come to their end. Calls that ring are not waited for: their answers
        find their way without us, by their Vias."""
        worker = assembly.worker
        worker.hooks.request_in.append(begins_something)
        end = worker.now() + seconds
        while worker.now() < end and (len(assembly.tasks) or is_unfinished(worker)):
            await worker.sleep(DRAIN_STEP)

    def handle_signals(self, loop: asyncio.AbstractEventLoop, assembly: Assembly) -> None:
        """TERM and INT stop, the second time at once; HUP does nothing; USR1 logs the state of the server."""
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.on_stop, number)
        loop.add_signal_handler(signal.SIGHUP, self.log.debug, "SIGHUP received, ignoring it")
        loop.add_signal_handler(signal.SIGUSR1, self.log_status, assembly)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def on_stop(self, number: int) -> None:
        """A signal that ends the server."""
        if self.stopping.is_set():
            self.log.error("stopped the hard way")
            os._exit(EXIT_FAILED)
        self.log.notice("signal %s received: stopping", signal.Signals(number).name)
        self.stopping.set()

    def log_status(self, assembly: Assembly) -> None:
        """Memory, work under way and counters, a line each."""
        worker = assembly.worker
        memory = read_memory()
        self.log.notice("status: up %d s, memory %s", time.time() - worker.started_at, memory)
        self.log.notice(
            "status: %d tasks, %d timers, %d connections",
            len(assembly.tasks),
            len(worker.wheel),
            len(assembly.outlet.table),
        )
        for counter in worker.counters:
            if counter.get():
                self.log.notice("status: %s.%s = %d", counter.group, counter.name, counter.get())


def is_unfinished(worker: Worker) -> bool:
    """Whether transactions are under way that will end soon."""
    tm = worker.modules.get("tm")
    return tm is not None and tm.is_unfinished()


def begins_something(ctx: Context) -> bool:
    """Absorbs, while the server stops, requests outside of dialogs: who repeats them finds whoever comes next."""
    msg = ctx.msg
    return not msg.to.tag and msg.method not in ("ACK", "CANCEL")


def tell_children(worker: Worker, options: RunOptions, log: Log) -> None:
    """Where a file or the command line asks for a number of children: what that means here."""
    settings = worker.settings
    if options.workers is None and settings.workers is None and "children" in settings.explicit:
        log.notice(
            "children=%d: one process serves all sockets here, and what waits holds up nothing; for more cores use"
            " --workers N, --workers auto or workers=N in the configuration",
            settings.children,
        )


class EverySecond:
    """What a worker does each second beside the work of modules."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._next_collection = 0.0

    def __call__(self, now: float) -> None:
        worker = self._assembly.worker
        worker.state.tick()
        if now >= self._next_collection:
            self._next_collection = now + max(worker.settings.dns_cache_gc_interval, 1)
            self._assembly.network.resolver.cache.collect(now)


def note_alias(ctx: Context, assembly: Assembly) -> bool:
    """Where tcp_accept_aliases is set, the alias parameter of a Via makes its connection serve that port (RFC 5923)."""
    source = ctx.source
    if source.connection and assembly.network.stream.accept_aliases and "alias" in ctx.msg.via.params:
        port = ctx.msg.via.port or SIP_PORT
        add_alias(assembly, source.connection, port)
    return False


def add_alias(assembly: Assembly, connection: int, port: int) -> bool:
    """Make a connection, ours or another worker's, known by one more port of its peer."""
    outlet, flags = assembly.outlet, assembly.network.stream.alias_flags
    if outlet.table.add_alias(connection, port, flags):
        return True
    return outlet.others is not None and outlet.others.add_alias(connection, port, flags)
