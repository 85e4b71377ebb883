"""The management commands on statistics, and the memory statistics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from siprouter.core.counters import Counter
from siprouter.rpc.memory import read_memory
from siprouter.rpc.mi import MISSING_ARGUMENTS, MiReply

if TYPE_CHECKING:
    from siprouter.modules.kex.state import Kex

NOT_FOUND = "Statistics Not Found"
ALL = "all"


def _selected(inst: Kex, name: str) -> Iterable[Counter]:
    """The statistics that `all`, `group:` or a name stands for."""
    counters = inst.worker.counters
    if name == ALL:
        return counters
    if len(name) > 1 and name.endswith(":"):
        return counters.in_group(name[:-1])
    found = counters.find_by_name(name)
    return () if found is None else (found,)


def get_statistics(inst: Kex, *names: str) -> MiReply:
    """MI get_statistics: a nameless node `group:name = value` for each statistic."""
    if not names:
        return MiReply(400, MISSING_ARGUMENTS)
    reply = MiReply()
    for name in names:
        for counter in _selected(inst, name):
            reply.add(None, f"{counter.group}:{counter.name} = {counter.total()}")
    return reply if reply.children else MiReply(404, NOT_FOUND)


def reset_statistics(inst: Kex, *names: str) -> MiReply:
    """MI reset_statistics: single statistics by their names."""
    if not names:
        return MiReply(400, MISSING_ARGUMENTS)
    found = [counter for name in names if (counter := inst.worker.counters.find_by_name(name)) is not None]
    for counter in found:
        counter.reset()
    return MiReply() if found else MiReply(404, NOT_FOUND)


def memory_total(inst: Kex) -> int:
    """Statistic shmem:total_size."""
    return read_memory().total


def memory_used(inst: Kex) -> int:
    """Statistic shmem:used_size."""
    return read_memory().used


def memory_real_used(inst: Kex) -> int:
    """Statistic shmem:real_used_size."""
    return read_memory().real_used


def memory_max_used(inst: Kex) -> int:
    """Statistic shmem:max_used_size."""
    return read_memory().max_used


def memory_free(inst: Kex) -> int:
    """Statistic shmem:free_size."""
    return read_memory().free


def memory_fragments(inst: Kex) -> int:
    """Statistic shmem:fragments."""
    return read_memory().fragments
