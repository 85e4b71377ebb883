"""Core parameters for sockets and DNS, at start and at run time."""

import asyncio
import time
from pathlib import Path

import pytest

from siprouter.core.core_cfg import declare_core_cfg
from siprouter.core.settings import CfgError
from siprouter.core.worker import Worker
from siprouter.dns import hosts
from siprouter.script.params import core_settings
from siprouter.server.network import Network, listen_options
from siprouter.server.runtime_cfg import declare_network_cfg, declare_network_counters
from siprouter.server.sctp_cfg import declare_sctp_cfg, declare_sctp_counters, sctp_mode
from siprouter.server.startup import Assembly
from siprouter.transport.endpoint import PROTO_SCTP, PROTO_TCP, PROTO_TLS, PROTO_UDP, Listener
from siprouter.transport.listeners import Listeners
from siprouter.transport.sockopts import StreamOptions, UdpOptions
from siprouter.util.log import Log


def listeners(*addresses: str) -> Listeners:
    mine = Listeners()
    for address in addresses:
        mine.add(Listener(PROTO_UDP, address, 5060))
    return mine


def write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.fixture
def resolv_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch example.com\noptions timeout:3 attempts:1\n")
    monkeypatch.setattr(hosts.read_resolv_conf, "__defaults__", (path,))
    return path


@pytest.fixture
def network(resolv_conf: Path) -> Network:
    return Network(Log(lambda record: None), time.monotonic)


def test_defaults_are_those_of_the_options(network: Network) -> None:
    network.apply(core_settings(), listeners("127.0.0.1"))
    assert network.stream == StreamOptions()
    assert network.udp == UdpOptions()
    assert (network.client.servers, network.client.timeout, network.client.attempts) == (
        [("192.0.2.1", 53), ("192.0.2.2", 53)],
        3,
        1,
    )
    assert network.search.suffixes == ["example.com"]
    assert not network.plan.failover and not network.plan.try_naptr and not network.plan.try_ipv6
    assert network.cache.size == 500 * 1024


def test_settings_reach_the_options(network: Network) -> None:
    settings = core_settings()
    for name, value in {
        "tcp_connection_lifetime": 3605,
        "tcp_accept_no_cl": 1,
        "tcp_source_ipv4": "192.0.2.9",
        "tcp_source_ipv6": "[2001:db8::1]",
        "tos": 0xB8,
        "maxbuffer": 100000,
        "dns_servers_no": 1,
        "dns_retr_time": 7,
        "dns_retr_no": 4,
        "dns_use_search_list": 0,
        "use_dns_failover": 1,
        "dns_srv_lb": 1,
        "dns_tls_pref": -1,
        "dns_cache_flags": 4,
        "dns_cache_mem": 1,
        "use_dns_cache": 0,
    }.items():
        settings.set(name, value)
    network.apply(settings, listeners("127.0.0.1", "::1"))
    assert (network.stream.connection_lifetime, network.stream.accept_no_cl) == (3605, True)
    assert (network.stream.source_ipv4, network.stream.source_ipv6) == ("192.0.2.9", "2001:db8::1")
    assert (network.udp.tos, network.udp.receive_buffer) == (0xB8, 100000)
    assert (network.client.servers, network.client.timeout, network.client.attempts) == ([("192.0.2.1", 53)], 7, 4)
    assert network.search.suffixes == []
    assert network.plan.failover and network.plan.srv_lb and network.plan.try_ipv6 and network.plan.flags == 4
    assert network.plan.preferences[PROTO_TLS] == -1
    assert network.cache.size == 1024 and not network.cache.enabled


def test_random_numbers_stay_in_range(network: Network) -> None:
    assert {network.plan.random(2) for _ in range(200)} == {0, 1, 2}
    assert network.plan.random(0) == 0


def test_listen_options() -> None:
    settings = core_settings()
    assert listen_options(settings).protos == (PROTO_UDP, PROTO_TCP)
    settings.set("disable_tcp", 1)
    settings.set("port", 5070)
    wanted = listen_options(settings)
    assert (wanted.protos, wanted.port, wanted.auto_aliases) == ((PROTO_UDP,), 5070, True)
    assert not listen_options(settings, check_only=True).auto_aliases


@pytest.fixture
async def worker(resolv_conf: Path) -> Worker:
    import asyncio

    assembly = Assembly(asyncio.get_running_loop(), Log(lambda record: None))
    assembly.network.apply(assembly.worker.settings, listeners("127.0.0.1"))
    declare_core_cfg(assembly.worker)
    facilities: list[int] = []
    declare_network_cfg(assembly.worker, assembly.network, facilities.append)
    declare_network_counters(assembly.worker, assembly.outlet, assembly.network)
    assembly.worker.services["assembly"] = assembly
    assembly.worker.services["facilities"] = facilities
    return assembly.worker


