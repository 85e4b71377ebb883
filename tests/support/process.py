"""Real programs under test: started in a folder of their own, watched through their log, stopped by process id."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

# The Debian package of each program that a test may want.
PACKAGES = {
    "baresip": "baresip",
    "chromium": "chromium",
    "curl": "curl",
    "freeradius": "freeradius",
    "kamailio": "kamailio",
    "kamcmd": "kamailio",
    "linphonec": "linphone-cli",
    "memcached": "memcached",
    "nsd": "nsd",
    "openssl": "openssl",
    "node": "nodejs",
    "npm": "npm",
    "nvim": "neovim",
    "sipp": "sip-tester",
    "sipsak": "sipsak",
    "slapd": "slapd",
    "tshark": "tshark",
}
STOP_SECONDS = 10.0


def need(*programs: str) -> None:
    """Skips the test, saying which Debian package to install, where a program is missing."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        packages = " ".join(sorted({PACKAGES[name] for name in missing}))
        pytest.skip(f"{', '.join(missing)} not found: apt-get install {packages}")


class Process:
    """A program that runs for the length of a ``with`` block; its output goes to ``log``."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        name: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: bool = False,
    ) -> None:
        self.command = list(command)
        self.folder = folder
        self.name = name or Path(command[0]).name
        self.log = folder / f"{self.name}.log"
        self.environment = {**os.environ, **(environment or {})}
        self.stdin = stdin
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is not None and hasattr(error, "add_note"):
            error.add_note(f"log of {self.name}:\n{self.tail()}")

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE if self.stdin else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
            )

    def ready(self) -> None:
        """Returns when the program can be used; raises where it does not come up."""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def stop(self) -> None:
        """Ends the process and what it has started, gently first."""
        process = self.process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
        self.process = None

    def wait(self, seconds: float) -> int:
        """The exit status, when the program ends by itself within ``seconds``."""
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {seconds} s:\n{self.tail()}") from None

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def say(self, line: str) -> None:
        """Writes a line to the program's standard input."""
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.output().splitlines()[-lines:])

    def wait_for(self, text: str, seconds: float = 15.0, count: int = 1) -> None:
        """Waits until the log holds ``text`` (``count`` times)."""
        for _ in polls(seconds):
            if self.output().count(text) >= count:
                return
            if not self.alive():
                break
        raise AssertionError(f"{self.name} did not write {text!r} within {seconds} s:\n{self.tail()}")


def polls(seconds: float, every: float = 0.02) -> Iterator[None]:
    """Turns of a loop that looks at the state of another process: one each ``every`` seconds, for ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        select.select([], [], [], every)
    yield
