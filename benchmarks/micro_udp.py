"""Times the ways to send UDP over IPv4: microseconds of CPU for each datagram to a socket on loopback.

``python -m benchmarks.micro_udp``; needs compiled modules, and root for the raw socket.
"""

from __future__ import annotations

import argparse
import socket
import time
from collections.abc import Callable

from benchmarks.mmsg import SLOTS, Batch
from siprouter.transport.datagrams import DatagramFactory
from siprouter.transport.raw import RawOptions, RawUdp, open_raw

SIZES = (500, 1200, 4000)
ROUNDS = 9

Send = Callable[[], object]


def drain(receiver: socket.socket) -> None:
    """Empties the receiver's buffer."""
    try:
        while True:
            receiver.recv(65535)
    except BlockingIOError:
        return


def measure(send: Send, count: int, each: int, receiver: socket.socket) -> float:
    """Microseconds of CPU for a datagram, the best of ROUNDS; `each`: how many one call sends."""
    best = float("inf")
    for _ in range(ROUNDS):
        spent = 0.0
        for _ in range(count // SLOTS):
            start = time.process_time_ns()
            for _ in range(SLOTS // each):
                send()
            spent += time.process_time_ns() - start
            drain(receiver)
        best = min(best, spent / 1000 / (count // SLOTS * SLOTS))
    return best


def ways(size: int, receiver: socket.socket) -> dict[str, tuple[Send, int]]:
    """What is compared, by name: a call, and how many datagrams it sends."""
    ip, port = receiver.getsockname()
    data = bytes(size)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((ip, 0))
    sender.setblocking(False)
    usual = DatagramFactory().open(sender)

    def send(sender: socket.socket = sender) -> None:
        number = usual.send(data, ip, port)
        if number:
            raise OSError(number, "cannot send")

    found: dict[str, tuple[Send, int]] = {"sendto": (send, 1)}
    connected = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connected.connect((ip, port))
    batch = Batch()
    for slot in range(SLOTS):
        batch.fill(slot, data)
    found[f"sendmmsg of {SLOTS}"] = (lambda: batch.send(connected.fileno(), SLOTS), SLOTS)
    try:
        raw = RawUdp(ip, sender.getsockname()[1], RawOptions(tos=16), open_raw())
    except PermissionError:
        print("no raw socket: it needs CAP_NET_RAW")
    else:
        found["raw"] = (lambda: raw.send(data, ip, port), 1)
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="datagrams of each round")
    count = parser.parse_args().count
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        for size in SIZES:
            for name, (send, each) in ways(size, receiver).items():
                print(f"{size:5} octets  {name:14} {measure(send, count, each, receiver):7.2f} us")


if __name__ == "__main__":
    main()
