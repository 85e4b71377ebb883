"""Settings of sockets and DNS that can change at run time (cfg framework), and the counters of both."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from siprouter.core.declare import CfgVar, cfg_var
from siprouter.core.settings import CfgError
from siprouter.server.logsinks import facility_of
from siprouter.server.network import STREAM_SETTINGS
from siprouter.util.errors import OperatorError
from siprouter.util.log import FACILITIES, facility_number

if TYPE_CHECKING:
    from siprouter.core.settings import ConfigValue, Settings
    from siprouter.core.worker import Worker
    from siprouter.server.network import Network
    from siprouter.transport.outlet import SocketOutlet

MAX_SECONDS = 2147483647

DNS_CFG_VARS: tuple[CfgVar, ...] = (
    cfg_var("dns_try_ipv6", int, 1, "look for AAAA records too", most=1),
    cfg_var("dns_try_naptr", int, 0, "look for NAPTR records first", most=1),
    cfg_var("dns_udp_pref", int, 30, "preference of UDP in NAPTR results"),
    cfg_var("dns_tcp_pref", int, 20, "preference of TCP in NAPTR results"),
    cfg_var("dns_tls_pref", int, 10, "preference of TLS in NAPTR results"),
    cfg_var("dns_sctp_pref", int, 20, "preference of SCTP in NAPTR results"),
    cfg_var("dns_retr_time", int, -1, "seconds until a DNS query is given up (-1: as the system says)"),
    cfg_var("dns_retr_no", int, -1, "rounds over all DNS servers (-1: as the system says)"),
    cfg_var("dns_servers_no", int, -1, "how many of the system's DNS servers to ask (-1: all)"),
    cfg_var("dns_use_search_list", int, 1, "use the system's search list", most=1),
    cfg_var("dns_search_full_match", int, 1, "search list answers match name and domain in full: always so", most=1),
    cfg_var("dns_reinit", int, 0, "1 reads /etc/resolv.conf again", least=1, most=1),
    cfg_var("use_dns_cache", int, 1, "use the DNS cache", most=1),
    cfg_var("dns_cache_flags", int, 0, "1 only IPv4, 2 only IPv6, 4 prefer IPv6", most=4),
    cfg_var("use_dns_failover", int, 0, "try the next address when sending fails", most=1),
    cfg_var("dns_srv_lb", int, 0, "spread load over SRV records by weight", most=1),
    cfg_var("dns_cache_negative_ttl", int, 60, "seconds to remember that a name does not exist"),
    cfg_var("dns_cache_min_ttl", int, 0, "shortest time in seconds that an answer is kept"),
    cfg_var("dns_cache_max_ttl", int, 4294967295, "longest time in seconds that an answer is kept"),
    cfg_var("dns_cache_mem", int, 500, "size limit of the DNS cache in kB"),
    cfg_var("dns_cache_del_nonexp", int, 0, "a full cache may forget answers that have not expired", most=1),
    cfg_var("dns_cache_rec_pref", int, 0, "which of two answers stays: 0 any, 1 old, 2 new, 3 longer", most=3),
)

RAW_CFG_VARS: tuple[CfgVar, ...] = (
    cfg_var("udp4_raw", int, 0, "send UDP over IPv4 through a raw socket (-1: where allowed)", least=-1, most=1),
    cfg_var("udp4_raw_mtu", int, 1500, "largest packet on the raw socket", least=28, most=65535),
    cfg_var("udp4_raw_ttl", int, -1, "time to live on the raw socket (-1: the system's)", least=-1, most=255),
)

LOG_CFG_VARS: tuple[CfgVar, ...] = (cfg_var("log_facility", str, "LOG_DAEMON", "syslog facility"),)

TCP_CFG_VARS: tuple[CfgVar, ...] = (
    cfg_var("connect_timeout", int, 10, "seconds to wait for a connection", least=-1, most=134217727),
    cfg_var("send_timeout", int, 10, "seconds until unsent data breaks a connection", least=-1, most=MAX_SECONDS),
    cfg_var("connection_lifetime", int, 120, "seconds until an idle connection is closed", least=-1, most=MAX_SECONDS),
    cfg_var("max_connections", int, 2048, "most connections", most=MAX_SECONDS),
    cfg_var("no_connect", int, 0, "never open connections", most=1),
    cfg_var("fd_cache", int, 1, "descriptors stay with their connection: always so", most=1, readonly=True),
    cfg_var("async", int, 1, "writes are queued, nothing waits for them: always so", most=1, readonly=True),
    cfg_var("connect_wait", int, 1, "connections open beside other work: always so", most=1, readonly=True),
    cfg_var("conn_wq_max", int, 32768, "largest write queue of a connection in bytes", most=1048576),
    cfg_var("wq_max", int, 10485760, "most bytes in all write queues together", most=1073741824),
    cfg_var("defer_accept", int, 0, "accept only when data has arrived (seconds)", most=3600, readonly=True),
    cfg_var("delayed_ack", int, 1, "delay the acknowledgement of a new connection", most=1),
    cfg_var("syncnt", int, 0, "attempts to open a connection (0: as the system says)", most=1024),
    cfg_var("linger2", int, 0, "seconds that a closed connection lingers", most=3600),
    cfg_var("keepalive", int, 1, "use TCP keep-alives on new connections", most=1),
    cfg_var("keepidle", int, 0, "seconds of silence before keep-alives", most=86400),
    cfg_var("keepintvl", int, 0, "seconds between keep-alives", most=86400),
    cfg_var("keepcnt", int, 0, "lost keep-alives before a connection counts as dead", most=1024),
    cfg_var("crlf_ping", int, 1, "answer double CRLF keep-alives", most=1),
    cfg_var("accept_aliases", int, 0, "honour the alias parameter of Via for connections", most=1),
    cfg_var("alias_flags", int, 1, "an alias that exists: 1 add it too, 2 replace it", most=2),
    cfg_var("new_conn_alias_flags", int, 2, "the same for the address of a new connection", most=2),
    cfg_var("accept_no_cl", int, 0, "accept messages without Content-Length on new connections", most=1),
    cfg_var("rd_buf_size", int, 4096, "most bytes to read at once", least=512, most=65536),
    cfg_var("wq_blk_size", int, 2100, "no effect: write queues have no blocks", least=1, most=65535),
)

TCP_COUNTERS = {
    "established": "connections opened by us and accepted",
    "passive_open": "connections accepted",
    "connect_success": "connections opened by us",
    "connect_failed": "connections that could not be opened",
    "local_reject": "connections refused because there are too many",
    "con_timeout": "connections closed because nothing came",
    "con_reset": "connections reset by the peer",
    "send_timeout": "connections closed because the peer took no data",
    "sendq_full": "messages that did not fit into the write queue",
    "prelude_refused": "connections closed because of their PROXY protocol header",
}
TCP_GAUGES = {
    "current_opened_connections": "connections open now",
    "current_write_queue_size": "bytes that wait in write queues",
}

DNS_COUNTERS = {"failed_dns_request": "DNS questions that no server answered"}


def check_ranges(settings: Settings) -> list[OperatorError]:
    """What is wrong with the values that the core parameters tcp_… have."""
    problems = []
    for var in TCP_CFG_VARS:
        if var.name in STREAM_SETTINGS and (var.least or var.most):
            value = int(getattr(settings, f"tcp_{var.name}"))
            if not var.least <= value <= var.most:
                message = f"tcp_{var.name}={value} is out of range"
                problems.append(OperatorError(message, suggestion=f"a number from {var.least} to {var.most}"))
    return problems


def declare_network_cfg(worker: Worker, network: Network, set_facility: Callable[[int], None]) -> None:
    """Declare the settings with the values that the core parameters have now, and what a change does."""
    settings = worker.settings

    def dns_changed(name: str) -> Callable[[ConfigValue], None]:
        def change(value: ConfigValue) -> None:
            if name == "use_dns_cache" and value and not settings.dns_cache_init:
                raise CfgError("the DNS cache was left out at start (dns_cache_init)")
            if name == "dns_reinit":
                network.reload_servers(settings)
            elif name == "dns_cache_rec_pref":
                network.cache.preference = int(value or 0)
            else:
                settings.set(name, value)
                network.refresh(settings)

        return change

    def stream_changed(name: str) -> Callable[[ConfigValue], None]:
        kind = type(getattr(network.stream, name))
        return lambda value: setattr(network.stream, name, kind(value))

    def facility_changed(value: ConfigValue) -> None:
        if facility_number(str(value)) is None:
            raise CfgError(f"unknown facility {value}: one of {', '.join(FACILITIES)}")
        set_facility(facility_of(str(value)))

    for var in DNS_CFG_VARS:
        worker.cfg.declare("core", var, dns_changed(var.name))
        if settings.find(var.name) is not None:
            worker.cfg.set_initial("core", var.name, int(getattr(settings, var.name)))
    for var in LOG_CFG_VARS:
        worker.cfg.declare("core", var, facility_changed)
        worker.cfg.set_initial("core", var.name, settings.log_facility)
    for var in TCP_CFG_VARS:
        changeable = hasattr(network.stream, var.name)
        worker.cfg.declare("tcp", var, stream_changed(var.name) if changeable else None)
        if var.name in STREAM_SETTINGS:
            worker.cfg.set_initial("tcp", var.name, int(getattr(settings, f"tcp_{var.name}")))


def declare_raw_cfg(worker: Worker, outlet: SocketOutlet) -> None:
    """Declare udp4_raw and its kin: a change takes effect at once, or is refused where raw sockets are not allowed."""
    options = outlet.udp_options

    def change(name: str, value: ConfigValue) -> None:
        field = name.removeprefix("udp4_")
        before = getattr(options, field)
        setattr(options, field, int(value or 0))
        try:
            outlet.use_raw(options.raw)
        except OSError as error:
            setattr(options, field, before)
            raise CfgError(f"no raw socket: {error.strerror} (it needs CAP_NET_RAW)") from None

    for var in RAW_CFG_VARS:
        worker.cfg.declare("core", var, partial(change, var.name))
        worker.cfg.set_initial("core", var.name, int(getattr(worker.settings, var.name)))


def declare_network_counters(worker: Worker, outlet: SocketOutlet, network: Network) -> None:
    """The groups `tcp` and `dns`."""
    stats, count = outlet.stats, worker.counters.declare

    def reader(name: str) -> Callable[[], int]:
        return lambda: int(getattr(stats, name))

    for name, text in TCP_COUNTERS.items():
        count("tcp", name, text, reader(name))
    for (name, text), read in zip(TCP_GAUGES.items(), (lambda: len(outlet.table), lambda: stats.queued), strict=True):
        count("tcp", name, text, read)
    for name, text in DNS_COUNTERS.items():
        count("dns", name, text, lambda: network.resolver.failures)
