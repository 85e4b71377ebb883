"""`siprouter db` and `siprouter user` on SQLite and text files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from siprouter.cli.main import main
from siprouter.db.accounts import parse_account
from siprouter.sip.digest import compute_ha1
from siprouter.util.errors import OperatorError


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    found = f"sqlite://{tmp_path}/new/sip.db"
    monkeypatch.setenv("SIPROUTER_DB_URL", found)
    monkeypatch.delenv("SIP_DOMAIN", raising=False)
    assert main(["db", "create"]) == 0
    assert "made 51 tables" in capsys.readouterr().out
    return found


def add(monkeypatch: pytest.MonkeyPatch, account: str, password: str, *options: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    return main(["user", "add", account, "--password-stdin", *options])


def test_create_check_upgrade_drop(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "create"]) == 0
    assert "all tables are there" in capsys.readouterr().out
    assert main(["db", "check"]) == 0
    assert "51 of 51 tables" in capsys.readouterr().out
    assert main(["db", "shell", "DROP TABLE acc"]) == 0
    assert main(["db", "check", url, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["acc"]["state"] == "missing"
    assert main(["db", "upgrade", url]) == 0
    assert capsys.readouterr().out == "made acc\n"
    assert main(["db", "drop", url]) == 1
    assert "confirm with --yes" in capsys.readouterr().err
    assert main(["db", "drop", url, "--yes", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["removed"]) == 51


def test_upgrade_leaves_strange_tables_alone(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "shell", "ALTER TABLE uri RENAME COLUMN uri_user TO other"]) == 0
    assert main(["db", "upgrade"]) == 1
    assert "left alone: uri lacks uri_user" in capsys.readouterr().err


def test_parts_of_the_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "create", f"text://{tmp_path}/t", "--tables", "standard", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["made"]
    assert "location" in made
    assert "presentity" not in made
    assert (tmp_path / "t" / "version").read_text().startswith("table_name(string) table_version(int)\n")
    with pytest.raises(SystemExit):
        main(["db", "create", f"text://{tmp_path}/t", "--tables", "nonsense"])


def test_copy(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(monkeypatch, "bob@example.org", "secret") == 0
    target = f"text://{tmp_path}/copy"
    capsys.readouterr()
    assert main(["db", "copy", url, target]) == 0
    assert "copied 1 rows" in capsys.readouterr().out
    assert main(["db", "copy", url, target]) == 1
    assert "subscriber" in capsys.readouterr().err
    assert main(["user", "list", "--db", target]) == 0
    assert capsys.readouterr().out == "bob@example.org\n"


def test_shell(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1 AS a, NULL AS long_name;\n\nnonsense\n"))
    assert main(["db", "shell"]) == 1
    out, err = capsys.readouterr()
    assert out == "a  long_name\n-  ---------\n1  NULL\n"
    assert "error: near" in err
    assert main(["db", "shell", url, "SELECT 'x' AS a", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"a": "x"}]


def test_accounts(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(monkeypatch, "alice@example.org", "secret", "--email", "a@x") == 0
    assert add(monkeypatch, "bob@example.org", "x" * 40, "--hash-only") == 0
    assert add(monkeypatch, "alice@example.org", "again") == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["user", "list", "example.org", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ["alice@example.org", "bob@example.org"]
    monkeypatch.setattr("sys.stdin", io.StringIO("changed\n"))
    assert main(["user", "passwd", "alice@example.org", "--password-stdin"]) == 0
    capsys.readouterr()
    assert main(["db", "shell", "SELECT password, ha1, ha1b FROM subscriber WHERE username='alice'", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert row == {
        "password": "changed",
        "ha1": compute_ha1("alice", "example.org", "changed"),
        "ha1b": compute_ha1("alice@example.org", "example.org", "changed"),
    }
    monkeypatch.setenv("SIP_DOMAIN", "example.org")
    assert main(["user", "show", "bob", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["username"], shown["password"], shown["ha1"]) == ("bob", "not set", "set")
    assert main(["user", "rm", "bob"]) == 1
    assert main(["user", "rm", "bob", "-y"]) == 0
    assert main(["user", "show", "bob"]) == 1
    assert "bob@example.org is not there" in capsys.readouterr().err


@pytest.mark.parametrize(("password", "why"), [("", "is empty"), ("x" * 26, "--hash-only")])
def test_passwords_that_do_not_do(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], password: str, why: str
) -> None:
    assert add(monkeypatch, "alice@example.org", password) == 1
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "@x", "a b@x", "alice", "a@" + "x" * 65, 'a"@x'])
def test_what_is_no_account(text: str) -> None:
    with pytest.raises(OperatorError):
        parse_account(text)


def test_errors_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("SIPROUTER_DB_URL", raising=False)
    assert main(["db", "check"]) == 1
    assert "which database?" in capsys.readouterr().err
    assert main(["db", "check", f"sqlite://{tmp_path}/nothing.db"]) == 1
    assert "no such file" in capsys.readouterr().err
    assert main(["user", "list", "--db", "oracle://x/y"]) == 1
    assert "no database driver is called 'oracle'" in capsys.readouterr().err
