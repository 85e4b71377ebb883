"""Real programs: input, output, environment, and their end."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from siprouter.server.programs import Programs


async def run(command, data=None, limit=65536, seconds=0.0, **environment):
    return await Programs().run(command, environment=environment, data=data, limit=limit, seconds=seconds)


def is_gone(pid):
    """Whether a process has ended, also where nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_output_and_status():
    result = await run("echo one; echo two; exit 3")
    assert (result.status, result.output, result.cut, result.killed) == (3, b"one\ntwo\n", False, False)


async def test_input_and_environment():
    result = await run('cat; printf %s "$SIP_X"', data=b"line\n" * 30_000, limit=200_000, SIP_X="a\udcff'\"$(id)")
    assert result.output == b"line\n" * 30_000 + b"a\xff'\"$(id)"
    assert os.environ.get("SIP_X") is None


async def test_without_input_there_is_nothing_to_read():
    assert (await run("cat; echo end")).output == b"end\n"


async def test_input_that_nobody_reads():
    assert (await run("exec <&-; exit 0", data=b"x" * 1_000_000)).status == 0


async def test_too_much_output_is_cut():
    result = await run("yes", limit=10_000)
    assert result.cut and len(result.output) == 10_000
    assert result.status in (-signal.SIGPIPE, 128 + signal.SIGPIPE, 1)


async def test_output_that_just_fits():
    result = await run("printf 12345", limit=5)
    assert (result.output, result.cut) == (b"12345", False)


async def test_time_is_limited_for_all_that_was_started(tmp_path):
    pid_file = tmp_path / "pid"
    result = await run(f"sleep 600 & echo $! > {pid_file}; wait", seconds=0.3)
    assert result.killed and result.status < 0
    child = int(pid_file.read_text())
    for _ in range(100):
        if is_gone(child):
            return
        await asyncio.sleep(0.1)
    pytest.fail("what the program started still runs")


async def test_who_is_cancelled_leaves_no_program(tmp_path):
    pid_file = tmp_path / "pid"
    task = asyncio.create_task(run(f"echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 600"))
    for _ in range(200):
        if pid_file.exists():
            break
        await asyncio.sleep(0.05)
    pid = int(pid_file.read_text())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(200):
        if is_gone(pid):
            return
        await asyncio.sleep(0.05)
    pytest.fail("the program still runs")


async def test_shell_of_the_core():
    assert await Programs().shell("exit 4") == 4
    assert await Programs().shell("kill -9 $$") == -9
