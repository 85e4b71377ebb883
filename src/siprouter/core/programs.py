"""Running other programs: what modules ask of `worker.services["program"]`, which only a server has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from siprouter.util.errors import SipRouterError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

SERVICE = "program"


class ProgramError(SipRouterError):
    """A program could not be run."""


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """`status` is negative for the signal that ended it; `cut`: it wrote more than is in `output`."""

    status: int
    output: bytes = b""
    cut: bool = False
    killed: bool = False
    """it ran longer than it might"""


class RunProgram(Protocol):
    """Runs a command of the shell; others go on meanwhile."""

    async def __call__(
        self, command: str, *, environment: Mapping[str, str], data: bytes | None, limit: int, seconds: float
    ) -> ProgramResult:
        """`environment` is added to our own; `data` goes to its input (None: it has none); `limit` octets of its
        output are kept (0: it goes where ours does); `seconds` 0: it may run for ever. Raises ProgramError."""
        ...


async def run_program(
    worker: Worker,
    command: str,
    environment: Mapping[str, str],
    data: bytes | None = None,
    limit: int = 0,
    seconds: float = 0,
) -> ProgramResult:
    """See RunProgram. Raises ProgramError, also where there is no server around the worker."""
    run: RunProgram | None = worker.services.get(SERVICE)
    if run is None:
        raise ProgramError("running programs is not possible here")
    return await run(command, environment=environment, data=data, limit=limit, seconds=seconds)
