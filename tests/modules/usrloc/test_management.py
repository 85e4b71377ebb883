"""MI and RPC against the forms that SIP Router's tools read."""

from typing import Any

import pytest

from siprouter.modules.usrloc.domain import INSERT
from siprouter.rpc.call import call_mi, call_rpc
from siprouter.rpc.mi import MiArgument, MiReply, node_lines
from siprouter.rpc.values import plain
from tests.modules.usrloc.conftest import NOW, Load, contact
from tests.support.fakes import FakeWorker


async def mi(worker: FakeWorker, name: str, *values: str) -> MiReply:
    reply = await call_mi(worker, name, [MiArgument(None, value) for value in values])
    assert reply is not None
    return reply


def lines(reply: MiReply) -> list[str]:
    return list(node_lines(reply, "\t"))


async def test_add_show_dump_remove(worker: FakeWorker, load: Load) -> None:
    usrloc = load()
    domain = usrloc.domain("location")
    added = await mi(worker, "ul_add", "location", "Bob@x.org", "sip:bob@192.0.2.5", "60", "0.5", "0", "1", "128", "32")
    assert added.code == 200
    [stored] = domain.get("bob")
    assert (stored.expires, stored.q, stored.flags, stored.cflags, stored.methods) == (NOW + 60, 500, 1, 128, 32)
    shown = await mi(worker, "ul_show_contact", "location", "bob")
    [line] = lines(shown)
    assert line.startswith("Contact:: <sip:bob@192.0.2.5>;q=0.5;expires=60;flags=0x1;cflags=0x80;socket=<NULL>;")
    assert line.endswith(";methods=0x20;user_agent=<SIP Router MI Server>")
    worker.wall_time += 1
    again = await mi(worker, "ul_add", "location", "bob", "sip:bob@192.0.2.5", "0", "1", "0", "0", "0", "32")
    assert again.code == 200
    assert [one.expires for one in domain.get("bob")] == [0]
    assert (await mi(worker, "ul_rm_contact", "location", "bob", "sip:x")).code == 404
    assert (await mi(worker, "ul_rm_contact", "location", "bob", "sip:bob@192.0.2.5")).code == 200
    assert domain.get("bob") == ()


async def test_dump(worker: FakeWorker, load: Load) -> None:
    domain = load(hash_size=2).domain("location")
    one = contact(
        expires=NOW + 9, socket="udp:192.0.2.10:5060", received="sip:r", path="<sip:p;lr>", q=1000, methods=7, cflags=64
    )
    two = contact("sip:two", expires=NOW - 1, user_agent="")
    domain.store("bob", (one, two), [(INSERT, one), (INSERT, two)])
    assert lines(await mi(worker, "ul_dump")) == [
        "Domain:: location table=4 records=1 max_slot=1",
        "\tAOR:: bob",
        "\t\tContact:: sip:bob@192.0.2.5:5060 Q=1",
        "\t\t\tExpires:: 9",
        "\t\t\tCallid:: c1@host",
        "\t\t\tCseq:: 1",
        "\t\t\tUser-agent:: ua",
        "\t\t\tReceived:: sip:r",
        "\t\t\tPath:: <sip:p;lr>",
        "\t\t\tState:: CS_NEW",
        "\t\t\tFlags:: 0",
        "\t\t\tCflags:: 64",
        "\t\t\tSocket:: udp:192.0.2.10:5060",
        "\t\t\tMethods:: 7",
        "\t\tContact:: sip:two Q=",
        "\t\t\tExpires:: expired",
        "\t\t\tCallid:: c1@host",
        "\t\t\tCseq:: 1",
        "\t\t\tState:: CS_NEW",
        "\t\t\tFlags:: 0",
        "\t\t\tCflags:: 0",
        "\t\t\tMethods:: 4294967295",
    ]
    assert lines(await mi(worker, "ul_dump", "brief")) == [
        "Domain:: location table=4 records=1 max_slot=1",
        "\tAOR:: bob",
    ]


