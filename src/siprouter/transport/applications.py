"""Writing to applications on this machine: FIFOs and Unix datagram sockets, without blocking."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Awaitable, Callable

RETRY = 0.01
MAX_PATH = 107


class WriteError(Exception):
    """The application cannot be reached: why."""


def write_fifo(path: str, data: bytes) -> None:
    """Write `data` in one piece to the FIFO at `path`. Raises WriteError, also when nobody reads there."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        raise WriteError(f"cannot open FIFO {path}: {error.strerror}") from None
    try:
        if not stat.S_ISFIFO(os.fstat(handle).st_mode):
            raise WriteError(f"{path} is no FIFO")
        if os.write(handle, data) != len(data):
            raise WriteError(f"FIFO {path} is full")
    except OSError as error:
        raise WriteError(f"cannot write to FIFO {path}: {error.strerror}") from None
    finally:
        os.close(handle)


async def send_datagram(path: str, data: bytes, patience: float, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Send `data` to the Unix datagram socket at `path`; a full one is tried again for `patience` seconds.

    Raises WriteError.
    """
    if not path or len(path.encode()) > MAX_PATH:
        raise WriteError(f"bad socket name {path!r}")
    left = patience
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        while True:
            try:
                sender.sendto(data, path)
                return
            except BlockingIOError:
                if left <= 0:
                    raise WriteError(f"socket {path} takes nothing for {patience} s") from None
            except OSError as error:
                raise WriteError(f"cannot send to socket {path}: {error.strerror}") from None
            await sleep(RETRY)
            left -= RETRY
