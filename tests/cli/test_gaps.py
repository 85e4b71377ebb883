import json

import pytest

from siprouter.cli.gaps import main


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["path", "acc_radius (ser)"]) in (0, 1)
    out = capsys.readouterr().out
    assert "path: " in out and "total: " in out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) in (0, 1)
    out = json.loads(capsys.readouterr().out)
    assert len(out) == 173
    assert set(out["core"]) == {"declared", "names", "gaps"}


def test_wrong_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nosuch"]) == 2
    assert "no module nosuch" in capsys.readouterr().err
