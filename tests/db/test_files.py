"""db_text and db_flatstore."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siprouter.db.errors import DbRefusedError, DbUnavailableError
from siprouter.db.flat import FlatDatabase
from siprouter.db.interface import now
from siprouter.db.operations import Delete, Insert, Replace
from siprouter.db.options import DriverOptions
from siprouter.db.text import TextDatabase
from siprouter.db.text_format import build_table, parse_table
from siprouter.db.url import parse_url
from siprouter.db.values import from_epoch

FILE = "id(int,auto) name(str) flag(double) desc(str,null)\n1:nick:0.34:a\\tgood\\: friend\n3:bob:2.50:\n"


@pytest.fixture
def options() -> DriverOptions:
    return DriverOptions()


@pytest.fixture
def text(tmp_path: Path, options: DriverOptions) -> TextDatabase:
    (tmp_path / "people").write_text(FILE)
    return TextDatabase(parse_url(f"text://{tmp_path}"), options)


def test_a_file_comes_back_as_it_was() -> None:
    table = parse_table(FILE)
    assert table.rows == [(1, "nick", 0.34, "a\tgood: friend"), (3, "bob", 2.5, None)]
    assert build_table(table) == FILE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "0 columns"),
        ("id", "no definition of a column: id"),
        ("id(zap)", "unknown type"),
        ("id(int,zap)", "unknown attribute"),
        ("id(int)\nx", "line 2: invalid literal"),
        ("id(int) b(str)\n1:a\n1", "line 3 has 1 fields, 2 are needed"),
        ("a(str)\n\\x", "line 2: unknown escape"),
    ],
)
def test_broken_files_are_refused(text: str, why: str) -> None:
    with pytest.raises(DbRefusedError, match=why):
        parse_table(text)


def test_rows_are_found_in_order(text: TextDatabase) -> None:
    assert now(text.query("people", [("name", "nick")], ["desc"])) == [("a\tgood: friend",)]
    assert now(text.query("people", [("flag", ">", 0.3)], ["name"], "name")) == [("bob",), ("nick",)]
    assert now(text.query("people", [("desc", None)], ["id"])) == [(3,)]
    assert now(text.query("people", [("name", "like", "n%")], ["id"])) == [(1,)]
    assert now(text.query("people", columns=["name"], order="flag desc", limit=1)) == [("bob",)]


def test_new_rows_go_to_the_end_of_the_file(text: TextDatabase, tmp_path: Path) -> None:
    now(text.insert("people", {"name": "a:b\nc", "flag": 1}))
    assert (tmp_path / "people").read_text() == FILE + "4:a\\:b\\nc:1.00:\n"
    again = TextDatabase(text.url, DriverOptions())
    assert now(again.query("people", [("id", 4)], ["name"])) == [("a:b\nc",)]


def test_changes_are_in_the_file(text: TextDatabase, tmp_path: Path) -> None:
    assert now(text.update("people", [("name", "bob")], {"desc": "tall"})) == 1
    assert now(text.delete("people", [("name", "nick")])) == 1
    now(text.replace("people", {"name": "bob", "flag": 7}, ["name"]))
    assert (tmp_path / "people").read_text().splitlines()[1:] == ["3:bob:7.00:tall"]
    assert [path.name for path in tmp_path.iterdir()] == ["people"]


def test_a_failure_changes_nothing(text: TextDatabase, tmp_path: Path) -> None:
    with pytest.raises(DbRefusedError):
        now(text.apply([Delete("people", []), Insert("people", {"nosuch": 1})]))
    with pytest.raises(DbRefusedError):
        now(text.apply([Insert("people", {"name": "x"}), Replace("people", {"flag": "x"}, ["flag"])]))
    assert now(text.count("people")) == 2
    now(text.insert("people", {"name": "y"}))
    assert (tmp_path / "people").read_text().count("\n") == 4


def test_changed_files_are_read_again_in_that_mode_only(
    text: TextDatabase, tmp_path: Path, options: DriverOptions
) -> None:
    assert now(text.count("people")) == 2
    (tmp_path / "people").write_text(FILE + "9:new:1.00:\n")
    os.utime(tmp_path / "people", (1, 1))
    assert now(text.count("people")) == 2
    options.reload_changed = True
    assert now(text.count("people")) == 3


def test_tables_are_files_in_the_directory(text: TextDatabase) -> None:
    assert now(text.tables()) == ["people"]
    for name in ("../people", "nosuch", ".people"):
        with pytest.raises(DbRefusedError):
            now(text.query(name))


def test_flatstore_appends_lines(tmp_path: Path, options: DriverOptions) -> None:
    flat = FlatDatabase(parse_url(f"flatstore:{tmp_path}"), options, 7)
    now(flat.insert("acc", {"method": "IN|V\\", "code": 200, "time": from_epoch(1_000_000_000), "x": None, "q": 0.5}))
    path = tmp_path / "acc_7.log"
    assert path.read_text() == "IN\\|V\\\\|200|1000000000||0.500000\n"
    path.rename(tmp_path / "old")
    now(flat.insert("acc", {"method": "BYE"}))
    assert not path.exists()
    flat.rotate()
    now(flat.insert("acc", {"method": "CANCEL"}))
    assert path.read_text() == "CANCEL\n"
    assert (tmp_path / "old").read_text().endswith("\nBYE\n")
    flat.close()


def test_flatstore_takes_new_rows_only(tmp_path: Path, options: DriverOptions) -> None:
    flat = FlatDatabase(parse_url(f"flatstore:{tmp_path}/missing"), options, 7)
    with pytest.raises(DbUnavailableError):
        now(flat.insert("acc", {"a": 1}))
    for work in (flat.query("acc"), flat.count("acc"), flat.delete("acc"), flat.raw("SELECT 1")):
        with pytest.raises(DbRefusedError):
            now(work)
