"""Transactions and timers."""

from __future__ import annotations

from contextlib import ExitStack, closing

from benchmarks.bed import Bed
from benchmarks.micro import Case
from benchmarks.micro_sip import INVITE
from siprouter.core.outgoing import reply_target
from siprouter.sip.message import parse_message
from siprouter.transaction.table import request_key
from siprouter.util.wheel import CallTimer, Wheel

SCRIPT = 'route { $du = "sip:192.0.2.9"; t_relay(); }\n'
CROWD = 10_000


def wheel_cases() -> dict[str, Case]:
    """With ten thousand other timers in the wheel."""
    wheel = Wheel(0.0)
    for number in range(CROWD):
        wheel.add(CallTimer(int), 1000.0 + number / 100)
    timer = CallTimer(int)
    now = 0.0

    def add_and_cancel() -> None:
        wheel.add(timer, 32.0)
        wheel.cancel(timer)

    def fire() -> None:
        nonlocal now
        wheel.add(timer, now + 0.005)
        now += 0.02
        wheel.advance(now)

    return {"wheel: add and cancel a timer": add_and_cancel, "wheel: add, advance, fire": fire}


def cases(stack: ExitStack) -> dict[str, Case]:
    """What is timed, by name."""
    bed = stack.enter_context(closing(Bed(SCRIPT)))
    worker = bed.worker
    table = worker.module("tm").table
    msg = parse_message(INVITE)
    target = reply_target(worker, msg, bed.source, False)

    def create() -> None:
        table.forget(table.create(msg, bed.source, target, 0.0))

    bed.receive(INVITE)
    kept = table.find_request(msg)
    assert kept is not None, "t_relay() made no transaction"
    branch = kept.branches[0]
    ringing = (
        b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=%b\r\n" % branch.via_branch.encode()
        + INVITE.partition(b"\r\n")[2].replace(b"biloxi.example.com>", b"biloxi.example.com>;tag=x", 1)
    )
    reply = parse_message(ringing)
    return {
        "request_key": lambda: request_key(msg),
        "create and forget a transaction": create,
        "find_request (retransmission)": lambda: table.find_request(msg),
        "find_reply": lambda: table.find_reply(reply),
        "retransmission, whole way": lambda: bed.receive(INVITE),
        "provisional reply, whole way": lambda: bed.receive(ringing),
        **wheel_cases(),
    }
