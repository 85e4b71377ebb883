"""Records arrive once and in order, whatever happens to the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from siprouter.db import journal as journals
from siprouter.db.errors import DbUnavailableError
from siprouter.db.journal import Journal
from siprouter.db.operations import Operation
from siprouter.db.sqlite import SqliteDatabase
from siprouter.db.url import parse_url
from siprouter.db.values import from_epoch
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.log import Log, Record


class Unreliable(SqliteDatabase):
    """Fails as often as told: before the work, or behind it, as a connection that breaks before the answer is there."""

    def __init__(self, path: Path) -> None:
        super().__init__(parse_url(f"sqlite://{path}"), create=True)
        self.fail_before = 0
        self.fail_after = 0
        self.batches: list[int] = []

    async def apply(self, operations: Sequence[Operation]) -> int:
        await asyncio.sleep(0)
        if self.fail_before:
            self.fail_before -= 1
            raise DbUnavailableError("away")
        changed = await super().apply(operations)
        self.batches.append(len(operations))
        if self.fail_after:
            self.fail_after -= 1
            raise DbUnavailableError("broken", in_doubt=True)
        return changed

    def numbers(self) -> list[int]:
        return [row[0] for row in self.connection.execute("SELECT number FROM acc ORDER BY rowid")]


@pytest.fixture
def target(tmp_path: Path) -> Unreliable:
    database = Unreliable(tmp_path / "x.db")
    database.connection.execute("CREATE TABLE acc (number INTEGER CHECK (number <> 13), text TEXT, time TEXT)")
    return database


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(journals, "LONGEST_DELAY", 0.01)


def make(path: Path, target: Unreliable, log: Log) -> Journal:
    made = Journal(path, target, log, lambda coroutine, name: asyncio.get_running_loop().create_task(coroutine))
    made.open()
    return made


def note(journal: Journal, *numbers: int) -> None:
    for number in numbers:
        assert journal.add("acc", {"number": number, "text": "a\udcff'", "time": from_epoch(1_000_000_000 + number)})


async def drained(journal: Journal) -> None:
    async with asyncio.timeout(20):
        while journal.pending:  # noqa: ASYNC110  # it has no event for that
            await asyncio.sleep(0.001)


async def test_records_arrive_in_order_and_in_batches(tmp_path: Path, target: Unreliable, log: Log) -> None:
    journal = make(tmp_path / "j", target, log)
    note(journal, *range(500))
    await drained(journal)
    assert target.numbers() == [number for number in range(500) if number != 13]
    assert max(target.batches) == journals.MAX_BATCH
    assert journal.refused == 1
    assert json.loads((tmp_path / "j.refused").read_text())[1]["number"] == 13
    await journal.stop()


async def test_a_database_that_is_away_costs_nothing(
    tmp_path: Path, target: Unreliable, log: Log, records: list[Record]
) -> None:
    journal = make(tmp_path / "j", target, log)
    target.fail_before = 4
    note(journal, 1, 2, 3)
    await drained(journal)
    assert target.numbers() == [1, 2, 3]
    assert [record.level for record in records] == [-1, 1]
    await journal.stop()


async def test_a_broken_connection_makes_no_second_row(tmp_path: Path, target: Unreliable, log: Log) -> None:
    journal = make(tmp_path / "j", target, log)
    target.fail_after = 3
    note(journal, 1, 2, 2, 3)
    await drained(journal)
    assert target.numbers() == [1, 2, 2, 3]
    await journal.stop()


async def test_a_kill_behind_the_write_makes_no_second_row(tmp_path: Path, target: Unreliable, log: Log) -> None:
    journal = make(tmp_path / "j", target, log)
    note(journal, 1, 2, 3)
    await drained(journal)
    note(journal, 4, 5)
    await drained(journal)
    journal.close()
    (tmp_path / "j.done").write_text("")  # the mark was not written any more
    again = make(tmp_path / "j", target, log)
    note(again, 6)
    await drained(again)
    assert target.numbers() == [1, 2, 3, 4, 5, 6]
    await again.stop()


async def test_a_kill_before_the_write_loses_nothing(tmp_path: Path, target: Unreliable, log: Log) -> None:
    journal = make(tmp_path / "j", target, log)
    note(journal, 1, 2)
    journal.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)
    with (tmp_path / "j").open("ab") as file:
        file.write(b'["acc",{"number":9')
    again = make(tmp_path / "j", target, log)
    note(again, 3)
    await drained(again)
    assert target.numbers() == [1, 2, 3]
    await again.stop()


async def test_stopping_writes_the_rest_or_leaves_it(tmp_path: Path, target: Unreliable, log: Log) -> None:
    journal = make(tmp_path / "j", target, log)
    target.fail_before = 10**9
    note(journal, 1, 2)
    await asyncio.sleep(0.01)
    await journal.stop()
    assert target.numbers() == []
    target.fail_before = 0
    again = make(tmp_path / "j", target, log)
    note(again, 3)
    await again.stop()
    assert target.numbers() == [1, 2, 3]


async def test_a_table_that_is_missing_is_waited_for(tmp_path: Path, target: Unreliable, log: Log) -> None:
    journal = make(tmp_path / "j", target, log)
    target.connection.execute("ALTER TABLE acc RENAME TO elsewhere")
    note(journal, 1, 2)
    await asyncio.sleep(0.02)
    assert (journal.refused, journal.pending > 0) == (0, True)
    target.connection.execute("ALTER TABLE elsewhere RENAME TO acc")
    await drained(journal)
    assert target.numbers() == [1, 2]
    await journal.stop()


async def test_the_file_does_not_grow_for_ever(
    tmp_path: Path, target: Unreliable, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "SHRINK_ABOVE", 500)
    journal = make(tmp_path / "j", target, log)
    for start in range(20, 220, 20):
        note(journal, *range(start, start + 20))
        await drained(journal)
        assert (tmp_path / "j").stat().st_size <= 500 + 20 * 80
    assert len(target.numbers()) == 200
    await journal.stop()


async def test_one_process_has_it(tmp_path: Path, target: Unreliable, log: Log) -> None:
    journal = make(tmp_path / "j", target, log)
    with pytest.raises(OperatorError, match="is used by another process"):
        make(tmp_path / "j", target, log)
    await journal.stop()
    with pytest.raises(OperatorError, match="cannot be used"):
        make(Path("/proc/nothing/j"), target, log)


async def test_a_full_disk_is_told_with_the_record(
    tmp_path: Path, target: Unreliable, log: Log, records: list[Record]
) -> None:
    journal = make(tmp_path / "j", target, log)
    journal.close()
    assert not journal.add("acc", {"number": 77})
    assert '"number":77' in records[-1].text


async def test_too_much_to_do_is_tried_again(tmp_path: Path, target: Unreliable, log: Log) -> None:
    busy = True

    def spawn(coroutine, name):
        if busy:
            coroutine.close()
            raise PeerError(503, "Server Overloaded")
        return asyncio.get_running_loop().create_task(coroutine)

    journal = Journal(tmp_path / "j", target, log, spawn)
    journal.open()
    note(journal, 1)
    assert journal.pending
    busy = False
    note(journal, 2)
    await drained(journal)
    assert target.numbers() == [1, 2]
    await journal.stop()
