"""Free ports on 127.0.0.1, below the range from which the system takes its own."""

from __future__ import annotations

import itertools
import os
import random
import socket

LOWEST, HIGHEST = 15_000, 31_000
STEP = 4  # phones take the ports after their own for TLS and for RTCP


def is_free(port: int) -> bool:
    """Whether both UDP and TCP of this and of the next ports can be bound."""
    for number, kind in itertools.product(range(port, port + STEP), (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                return False
    return True


class Ports:
    """Hands out ports, never the same one twice in a test run; runs beside this one draw from another sequence."""

    def __init__(self) -> None:
        self.random = random.Random(os.getpid())
        self.used: set[int] = set()

    def take(self) -> int:
        """A port of which the ``STEP - 1`` after it are free too."""
        for _ in range(200):
            port = self.random.randrange(LOWEST, HIGHEST, STEP)
            if port not in self.used and is_free(port):
                self.used.add(port)
                return port
        raise RuntimeError(f"no free port between {LOWEST} and {HIGHEST}")
