"""cfg_db over SQLite."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import siprouter.modules.cfg_db
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.sqlite import Sqlite

README = (Path(siprouter.modules.cfg_db.__path__[0]) / "README.md").read_text()

SCRIPT = """
loadmodule "db_sqlite.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "cfg_db.so"
modparam("cfg_db", "db_url", "{url}")
my.own = "script" desc "a text"
request_route {{ sl_send_reply("200", @cfg_get.{read}); }}
"""

Make = Callable[..., Node]


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    for statement in re.findall(r"`(CREATE TABLE [^`]+)`", README):
        sqlite.run(statement)
    return sqlite


def start(database: Sqlite, read: str = "my.own") -> Node:
    return Node(SCRIPT.format(url=database.url, read=read))


def custom(database: Sqlite, group: str, name: str, kind: str, *limits: int | None, text: str = "help") -> None:
    least, most = limits or (None, None)
    values = {"group_name": group, "name": name, "value_type": kind, "min_value": least, "max_value": most}
    database.insert("cfg_custom", **values, description=text)


def reason(node: Node) -> str:
    return node.receive(build_message("OPTIONS", "sip:x@example.org"))[-1].message.reason


def test_values_are_read_at_the_start_and_again_by_rpc(database: Sqlite) -> None:
    database.insert("cfg_transl", group_name="*")
    database.run("INSERT INTO cfg_var VALUES ('my', 'own', 'stored'), ('tm', 'fr_timer', '7000')")
    with closing(start(database)) as node:
        assert reason(node) == "stored"
        assert node.worker.module("tm").config.fr_timer == 7.0
        assert node.rpc("cfg_db.reload").values == [0]
        database.run("UPDATE cfg_var SET value = 'newer' WHERE name = 'own'")
        assert node.rpc("cfg_db.reload").values == [1]
        assert reason(node) == "newer"


def test_without_translations_nothing_changes(database: Sqlite) -> None:
    database.run("INSERT INTO cfg_var VALUES ('my', 'own', 'stored')")
    with closing(start(database)) as node:
        assert reason(node) == "script"


def test_settings_of_the_custom_table(database: Sqlite) -> None:
    custom(database, "gw", "limit", "Integer", 1, 50, text="calls at a time")
    custom(database, "gw", "host", "S")
    database.insert("cfg_transl", group_name="gw")
    database.run("INSERT INTO cfg_var VALUES ('gw', 'limit', '30')")
    with closing(start(database, "gw.limit")) as node:
        cfg = node.worker.cfg
        assert reason(node) == "30"
        assert cfg.get("gw", "host") == ""
        assert cfg.vars["gw", "limit"].help == "calls at a time"
        database.run("UPDATE cfg_var SET value = '51'")
        assert node.rpc("cfg_db.reload").values == [0]
        assert cfg.get("gw", "limit") == 30
        assert "between 1 and 50" in node.errors[-1]
        node.records.clear()
        custom(database, "gw", "late", "i")
        database.run("INSERT INTO cfg_var VALUES ('gw', 'late', '4')")
        database.run("UPDATE cfg_var SET value = '40' WHERE name = 'limit'")
        assert node.rpc("cfg_db.reload").values == [2]
        assert (cfg.get("gw", "limit"), cfg.get("gw", "late")) == (40, 4)


def test_the_first_table_that_has_the_value_counts(database: Sqlite) -> None:
    database.run("CREATE TABLE cfg_my (grp VARCHAR(64), param VARCHAR(64), val VARCHAR(64))")
    database.run("CREATE TABLE usual (group_name VARCHAR(64), name VARCHAR(64), val VARCHAR(64))")
    fields = ["cfg_table", "cfg_table_group_name_field", "cfg_table_name_field", "cfg_table_value_field"]
    database.insert("cfg_transl", group_name="*")
    database.insert("cfg_transl", group_name="my", **dict(zip(fields, ("cfg_my", "grp", "param", ""), strict=True)))
    database.insert("cfg_transl", group_name="<default>", **dict(zip(fields, ("usual", None, "", "val"), strict=True)))
    database.run("INSERT INTO usual VALUES ('my', 'own', 'general'), ('tm', 'default_code', '501')")
    with closing(start(database)) as node:
        assert reason(node) == "general"
        assert node.worker.cfg.get("tm", "default_code") == 501
        database.run("INSERT INTO cfg_my VALUES ('my', 'own', 'mine')")
        node.rpc("cfg_db.reload")
        assert reason(node) == "mine"


def test_tables_that_cannot_be_read_change_nothing(database: Sqlite) -> None:
    database.insert("cfg_transl", group_name="my", cfg_table="nowhere")
    database.insert("cfg_transl", group_name="my", cfg_table="no; where")
    with closing(start(database)) as node:
        assert reason(node) == "script"
        assert [text for text in node.errors if "no such table" in text]
        assert [text for text in node.errors if "no; where" in text]
        node.records.clear()
        database.run("DROP TABLE cfg_transl")
        with pytest.raises(RpcError, match="cfg_transl"):
            node.rpc("cfg_db.reload")
        assert reason(node) == "script"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("my", "own", "s"), "my.own of table cfg_custom exists already"),
        (("", "x", "s"), "bad row in table cfg_custom"),
        (("g", "x", "float"), "bad row in table cfg_custom"),
    ],
)
def test_bad_rows_of_the_custom_table(database: Sqlite, row: tuple[str, str, str], problem: str) -> None:
    custom(database, *row)
    with pytest.raises(OperatorError, match=problem):
        start(database)


def test_a_setting_that_nobody_declares(database: Sqlite) -> None:
    with pytest.raises(OperatorError, match=r"@cfg_get\.gw\.limit, which nobody declares"):
        start(database, "gw.limit")


def test_bad_parameters(database: Sqlite) -> None:
    with pytest.raises(LoadError, match="custom_tbl is no name of a table"):
        Node('loadmodule "cfg_db.so"\nmodparam("cfg_db", "custom_tbl", "a b")\nroute { exit; }')
