"""Checking configurations, and what runs beside messages."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from siprouter.core.context import Context
from siprouter.script.diagnostics import Diagnostics
from siprouter.server import startup
from siprouter.server.main import note_alias
from siprouter.server.options import RunOptions, parse_define, usual_file
from siprouter.server.startup import Tasks, check
from siprouter.sip.message import parse_message
from siprouter.testing.messages import build_message
from siprouter.transport.connections import ConnectionTable
from siprouter.transport.endpoint import PROTO_TCP, Endpoint
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.log import Log, Record


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


async def checked(path: Path, text: str, **options: object) -> Diagnostics:
    return await check(RunOptions(written(path, text), **options), Log(lambda record: None))  # type: ignore[arg-type]


async def test_a_good_file(tmp_path: Path) -> None:
    found = await checked(tmp_path / "k.cfg", 'loadmodule "sl.so"\nroute { sl_send_reply("200", "OK"); }\n')
    assert not found.items


async def test_all_errors_in_one_run(tmp_path: Path) -> None:
    found = await checked(
        tmp_path / "k.cfg",
        'loadmodule "sl.so"\nmodparam("sl", "nonsense", 1)\nroute {\n sl_sendreply("200", "OK");\n}\n',
    )
    assert [item.location.line for item in found.errors] == [2, 4]


async def test_defines_count(tmp_path: Path) -> None:
    text = "#!ifdef BAD\nnonsense\n#!endif\nroute { exit; }\n"
    assert not (await checked(tmp_path / "k.cfg", text)).failed
    assert (await checked(tmp_path / "k.cfg", text, defines={"BAD": ""})).failed


async def test_addresses_of_another_machine_are_no_error(tmp_path: Path) -> None:
    found = await checked(tmp_path / "k.cfg", "listen=udp:no-such-interface:5060\nroute { exit; }\n")
    assert not found.failed and "no-such-interface" in found.warnings[0].message


async def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot read"):
        await check(RunOptions(tmp_path / "none.cfg"), Log(lambda record: None))


async def test_tasks_end_and_their_errors_are_logged() -> None:
    records: list[Record] = []
    tasks = Tasks(Log(records.append))

    async def work(fails: bool) -> int:
        await asyncio.sleep(0)
        if fails:
            raise RuntimeError("trouble")
        return 7

    good, bad = tasks.spawn(work(False), "good"), tasks.spawn(work(True), "bad")
    assert len(tasks) == 2
    await asyncio.wait([good, bad])
    assert good.result() == 7 and len(tasks) == 0
    assert [record.text.split(" (")[0] for record in records] == ["task bad: RuntimeError: trouble"]


async def test_tasks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "MAX_TASKS", 1)
    tasks = Tasks(Log(lambda record: None))
    tasks.spawn(asyncio.sleep(60), "one")
    with pytest.raises(PeerError) as caught:
        tasks.spawn(asyncio.sleep(60), "two")
    assert caught.value.status == 503
    await tasks.finish(0)
    assert len(tasks) == 0


async def test_finishing_waits_only_so_long() -> None:
    tasks = Tasks(Log(lambda record: None))
    quick = tasks.spawn(asyncio.sleep(0.01), "quick")
    slow = tasks.spawn(asyncio.sleep(60), "slow")
    await tasks.finish(0.2)
    assert quick.done() and not quick.cancelled() and slow.cancelled()


def test_defines_of_the_command_line() -> None:
    assert parse_define("NAME") == ("NAME", "")
    assert parse_define("_A1=x=y") == ("_A1", "x=y")
    for bad in ("", "1A", "A-B", "=x", "A B"):
        with pytest.raises(OperatorError):
            parse_define(bad)


def test_the_usual_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first.cfg", tmp_path / "second.cfg"
    monkeypatch.setattr("siprouter.server.options.USUAL_FILES", (first, second))
    with pytest.raises(OperatorError, match="no configuration file"):
        usual_file()
    second.write_text("")
    assert usual_file() == second
    first.write_text("")
    assert usual_file() == first


@dataclass(eq=False)
class Line:
    remote: tuple[str, int] = ("192.0.2.7", 40000)
    local: tuple[str, int] = ("192.0.2.1", 5060)
    proto: int = PROTO_TCP
    reusable: bool = True
    id: int = 0


@pytest.mark.parametrize(
    ("via", "accept", "port"),
    [
        ("192.0.2.7:5070;alias", True, 5070),
        ("192.0.2.7;alias", True, 5060),
        ("192.0.2.7:5070;alias", False, 0),
        ("192.0.2.7:5070", True, 0),
    ],
)
async def test_an_alias_in_via_makes_a_connection_serve_its_port(via: str, accept: bool, port: int) -> None:
    assembly = startup.Assembly(asyncio.get_running_loop(), Log(lambda record: None))
    assembly.network.stream.accept_aliases = accept
    line = Line()
    table: ConnectionTable[Line] = assembly.outlet.table  # type: ignore[assignment]
    table.add(line)
    message = build_message("OPTIONS", "sip:x@example.org", via=f"SIP/2.0/TCP {via};branch=z9hG4bK1")
    source = Endpoint(PROTO_TCP, *line.remote, connection=line.id)
    ctx = Context(assembly.worker, None, parse_message(message), source, 0.0)
    assert note_alias(ctx, assembly) is False
    assert table.find(PROTO_TCP, "192.0.2.7", 5070) is (line if port == 5070 else None)
    assert table.find(PROTO_TCP, "192.0.2.7", 5060) is (line if port == 5060 else None)
