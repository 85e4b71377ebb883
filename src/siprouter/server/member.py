"""One worker of several, as a process: a Server with a seat instead of sockets and signals of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from siprouter.script.load import parse_again
from siprouter.server.main import EXIT_FAILED, EXIT_OK, Server, loop_factory, stay
from siprouter.server.startup import Assembly
from siprouter.server.team import WorkerTeam
from siprouter.server.together import ReloadTogether
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.server.main import Ready
    from siprouter.server.options import RunOptions
    from siprouter.server.seat import Seat

RELEASE_SECONDS = 5.0


class Member(Server):
    """See above."""

    def __init__(self, options: RunOptions, seat: Seat) -> None:
        super().__init__(options, parse_again(seat.versions[0].texts, options.defines), seat.index + 1)
        self.seat = seat
        self.team: WorkerTeam | None = None
        self.together: ReloadTogether | None = None

    async def run(self, ready: Ready) -> int:
        """Load, serve, stop; the exit status."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self.seat.lifeline, self._supervisor_gone)
        assembly = None
        try:
            assembly = Assembly(loop, self.log, self.options.state, self.seat)
            self.load(assembly)
            await self.serve(assembly, ready)
        except OperatorError as error:
            print(error, file=sys.stderr)
            return EXIT_FAILED
        finally:
            if assembly is not None:
                assembly.worker.state.close()
            if self.syslog is not None:
                self.syslog.close()
        return EXIT_OK

    def warn(self, assembly: Assembly) -> None:
        """The supervisor did."""

    def load(self, assembly: Assembly) -> None:
        """See Server; and what the others run."""
        worker = assembly.worker
        if self.seat.index:
            worker.services["no_control"] = True
        super().load(assembly)
        team = self.team = WorkerTeam(asyncio.get_running_loop(), self.seat, assembly)
        worker.services["main_pid"] = self.seat.main_pid
        worker.services["processes"] = team.processes
        worker.services["team"] = team
        reloader = worker.services["reloader"]
        self.together = reloader.together = ReloadTogether(reloader, team, self.options.defines)
        if self.seat.comes_later:
            self.together.restore(self.seat.versions, self.seat.highest)

    async def open(self, assembly: Assembly) -> None:
        """The sockets are there; say hello to the others."""
        team = self.team
        assert team is not None
        front = team.receiver(assembly.worker.services["receiver"])
        assembly.outlet.after_batch = front.flush
        assembly.outlet.tls = assembly.worker.services.get("tls")
        await assembly.outlet.open(front)
        team.declare_counters()
        team.start()
        if self.seat.comes_later:
            await team.take_settings()

    def announce(self, worker: Worker, ready: Ready) -> None:
        """Tell the supervisor; it tells the operator."""
        assert self.team is not None
        self.log.info("worker %d of %d is at work", self.seat.index, self.seat.count)
        self.team.ready()

    def handle_signals(self, loop: asyncio.AbstractEventLoop, assembly: Assembly) -> None:
        """TERM stops, as often as it comes; INT and HUP concern the supervisor; USR1 logs the state."""
        loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        loop.add_signal_handler(signal.SIGUSR1, self.log_status, assembly)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)

    def _supervisor_gone(self) -> None:
        asyncio.get_running_loop().remove_reader(self.seat.lifeline)
        self.log.critical("the supervisor is gone: stopping")
        if self.team is not None:
            self.team.released.set()
        self.stopping.set()

    async def drain(self, assembly: Assembly, seconds: float) -> None:
        """See Server; then wait for the others, which may still have messages for us."""
        await super().drain(assembly, seconds)
        if self.team is not None and self.stopping.is_set():
            await self.team.drained(RELEASE_SECONDS)

    def is_background(self) -> bool:
        """The supervisor has changed to the working directory."""
        return False

    async def stop(self, assembly: Assembly, clockwork: object) -> None:
        """See Server."""
        try:
            await super().stop(assembly, clockwork)  # type: ignore[arg-type]
        finally:
            if self.team is not None:
                self.team.close()


def run_member(options: RunOptions, seat: Seat) -> int:
    """The life of a worker process; its exit status. Never raises."""
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(Member(options, seat).run(stay))
    except OperatorError as error:
        print(error, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    return EXIT_FAILED


def leave(status: int) -> None:
    """End a process that was forked: nothing of what the parent would do at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(status)
