"""Processes that share state with a test."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HEAD = """
import sys, time
from siprouter.state.factory import StateOptions, open_state
from siprouter.util.log import L_DBG, Log
state = open_state(StateOptions("shared", sys.argv[1], int(sys.argv[2])), time.time, Log(print, L_DBG))
def say(text):
    print(text, flush=True)
"""


class Process:
    """A process that has the state in `directory` open and runs `program`; `say(text)` there, `hear()` here."""

    def __init__(self, directory: Path, program: str, limit: int = 64) -> None:
        text = HEAD + textwrap.dedent(program)
        command = [sys.executable, "-c", text, str(directory), str(limit)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)

    def hear(self) -> str:
        """The next line that it says; "" when it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, text: str = "go") -> None:
        """A line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """The end of it."""
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


Start = Callable[..., Process]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a `Process`; all are ended after the test."""
    running: list[Process] = []

    def start_process(directory: Path, program: str, limit: int = 64) -> Process:
        running.append(Process(directory, program, limit))
        return running[-1]

    yield start_process
    for process in running:
        process.close()
