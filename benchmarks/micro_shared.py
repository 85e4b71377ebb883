"""Registrations, counters and queues with the shared backend, and what LMDB takes with nothing around it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import count, cycle

from benchmarks.micro import Case
from siprouter.modules.usrloc.contact import Contact
from siprouter.state.place import claim
from siprouter.state.rows import decode, encode
from siprouter.state.shared import SharedState
from siprouter.util.log import L_WARN, Log

ENTRIES = 10_000
LIMIT = 1 << 30
CONTACT = Contact(
    "sip:alice@192.0.2.17:5062;transport=udp;ob",
    1_893_456_000,
    -1,
    "3848276298220188511@atlanta.example.com",
    42,
    0,
    0,
    "Linphone/5.2.1 (belle-sip/5.3)",
    "sip:198.51.100.1:33445",
    None,
    "udp:192.0.2.10:5060",
    0xFFFFFFFF,
    1_893_452_400,
)


def cases(stack: ExitStack) -> dict[str, Case]:
    """With ten thousand registrations of one binding each."""
    state = SharedState(claim(""), time.time, LIMIT, Log(print, L_WARN))
    stack.callback(state.close)
    table, numbers = state.table("location", record=Contact), state.table("numbers")
    counter, queue = state.counter("counter"), state.queue("queue")
    for number in range(ENTRIES):
        table.put(f"user{number}@example.com", (CONTACT,), 3600.0)
    numbers.put("x", 1)
    keys = cycle([f"user{number}@example.com" for number in range(0, ENTRIES, 7)])
    fresh = count()

    def put_and_count() -> None:
        with state.atomic():
            table.put(next(keys), (CONTACT,), 3600.0)
            counter.add()

    def push_and_pop() -> None:
        queue.push("sip:alice@example.com")
        queue.pop()

    return {
        "table.get (a binding)": lambda: table.get(next(keys)),
        "table.get (absent)": lambda: table.get("nobody@example.com"),
        "table.get (a number)": lambda: numbers.get("x"),
        "table.put (a binding again)": lambda: table.put(next(keys), (CONTACT,), 3600.0),
        "table.put (a new binding)": lambda: table.put(f"new{next(fresh)}@example.com", (CONTACT,), 3600.0),
        "table.add": lambda: numbers.add("x", 1),
        "atomic: put and count": put_and_count,
        "counter.get": counter.get,
        "counter.add": counter.add,
        "queue: push and pop": push_and_pop,
        **_parts(state),
    }


def _parts(state: SharedState) -> dict[str, Case]:
    begin = state.store.env.begin
    database = state.store.env.open_db(b"data")
    octets = encode("location", (CONTACT,), Contact)
    found = begin(database)
    key = next(iter(found.cursor()))[0]
    found.abort()

    def read() -> None:
        txn = begin()
        txn.get(key, None, database)
        txn.abort()

    return {
        "LMDB alone: begin, get, abort": read,
        "a binding to octets": lambda: encode("location", (CONTACT,), Contact),
        "a binding from octets": lambda: decode(octets, Contact),
    }
