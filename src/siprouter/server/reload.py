"""Versions of the routing script: loading the file again beside the one that runs, going back, freeing what ended.

A context holds the script that it began with, and through it a transaction does; a version that no context holds and
that nobody can go back to is freed.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from siprouter.core.declare import rpc
from siprouter.core.env import LoadEnv
from siprouter.core.routes import Script
from siprouter.core.settings import CfgError
from siprouter.core.worker import Worker
from siprouter.rpc.call import RpcCall
from siprouter.rpc.values import Pairs, RpcError, RpcValue
from siprouter.script.diagnostics import Diagnostics
from siprouter.script.load import Parsed, ScriptError, compile_script
from siprouter.script.reload import (
    Changes,
    Contents,
    apply_changes,
    compare,
    declare_new_custom,
    forget_custom,
    kept_texts,
    prepare,
)
from siprouter.script.source import Texts
from siprouter.server.aside import aside
from siprouter.server.dialog_versions import DialogVersions
from siprouter.util.errors import OperatorError

KEPT_VERSIONS = 2
"""versions before the running one that `rollback` can go back to"""

Stamp = tuple[int, int, int]


@dataclass(slots=True)
class Version:
    """One script that was loaded. `script` is held while it runs or can be gone back to."""

    number: int
    file: str
    loaded_at: float
    contents: Contents
    env: LoadEnv
    texts: Texts
    script: Script | None
    ref: weakref.ref[Script]


@dataclass(slots=True)
class Prepared:
    """A version that could be loaded and does not run yet: `Reloader.commit` lets it, `discard` forgets it."""

    parsed: Parsed
    contents: Contents
    changes: Changes
    custom: list[tuple[str, str]]
    script: Script


class Together(Protocol):
    """All workers of a server."""

    async def reload(self) -> Changes:
        """See `Reloader.reload`."""

    async def rollback(self) -> Changes:
        """See `Reloader.rollback`."""


class Reloader:
    """Loads the file of a worker again. `read` parses it; `pinned` core parameters come from the command line."""

    def __init__(self, worker: Worker, read: Callable[[], Parsed], parsed: Parsed, pinned: Iterable[str] = ()) -> None:
        """`parsed` is what the worker runs."""
        script = worker.script
        assert script is not None
        self.worker = worker
        self.pinned = frozenset(pinned)
        self.together: Together | None = None
        """the other workers, where there are any"""
        self.beside = False
        """whether a new version is compiled in a thread, so that messages do not wait for it"""
        self._loading = asyncio.Lock()
        self.files: tuple[str, ...] = script.files
        """all files that the last attempt read, and those that run"""
        self._read = read
        self.started = prepare(Parsed(parsed.config, Diagnostics()), worker, None)
        self.start = self.current = self._version(script, parsed.config.texts, self.started, worker.env)
        self.earlier: list[Version] = []
        self.dialogs = DialogVersions(worker)
        self._retired: list[Version] = []
        self.highest = script.version
        """the highest number that a version had so far"""
        self.tried = self.look()
        """the state of the files that the last attempt found"""

    def look(self) -> dict[str, Stamp]:
        """When each file was changed, its size and its inode; files that are not there for the moment are left out."""
        found = {}
        for file in self.files:
            try:
                status = Path(file).stat()
            except OSError:
                continue
            found[file] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found

    def _version(self, script: Script, texts: Texts, contents: Contents, env: LoadEnv) -> Version:
        now = self.worker.wall_clock()
        return Version(script.version, script.source, now, contents, env, texts, script, weakref.ref(script))

    def reload(self) -> Changes:
        """Load the file again and let new messages run it. Raises OperatorError (ScriptError with everything that is
        wrong), and nothing has changed then."""
        prepared = self.prepare_file()
        self.commit(prepared)
        return prepared.changes

    async def reload_all(self) -> Changes:
        """`reload` in all workers of this server, or in none, while messages are handled."""
        if self.together is not None:
            return await self.together.reload()
        async with self.lead():
            prepared = await self.prepare_beside()
            self.commit(prepared)
            return prepared.changes

    async def rollback_all(self) -> Changes:
        """`rollback` in all workers of this server."""
        if self.together is not None:
            return await self.together.rollback()
        async with self.lead():
            return self.rollback()

    def lead(self) -> asyncio.Lock:
        """What is held while a version is loaded. Raises OperatorError where that is being done."""
        if self._loading.locked():
            raise OperatorError("the script is being loaded already")
        return self._loading

    async def prepare_beside(self) -> Prepared:
        """`prepare_file`, while messages are handled."""
        return await aside(self.prepare_file) if self.beside else self.prepare_file()

    def prepare_file(self) -> Prepared:
        """Load what the file says now. Raises OperatorError, and nothing has changed then."""
        before = self.look()
        try:
            parsed = self._read()
            try:
                return self.prepare(parsed, self.highest + 1)
            finally:
                self.files = tuple(dict.fromkeys((*self.current_files(), *parsed.config.files)))
        finally:  # what changed meanwhile counts as a change
            self.tried = {file: before.get(file, stamp) for file, stamp in self.look().items()}

    def prepare(self, parsed: Parsed, number: int) -> Prepared:
        """Compile a parsed file as version `number`. Raises ScriptError."""
        worker = self.worker
        contents = prepare(parsed, worker, self.started)
        if parsed.diagnostics.failed:
            compile_script(parsed, worker)  # for the errors in the routes
            raise ScriptError(parsed.diagnostics)
        parsed.kept_texts = kept_texts(self.started)
        changes = compare(self.current.contents, contents, self.started, worker, self.pinned, parsed.diagnostics)
        declared = declare_new_custom(parsed, worker)
        try:
            script = compile_script(parsed, worker, number)
            if script is None:
                raise ScriptError(parsed.diagnostics)
        except Exception:
            forget_custom(declared, worker)
            raise
        return Prepared(parsed, contents, changes, declared, script)

    def discard(self, prepared: Prepared) -> None:
        """Forget what is not to run."""
        forget_custom(prepared.custom, self.worker)

    def commit(self, prepared: Prepared) -> None:
        """Let new messages run it. Raises ScriptError where a setting cannot change; it is discarded then."""
        parsed, script = prepared.parsed, prepared.script
        try:
            self._apply(prepared.changes, parsed)
        except Exception:
            self.discard(prepared)
            raise
        for item in parsed.diagnostics.warnings:
            self.worker.log.warning("%s", item.headline())
        self.highest = max(self.highest, script.version)
        self.earlier.append(self.current)
        for old in self.earlier[:-KEPT_VERSIONS]:
            self._retire(old)
        del self.earlier[:-KEPT_VERSIONS]
        assert parsed.env is not None
        self._switch(self._version(script, parsed.config.texts, prepared.contents, parsed.env), prepared.changes)

    def _apply(self, changes: Changes, parsed: Parsed) -> None:
        try:
            apply_changes(changes, self.worker)
        except CfgError as error:
            parsed.diagnostics.error("parameter", str(error))
            raise ScriptError(parsed.diagnostics) from error

    def rollback(self) -> Changes:
        """Go back to the version before. Raises OperatorError where there is none."""
        if not self.earlier:
            raise OperatorError("there is no earlier version to go back to")
        target = self.earlier[-1]
        diagnostics = Diagnostics()
        changes = compare(self.current.contents, target.contents, self.started, self.worker, self.pinned, diagnostics)
        try:
            apply_changes(changes, self.worker)
        except CfgError as error:
            raise OperatorError(f"cannot go back to version {target.number}: {error}") from error
        self.earlier.pop()
        left = self.current
        self._switch(target, changes)
        self._retire(left)
        return changes

    def _switch(self, version: Version, changes: Changes) -> None:
        worker = self.worker
        if self.current.script is not None and version.script is not None:
            self.dialogs.switch(self.current.script, version.script)
        self.current = version
        worker.script = version.script
        worker.env = version.env
        worker.log.notice("version %d of the script runs: %s", version.number, version.file)
        for name in changes.kept:
            worker.log.warning("%s cannot change at run time, kept", name)

    def _retire(self, version: Version) -> None:
        """Let a version go once the last context that began with it has."""
        script, version.script = version.script, None
        assert script is not None
        # functions and their globals refer to one another: without the script nothing can run them any more
        weakref.finalize(script, script.namespace.clear).atexit = False
        self._retired.append(version)

    def current_files(self) -> tuple[str, ...]:
        """The files of the running version."""
        script = self.current.script
        return () if script is None else script.files

    def versions(self) -> list[tuple[Version, int]]:
        """All versions that live, oldest first, with how many contexts and transactions hold each."""
        self._retired = [version for version in self._retired if version.ref() is not None]
        living = [*self._retired, *self.earlier, self.current]
        return [(item, self._users(item)) for item in sorted(living, key=lambda item: item.number)]

    def _users(self, version: Version) -> int:
        script = version.ref()
        if script is None:
            return 0
        own = 2 + (version.script is not None) + (self.worker.script is script)  # 2: the local name and the argument
        own += self.dialogs.uses(script)
        return max(sys.getrefcount(script) - own, 0)


class Watcher:
    """Reloads when a file of the script has changed; called each second.

    A change counts once the files stayed the same from one look to the next, so that none is read half written. What
    could not be loaded is not tried again until it changes again.
    """

    def __init__(self, reloader: Reloader) -> None:
        self._reloader = reloader
        self._seen = reloader.look()

    def tick(self, _now: float) -> None:
        """Look once."""
        reloader = self._reloader
        seen, self._seen = self._seen, reloader.look()
        if self._seen == reloader.tried or self._seen != seen:
            return
        if reloader.beside or reloader.together is not None:
            reloader.worker.spawn(self._reload_all(), "reload")
            return
        try:
            reloader.reload()
        except OperatorError as error:
            log_failure(reloader.worker, error)
        self._seen = reloader.look()

    async def _reload_all(self) -> None:
        try:
            await self._reloader.reload_all()
        except OperatorError as error:
            log_failure(self._reloader.worker, error)


def log_failure(worker: Worker, error: OperatorError) -> None:
    """One log record for each error; the running version stays."""
    worker.log.error("the script was not loaded again, version %d stays", worker.script.version if worker.script else 0)
    if isinstance(error, ScriptError):
        for item in error.diagnostics.errors:
            worker.log.error("%s", item.headline())
    else:
        worker.log.error("%s", error)


# --- RPC


async def _reload(reloader: Reloader, call: RpcCall) -> RpcValue:
    try:
        return _outcome(reloader, await reloader.reload_all())
    except OperatorError as error:
        log_failure(reloader.worker, error)
        raise RpcError(500, str(error)) from None


async def _rollback(reloader: Reloader, call: RpcCall) -> RpcValue:
    try:
        return _outcome(reloader, await reloader.rollback_all())
    except OperatorError as error:
        raise RpcError(500, str(error)) from None


def _outcome(reloader: Reloader, changes: Changes) -> Pairs:
    """The version that runs now, what changed with it, and what cannot."""
    reply = Pairs([("version", reloader.current.number), ("file", reloader.current.file)])
    for group, name, value in changes.settings:
        reply.add("changed", f"{group}.{name} = {value}")
    for name in changes.kept:
        reply.add("kept", f"{name} cannot change at run time, kept")
    return reply


def _versions(reloader: Reloader, call: RpcCall) -> RpcValue:
    return [
        {
            "version": version.number,
            "file": version.file,
            "time": int(version.loaded_at),
            "users": users,
            "running": int(version is reloader.current),
            "rollback": int(version in reloader.earlier),
        }
        for version, users in reloader.versions()
    ]


BACK = "Goes back to the version of the script before the running one."

RELOAD_RPCS = (
    rpc("cfg.reload", _reload, help="Loads the configuration file again; new messages take the new routes."),
    rpc("cfg.versions", _versions, help="The versions of the script that live.", returns_array=True),
    rpc("cfg.rollback_script", _rollback, help=BACK),
    rpc("cfg.rollback", _rollback, help=BACK),
)
"""cfg.rollback of the module cfg_rpc is another command and goes before"""


def offer_reload(worker: Worker, read: Callable[[], Parsed], parsed: Parsed, pinned: Iterable[str] = ()) -> Reloader:
    """Make a running worker reloadable: its RPC commands, and `worker.services["reloader"]`."""
    reloader = worker.services["reloader"] = Reloader(worker, read, parsed, pinned)
    for command in RELOAD_RPCS:
        worker.registry.rpcs.setdefault(command.name, (command, reloader))
    return reloader


def absolute(file: Path) -> Path:
    """A path that holds when the working directory changes."""
    return file.absolute()
