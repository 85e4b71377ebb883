"""Programs that the script runs: a bounded number at a time, each in a session of its own, so that all of it can be
ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping

from siprouter.core.programs import ProgramError, ProgramResult
from siprouter.util.text import to_bytes

MAX_RUNNING = 64
MAX_WAITING = 10_000
"""programs that wait for their turn"""
GRACE = 2.0
"""seconds between asking a program to end and ending it"""
CHUNK = 65536


class Programs:
    """Those of one worker."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(MAX_RUNNING)
        self._waiting = 0

    async def shell(self, command: str) -> int:
        """Run a shell command; its exit status, negative for the signal that ended it."""
        async with self._turns:
            process = await asyncio.create_subprocess_shell(command, stdin=DEVNULL)
            return await process.wait()

    async def run(
        self, command: str, *, environment: Mapping[str, str], data: bytes | None, limit: int, seconds: float
    ) -> ProgramResult:
        """See core.programs.RunProgram."""
        if self._waiting >= MAX_WAITING:
            raise ProgramError(f"{MAX_WAITING} programs wait for their turn already")
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._run(command, environment, data, limit, seconds)
        finally:
            self._turns.release()

    async def _run(
        self, command: str, environment: Mapping[str, str], data: bytes | None, limit: int, seconds: float
    ) -> ProgramResult:
        variables = {**os.environb, **{to_bytes(name): to_bytes(value) for name, value in environment.items()}}
        try:
            process = await asyncio.create_subprocess_shell(
                to_bytes(command),
                stdin=DEVNULL if data is None else PIPE,
                stdout=PIPE if limit else None,
                env=variables,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ProgramError(f"cannot run the shell: {error}") from error
        try:
            async with asyncio.timeout(seconds or None):
                _, (output, cut) = await asyncio.gather(_feed(process, data), _read(process, limit))
                return ProgramResult(await process.wait(), output, cut)
        except TimeoutError:
            await _end(process)
            return ProgramResult(await process.wait(), killed=True)
        except BaseException:
            _signal(process, signal.SIGKILL)
            raise


async def _feed(process: Process, data: bytes | None) -> None:
    """Write the input; a program need not read it."""
    if data is None or process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _read(process: Process, limit: int) -> tuple[bytes, bool]:
    """The output up to `limit` octets, and whether there was more; a program that goes on writing gets SIGPIPE."""
    if process.stdout is None:
        return b"", False
    parts: list[bytes] = []
    size = 0
    while size <= limit:
        part = await process.stdout.read(CHUNK)
        if not part:
            return b"".join(parts), False
        parts.append(part)
        size += len(part)
    pipe = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
    if pipe is not None:
        pipe.close()
    return b"".join(parts)[:limit], True


async def _end(process: Process) -> None:
    """End a program and all that it started: ask first."""
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE):
            await process.wait()
    except TimeoutError:
        pass
    _signal(process, signal.SIGKILL)


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
