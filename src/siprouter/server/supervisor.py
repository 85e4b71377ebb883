"""The process above several workers: opens the sockets, starts the workers, and starts again the one that dies.

It runs no script and reads no message. It keeps its privileges (a worker that starts again needs them as the first one
did), every listening socket and every mailbox, so that nothing that waits in one is lost with a worker.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import selectors
import signal
import socket
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from siprouter.server.banner import banner
from siprouter.server.inherited import close_all, open_sockets
from siprouter.server.main import EXIT_FAILED, EXIT_OK, Ready, Server, tell_children, wants_background
from siprouter.server.member import leave, run_member
from siprouter.server.process import change_directory, pid_file, set_limits
from siprouter.server.seat import LoadedVersion, Roster, Seat
from siprouter.server.startup import Assembly
from siprouter.state.factory import SHARED, tell_recovered
from siprouter.state.place import Place, claim
from siprouter.transport.frames import (
    DRAINED,
    MAX_FRAME,
    READY,
    RELEASE,
    RESTART,
    ROSTER,
    VERSION,
    FrameReader,
    build_records,
)
from siprouter.transport.mailbox import open_mailbox

if TYPE_CHECKING:
    from siprouter.script.load import Parsed
    from siprouter.server.options import RunOptions

STEADY = 10.0  # seconds after which a worker counts as having started well
BACK_OFF = (0.05, 10.0)  # seconds: the first wait before a worker that died young starts again, and the longest
STOP_SECONDS = 15.0  # beside exit_timeout
TURN = 0.25  # seconds that the loop sleeps at most
NOBODY = -1


class WorkerProcess:
    """One place: the process in it (`pid` 0: none), when it began, and when the next one may."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.pid = 0
        self.began = 0.0
        self.start_at = 0.0
        self.died_young = 0
        self.ready = False
        self.drained = False


