"""Conditions on the message, attributes of SER, parameters and flags."""

from __future__ import annotations

import pytest

from siprouter.core.route_info import SENDING, Sending
from siprouter.core.routes import ONSEND
from siprouter.script.settings import listen_specs
from siprouter.transport.endpoint import PROTO_TCP, Endpoint, Listener
from siprouter.transport.listen import ListenSpec
from siprouter.util.log import L_INFO, L_WARN
from tests.support.fakes import message, reply
from tests.support.scripts import Rig, parse_good, run

HEAD = "#!KAMAILIO\n"


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ('method == "INVITE"', 1),
        ("method == invite", 1),
        ('method != "ACK"', 1),
        ('method =~ "^inv"', 1),
        ("method == $rm", 1),
        ('uri == "SIP:BOB@example.com;transport=tcp"', 1),
        ('uri =~ "bob@"', 1),
        ("uri == myself", 0),
        ("uri != myself", 1),
        ('from_uri == "sip:alice@example.org"', 1),
        ('to_uri =~ "bob"', 1),
        ("from_uri == myself", 0),
        ("myself == to_uri", 0),
        ("src_ip == 192.0.2.1", 1),
        ("src_ip == 192.0.2.0/255.255.255.0", 1),
        ("src_ip == 192.0.2.2", 0),
        ("src_ip != 10.0.0.0/8", 1),
        ('src_ip == "192.0.2.0/24"', 1),
        ('src_ip =~ "^192[.]"', 1),
        ("src_ip == myself", 0),
        ("dst_ip == myself", 1),
        ("dst_ip == 192.0.2.10", 1),
        ("dst_ip == ::1", 0),
        ("src_port == 5070", 1),
        ("src_port > 5000 && src_port <= 5070", 1),
        ("dst_port != 5061", 1),
        ("proto == UDP", 1),
        ("proto != tcp", 1),
        ("proto == $var(one)", 1),
        ("af == INET", 1),
        ("af == INET6", 0),
        ("msg:len > 100", 1),
        ("msg:len < 100", 0),
        ("uri == $avp(none)", 0),
        ("uri != $avp(none)", 1),
        ("uri =~ $var(pattern)", 1),
    ],
)
def test_request(test: str, found: int) -> None:
    assert run(f'$var(one) = 1; $var(pattern) = "BOB"; keep({test});') == [found]


def test_uri_means_the_rewritten_uri() -> None:
    assert run('seturi("sip:192.0.2.10"); keep(uri == myself); keep(uri == "sip:192.0.2.10");') == [1, 1]


def test_replies() -> None:
    rig = Rig(
        f'{HEAD}route {{ keep(status =~ "^4"); keep(status == 404); keep(method == "INVITE"); keep(uri == 404); }}'
    )
    assert rig.run(reply(404, "Not Found")) == [1, 1, 1, 1]


def test_malformed_parts_equal_nothing() -> None:
    rig = Rig(f'{HEAD}route {{ keep(uri == myself); keep(uri != myself); keep(uri =~ "^x"); }}')
    msg = message("OPTIONS x:y SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\n"
                  "To: <sip:c@d>\nCall-ID: 1\nCSeq: 1 OPTIONS\nContent-Length: 0\n\n")  # fmt: skip
    assert rig.run(msg) == [0, 1, 1]


def test_onsend() -> None:
    body = (
        "keep(snd_ip == 192.0.2.10); keep(to_ip == 198.51.100.1); keep(snd_port == 5060); keep(to_port == 99);"
        "keep(snd_proto == TCP); keep(to_proto == TCP); keep(snd_af == INET); keep(msg:len == 4);"
        "keep(to_ip == myself);"
    )
    rig = Rig(f"{HEAD}route {{ exit; }} onsend_route {{ {body} }}")
    assert rig.script is not None and rig.script.onsend_route is not None, rig.found.render()
    ctx = rig.context(kind=ONSEND)
    to = Endpoint(PROTO_TCP, "198.51.100.1", 99, 0, Listener(PROTO_TCP, "192.0.2.10", 5060))
    ctx.vars[SENDING] = Sending(b"data", to)
    rig.script.onsend_route.run(ctx)
    assert rig.probe.notes == [1, 1, 1, 1, 1, 1, 1, 1, 0]
    ctx = rig.context(kind=ONSEND)
    rig.probe.notes.clear()
    rig.script.onsend_route.run(ctx)
    assert rig.probe.notes == [0, 0, 0, 0, 0, 0, 0, 0, 0]


# --- attributes of SER


