"""The instance of exec: runs a program, waits for it, and takes what it wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.context import Branch
from siprouter.core.programs import ProgramError, ProgramResult, run_program
from siprouter.modules.exec.command import Command, put
from siprouter.modules.exec.environment import arguments, harmless, variables
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.text import to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

MakeCommand = Callable[["Context", int], Command] | None

URI = "SIP_ARGUMENT_URI"
MAX_LINE = 1024
MAX_LINES = 256
MOST_OUTPUT = 16 * 1024 * 1024
SOURCE = "exec"


class Exec:
    """One instance per worker."""

    setvars: int
    time_to_kill: int
    quote_variables: int = 1
    max_output: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.time_to_kill < 0:
            raise OperatorError(f"exec: time_to_kill cannot be negative, found {self.time_to_kill}")
        if not 1 <= self.max_output <= MOST_OUTPUT:
            raise OperatorError(f"exec: max_output must be 1 to {MOST_OUTPUT}, found {self.max_output}")

    # --- functions

    async def msg(self, ctx: Context, make: MakeCommand) -> int:
        """exec_msg(command): the message is its input, and its output is not looked at."""
        command = self._command(ctx, make)
        if command is None:
            return -1
        result = await self._run(ctx, command, arguments(command), data=ctx.msg.buf, limit=0)
        return self._code(command, result)

    async def dset(self, ctx: Context, make: MakeCommand) -> int:
        """exec_dset(command): the request URI is its last argument, each line that it writes a new one."""
        command = self._command(ctx, make)
        if command is None:
            return -1
        values = {**arguments(command), URI: harmless(ctx.uri)}
        command = Command(f'{command.text} "${{{URI}}}"')
        result = await self._run(ctx, command, values, data=None, limit=self.max_output)
        if result is None:
            return -1
        lines = self._lines(command, result)
        if not lines:
            self.log.error("no URI from %s", command.text, source=SOURCE)
            return -1
        return self._code(command, result) if self._send_to(ctx, command, lines) else -1

    async def avp(self, ctx: Context, make: MakeCommand, avps: list[PvAccess] | None = None) -> int:
        """exec_avp(command[, avps]): each line that it writes becomes the value of an AVP."""
        command = self._command(ctx, make)
        if command is None:
            return -1
        result = await self._run(ctx, command, arguments(command), data=None, limit=self.max_output)
        if result is None:
            return -1
        for number, line in enumerate(self._lines(command, result)):
            put(ctx, avps or [], number, line)
        return self._code(command, result)

    # --- running

    def _command(self, ctx: Context, make: MakeCommand) -> Command | None:
        command = None if make is None else make(ctx, self.quote_variables)
        if command is None or not command.text.strip():
            self.log.error("there is no command to run", source=SOURCE)
            return None
        if "\0" in command.text:
            self.log.error("a command cannot have zero octets", source=SOURCE)
            return None
        return command

    async def _run(
        self, ctx: Context, command: Command, values: dict[str, str], data: bytes | None, limit: int
    ) -> ProgramResult | None:
        environment = {**variables(ctx), **values} if self.setvars else values
        try:
            return await run_program(self.worker, command.text, environment, data, limit, self.time_to_kill)
        except ProgramError as error:
            self.log.error("%s: %s", command.text, error, source=SOURCE)
            return None

    def _code(self, command: Command, result: ProgramResult | None) -> int:
        """-1 unless the program ended with 0."""
        if result is None:
            return -1
        if result.killed:
            text = "%s ran longer than time_to_kill (%d seconds), ended"
            self.log.error(text, command.text, self.time_to_kill, source=SOURCE)
        elif result.status < 0 and not result.cut:
            self.log.error("%s was ended by signal %d", command.text, -result.status, source=SOURCE)
        return 1 if result.status == 0 and not result.killed else -1

    # --- output

    def _lines(self, command: Command, result: ProgramResult) -> list[str]:
        """The lines that are not empty, without white space at their ends; too many and too long ones are cut."""
        if result.cut:
            text = "%s wrote more than max_output (%d octets), the rest is lost"
            self.log.warning(text, command.text, self.max_output, source=SOURCE)
        lines = [line[:MAX_LINE].rstrip(b" \t\r\n") for line in result.output.split(b"\n")]
        kept = [to_str(line) for line in lines if line]
        if len(kept) > MAX_LINES:
            self.log.warning("%s wrote more than %d lines", command.text, MAX_LINES, source=SOURCE)
        return kept[:MAX_LINES]

    def _send_to(self, ctx: Context, command: Command, uris: list[str]) -> bool:
        """The first is the new request URI, the others are further branches."""
        for number, uri in enumerate(uris):
            try:
                parse_uri(uri)
            except PeerError:
                self.log.error("%s wrote %r, which is no URI", command.text, uri, source=SOURCE)
                return False
            if number == 0:
                ctx.set_uri(uri)
            elif not ctx.append_branch(Branch(uri)):
                self.log.error("%s wrote more URIs than there can be branches", command.text, source=SOURCE)
                return False
        return True
