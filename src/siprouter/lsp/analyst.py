"""The process that reads and checks: tasks come in and findings go out as JSON, each behind its length (4 octets).

It ends with its standard input. What modules print goes to standard error. Its memory is bounded.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
from typing import BinaryIO

from siprouter.lsp.analysis import analyse
from siprouter.lsp.findings import Task
from siprouter.server.logsinks import StderrSink
from siprouter.util.log import L_ALERT, Log

MAX_MEMORY = 4 * 1024 * 1024 * 1024
MAX_MESSAGE = 256 * 1024 * 1024


def main() -> int:
    """Answers tasks until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    log = Log(StderrSink(), L_ALERT)
    while (data := read_message(sys.stdin.buffer)) is not None:
        task = Task(**json.loads(data))
        try:
            answer = dataclasses.asdict(analyse(task, log))
        except (MemoryError, RecursionError) as error:
            answer = {"failed": type(error).__name__}
        answers.write(frame(answer))
        answers.flush()
    return 0


def frame(plain: object) -> bytes:
    """`plain` as JSON behind its length."""
    data = json.dumps(plain).encode("ascii")
    return len(data).to_bytes(4, "big") + data


def read_message(stream: BinaryIO) -> bytes | None:
    """The next message; None at the end."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "big")
    if size > MAX_MESSAGE:
        return None
    data = stream.read(size)
    return data if len(data) == size else None


if __name__ == "__main__":
    sys.exit(main())
