"""What this process uses of the machine's memory: the numbers that SIP Router gives for its shared memory pool."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MemoryInfo:
    """All in bytes but `fragments`, which stays 0: memory is the operating system's, not a pool of ours.

    `total` is the limit set for the process, or the machine's memory; `used` the resident pages that are ours alone
    (not shared with other processes), `real_used` all resident pages, `max_used` the most there ever were.
    """

    total: int
    free: int
    used: int
    real_used: int
    max_used: int
    fragments: int = 0


def read_memory() -> MemoryInfo:
    """The present numbers."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        total = min(total, limit)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    resident, shared = _resident_pages()
    real_used = resident * page or peak
    used = max(real_used - shared * page, 0)
    return MemoryInfo(total, max(total - real_used, 0), used, real_used, max(peak, real_used))


def _resident_pages() -> tuple[int, int]:
    """Resident and shared pages; (0, 0) on systems without /proc."""
    try:
        fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0, 0
    return int(fields[1]), int(fields[2])