@pytest.mark.parametrize(
    ("body", "notes"),
    [
        ("$x = 1; keep($x); keep($f.x); keep($t.x); keep($fu.x);", [1, 1, None, None]),
        ('$tu.x = "a"; keep($t.x); keep($tu.x); keep($x);', ["a", "a", None]),
        ("$x = 1; $x = 2; keep($x); $x = $y; keep(defined $x);", [2, 0]),
        ("%x = 5; keep(%x + 1); keep($x == 5);", [6, 1]),
        ("$y = 1; $x = $y[]; $y = 2; $x = $y[]; keep($x); keep($x[1]); keep($x[-1]); keep($x[2]); keep($x[3]);",
         [None, 1, 2, 2, None]),
        ("$x = @from.uri.user; keep($x); $x = @organization; keep($x);", ["alice", ""]),
        ("if ($x) keep(1); $x = 3; if ($x) keep(2);", [2]),
        ('$x = "a" + 1; keep($x);', ["a1"]),
    ],
)  # fmt: skip
def test_attributes(body: str, notes: list[object]) -> None:
    assert run(body, mode="#!SER\n") == notes


def test_attributes_and_avps_are_the_same() -> None:
    assert run("$x = 5; keep($avp(x)); $avp(s:y) = 6; keep($y); $z = 1; $rU = 7; keep($rU);", mode="#!ALL\n") == [
        5,
        6,
        "7",
    ]


def test_flags_of_attributes() -> None:
    rig = Rig(
        "avpflags keep, send\nroute { if (!setavpflag($x, keep)) keep(1); $x = 1; if (setavpflag($x, keep)) keep(2);"
        'if (isavpflagset($x, "KEEP")) keep(3); if (!isavpflagset($f.x, send)) keep(4); resetavpflag("x", keep);'
        "if (!isavpflagset($x, keep)) keep(5); setavpflag($avp(x), send); if (isavpflagset($x, send)) keep(6); }"
    )
    assert rig.run() == [1, 2, 3, 4, 5, 6], rig.found.render()


def test_an_attribute_by_reference() -> None:
    assert run("$x = 4; show($x); show($rU);", mode="") == [(4, "-"), ("bob", "-")]


# --- parameters


def test_core_parameters_reach_the_settings() -> None:
    rig = Rig(
        """#!KAMAILIO
debug=2
fork=no
listen=udp:192.0.2.1:5060 tcp:[::1]
listen="192.0.2.2:5070"
alias=example.com "tls:example.org:5061"
memdbg=5
shm=64
shm_force_alloc=no
udp_mtu_try_proto=TCP
log_facility=LOG_LOCAL3
route { exit; }
"""
    )
    settings = rig.worker.settings
    assert (settings.debug, settings.fork, settings.udp_mtu_try_proto, settings.log_facility) == (2, 0, 2, "LOG_LOCAL3")
    assert settings.listen == [
        ListenSpec("192.0.2.1", 5060, 1),
        ListenSpec("::1", 0, 2),
        ListenSpec("192.0.2.2", 5070, 0),
    ]
    assert settings.alias == [ListenSpec("example.com"), ListenSpec("example.org", 5061, 3)]
    assert {"debug", "listen"} <= settings.explicit
    assert "children" not in settings.explicit
    reason = "has no effect: there is no shared memory pool to size"
    assert [(record.level, record.text) for record in rig.worker.records] == [
        (L_WARN, f"parameter shm {reason}"),
        (L_INFO, f"parameter shm_force_alloc {reason}"),
    ]


def test_listen_specs_of_several_hosts() -> None:
    config = parse_good("listen=sctp:(192.0.2.1, 192.0.2.2):5060\n")
    assert listen_specs(config.params[0].value) == [ListenSpec("192.0.2.1", 5060, 4), ListenSpec("192.0.2.2", 5060, 4)]


def test_custom_parameters() -> None:
    rig = Rig(f'{HEAD}gw.ip = "10.0.0.1" desc "the gateway"\ngw.limit = 5\nroute {{ keep($sel(cfg_get.gw.ip)); }}')
    assert rig.run() == ["10.0.0.1"]
    assert rig.worker.cfg.get("gw", "limit") == 5
    assert rig.worker.cfg.vars["gw", "ip"].help == "the gateway"
    rig.worker.cfg.set_now("gw", "ip", "10.0.0.2")
    assert rig.run() == ["10.0.0.2"]


def test_flag_names_get_free_numbers() -> None:
    rig = Rig(f"{HEAD}flags a:0, b, c:2, d\nroute {{ setflag(b); setflag(d); }}")
    assert rig.worker.env.flag_names == {"a": 0, "b": 1, "c": 2, "d": 3}
    rig.run()
    assert rig.ctx.flags == 0b1010


def test_module_parameters_by_pattern() -> None:
    rig = Rig(f'{HEAD}modparam("probe|nothing", "limit", 7)\nmodparam("PRO.*", "name", "x")\nroute {{ exit; }}')
    assert not rig.found.items, rig.found.render()
    assert (rig.probe.limit, rig.probe.name) == (7, "x")
