"""The server with a debug adapter: `siprouter debug`."""

from __future__ import annotations

import asyncio
import sys

from siprouter.core.worker import Worker
from siprouter.debug.server import DebugOptions, DebugServer
from siprouter.script.load import Parsed, parse_file
from siprouter.server.banner import banner
from siprouter.server.main import EXIT_FAILED, EXIT_OK, Ready, Server, loop_factory, stay
from siprouter.server.options import RunOptions
from siprouter.server.startup import Assembly
from siprouter.util.errors import OperatorError


class DebuggedServer(Server):
    """One worker, in the foreground, that editors can connect to."""

    def __init__(self, options: RunOptions, parsed: Parsed, debug: DebugOptions) -> None:
        super().__init__(options, parsed)
        self._debug = debug
        self._door: DebugServer | None = None

    async def open(self, assembly: Assembly) -> None:
        """Open the sockets, for editors, too. Raises OperatorError."""
        await super().open(assembly)
        self._door = DebugServer(assembly.worker, self._debug, self.end)
        await self._door.open()

    def end(self) -> None:
        """The editor ends the server."""
        if not self.stopping.is_set():
            self.log.notice("the editor says goodbye: stopping")
            self.stopping.set()

    def announce(self, worker: Worker, ready: Ready) -> None:
        """All is at work; standard output may belong to the editor."""
        print(banner(worker, str(self.options.file)), file=sys.stderr, flush=True)
        if self._door is not None and not self._debug.stdio:
            print(f"debug adapter: {self._debug.host}:{self._door.port}", file=sys.stderr, flush=True)
        self.log.notice("started")
        ready(True, True)

    async def stop(self, assembly: Assembly, clockwork: object) -> None:
        """Nothing waits any more, then as usual."""
        if self._door is not None:
            await self._door.close()
        await super().stop(assembly, clockwork)  # type: ignore[arg-type]


def debug(options: RunOptions, door: DebugOptions) -> int:
    """Runs until a signal or the editor ends it; the exit status. Everything an operator did wrong is printed."""
    for warning in options.warnings:
        print(f"siprouter: {warning}", file=sys.stderr)
    try:
        parsed = parse_file(options.file, options.defines)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(DebuggedServer(options, parsed, door).run(stay))
    except OperatorError as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_OK
