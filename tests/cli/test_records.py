"""`siprouter alias`, `domain`, `address` … on SQLite, and what they tell a running server."""

from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path

import pytest

from siprouter.cli.main import main
from siprouter.cli.records import describe, question
from siprouter.db.record_kinds import kinds
from siprouter.db.records import Record
from siprouter.db.terminal import progress
from tests.support.sqlite import Sqlite

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sqlite:
    found = Sqlite(tmp_path / "sip.db")
    monkeypatch.setenv("SIPROUTER_DB_URL", found.url)
    monkeypatch.setenv("SIP_DOMAIN", "example.org")
    monkeypatch.setenv("SIPROUTER_CTL", f"unix:{tmp_path}/nobody")
    return found


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_life(database: Sqlite, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["alias", "add", "bob", "alice@example.net"]) == 0
    out, err = capsys.readouterr()
    assert out == "bob@example.org alice@example.net: added\n"
    assert err == "note: table subscriber has no account alice@example.net\n"
    assert main(["alias", "add", "bob", "carol"]) == 1
    assert "this alias is there already" in capsys.readouterr().err
    assert main(["alias", "list", "--user", "alice@example.net"]) == 0
    assert capsys.readouterr().out.splitlines()[2] == "1   bob@example.org  alice@example.net"
    assert main(["alias", "show", "bob"]) == 0
    assert capsys.readouterr().out == "id: 1\nalias: bob@example.org\nuser: alice@example.net\n"
    assert main(["alias", "rm", "bob"]) == 1
    assert "confirm with --yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert main(["alias", "rm", "bob"]) == 1
    assert "Remove the alias bob@example.org alice@example.net?" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(["alias", "rm", "bob"]) == 0
    assert database.run("SELECT count(*) FROM dbaliases") == [(0,)]
    capsys.readouterr()
    assert main(["alias", "rm", "bob", "-y"]) == 1
    assert capsys.readouterr().err == "siprouter alias: there is no such alias (siprouter alias list)\n"


def test_searches(database: Sqlite, capsys: Captured) -> None:
    for group in ("int", "ld"):
        assert main(["acl", "add", "alice", group]) == 0
    capsys.readouterr()
    assert main(["group", "list", "alice", "--json"]) == 0
    assert [row["group"] for row in json.loads(capsys.readouterr().out)] == ["int", "ld"]
    assert main(["group", "list", "alice", "ld", "--group", "ld"]) == 1
    assert "group is given twice" in capsys.readouterr().err
    assert main(["group", "show"]) == 1
    assert "which membership? (its user, or --id)" in capsys.readouterr().err
    assert main(["group", "show", "--id", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["group"] == "ld"
    assert main(["group", "list", "nobody", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["group", "rm", "alice", "-y", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": 2}


def test_import_takes_what_list_gives(database: Sqlite, tmp_path: Path, capsys: Captured) -> None:
    assert main(["address", "add", "10.0.0.0/8", "--group", "3", "--tag", "in, out"]) == 0
    capsys.readouterr()
    assert main(["address", "list", "--json"]) == 0
    saved = tmp_path / "saved.json"
    saved.write_text(capsys.readouterr().out)
    assert main(["address", "import", str(saved)]) == 1
    assert "record 1 is there already (--skip-existing leaves such out)" in capsys.readouterr().err
    assert main(["address", "rm", "--id", "1", "-y"]) == 0
    assert main(["address", "import", str(saved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"added": 1, "skipped": 0}
    assert database.run("SELECT ip_addr, mask, grp, tag FROM address") == [("10.0.0.0", 8, 3, "in, out")]


def test_import_of_csv(database: Sqlite, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('domain\na.org\n"b.org"\n'))
    assert main(["domain", "import", "-"]) == 0
    assert database.run("SELECT domain FROM domain ORDER BY domain") == [("a.org",), ("b.org",)]
    file = tmp_path / "x.csv"
    for content, message in [
        ("domain\nc.org,d.org\n", "record 1 has not as many values"),
        ("name\nc.org\n", "there is no field 'name'"),
        ('"\n', "neither JSON nor CSV"),
        ("[1]", "must have objects"),
        ('[{"domain": null}]', "must have objects"),
        ("[", "neither JSON nor CSV"),
    ]:
        file.write_text(content)
        assert main(["domain", "import", str(file)]) == 1
        assert message in capsys.readouterr().err
    assert main(["domain", "import", str(tmp_path / "nothing")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_long_work_shows_how_far_it_is(database: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "many.csv"
    file.write_text("domain\n" + "".join(f"d{number}.org\n" for number in range(1000)))
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    assert main(["domain", "import", str(file)]) == 0
    assert "domain [###############---------------] 500 of 1000 rows" in shown.getvalue()
    assert "1000 of 1000 rows\n" in shown.getvalue()
    monkeypatch.setattr("sys.stderr", io.StringIO())
    progress("domain", 1, 2)
    assert sys.stderr.getvalue() == ""


def test_a_server_that_cannot_be_told(database: Sqlite, capsys: Captured) -> None:
    assert main(["domain", "add", "a.org"]) == 0
    assert capsys.readouterr().err == "a running server reads it after: siprouter rpc mi domain_reload\n"
    assert main(["domain", "add", "b.org", "--reload"]) == 1
    assert "the table is changed, but the running server has not read it: no reply" in capsys.readouterr().err
    assert main(["domain", "add", "c.org", "--reload", "-s", "tcp:x:y"]) == 1
    assert "bad socket 'tcp:x:y'" in capsys.readouterr().err
    assert main(["location", "show", "alice"]) == 1
    assert "siprouter location: no reply from" in capsys.readouterr().err


def test_the_examples_of_the_manual(database: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of docs/databases.md below "Tables kept by hand" but those that need a running server."""
    monkeypatch.chdir(tmp_path)
    manual = (Path(__file__).parents[2] / "docs" / "databases.md").read_text()
    part = manual.partition("## Tables kept by hand")[2].partition("\n## ")[0]
    lines = [
        line.strip() for line in part.splitlines() if line.startswith("    siprouter ") and " location " not in line
    ]
    assert len(lines) > 10
    for line in lines:
        words = shlex.split(line.replace("--reload", ""), comments=True)[1:]
        redirected = words[-1].removeprefix(">") if words[-1].startswith(">") else ""
        out = io.StringIO()
        monkeypatch.setattr("sys.stdin", Terminal("y\n"))
        monkeypatch.setattr("sys.stdout", out)
        assert main(words[:-1] if redirected else words) == 0, line
        if redirected:
            Path(redirected).write_text(out.getvalue())
    assert database.run("SELECT count(*) FROM address") == [(1,)]
    assert database.run("SELECT count(*) FROM dispatcher") == [(0,)]


def test_questions_name_what_goes() -> None:
    kind = kinds()["domain"]
    records: list[Record] = [{"id": number, "domain": f"d{number}.org"} for number in range(13)]
    assert describe(kind, records[0]) == "d0.org"
    text = question(kind, records)
    assert "d9.org" in text
    assert "… and 3 more\nRemove these 13 rows of table domain?" in text