async def test_rpc_dump(worker: FakeWorker, load: Load) -> None:
    domain = load().domain("location")
    for number in range(1001):
        one = contact(f"sip:{number}")
        domain.store(f"user{number}", (one,), [(INSERT, one)])
    full: Any = plain((await call_rpc(worker, "ul.dump", [])).values)
    assert full[0]["Domain"] == "location" and full[0]["Size"] == 512
    assert full[0]["AoRs"]["AoR"][1000] == "user1000"
    assert full[0]["AoRs"]["Contacts"][1000]["Contact"] == {
        "Address": "sip:1000",
        "Expires": 3600,
        "Q": -1.0,
        "Call-ID": "c1@host",
        "CSeq": 1,
        "User-Agent": "ua",
        "Received": "[not set]",
        "Path": "[not set]",
        "State": "CS_NEW",
        "Flags": 0,
        "CFlags": 0,
        "Socket": "[not set]",
        "Methods": -1,
    }
    assert full[0]["Stats"]["Records"] == 1001 and 2 <= full[0]["Stats"]["Max-Slots"] <= 20
    assert worker.slept == [0, 0]
    brief: Any = plain((await call_rpc(worker, "ul.dump", ["brief"])).values)
    assert set(brief[0]["AoRs"]) == {"AoR"}


@pytest.mark.parametrize(
    "command,code,reason",
    [
        ("ul_rm location", 400, "Too few or too many arguments"),
        ("ul_rm nowhere bob", 404, "Table not found"),
        ("ul_rm location nobody", 200, "OK"),
        ("ul_rm_contact location bob", 400, "Too few or too many arguments"),
        ("ul_rm_contact location nobody sip:x", 404, "AOR not found"),
        ("ul_rm_contact nowhere nobody sip:x", 404, "Table not found"),
        ("ul_show_contact location nobody", 404, "AOR not found"),
        ("ul_show_contact location", 400, "Too few or too many arguments"),
        ("ul_show_contact nowhere bob", 404, "Table not found"),
        ("ul_show_contact location old", 404, "AOR has no contacts"),
        ("ul_dump a b", 400, "Too few or too many arguments"),
        ("ul_flush x", 400, "Too few or too many arguments"),
        ("ul_add location bob sip:x 1 1 0 0 0", 400, "Too few or too many arguments"),
        ("ul_add nowhere bob sip:x 1 1 0 0 0 0", 404, "Table not found"),
        ("ul_add location bob sip:x y 1 0 0 0 0", 400, "Bad parameter"),
        ("ul_add location bob sip:x 1 2 0 0 0 0", 400, "Bad parameter"),
        ("ul_add location bob sip:x 1 1 0 0 0 4294967296", 400, "Bad parameter"),
    ],
)
async def test_refusals(worker: FakeWorker, load: Load, command: str, code: int, reason: str) -> None:
    domain = load().domain("location")
    one = contact(expires=NOW - 1)
    domain.store("old", (one,), [(INSERT, one)])
    name, *values = command.split()
    reply = await mi(worker, name, *values)
    assert (reply.code, reply.reason) == (code, reason)


async def test_domain_needed_in_aor(worker: FakeWorker, load: Load) -> None:
    load(use_domain=1).domain("location")
    assert (await mi(worker, "ul_rm", "location", "bob")).reason == "Domain missing in AOR"


async def test_flush_removes_what_expired(worker: FakeWorker, load: Load) -> None:
    domain = load(timer_interval=3600).domain("location")
    one = contact(expires=NOW + 5)
    domain.store("bob", (one,), [(INSERT, one)])
    worker.wall_time += 10
    assert (await mi(worker, "ul_flush")).code == 200
    assert domain.get("bob") == ()
    assert (await mi(worker, "ul_rm", "location", "bob")).code == 200
