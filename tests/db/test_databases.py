"""What modules do with databases in `configure` and `start`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from siprouter.db.databases import check_names, check_version, databases, make_database, open_database
from siprouter.db.flat import FlatDatabase
from siprouter.db.interface import now
from siprouter.db.options import DriverOptions
from siprouter.db.url import parse_url
from siprouter.db.values import clean, cut
from siprouter.testing import Node
from siprouter.util.errors import InternalError, OperatorError
from siprouter.util.log import Log


def test_one_database_for_each_url() -> None:
    with Node("route {}") as node:
        first = open_database(node.worker, "sqlite:///x", "m")
        assert open_database(node.worker, "sqlite:/x", "m") is first
        assert open_database(node.worker, "sqlite:///y", "m") is not first


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (None, "m: db_url is empty"),
        ("oracle://a/b", "m: no database driver is called 'oracle'"),
        ("flatstore:/x", "m: flatstore takes new rows only"),
    ],
)
def test_urls_that_do_not_do(url: str | None, why: str) -> None:
    with Node("route {}") as node, pytest.raises(OperatorError) as caught:
        open_database(node.worker, url, "m")
    assert why in str(caught.value)


@pytest.mark.parametrize(("driver", "package"), [("postgres", "asyncpg"), ("mysql", "asyncmy")])
def test_a_missing_package_is_named(driver: str, package: str, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"siprouter.db.{driver}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OperatorError) as caught:
        make_database(parse_url(f"{driver}://h/d"), DriverOptions(), log)
    assert f"needs the Python package {package}" in str(caught.value)
    assert f"pip install 'siprouter[{driver}]'" in str(caught.value)


def test_driver_modules_set_their_options(tmp_path: Path) -> None:
    text = """
        loadmodule "db_mysql.so"
        loadmodule "db_postgres.so"
        loadmodule "db_text.so"
        loadmodule "db_sqlite.so"
        loadmodule "db_flatstore.so"
        modparam("db_mysql", "timeout_interval", 1)
        modparam("db_mysql", "auto_reconnect", 0)
        modparam("db_postgres", "retries", 5)
        modparam("db_text", "db_mode", 1)
        modparam("db_flatstore", "field_delimiter", ";")
        modparam("db_flatstore", "file_suffix", ".txt")
        route {}
    """
    with Node(text) as node:
        found = databases(node.worker)
        assert found.driver_options("mysql").statement_timeout == 3
        assert not found.driver_options("mysql").reconnect
        assert found.driver_options("postgres").retries == 5
        assert found.driver_options("text").reload_changed
        flat = open_database(node.worker, f"flatstore:{tmp_path}", "m", query=False)
        assert isinstance(flat, FlatDatabase)
        now(flat.insert("acc", {"a": 1, "b": 2}))
        path = tmp_path / f"acc_{flat.process}.txt"
        assert path.read_text() == "1;2\n"
        path.unlink()
        node.rpc("flatstore.rotate")
        now(flat.insert("acc", {"a": 3}))
        assert path.read_text() == "3\n"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('modparam("db_mysql", "retries", -1)', "retries must not be negative"),
        ('modparam("db_text", "db_mode", 2)', "db_mode must be 0 or 1"),
        ('modparam("db_flatstore", "field_delimiter", "::")', "field_delimiter must be one character"),
        ('modparam("db_flatstore", "file_suffix", "/x")', "must not hold a slash"),
        ('modparam("db_postgres", "retries", -1)', "retries must not be negative"),
    ],
)
def test_parameters_are_checked(line: str, why: str) -> None:
    name = line.split('"')[1]
    with pytest.raises(OperatorError, match=why):
        Node(f'loadmodule "{name}.so"\n{line}\nroute {{}}')


def test_names_of_tables_and_columns_are_checked() -> None:
    check_names("m", {"table": "public.acc", "column": "to_tag"})
    for bad in ("a;b", "", None, "a.b.c"):
        with pytest.raises(OperatorError, match="parameter table is no name"):
            check_names("m", {"table": bad})


async def test_versions_are_checked(tmp_path: Path, log: Log) -> None:
    database = make_database(parse_url(f"sqlite://{tmp_path}/x.db"), DriverOptions(), log, create=True)
    with pytest.raises(OperatorError, match="table version cannot be read"):
        await check_version(database, "acc", 4, "m")
    await database.raw("CREATE TABLE version (table_name VARCHAR(32), table_version INT)")
    with pytest.raises(OperatorError, match="table acc has version 0, 4 is needed"):
        await check_version(database, "acc", 4, "m")
    await database.insert("version", {"table_name": "acc", "table_version": 4})
    await check_version(database, "acc", 4, "m")
    database.close()
    absent = make_database(parse_url(f"sqlite://{tmp_path}/y.db"), DriverOptions(), log)
    with pytest.raises(OperatorError, match="no such file"):
        await check_version(absent, "acc", 4, "m")
    assert not (tmp_path / "y.db").exists()


def test_values_that_are_too_long_are_cut() -> None:
    fits = {"a": "xyz", "b": 12345, "c": "long enough"}
    assert cut(fits, {"a": 3, "b": 1}) is fits
    assert cut(fits, {"a": 2, "c": 4}) == {"a": "xy", "b": 12345, "c": "long"}


def test_clean_text() -> None:
    assert clean("a\udc80b") == "a\ufffdb"
    assert clean("\ud800") == "?"
    assert clean(5) == 5


def test_now_wants_an_answer_at_once() -> None:
    import asyncio

    with pytest.raises(InternalError):
        now(asyncio.sleep(0))
