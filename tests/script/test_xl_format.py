"""Format strings of SER."""

from __future__ import annotations

import os
import socket
import time

import pytest

from siprouter.core.context import Branch, Context
from siprouter.script.core_args import parse_attribute
from siprouter.script.selects import register_core_selects
from siprouter.script.xl_format import MAX_PARTS, parse_xl_format
from siprouter.sip.message import Message
from siprouter.util.errors import NOWHERE, OperatorError
from tests.support.fakes import FakeWorker, context, reply, request

PID = os.getpid()
HOST = socket.gethostname()
TIME = 1_700_000_000


def make(msg: Message | None = None) -> Context:
    worker = FakeWorker()
    register_core_selects(worker)
    return context(worker, msg)


def expand(ctx: Context, text: str) -> str:
    return parse_xl_format(text, ctx.worker.env, NOWHERE).text(ctx)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a%%b", "a%b"),
        ("%rm", "INVITE"),
        ("%ru", "sip:bob@example.com;transport=tcp"),
        ("%ci", "c1@192.0.2.1"),
        ("%cs", "102"),
        ("%ct", "<sip:alice@192.0.2.1:5070>"),
        ("%fu|%ft", "sip:alice@example.org|a1"),
        ("%tu|%tt", "sip:bob@example.com|<null>"),
        ("%ua", "test"),
        ("%rt", "<null>"),
        ("%si:%sp", "192.0.2.1:5070"),
        ("%Ri:%Rp", "192.0.2.10:5060"),
        ("%rs%rr", "<null><null>"),
        ("%br,%bR,%ds", "<null>,,<null>"),
        ("%mf", "0"),
        ("%nh", "sip:bob@example.com;transport=tcp"),
        ("%pp", "PID"),
        ("%px", "HEXPID"),
        ("%mi%mi-%mx", "11-00000001"),
        ("%Hf|%Hi", f"{HOST}|192.0.2.10"),
        ("%Hn", HOST.split(".")[0]),
        ("%Hd", HOST.partition(".")[2]),
        ("%Ts", str(TIME)),
        ("%Tx", f"{TIME:08x}"),
        ("%Tf", time.asctime(time.localtime(TIME))),
        ("%{via}", "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;rport"),
        ("%{v[1]}", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0"),
        ("%{via[-1]}", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0"),
        ("%{Via[2]}", "<null>"),
        ("%{x}|%{x[*]}", "<null>|"),
        ("%{via[*]}", "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;rport, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0"),
        ("%@ruri.user%|@%@ruri.host%|!", "bob@example.com!"),
        ("%@from.tag.", "a1."),
        ('%@msg.h["x"]|', "<null>|"),
        ("%$a% b%<a>%<f.a[1]>%$none", "1b11<null>"),
        ("%$b|%$b[1]%$b[-1]%<b[-1]>", "<null>|oldnewnew"),
        ("%[0-2]rm", "INV"),
        ("%[3]rm", "I"),
        ("%[3-]rm", "ITE"),
        ("%[-1]rm%rm", "ININVITE"),
        ("%[9]rm", ""),
        ("%[1-2]$u", "\u00e4"),
        ("%[1-3]%", ""),
        ("%[1-3]", ""),
        ("%[0-1]tt", "<n"),
        ("%Crx%rm", "\033[0;31;49mINVITE\033[0m"),
        ("%CBg", "\033[1;34;42m\033[0m"),
        ("a\\n\\r\\t\\\\\\1\\", "a\n\r\t\\1\\"),
    ],
)
def test_specifiers(text: str, expected: str) -> None:
    ctx = make()
    for name, value in (("a", 1), ("u", "x\u00e4y"), ("b", "old")):
        attribute = parse_attribute(name)
        assert attribute is not None
        attribute.set(ctx, value)
    ctx.avps.add("b", "new")
    # test names must be the same in every process that runs them
    found = {"PID": str(PID), "HEXPID": f"{PID:08x}"}.get(expected, expected)
    assert expand(ctx, text) == found
    assert ctx.worker.records == []


def test_branches_and_next_hop() -> None:
    ctx = make()
    ctx.branches.extend([Branch("sip:x", q=500), Branch("sip:y")])
    ctx.dst_uri = "sip:hop"
    assert expand(ctx, "%br %bR %nh") == "sip:x <sip:x>;q=0.5, sip:y sip:hop"
    assert expand(ctx, "%ds") == "Contact: <sip:x>;q=0.5, <sip:y>"


def test_whole_message() -> None:
    ctx = make(request(body=b"\xff"))
    assert expand(ctx, "%mb") == ctx.msg.buf.decode("utf-8", "surrogateescape")
    assert expand(ctx, "%ml") == str(len(ctx.msg.buf))


def test_replies() -> None:
    ctx = make(reply(486, "Busy Here"))
    assert expand(ctx, "%rs %rr %rm%ru%br%bR%nh %tt") == "486 Busy Here <null><null><null><null><null> b1"


def test_unique_numbers() -> None:
    ctx = make()
    first, second = expand(ctx, "%uq %uq").split()
    assert len(first) == 16 and int(second, 16) == int(first, 16) + 1


@pytest.mark.parametrize(
    ("text", "expected"), [("%zz", "<null>z"), ("%rx!", "<null>!"), ("%", "<null>"), ("%r", "<null>")]
)
def test_unknown_specifiers_are_warned_about(text: str, expected: str) -> None:
    ctx = make()
    assert expand(ctx, text) == expected
    assert "unknown specifier" in ctx.worker.texts()[0]


@pytest.mark.parametrize(
    "text",
    [
        "%{",
        "%{1}",
        "%{a",
        "%{a[}",
        "%{a[-2]}",
        "%<",
        "%<a",
        "%<a[-2]>",
        "%$",
        "%$f.",
        "%$a.b.c",
        "%@",
        "%@nosuch",
        "%C",
        "%Czx",
        "%CxX",
        "%[3-1]rm",
        "%[a]rm",
        "%%" * (MAX_PARTS + 1),
    ],
)
def test_errors(text: str) -> None:
    with pytest.raises(OperatorError):
        expand(make(), text)


def test_constants() -> None:
    env = make().worker.env
    assert parse_xl_format("100%%", env, NOWHERE).constant == "100%"
    assert parse_xl_format("%rm", env, NOWHERE).constant is None