class Supervisor:
    """See above. `run` returns when all workers have ended."""

    def __init__(self, options: RunOptions, parsed: Parsed, count: int, ready: Ready) -> None:
        self.options = replace(options, file=options.file.absolute())  # the working directory changes
        self.count = count
        self.server = Server(options, parsed)
        self.log = self.server.log
        self.workers = [WorkerProcess(index) for index in range(count)]
        self.roster = Roster([0] * count, [0] * count)
        self.versions = [LoadedVersion(1, parsed.config.texts)]
        self.highest = 1
        self.started_at = time.time()
        self._ready = ready
        self._announced = False
        self._stopping_until = 0.0
        self._released = False
        self._status = EXIT_OK
        self._signals: list[int] = []
        self._unsent: list[tuple[int, bytes]] = []
        self._reader = FrameReader()
        self._selector = selectors.DefaultSelector()
        self._place: Place | None = None
        self._wakeup = socket.socketpair()
        self._lifeline = os.pipe()
        self._mailboxes = [open_mailbox() for _ in range(count + 1)]

    def run(self) -> int:
        """The exit status. Raises OperatorError for what an operator did wrong."""
        try:
            asyncio.run(self._survey())
            with (
                pid_file(self.options.pid_file, os.getpid()),
                pid_file(self.options.group_pid_file, os.getpgrp()),
            ):
                self._prepare()
                try:
                    for worker in self.workers:
                        self._start(worker)
                    self._loop()
                finally:
                    self._end()
        except BaseException:
            if not self._announced:
                self._ready(False, True)
            raise
        finally:
            if self.server.syslog is not None:
                self.server.syslog.close()
        return self._status

    async def _survey(self) -> None:
        """Load the configuration once, for its errors and for what is decided before there are workers."""
        server = self.server
        assembly = Assembly(asyncio.get_running_loop(), self.log)
        assembly.worker.services["in_memory"] = True
        try:
            assembly.load(server.parsed, self.options)
        finally:
            await assembly.tasks.finish(0)
        server.set_sink(assembly.worker)
        server.warn(assembly)
        assembly.network.udp.reuse_port = assembly.network.stream.reuse_port = True
        self.settings = assembly.worker.settings
        self.network = assembly.network
        self.listeners = assembly.worker.listeners
        self.plan = assembly.plan
        self._banner = banner(assembly.worker, str(self.options.file))
        tell_children(assembly.worker, self.options, self.log)

    def _prepare(self) -> None:
        settings = self.settings
        background = wants_background(self.options, self.server.parsed)
        self.sockets = open_sockets(self.listeners.own_ports(), self.count, self.network.udp, self.network.stream)
        change_directory(settings.workdir or ("/" if background else None))
        for problem in set_limits(settings.open_files_limit, not settings.disable_core_dump, False):
            self.log.warning("%s", problem)
        self._claim_state()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(number, self._signal)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        for sock in self._wakeup:
            sock.setblocking(False)
        signal.set_wakeup_fd(self._wakeup[1].fileno(), warn_on_full_buffer=False)
        self._selector.register(self._wakeup[0], selectors.EVENT_READ)
        self._selector.register(self._mailboxes[self.count][0], selectors.EVENT_READ)
        gc.collect()
        gc.freeze()  # pages that nobody writes to are shared with the workers

    def _claim_state(self) -> None:
        """The place of the state that all workers share; it is ours, and theirs to use. Raises OperatorError."""
        state = self.options.state
        self._place = claim(state.directory)
        tell_recovered(self._place, self.log)
        state = replace(state, kind=SHARED, directory=str(self._place.directory))
        self.options = replace(self.options, state=state)

    def _signal(self, number: int, _frame: object) -> None:
        self._signals.append(number)

    # --- workers

    def _start(self, worker: WorkerProcess) -> None:
        """Fork one."""
        sys.stdout.flush()
        sys.stderr.flush()
        comes_later = self._announced
        pid = os.fork()
        if pid == 0:
            leave(self._become(worker.index, comes_later))
        worker.pid = pid
        worker.began = time.monotonic()
        worker.ready = worker.drained = False
        self.roster.pids[worker.index] = pid
        self._tell_roster(NOBODY)

    def _become(self, index: int, comes_later: bool) -> int:
        """In the new process: keep what is its own, and work."""
        signal.set_wakeup_fd(-1)
        for usual in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(usual, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._selector.close()
        os.close(self._lifeline[1])
        for sock in self._wakeup:
            sock.close()
        for number, (reading, _) in enumerate(self._mailboxes):
            if number != index:
                reading.close()
        sockets = self.sockets[index]
        close_all(self.sockets, set(sockets))
        if self.server.syslog is not None:
            self.server.syslog.close()
        self.roster.pids[index] = os.getpid()
        seat = Seat(
            index=index,
            count=self.count,
            plan=self.plan,
            sockets=sockets,
            reading=self._mailboxes[index][0],
            writing=[writing for _, writing in self._mailboxes],
            lifeline=self._lifeline[0],
            main_pid=os.getppid(),
            started_at=self.started_at,
            roster=self.roster,
            versions=self.versions,
            highest=self.highest,
            comes_later=comes_later,
        )
        return run_member(self.options, seat)

    def _reap(self) -> None:
        """Find out who has ended."""
        for worker in self.workers:
            if worker.pid:
                pid, status = os.waitpid(worker.pid, os.WNOHANG)
                if pid:
                    self._ended(worker, status)

    def _ended(self, worker: WorkerProcess, status: int) -> None:
        pid, worker.pid = worker.pid, 0
        self.roster.pids[worker.index] = 0
        if self._stopping_until:
            return
        code = os.waitstatus_to_exitcode(status)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        if not self._announced:
            self.log.error("worker %d ended while it started: %s", worker.index, how)
            self._status = EXIT_FAILED
            self._stop()
            return
        now = time.monotonic()
        worker.died_young = worker.died_young + 1 if now - worker.began < STEADY else 0
        delay = 0.0
        if worker.died_young > 1:
            delay = min(BACK_OFF[0] * 2**worker.died_young, BACK_OFF[1])
        worker.start_at = now + delay
        self.roster.restarts[worker.index] += 1
        self.log.error(
            "worker %d (process %d) died: %s; starting it again%s",
            worker.index,
            pid,
            how,
            f" in {delay} s" * (delay > 0),
        )
        self._tell_roster(worker.index)

    # --- the loop

    def _loop(self) -> None:
        while any(worker.pid for worker in self.workers) or not self._stopping_until:
            self._wait()
            signals, self._signals = self._signals, []
            for number in signals:
                self._on_signal(number)
            self._reap()
            now = time.monotonic()
            if self._stopping_until:
                self._while_stopping(now)
                continue
            for worker in self.workers:
                if not worker.pid and worker.start_at <= now:
                    self._start(worker)

    def _wait(self) -> None:
        for key, _ in self._selector.select(0.01 if self._unsent else TURN):
            if key.fileobj is self._wakeup[0]:
                self._wakeup[0].recv(4096)
            else:
                self._read()
        unsent, self._unsent = self._unsent, []
        for index, record in unsent:
            self._send(index, record)

    def _read(self) -> None:
        """What workers say."""
        try:
            frame = self._mailboxes[self.count][0].recv(MAX_FRAME + 64)
        except OSError:
            return
        for kind, sender, payload in self._reader.read(frame):
            worker = self.workers[sender]
            if kind == READY:
                self._on_ready(worker)
            elif kind == DRAINED:
                worker.drained = True
                if not self._stopping_until:  # told to stop by somebody else
                    self._tell(sender, RELEASE, b"")
            elif kind == VERSION:
                self.highest, self.versions = pickle.loads(payload)
            elif kind == RESTART:
                out_of_step = self.workers[payload[0]]
                if out_of_step.pid:
                    os.kill(out_of_step.pid, signal.SIGKILL)

    def _on_ready(self, worker: WorkerProcess) -> None:
        worker.ready = True
        if self._announced:
            took = time.monotonic() - worker.began
            self.log.notice("worker %d is at work again, after %.2f s", worker.index, took)
        elif all(worker.ready for worker in self.workers):
            self._announced = True
            print(self._banner, flush=True)
            self.log.notice("started with %d workers", self.count)
            self._ready(True, bool(self.settings.log_stderror))

    def _on_signal(self, number: int) -> None:
        """TERM and INT stop, the second time at once; HUP does nothing; USR1 is for the workers too."""
        if number in (signal.SIGTERM, signal.SIGINT):
            if self._stopping_until:
                self.log.error("stopped the hard way")
                self._status = EXIT_FAILED
                self._kill(signal.SIGKILL)
                return
            self.log.notice("signal %s received: stopping", signal.Signals(number).name)
            self._stop()
        elif number == signal.SIGUSR1:
            self.log.notice("status: %d workers, %d started again", self.count, sum(self.roster.restarts))
            self._kill(signal.SIGUSR1)

    # --- stopping

    def _stop(self) -> None:
        self._stopping_until = time.monotonic() + (self.settings.exit_timeout or 60) + STOP_SECONDS
        self._kill(signal.SIGTERM)

    def _kill(self, number: int) -> None:
        for worker in self.workers:
            if worker.pid:
                os.kill(worker.pid, number)

    def _while_stopping(self, now: float) -> None:
        """Let all go together, so that each serves what the others still hand over."""
        if not self._released and all(worker.drained or not worker.pid for worker in self.workers):
            self._released = True
            for worker in self.workers:
                self._tell(worker.index, RELEASE, b"")
        if now > self._stopping_until:
            self.log.error("workers did not stop in time")
            self._status = EXIT_FAILED
            self._stopping_until = now + STOP_SECONDS
            self._kill(signal.SIGKILL)

    def _end(self) -> None:
        """Whatever happened: nobody is left, nothing is open."""
        self._kill(signal.SIGKILL)
        for worker in self.workers:
            if worker.pid:
                os.waitpid(worker.pid, 0)
                worker.pid = 0
        signal.set_wakeup_fd(-1)
        self._selector.close()
        close_all(self.sockets, set())
        for sock in (*self._wakeup, *(sock for pair in self._mailboxes for sock in pair)):
            sock.close()
        for descriptor in self._lifeline:
            os.close(descriptor)
        if self._place is not None:
            self._place.release()
        self.log.notice("stopped")

    # --- telling workers

    def _tell_roster(self, gone: int) -> None:
        for worker in self.workers:
            if worker.pid:
                self._tell(worker.index, ROSTER, pickle.dumps((self.roster, gone)))

    def _tell(self, index: int, kind: int, payload: bytes) -> None:
        for record in build_records(kind, self.count, payload):
            self._send(index, record)

    def _send(self, index: int, record: bytes) -> None:
        """Now, or in a later turn, in order."""
        if any(waiting == index for waiting, _ in self._unsent):
            self._unsent.append((index, record))
            return
        try:
            self._mailboxes[index][1].send(record)
        except OSError:
            self._unsent.append((index, record))
