"""A million prefixes in mtree: seconds to load them, and look-ups."""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack, closing
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bed import Bed
from benchmarks.micro import Case
from benchmarks.micro_sip import INVITE

PREFIXES = 1_000_000
HEAD = """
loadmodule "mtree.so"
modparam("mtree", "db_url", "sqlite://FILE")
modparam("mtree", "mtree", "name=m;dbtable=mtree")
route { exit; }
route[FOUND] { mt_match("m", "NUMBER", "0"); }
"""


def numbers(count: int) -> list[str]:
    """Prefixes of 8 to 14 digits, all different, in no order."""
    return [f"{number * 7919 % 9_999_991 + 10_000_000}{str(number)[: number % 7]}" for number in range(count)]


def cases(stack: ExitStack) -> dict[str, Case | float]:
    """The first figure is the time of one load, in microseconds."""
    folder = Path(stack.enter_context(TemporaryDirectory()))
    known = numbers(PREFIXES)
    with closing(sqlite3.connect(folder / "tree.db")) as connection, connection:
        connection.execute("CREATE TABLE mtree (tprefix VARCHAR(32), tvalue VARCHAR(128))")
        rows = ((prefix, f"gateway{place % 100}") for place, prefix in enumerate(known))
        connection.executemany("INSERT INTO mtree VALUES (?, ?)", rows)
    begin = time.process_time()
    script = HEAD.replace("FILE", str(folder / "tree.db")).replace("NUMBER", f"{known[-1]}99")
    bed = stack.enter_context(closing(Bed(script)))
    load = (time.process_time() - begin) * 1e6
    index = bed.worker.module("mtree").trees["m"].index
    wanted = cycle([f"{prefix}99"[:31] for prefix in known[:: max(len(known) // 1000, 1)]])
    ctx = bed.context(INVITE)
    run = bed.route("FOUND")

    return {
        f"load {PREFIXES} prefixes": load,
        "longest prefix": lambda: index.longest(next(wanted)),
        "mt_match in a route": lambda: run(ctx),
    }
