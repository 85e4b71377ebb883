"""From `listen=` and `alias=` to sockets."""

import pytest

from siprouter.transport.endpoint import PROTO_NONE, PROTO_SCTP, PROTO_TCP, PROTO_TLS, PROTO_UDP
from siprouter.transport.interfaces import (
    HostNames,
    InterfaceAddress,
    interface_addresses,
    look_up_host,
    source_address,
)
from siprouter.transport.listen import (
    Alias,
    HostSystem,
    ListenOptions,
    ListenPlan,
    ListenSpec,
    SocketPlan,
    parse_listen,
    plan_sockets,
)
from siprouter.util.errors import OperatorError

INTERFACES = [
    InterfaceAddress("lo", "127.0.0.1", True, True),
    InterfaceAddress("eth0", "192.0.2.1", True, False),
    InterfaceAddress("eth0", "192.0.2.2", True, False),
    InterfaceAddress("eth1", "198.51.100.1", False, False),
]
HOSTS = {
    "sip.example.com": HostNames("sip.example.com", (), ("192.0.2.1",)),
    "www.example.com": HostNames("host7.example.com", ("other.example.com",), ("192.0.2.7",)),
}
REVERSE = {"192.0.2.1": HostNames("sip.example.com", ("proxy.example.com",), ("192.0.2.1",))}
SYSTEM = HostSystem(
    lambda: INTERFACES, HOSTS.get, lambda addresses: {one: REVERSE[one] for one in addresses if one in REVERSE}
)


def plan(*listens: str, aliases: tuple[str, ...] = (), options: ListenOptions | None = None) -> ListenPlan:
    return plan_sockets(
        [parse_listen(text) for text in listens],
        [parse_listen(text) for text in aliases],
        options or ListenOptions(auto_aliases=False),
        SYSTEM,
    )


def sockets(found: ListenPlan) -> list[tuple[int, str, int]]:
    return [(socket.proto, socket.address, socket.port) for socket in found.sockets]


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("192.0.2.1", ListenSpec("192.0.2.1")),
        ("192.0.2.1:5070", ListenSpec("192.0.2.1", 5070)),
        ("udp:192.0.2.1", ListenSpec("192.0.2.1", 0, PROTO_UDP)),
        ("TCP:eth0:5080", ListenSpec("eth0", 5080, PROTO_TCP)),
        ("[2001:db8::1]", ListenSpec("2001:db8::1")),
        ("tls:[2001:db8::1]:5061", ListenSpec("2001:db8::1", 5061, PROTO_TLS)),
        ("udp:sip.example.com:*", ListenSpec("sip.example.com", 0, PROTO_UDP)),
        (" sctp:host ", ListenSpec("host", 0, PROTO_SCTP)),
    ],
)
def test_forms_of_listen(text: str, spec: ListenSpec) -> None:
    assert parse_listen(text) == spec


@pytest.mark.parametrize(
    "text",
    ["", ":", "udp:", "udp:a:b:c", "xyz:host:5060", "udp:host:70000", "udp:host:x", "host:999999", "[::1", "udp::5060"],
)
def test_bad_listen(text: str) -> None:
    with pytest.raises(OperatorError):
        parse_listen(text)


def test_nothing_means_all_addresses_that_are_up_on_all_protocols() -> None:
    assert sockets(plan()) == [
        (PROTO_UDP, "127.0.0.1", 5060),
        (PROTO_UDP, "192.0.2.1", 5060),
        (PROTO_UDP, "192.0.2.2", 5060),
        (PROTO_TCP, "127.0.0.1", 5060),
        (PROTO_TCP, "192.0.2.1", 5060),
        (PROTO_TCP, "192.0.2.2", 5060),
    ]


def test_an_interface_means_its_addresses_even_when_down() -> None:
    assert sockets(plan("udp:eth0:5070")) == [(PROTO_UDP, "192.0.2.1", 5070), (PROTO_UDP, "192.0.2.2", 5070)]
    assert sockets(plan("tcp:eth1")) == [(PROTO_TCP, "198.51.100.1", 5060)]


def test_ports_follow_the_settings_and_tls_is_one_above() -> None:
    options = ListenOptions(5070, 5071, (PROTO_UDP, PROTO_TCP, PROTO_TLS), auto_aliases=False)
    assert sockets(plan("192.0.2.1", options=options)) == [
        (PROTO_UDP, "192.0.2.1", 5070),
        (PROTO_TCP, "192.0.2.1", 5070),
        (PROTO_TLS, "192.0.2.1", 5071),
    ]
    assert sockets(plan("192.0.2.1:6000", "tls:192.0.2.2:6000", options=options)) == [
        (PROTO_UDP, "192.0.2.1", 6000),
        (PROTO_TCP, "192.0.2.1", 6000),
        (PROTO_TLS, "192.0.2.1", 6001),
        (PROTO_TLS, "192.0.2.2", 6000),
    ]


def test_a_second_name_of_an_address_becomes_an_alias() -> None:
    found = plan("udp:192.0.2.1", "udp:sip.example.com", "udp:192.0.2.1")
    assert found.sockets == [SocketPlan(PROTO_UDP, "192.0.2.1", 5060, "192.0.2.1")]
    assert found.aliases == [Alias("sip.example.com", 5060, PROTO_UDP)]


def test_the_official_name_is_taken_and_the_others_become_aliases() -> None:
    options = ListenOptions(protos=(PROTO_UDP,))
    found = plan("www.example.com", options=options)
    assert found.sockets == [SocketPlan(PROTO_UDP, "192.0.2.7", 5060, "host7.example.com")]
    assert found.aliases == [
        Alias("www.example.com", 5060, PROTO_UDP),
        Alias("other.example.com", 5060, PROTO_UDP),
    ]
    assert plan("www.example.com", options=ListenOptions(protos=(PROTO_UDP,), auto_aliases=False)).aliases == []


def test_auto_aliases_come_from_reverse_lookups() -> None:
    found = plan("tcp:192.0.2.1", "tcp:192.0.2.2", aliases=("Example.COM", "tcp:b:5080"), options=ListenOptions())
    assert found.aliases == [
        Alias("example.com"),
        Alias("b", 5080, PROTO_TCP),
        Alias("sip.example.com", 5060, PROTO_TCP),
        Alias("proxy.example.com", 5060, PROTO_TCP),
    ]


def test_what_cannot_be_listened_on_is_an_error() -> None:
    with pytest.raises(OperatorError, match="nowhere"):
        plan("udp:nowhere")
    with pytest.raises(OperatorError, match="tls is disabled"):
        plan("tls:192.0.2.1")
    with pytest.raises(OperatorError, match="no address"):
        plan_sockets([], [], ListenOptions(), HostSystem(list, HOSTS.get, lambda _: {}))


def test_this_machine_has_a_loopback() -> None:
    (loopback,) = [found for found in interface_addresses() if found.address == "127.0.0.1"]
    assert (loopback.interface, loopback.up, loopback.loopback) == ("lo", True, True)
    assert source_address("127.0.0.1") == "127.0.0.1"
    names = look_up_host("localhost")
    assert names is not None and "127.0.0.1" in names.addresses
    assert parse_listen("lo").proto == PROTO_NONE
    assert ("127.0.0.1", 5060) in [
        (found.address, found.port)
        for found in plan_sockets([ListenSpec("lo")], [], ListenOptions(auto_aliases=False)).sockets
    ]
