"""The `siprouter` command and its subcommands run, check and modules."""

from pathlib import Path

import pytest

from siprouter.cli import main as command
from siprouter.cli.main import main
from siprouter.cli.run import build_parser, run_options
from siprouter.db.record_kinds import kinds
from siprouter.server.options import RunOptions
from siprouter.util.errors import OperatorError

Captured = pytest.CaptureFixture[str]


def options(*arguments: str) -> RunOptions:
    found, unknown = build_parser().parse_known_args(["-f", "k.cfg", *arguments])
    return run_options(found, unknown)


def test_usage_names_all_commands(capsys: Captured) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in command.COMMANDS)
    assert main([]) == 2


def test_every_file_is_a_command() -> None:
    folder = Path(command.__file__).parent
    files = {path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "main")}
    assert {"run", "check", "modules", "rpc", "gaps"} <= files <= {*command.COMMANDS, "records"}


def test_every_table_is_a_command(capsys: Captured) -> None:
    assert set(kinds()) == set(command.TABLES)
    for name in (*command.TABLES, *command.OTHER_NAMES):
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert f"siprouter {command.OTHER_NAMES.get(name, name)} " in capsys.readouterr().out


def test_version(capsys: Captured) -> None:
    assert main(["-V"]) == 0
    assert capsys.readouterr().out.startswith("version: siprouter ")


def test_an_unknown_command(capsys: Captured) -> None:
    assert main(["nonsense"]) == 2
    assert "unknown command 'nonsense'" in capsys.readouterr().err


def test_options_without_a_command_are_those_of_run(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RunOptions] = []

    def run(found: RunOptions) -> int:
        seen.append(found)
        return 7

    monkeypatch.setattr("siprouter.cli.run.run", run)
    assert main(["-f", "k.cfg", "-DD", "-E"]) == 7
    assert seen[0].file == Path("k.cfg") and seen[0].background is False


def test_run_defines() -> None:
    found = options("-D", "ONE", "-D", "TWO=2", "-DTHREE=x=y", "-A", "FOUR=4")
    assert found.defines == {"ONE": "", "TWO": "2", "THREE": "x=y", "FOUR": "4"}
    assert found.background is None


@pytest.mark.parametrize("words", [["-D"], ["-DD"], ["-DDD"], ["-D", "-E"], ["-E"]])
def test_run_stays_in_the_foreground(words: list[str]) -> None:
    found = options(*words)
    assert found.background is False and found.defines == {}


def test_run_in_the_background() -> None:
    assert options("-B").background is True
    assert options("-B", "-D").background is False
    assert options().background is None


def test_run_settings() -> None:
    found = options(
        *("-l", "udp:127.0.0.1:5070", "-l", "lo", "-ddd", "-u", "nobody", "-g", "nogroup", "-w", "/tmp", "-t", "/srv"),
        *("-n", "4", "-b", "65536", "-a", "no", "-v", "-T", "-S", "-P", "/run/x.pid", "-G", "/run/g", "-c"),
    )
    assert found.listen == ["udp:127.0.0.1:5070", "lo"]
    assert found.settings == {
        "user": "nobody",
        "group": "nogroup",
        "workdir": "/tmp",
        "chroot": "/srv",
        "children": 4,
        "maxbuffer": 65536,
        "auto_aliases": 0,
        "check_via": 1,
        "disable_tcp": 1,
        "disable_sctp": 1,
    }
    assert (found.debug, found.pid_file, found.group_pid_file, found.check_only) == (3, "/run/x.pid", "/run/g", True)
    assert options().settings == {} and options().debug is None


def test_meaningless_and_unknown_options_are_said_once() -> None:
    found = options("-m", "64", "-M", "8", "-m", "32", "--nonsense", "-O2", "-r", "-v")
    assert [text.split(":")[0] for text in found.warnings[:4]] == [
        "option -m changes nothing",
        "option -M changes nothing",
        "option -O changes nothing",
        "option -r changes nothing",
    ]
    assert found.settings == {"check_via": 1} and len(found.warnings) == 5
    assert found.warnings[4] == "unknown options are passed over: --nonsense"


@pytest.mark.parametrize(("words", "said"), [(["--workers", "2"], 1), (["--workers", "1"], 0), ([], 0)])
def test_local_state_is_for_one_worker(words: list[str], said: int) -> None:
    warnings = options("--state", "local", *words).warnings
    assert [text for text in warnings if "--state local is for one worker" in text] == warnings
    assert len(warnings) == said


def test_a_bad_define() -> None:
    with pytest.raises(OperatorError, match="cannot define '1X'"):
        options("-D", "1X")
    assert main(["run", "-f", "k.cfg", "-D", "1X"]) == 2


def test_check(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "k.cfg"
    path.write_text("route { exit; }\n")
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: ok, 0 warnings\n"
    path.write_text("route {\n  nonsense();\n}\n")
    assert main(["check", str(path)]) == 1
    shown = capsys.readouterr().out
    assert f"{path}:2:3: error:" in shown and shown.endswith(f"{path}: 1 error, 0 warnings\n")
    path.write_text("#!ifdef X\nroute { exit; }\n#!else\nnonsense\n#!endif\n")
    assert main(["check", "-q", "-D", "X", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["check", str(tmp_path / "none")]) == 2
    assert main(["check", "-D", "1X", str(path)]) == 2


def test_modules(capsys: Captured) -> None:
    assert main(["modules"]) == 0
    listed = capsys.readouterr().out
    assert "\n  tm " in listed and "\n  usrloc " in listed
    assert main(["modules", "list"]) == 0
    assert capsys.readouterr().out == listed
    assert main(["modules", "show", "maxfwd.so"]) == 0
    shown = capsys.readouterr().out
    assert "max_limit (int, 256)" in shown and "mf_process_maxfwd_header(1)" in shown and "[request_route]" in shown
    assert main(["modules", "show", "maxfwdd"]) == 2
    assert "did you mean maxfwd?" in capsys.readouterr().err
