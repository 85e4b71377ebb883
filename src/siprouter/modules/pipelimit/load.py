"""How busy the machine is: processors, and octets that wait in the sockets, as Linux tells them below /proc."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.transport.endpoint import PROTO_UDP

if TYPE_CHECKING:
    from siprouter.transport.endpoint import Listener

PROC = Path("/proc")
# user, nice, system, idle, iowait, irq, softirq, steal: what follows is counted in these
TIMES = 8
IDLE = 3


def cpu_times(folder: Path) -> tuple[int, int] | None:
    """(all, idle) time of all processors so far; None where the system does not tell."""
    try:
        words = (folder / "stat").read_text().split("\n", 1)[0].split()
        times = [int(word) for word in words[1 : TIMES + 1]]
    except (OSError, ValueError):
        return None
    return (sum(times), times[IDLE]) if len(times) > IDLE else None


def waiting_octets(listeners: Iterable[Listener], folder: Path) -> int:
    """Octets that arrived at our sockets and were not read yet; 0 where the system does not tell."""
    ours: dict[str, set[str]] = {"udp": set(), "tcp": set()}
    for listener in listeners:
        kind = "udp" if listener.proto == PROTO_UDP else "tcp"
        ours[kind].add(f"{proc_address(listener.address)}:{listener.port:04X}")
    total = 0
    for kind, wanted in ours.items():
        for name in (kind, f"{kind}6") if wanted else ():
            total += sum_queues(folder / "net" / name, wanted)
    return total


def sum_queues(path: Path, wanted: set[str]) -> int:
    """The receive queues of the sockets with these local addresses, of one table of sockets."""
    total = 0
    try:
        with path.open() as lines:
            for line in lines:
                fields = line.split(None, 5)
                if len(fields) > 4 and fields[1] in wanted:
                    total += int(fields[4].partition(":")[2], 16)
    except (OSError, ValueError):
        return total
    return total


def proc_address(ip: str) -> str:
    """An address as these tables write it: words of 32 bits in the byte order of the machine, in hexadecimal."""
    packed = ipaddress.ip_address(ip.partition("%")[0]).packed
    words = (packed[start : start + 4] for start in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
