"""The functions of the core, called from scripts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from siprouter.core.context import MAX_BRANCHES, Context
from siprouter.core.declare import Function
from siprouter.core.routes import ONSEND
from siprouter.core.send_flags import (
    ADD_LOCAL_RPORT,
    Advertised,
    advertised,
    forward_flags,
    large_message_proto,
    reply_flags,
)
from siprouter.script.core_args import parse_attribute, parse_q, parse_socket_name
from siprouter.script.core_table import CORE_FUNCTIONS, CORE_NAMES, core_arities
from siprouter.sip.message import parse_message
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, SEND_CLOSE, SEND_REUSE_ONLY, Endpoint, Listener
from tests.support.fakes import message
from tests.support.scripts import Rig

HEAD = "#!KAMAILIO\n"


def after(body: str, *, extra: str = "", uri: str = "sip:bob@example.com") -> Rig:
    """The rig after a request route with this body ran."""
    msg = message(f"OPTIONS {uri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\n"
                  "To: <sip:c@d>\nCall-ID: 1\nCSeq: 1 OPTIONS\nContent-Length: 0\n\n")  # fmt: skip
    rig = Rig(f"{HEAD}{extra}\nroute {{ {body} }}")
    rig.run(msg)
    return rig


@pytest.mark.parametrize(
    ("body", "uri"),
    [
        ('rewriteuri("sip:x@y");', "sip:x@y"),
        ('seturi("sip:$rU@y");', "sip:$rU@y"),
        ('$var(u) = "sip:v@y"; seturi($var(u));', "sip:v@y"),
        ('rewritehost("h.example");', "sip:bob:pw@h.example:5070;transport=tcp;lr"),
        ('seth("h.example");', "sip:bob:pw@h.example:5070;transport=tcp;lr"),
        ('rewritehostport("h.example:99");', "sip:bob:pw@h.example:99;transport=tcp;lr"),
        ('sethp("h");', "sip:bob:pw@h;transport=tcp;lr"),
        ('sethpt("h:1;transport=udp");', "sip:bob:pw@h:1;transport=udp;lr"),
        ('rewriteuser("carol");', "sip:carol:pw@example.com:5070;transport=tcp;lr"),
        ('setup("carol:new");', "sip:carol:new@example.com:5070;transport=tcp;lr"),
        ('setp("5099");', "sip:bob:pw@example.com:5099;transport=tcp;lr"),
        ('prefix("00");', "sip:00bob:pw@example.com:5070;transport=tcp;lr"),
        ("strip(1);", "sip:ob:pw@example.com:5070;transport=tcp;lr"),
        ("strip_tail(2);", "sip:b:pw@example.com:5070;transport=tcp;lr"),
        ("userphone();", "sip:bob:pw@example.com:5070;transport=tcp;lr;user=phone"),
        ('prefix("00"); revert_uri();', "sip:bob:pw@example.com:5070;transport=tcp;lr"),
        ('prefix("0"); prefix("1"); revert_uri; prefix("2");', "sip:2bob:pw@example.com:5070;transport=tcp;lr"),
    ],
)
def test_request_uri(body: str, uri: str) -> None:
    assert after(body, uri="sip:bob:pw@example.com:5070;transport=tcp;lr").ctx.uri == uri


def test_a_uri_that_cannot_be_rewritten_is_false() -> None:
    rig = after('if (!prefix("1")) keep("no"); if (rewriteuri("sip:a@b")) keep("yes");', uri="urn:service:sos")
    assert rig.probe.notes == ["no", "yes"]


def test_append_branch() -> None:
    rig = after(
        '$du = "sip:hop"; append_branch(); append_branch("sip:b@c"); append_branch("sip:d@e", "0.7"); append_branch;'
    )
    found = [(branch.uri, branch.q, branch.dst_uri) for branch in rig.ctx.branches]
    assert found == [
        ("sip:bob@example.com", -1, "sip:hop"),
        ("sip:b@c", -1, "sip:hop"),
        ("sip:d@e", 700, "sip:hop"),
        ("sip:bob@example.com", -1, "sip:hop"),
    ]
    assert rig.ctx.uri_consumed


def test_append_branch_with_a_uri_does_not_use_up_the_request_uri() -> None:
    assert not after('append_branch("sip:b@c");').ctx.uri_consumed


def test_too_many_branches() -> None:
    rig = after(
        f"$var(i) = 0; while ($var(i) < {MAX_BRANCHES}) {{ $var(r) = append_branch(); $var(i) += 1; }} keep($var(r));"
    )
    assert rig.probe.notes == [-1]
    assert len(rig.ctx.branches) == MAX_BRANCHES - 1


def test_flags() -> None:
    rig = after(
        "setflag(3); setflag(acc); resetflag(3); if (isflagset(acc)) keep(1); if (!isflagset(3)) keep(2);"
        'if (isflagset("missed")) keep(3);',
        extra="flags acc, missed:7",
    )
    assert rig.probe.notes == [1, 2]
    assert rig.ctx.flags == 1


def test_log() -> None:
    rig = Rig(f'{HEAD}route {{ log(1, "100% one\\n"); log(-1, "err"); log("quiet"); error("a", "b"); }}')
    rig.run()
    assert [(record.level, record.text, record.source) for record in rig.worker.records] == [
        (1, "100% one\n", "<script>"),
        (-1, "err", "<script>"),
        (1, "error(a, b)", "<script>"),
    ]


def test_sending_flags() -> None:
    ctx = after(
        "force_rport(); add_local_rport(); set_forward_close(); set_reply_no_connect; udp_mtu_try_proto(TCP);"
        'set_advertised_address("198.51.100.1"); set_advertised_port(5099);'
    ).ctx
    assert ctx.force_rport
    assert ctx.send_flags & ADD_LOCAL_RPORT
    flags = ctx.send_flags
    assert (forward_flags(flags), reply_flags(flags)) == (SEND_CLOSE, SEND_REUSE_ONLY)
    assert large_message_proto(flags) == PROTO_TCP
    assert advertised(ctx) == Advertised("198.51.100.1", 5099)
    ctx = after("set_forward_no_connect; set_reply_close; udp_mtu_try_proto(TCP); udp_mtu_try_proto(UDP);").ctx
    flags = ctx.send_flags
    assert (forward_flags(flags), reply_flags(flags), large_message_proto(flags)) == (SEND_REUSE_ONLY, SEND_CLOSE, 0)
    assert advertised(ctx) == Advertised()


def test_force_send_socket() -> None:
    rig = after("force_send_socket(udp:192.0.2.10:5060);")
    assert rig.ctx.force_socket is rig.worker.listeners.all[0]
    assert after('force_send_socket("192.0.2.10");').ctx.force_socket is not None
    rig = after('$var(s) = "tcp:192.0.2.10"; if (!force_send_socket($var(s))) keep("no");')
    assert rig.probe.notes == ["no"]


def test_forward_to_the_request_uri_and_to_hosts() -> None:
    rig = after(
        "forward(); forward(uri:host, uri:port); forward(uri:host, 5099); forward(uri:host); forward(192.0.2.3);"
        'forward("192.0.2.4", 5088); forward_udp(192.0.2.5, 1); if (!forward_tcp(192.0.2.6)) keep("no tcp socket");'
        '$du = "sip:192.0.2.7:7"; forward();',
        uri="sip:bob@192.0.2.2:5072",
    )
    sent = [(to.proto, to.ip, to.port) for _, to in rig.worker.outlet.sent]
    assert sent == [
        (PROTO_UDP, "192.0.2.2", 5072),
        (PROTO_UDP, "192.0.2.2", 5072),
        (PROTO_UDP, "192.0.2.2", 5099),
        (PROTO_UDP, "192.0.2.2", 5060),
        (PROTO_UDP, "192.0.2.3", 5060),
        (PROTO_UDP, "192.0.2.4", 5088),
        (PROTO_UDP, "192.0.2.5", 1),
        (PROTO_UDP, "192.0.2.7", 7),
    ]
    assert rig.probe.notes == ["no tcp socket"]
    assert parse_message(rig.worker.outlet.sent[0][0]).vias()[0].host == "192.0.2.10"


def test_forward_without_a_usable_uri_is_false() -> None:
    assert after("if (!forward()) keep(1);", uri="tel:+1").probe.notes == [1]


def test_send_sends_the_message_as_it_is() -> None:
    rig = after('prefix("1"); send(192.0.2.3, 5099); if (!send_tcp(192.0.2.3)) keep(1);')
    assert rig.probe.notes == [1]
    [(data, to)] = rig.worker.outlet.sent
    assert data == rig.ctx.msg.buf
    assert (to.ip, to.port) == ("192.0.2.3", 5099)


class Plan:
    """A plan of a resolver."""

    def __init__(self, *ips: str) -> None:
        self.left = [type("Target", (), {"ip": ip})() for ip in ips]

    def next(self) -> Any:
        return self.left.pop(0) if self.left else None


class Resolver:
    """Knows one name at once and another later."""

    def plan_now(self, host: str, port: int, proto: int, secure: bool) -> Plan | None:
        return Plan("192.0.2.1", "192.0.2.2") if host == "known.example" else None

    async def plan(self, host: str, port: int, proto: int, secure: bool) -> Plan:
        return Plan("192.0.2.1") if host == "later.example" else Plan()


def test_send_to_a_name() -> None:
    rig = Rig(f'{HEAD}route {{ send("later.example"); send("none.example"); }}')
    rig.worker.resolver = Resolver()
    rig.run()
    for running in rig.worker.spawned:
        asyncio.run(_finish(running))
    assert [to.ip for _, to in rig.worker.outlet.sent] == ["192.0.2.1"]
    assert rig.worker.texts() == ["send: cannot send to none.example"]


async def _finish(running: Any) -> None:
    await running


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("src_ip == known.example", True),
        ("src_ip == later.example", True),
        ('src_ip == "none.example"', False),
        ("src_ip != none.example", True),
        ("src_ip == $var(host)", True),
        ("src_ip == $var(net)", True),
        ("src_ip =~ $var(pattern)", True),
        ("src_ip =~ $var(host)", True),
        ("src_ip == $avp(none)", False),
    ],
)
def test_addresses_of_names(test: str, found: bool) -> None:
    setup = '$var(host) = "later.example"; $var(net) = "192.0.2.0/24"; $var(pattern) = "^192[.]0";'
    rig = Rig(f"{HEAD}route {{ {setup} keep({test}); }}")
    assert rig.script is not None and rig.script.request_route is not None
    assert rig.script.request_route.waits
    rig.worker.resolver = Resolver()
    assert rig.run() == [int(found)]


def test_tcp_alias() -> None:
    rig = Rig(f"{HEAD}route {{ force_tcp_alias; force_tcp_alias(5080); add_tcp_alias(); }}")
    aliases: list[tuple[int, int]] = []
    rig.worker.services["connection_alias"] = lambda id, port: aliases.append((id, port)) is None
    rig.run()
    assert aliases == []
    assert rig.script is not None and rig.script.request_route is not None
    ctx = rig.context()
    ctx.source = Endpoint(PROTO_TCP, "192.0.2.1", 4000, 7, Listener(PROTO_TCP, "192.0.2.10", 5060))
    rig.script.request_route.run(ctx)
    assert aliases == [(7, 5070), (7, 5080), (7, 5070)]


def test_exec_waits_and_is_true_whatever_the_command_does() -> None:
    rig = Rig(f'{HEAD}route {{ if (exec("false")) keep(1); }}')
    commands: list[str] = []

    async def shell(command: str) -> int:
        commands.append(command)
        return 1

    rig.worker.services["shell"] = shell
    assert rig.run() == [1]
    assert commands == ["false"]
    assert rig.worker.texts() == ["exec: false returned 1"]
    del rig.worker.services["shell"]
    assert rig.run() == []


@pytest.mark.parametrize(
    ("text", "q"),
    [("1", 1000), ("0", 0), ("0.5", 500), (".25", 250), ("1.000", 1000), ("0.1234", 123), (" 0.7", 700), ("", None)]
    + [(text, None) for text in ("2", "x", "1.5", "-0.5", "0.5x")],
)
def test_q_values(text: str, q: int | None) -> None:
    assert parse_q(text) == q


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("udp:10.0.0.1:5060", (1, "10.0.0.1", 5060)),
        ("10.0.0.1", (0, "10.0.0.1", 0)),
        ("tcp:[::1]:5", (2, "::1", 5)),
        ("[::1]", (0, "::1", 0)),
        ("eth0:*", (0, "eth0", 0)),
        ("bad:10.0.0.1:5060", None),
        ("udp:10.0.0.1:99999", None),
        ("a b", None),
    ],
)
def test_socket_names(text: str, expected: tuple[int, str, int] | None) -> None:
    found = parse_socket_name(text)
    assert (None if found is None else (found.proto, found.host, found.port)) == expected


def test_attribute_arguments() -> None:
    for text, name, index in (("$x", "x", None), ("$f.x[1]", "x", 1), ("x", "x", None), ("$avp(s:y)", "y", -1)):
        found = parse_attribute(text)
        assert found is not None and (found.name, found.index) == (name, index)
    assert parse_attribute("$a.b.c") is None


def test_declarations() -> None:
    assert all(isinstance(item, Function) and item.help for item in CORE_FUNCTIONS)
    assert {"rewritehost", "seth", "add_rport"} <= CORE_NAMES
    assert core_arities()["append_branch"] == (0, 1, 2)
    assert core_arities()["log"] == (1, 2)
    assert core_arities()["return"] == (0, 1)
    onsend = {item.name for item in CORE_FUNCTIONS if item.routes & ONSEND}
    assert {"send", "log", "setflag", "set_forward_close"} <= onsend
    assert "forward" not in onsend and "rewritehost" not in onsend


def test_functions_take_the_context_type() -> None:
    assert isinstance(after("keep(1);").ctx, Context)
