"""Loading the script again in all workers: each compiles the same text first, and then all switch, or none."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any

from siprouter.rpc.values import RpcError
from siprouter.script.load import parse_again
from siprouter.script.source import Texts
from siprouter.server.aside import aside
from siprouter.server.seat import LoadedVersion
from siprouter.transport.frames import RESTART, VERSION
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from siprouter.script.reload import Changes
    from siprouter.server.reload import Prepared, Reloader
    from siprouter.server.team import WorkerTeam

PREPARE = "script.prepare"
COMMIT = "script.commit"
DISCARD = "script.discard"
ROLLBACK = "script.rollback"
COMPILE_SECONDS = 120.0


class ReloadTogether:
    """The versions of one worker in step with those of the others. Whichever worker is asked leads."""

    def __init__(self, reloader: Reloader, team: WorkerTeam, defines: dict[str, str]) -> None:
        self._reloader = reloader
        self._team = team
        self._defines = defines
        self._prepared: Prepared | None = None
        for what, function in (
            (PREPARE, self._prepare),
            (COMMIT, self._commit),
            (DISCARD, self._discard),
            (ROLLBACK, self._rollback),
        ):
            team.offer(what, function)

    def restore(self, versions: list[LoadedVersion], highest: int) -> None:
        """Load what the other workers run, having started as they did. Raises OperatorError."""
        reloader = self._reloader
        for version in versions[1:]:
            reloader.commit(reloader.prepare(parse_again(version.texts, self._defines), version.number))
        reloader.highest = max(reloader.highest, highest)

    # --- leading

    async def reload(self) -> Changes:
        """See `Reloader.reload`."""
        async with self._reloader.lead():
            reloader = self._reloader
            prepared = await reloader.prepare_beside()
            number = prepared.script.version
            try:
                await self._ask_all(PREPARE, number, prepared.parsed.config.texts)
            except RpcError as error:
                reloader.discard(prepared)
                await self._take_back(number)
                raise OperatorError(f"not all workers could load it: {error.message}") from error
            try:
                reloader.commit(prepared)
            except Exception:
                await self._take_back(number)
                raise
            self._tell_supervisor()
            await self._follow(COMMIT, number)
            return prepared.changes

    async def rollback(self) -> Changes:
        """See `Reloader.rollback`."""
        async with self._reloader.lead():
            changes = self._reloader.rollback()
            self._tell_supervisor()
            await self._follow(ROLLBACK, self._reloader.current.number)
            return changes

    async def _ask_all(self, what: str, *args: Any) -> None:
        asked: list[Awaitable[Any]] = [
            self._team.ask(index, what, *args, seconds=COMPILE_SECONDS) for index in self._team.post.others
        ]
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def _take_back(self, number: int) -> None:
        """Nothing changes: forget what was prepared."""
        try:
            await self._ask_all(DISCARD, number)
        except RpcError:
            pass  # who does not answer has died, or prepares the next one over it

    async def _follow(self, what: str, number: int) -> None:
        """The others do what we did; one that cannot is started anew, and loads the version that runs."""
        await asyncio.gather(*(self._follow_in(index, what, number) for index in self._team.post.others))

    async def _follow_in(self, index: int, what: str, number: int) -> None:
        try:
            await self._team.ask(index, what, number)
        except RpcError as error:
            self._team.log.error("worker %d does not take version %d: %s", index, number, error.message)
            self._team.post.send(self._team.count, RESTART, bytes((index,)))

    def _tell_supervisor(self) -> None:
        """What a worker that starts from now is to load."""
        reloader = self._reloader
        versions = [reloader.start, *reloader.earlier, reloader.current]
        if versions[1] is reloader.start:
            del versions[0]
        found = [LoadedVersion(version.number, version.texts) for version in versions]
        self._team.post.send(self._team.count, VERSION, pickle.dumps((reloader.highest, found)))

    # --- following

    async def _prepare(self, number: int, texts: Texts) -> None:
        self._drop()
        try:
            self._prepared = await aside(self._compile, number, texts)
        except OperatorError as error:
            raise RpcError(500, str(error)) from None

    def _compile(self, number: int, texts: Texts) -> Prepared:
        return self._reloader.prepare(parse_again(texts, self._defines), number)

    def _commit(self, number: int) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is None or prepared.script.version != number:
            if self._reloader.current.number == number:  # a worker that started meanwhile
                return
            raise RpcError(500, f"version {number} is not prepared")
        try:
            self._reloader.commit(prepared)
        except OperatorError as error:
            raise RpcError(500, str(error)) from None

    def _discard(self, number: int) -> None:
        if self._prepared is not None and self._prepared.script.version == number:
            self._drop()

    def _drop(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            self._reloader.discard(prepared)

    def _rollback(self, number: int) -> None:
        if self._reloader.current.number == number:
            return
        try:
            self._reloader.rollback()
        except OperatorError as error:
            raise RpcError(500, str(error)) from None
        if self._reloader.current.number != number:
            raise RpcError(500, f"went back to version {self._reloader.current.number}")