async def test_changes_at_run_time(worker: Worker, resolv_conf: Path) -> None:
    network: Network = worker.services["assembly"].network
    worker.cfg.set_now("core", "use_dns_failover", 1)
    worker.cfg.set_now("core", "dns_retr_time", 9)
    worker.cfg.set_now("tcp", "connection_lifetime", -1)
    worker.cfg.set_now("tcp", "crlf_ping", 0)
    assert network.plan.failover and network.client.timeout == 9
    assert network.stream.connection_lifetime == -1 and network.stream.crlf_ping is False
    write(resolv_conf, "nameserver 192.0.2.3\n")
    worker.cfg.set_now("core", "dns_reinit", 1)
    assert network.client.servers == [("192.0.2.3", 53)]
    worker.cfg.set_now("core", "log_facility", "LOG_LOCAL5")
    assert worker.services["facilities"] == [168]


async def test_what_may_not_be_changed(worker: Worker) -> None:
    for group, name, value in (
        ("tcp", "async", 0),
        ("tcp", "connect_timeout", -2),
        ("core", "dns_cache_flags", 5),
        ("core", "dns_reinit", 0),
        ("core", "log_facility", "LOG_NOWHERE"),
    ):
        with pytest.raises(CfgError):
            worker.cfg.set_now(group, name, value)


async def test_counters(worker: Worker) -> None:
    assembly = worker.services["assembly"]
    assembly.outlet.stats.established = 3
    assembly.network.resolver.failures = 2
    values = {f"{counter.group}.{counter.name}": counter.get() for counter in worker.counters}
    assert values["tcp.established"] == 3 and values["tcp.current_opened_connections"] == 0
    assert values["dns.failed_dns_request"] == 2


async def test_a_cache_that_was_left_out_at_start_stays_off(network: Network) -> None:
    assembly = Assembly(asyncio.get_running_loop(), Log(lambda record: None))
    worker = assembly.worker
    worker.settings.set("dns_cache_init", 0)
    assembly.network.apply(worker.settings, listeners("127.0.0.1"))
    declare_network_cfg(worker, assembly.network, lambda number: None)
    assert not assembly.network.cache.enabled
    with pytest.raises(CfgError, match="dns_cache_init"):
        worker.cfg.set_now("core", "use_dns_cache", 1)
    worker.cfg.set_now("core", "dns_cache_rec_pref", 2)
    assert assembly.network.cache.preference == 2
    with pytest.raises(CfgError):
        worker.cfg.set_now("core", "dns_cache_rec_pref", 4)


async def test_sctp_settings_change_at_run_time(network: Network) -> None:
    assembly = Assembly(asyncio.get_running_loop(), Log(lambda record: None))
    worker = assembly.worker
    worker.settings.set("sctp_send_retries", 3)
    worker.settings.set("sctp_hbinterval", -1)
    assembly.network.apply(worker.settings, listeners("127.0.0.1"))
    declare_sctp_cfg(worker, assembly.outlet)
    declare_sctp_counters(worker, assembly.outlet)
    assert (assembly.outlet.sctp_options.send_retries, worker.cfg.get("sctp", "send_retries")) == (3, 3)
    worker.cfg.set_now("sctp", "send_retries", 9)
    assert assembly.outlet.sctp_options.send_retries == 9
    for name, value in (("send_retries", 10), ("autoclose", 0), ("socket_rcvbuf", 1024)):
        with pytest.raises(CfgError):
            worker.cfg.set_now("sctp", name, value)
    assembly.outlet.sctp_stats.opened = 4
    found = {item.name: item.get() for item in worker.counters if item.group == "sctp"}
    assert found["current_opened_connections"] == 4 and len(found) == 11


@pytest.mark.parametrize(
    ("values", "mode"),
    [({}, 2), ({"enable_sctp": 0}, 0), ({"enable_sctp": 1}, 1), ({"disable_sctp": 1}, 0), ({"disable_sctp": 0}, 1)],
)
def test_whether_sctp_is_wanted(values: dict[str, int], mode: int) -> None:
    settings = core_settings()
    for name, value in values.items():
        settings.set(name, value)
    assert sctp_mode(settings) == mode
    offered = listen_options(settings)
    assert (PROTO_SCTP in offered.protos) == (mode == 1)
    assert (PROTO_SCTP in offered.protos + offered.named) == (mode != 0)
