"""`siprouter demo`: real sockets on the loopback interface."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from siprouter.cli import demo
from siprouter.cli.main import main
from siprouter.server.demo import phone as phone_module
from siprouter.server.demo.play import DEFAULT_CONFIG, Outcome, Pace, play

QUICK = Pace(ring=0.02, talk=0.02)
ROOT = Path(__file__).resolve().parents[2]


def played(path: Path = DEFAULT_CONFIG) -> Outcome:
    return asyncio.run(play(path, QUICK))


def refusing(tmp_path: Path, route: str) -> Path:
    """A configuration that registers phones and does `route` with calls."""
    path = tmp_path / "odd.cfg"
    modules = "".join(f'loadmodule "{name}.so"\n' for name in ("tm", "sl", "pv", "usrloc", "registrar", "textops"))
    path.write_text(f'{modules}route {{\n if (is_method("REGISTER")) {{ save("location"); exit; }}\n {route}\n}}\n')
    return path


def test_the_packaged_configuration_is_the_default_one() -> None:
    assert DEFAULT_CONFIG.read_bytes() == (ROOT / "etc" / "siprouter.cfg").read_bytes()


def test_a_call_with_the_default_configuration() -> None:
    outcome = played()
    assert outcome.failure == ""
    assert outcome.steps == ["alice registered", "bob registered", "alice called bob", "bob answered", "alice hung up"]
    texts = [(arrow.source, arrow.target, arrow.text.split()[0]) for arrow in outcome.arrows]
    assert texts[:4] == [
        ("alice", "siprouter", "REGISTER"),
        ("siprouter", "alice", "200"),
        ("bob", "siprouter", "REGISTER"),
        ("siprouter", "bob", "200"),
    ]
    assert [text for source, target, text in texts if target == "bob"] == ["200", "INVITE", "ACK", "BYE"]
    assert [text for source, target, text in texts[4:] if target == "alice"] == ["100", "180", "200", "200"]
    times = [arrow.time for arrow in outcome.arrows]
    assert times == sorted(times)


def test_what_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siprouter.server.demo.play.Pace", lambda: QUICK)
    assert main(["demo", "--width", "100"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 100 for line in lines[2:-3])
    assert lines[2].split() == ["alice", "siprouter", "bob"]
    assert "INVITE sip:bob@127.0.0.1" in "\n".join(lines)
    assert lines[-2].endswith("alice hung up: 17 messages.")
    assert lines[-1] == f"To serve phones of your own: siprouter run -f {ROOT / 'etc' / 'siprouter.cfg'}"


def test_a_refused_call_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = refusing(tmp_path, 'sl_send_reply("403", "No Calls");')
    assert main(["demo", "-f", str(path)]) == 1
    out = capsys.readouterr().out
    assert "alice registered, bob registered: 6 messages." in out
    assert "FAILED: alice got 403 No Calls in place of 180 (INVITE)." in out
    assert "403 No Calls (INVITE)" in out


def test_silence_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_module, "STEP_TIMEOUT", 0.1)
    outcome = played(refusing(tmp_path, "exit;"))
    assert outcome.steps == ["alice registered", "bob registered"]
    assert outcome.failure.endswith("within 0.1 seconds")


def test_the_log_is_printed_with_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_module, "STEP_TIMEOUT", 0.1)
    outcome = played(refusing(tmp_path, "$var(x) = 1 / $var(zero);"))
    assert any("division by zero" in line for line in outcome.log)
    assert "division by zero" in demo.report(outcome, 100)
    outcome.failure = ""
    assert "division by zero" not in demo.report(outcome, 100)
    assert "division by zero" in demo.report(outcome, 100, verbose=True)


def test_a_broken_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.cfg"
    path.write_text("route {\n    nonsense();\n}\n")
    assert main(["demo", "-f", str(path)]) == 1
    assert "broken.cfg:2:5: error:" in capsys.readouterr().err
    assert main(["demo", "-f", str(tmp_path / "absent.cfg")]) == 1
    assert "cannot read" in capsys.readouterr().err


def test_addresses_in_the_file_do_not_matter(tmp_path: Path) -> None:
    path = refusing(tmp_path, 'if (!lookup("location")) sl_send_reply("404", "Not Found"); else t_relay();')
    path.write_text(f"listen=udp:192.0.2.77:5060\n{path.read_text()}")
    outcome = played(path)
    assert outcome.router.startswith("udp:127.0.0.1:")
    assert outcome.failure == ""
