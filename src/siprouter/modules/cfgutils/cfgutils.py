"""The instance of cfgutils and its functions."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Flag, Folded, Int
from siprouter.core.values import Value
from siprouter.rpc.memory import read_memory
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

HELD = "cfgutils.held"
# seconds between two looks at a lock that is taken: the first pause and the longest
LOCK_STEP = 0.001
LOCK_LONGEST_STEP = 0.05
LOCK_PATIENCE = 30.0
# seconds after which a lock is free again that a failure or reply route, or a worker that crashed, left behind
LOCK_LIFE = 300.0
MOST_SECONDS = 3600.0


class Percent(Int):
    """A number from 0 to 100."""

    kind = "a number from 0 to 100"

    def __init__(self) -> None:
        super().__init__("percent")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = super().fold(value, env, location)
        if isinstance(folded, Constant) and not 0 <= folded.value <= 100:
            raise self.bad(value, location)
        return folded


class Span(Int):
    """A time that is not negative."""

    kind = "a number that is not negative"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = super().fold(value, env, location)
        if isinstance(folded, Constant) and folded.value < 0:
            raise self.bad(value, location)
        return folded


class GlobalFlag(Flag):
    """The number of a global flag."""

    kind = "a flag number from 0 to 31"


class CfgUtils:
    """The instance of the module. Probability, global flags and locks are shared by all workers."""

    initial_probability: int
    initial_gflags: int
    hash_file: str | None
    lock_set_size: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.probability = worker.state.counter("cfgutils.probability")
        self.gflags = worker.state.counter("cfgutils.gflags")
        self.locks = worker.state.table("cfgutils.locks")
        self.begun = worker.state.table("cfgutils.begun")
        self.config_hash = ""
        self.end_process: Callable[[], None] = os.abort
        self._last_holder = 0

    def configure(self) -> None:
        """Check the parameters, set the shared values once, hash the file."""
        if not 0 <= self.initial_probability <= 100:
            raise OperatorError(
                f"parameter initial_probability of cfgutils must be 0 to 100, found {self.initial_probability}"
            )
        if not 0 <= self.lock_set_size <= 10:
            raise OperatorError(f"parameter lock_set_size of cfgutils must be 0 to 10, found {self.lock_set_size}")
        if self.hash_file:
            self.config_hash = self.hash_of_file()
            if not self.config_hash:
                raise OperatorError(f"parameter hash_file of cfgutils: cannot read {self.hash_file}")
        if self.begun.replace("begun", None, 1):  # no other worker, nor this one before it was restarted, has done it
            self.probability.set(self.initial_probability)
            self.gflags.set(self.initial_gflags & 0xFFFFFFFF)
        if self.lock_set_size:
            self.worker.hooks.script_end.append(self.release_all)

    def hash_of_file(self) -> str:
        """The MD5 sum of hash_file, "" where it cannot be read."""
        try:
            return hashlib.md5(Path(self.hash_file or "").read_bytes(), usedforsecurity=False).hexdigest()
        except OSError as error:
            self.log.error("cannot hash %s: %s", self.hash_file, error, source="cfgutils")
            return ""

    # chance

    def random(self) -> int:
        """A number from 0 to 2**31 - 1."""
        return int.from_bytes(self.worker.random_bytes(4), "big") & 0x7FFFFFFF

    def rand_set(self, ctx: Context, percent: int) -> int:
        """rand_set_prob(percent)"""
        if not 0 <= percent <= 100:
            self.log.error("no probability: %d", percent, source="cfgutils")
            return -1
        self.probability.set(percent)
        return 1

    def rand_reset(self, ctx: Context) -> int:
        """rand_reset_prob()"""
        self.probability.set(self.initial_probability)
        return 1

    def rand_get(self, ctx: Context) -> int:
        """rand_get_prob(): a probability of 0 ends the script, as each return code of 0 does"""
        return int(self.probability.get())

    def rand_event(self, ctx: Context) -> int:
        """rand_event()"""
        return 1 if self.random() * 100 < self.probability.get() << 31 else -1

    # waiting

    async def sleep(self, ctx: Context, seconds: int) -> int:
        """sleep(seconds): only this message waits"""
        await self.worker.sleep(min(max(seconds, 0), MOST_SECONDS))
        return 1

    async def usleep(self, ctx: Context, microseconds: int) -> int:
        """usleep(microseconds)"""
        await self.worker.sleep(min(max(microseconds, 0) / 1_000_000, MOST_SECONDS))
        return 1

    # debugging

    def abort(self, ctx: Context) -> int:
        """abort()"""
        self.log.critical("abort() called", source="cfgutils")
        self.end_process()
        return 0

    def memory_status(self, ctx: Context) -> int:
        """pkg_status(), shm_status(): there is one kind of memory here"""
        memory = read_memory()
        self.log.notice(
            "memory of this process: %d kB used, %d kB at most so far; %d kB free",
            memory.used // 1024,
            memory.max_used // 1024,
            memory.free // 1024,
            source="cfgutils",
        )
        return 1

    # global flags

    def change_flags(self, added: int, removed: int) -> None:
        """Sets and resets bits of the global flags, in all workers."""
        with self.worker.state.atomic():
            self.gflags.set((self.gflags.get() | added) & ~removed)

    def set_flag(self, ctx: Context, flag: int) -> int:
        """set_gflag(flag)"""
        self.change_flags(1 << (flag & 31), 0)
        return 1

    def reset_flag(self, ctx: Context, flag: int) -> int:
        """reset_gflag(flag)"""
        self.change_flags(0, 1 << (flag & 31))
        return 1

    def has_flag(self, ctx: Context, flag: int) -> int:
        """is_gflag(flag)"""
        return 1 if self.gflags.get() >> (flag & 31) & 1 else -1

    # locks

    def _holder(self, ctx: Context) -> tuple[str, set[str]]:
        """The name that this message holds locks by, and the keys of those."""
        found: tuple[str, set[str]] | None = ctx.vars.get(HELD)
        if found is None:
            self._last_holder += 1
            found = ctx.vars[HELD] = (f"{self.worker.index}.{self._last_holder}", set())
        return found

    def _holds(self, ctx: Context, key: str) -> bool:
        """Whether this message holds a lock; not when it has kept it for too long."""
        holder, keys = self._holder(ctx)
        return key in keys and self.locks.get(key) == holder

    async def lock(self, ctx: Context, key: str) -> int:
        """lock(key): waits until no other message holds it; false after LOCK_PATIENCE seconds"""
        if not self.lock_set_size:
            return -1
        key = key.lower()
        if self._holds(ctx, key):
            return 1
        holder, keys = self._holder(ctx)
        give_up = self.worker.now() + LOCK_PATIENCE
        step = LOCK_STEP
        while not self.locks.replace(key, None, holder, LOCK_LIFE):
            if self.worker.now() >= give_up:
                self.log.error("lock %s not free after %d seconds", key, LOCK_PATIENCE, source="cfgutils")
                return -1
            await self.worker.sleep(step)
            step = min(2 * step, LOCK_LONGEST_STEP)
        keys.add(key)
        return 1

    def unlock(self, ctx: Context, key: str) -> int:
        """unlock(key): only of a lock that this message holds"""
        if not self.lock_set_size:
            return -1
        key = key.lower()
        if not self._holds(ctx, key):
            self.log.warning("unlock(): lock %s is not held", key, source="cfgutils")
            return -1
        self._holder(ctx)[1].discard(key)
        self.locks.delete(key)
        return 1

    def release_all(self, ctx: Context) -> None:
        """Give back what the script left locked."""
        found: tuple[str, set[str]] | None = None if ctx.var_map is None else ctx.var_map.get(HELD)
        if found is None:
            return
        for key in sorted(found[1]):
            if self._holds(ctx, key):
                self.log.warning("the script ended with the lock %s", key, source="cfgutils")
                self.locks.delete(key)
        found[1].clear()


def get_random(inst: CfgUtils, ctx: Context) -> Value:
    """$RANDOM"""
    return inst.random()
