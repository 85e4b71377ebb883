"""Core parameters for sockets and DNS: from the settings to the options that transports and resolver look at."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from siprouter.dns.cache import CacheOptions, DnsCache
from siprouter.dns.client import ClientOptions, DnsClient
from siprouter.dns.hosts import HostsFile, read_resolv_conf
from siprouter.dns.plan import PlanOptions
from siprouter.dns.resolver import Resolver, SearchOptions
from siprouter.server.sctp_cfg import AUTO, ON, apply_sctp, sctp_mode
from siprouter.transport.endpoint import AF_INET6, PROTO_SCTP, PROTO_TCP, PROTO_TLS, PROTO_UDP
from siprouter.transport.listen import ListenOptions
from siprouter.transport.proxy_protocol import parse_proxy_rules
from siprouter.transport.sctp_wire import SctpOptions
from siprouter.transport.sockopts import StreamOptions, UdpOptions
from siprouter.util.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable

    from siprouter.core.settings import Settings
    from siprouter.transport.listeners import Listeners

STREAM_SETTINGS = (
    "accept_aliases",
    "accept_no_cl",
    "conn_wq_max",
    "connect_timeout",
    "connection_lifetime",
    "crlf_ping",
    "defer_accept",
    "delayed_ack",
    "keepalive",
    "keepcnt",
    "keepidle",
    "keepintvl",
    "linger2",
    "max_connections",
    "no_connect",
    "rd_buf_size",
    "send_timeout",
    "syncnt",
    "wq_max",
)
"""fields of StreamOptions that a core parameter tcp_… sets"""


class Network:
    """The options of all sockets and of the resolver; `apply` fills them from the settings, `refresh` at run time."""

    def __init__(self, log: Log, clock: Callable[[], float]) -> None:
        self.udp = UdpOptions()
        self.stream = StreamOptions()
        self.sctp = SctpOptions()
        self.plan = PlanOptions(frozenset((PROTO_UDP,)), lambda most: secrets.randbelow(most + 1), {})
        self.cache = CacheOptions()
        self.client = ClientOptions()
        self.search = SearchOptions()
        self.resolver = Resolver(
            DnsClient(self.client), DnsCache(self.cache), self.plan, HostsFile(), clock, log, self.search
        )
        self._listeners: Listeners | None = None

    def apply(self, settings: Settings, listeners: Listeners) -> None:
        """Take over all settings, before sockets are opened."""
        self._listeners = listeners
        apply_udp(self.udp, settings)
        apply_stream(self.stream, settings)
        apply_sctp(self.sctp, settings)
        self.refresh(settings)

    def refresh(self, settings: Settings) -> None:
        """Take over the settings of the resolver."""
        apply_plan(self.plan, settings, self._listeners)
        apply_cache(self.cache, settings)
        self.reload_servers(settings)

    def reload_servers(self, settings: Settings) -> None:
        """Read /etc/resolv.conf again."""
        conf = read_resolv_conf()
        count = settings.dns_servers_no
        self.client.servers = conf.servers if count < 0 else conf.servers[:count]
        self.client.timeout = settings.dns_retr_time if settings.dns_retr_time > 0 else conf.timeout
        self.client.attempts = settings.dns_retr_no if settings.dns_retr_no > 0 else conf.attempts
        self.search.suffixes = conf.search if settings.dns_use_search_list else []
        self.search.ndots = conf.ndots


def listen_options(settings: Settings, check_only: bool = False) -> ListenOptions:
    """What `listen=` means. A check asks nobody for further names of the addresses."""
    protos: tuple[int, ...] = (PROTO_UDP,) if settings.disable_tcp else (PROTO_UDP, PROTO_TCP)
    named: tuple[int, ...] = ()
    if not settings.disable_tcp:
        if wants_tls(settings):
            protos += (PROTO_TLS,)
        elif not {"enable_tls", "disable_tls"} & settings.explicit:
            named += (PROTO_TLS,)
    mode = sctp_mode(settings)
    if mode == ON:
        protos += (PROTO_SCTP,)
    elif mode == AUTO:
        named += (PROTO_SCTP,)
    auto_aliases = bool(settings.auto_aliases) and not check_only
    return ListenOptions(settings.port, settings.tls_port_no, protos, auto_aliases, named)


def wants_tls(settings: Settings) -> bool:
    """Whether the configuration says that addresses without protocol are for TLS too."""
    if settings.enable_tls is not None:
        return bool(settings.enable_tls)
    return not settings.disable_tls


def apply_udp(options: UdpOptions, settings: Settings) -> None:
    """Settings of datagram sockets."""
    options.receive_buffer = settings.maxbuffer
    options.tos = settings.tos
    options.pmtu_discovery = bool(settings.pmtu_discovery)
    options.raw = settings.udp4_raw
    options.raw_mtu = settings.udp4_raw_mtu
    options.raw_ttl = settings.udp4_raw_ttl
    options.mcast_ttl = settings.mcast_ttl
    options.mcast_loopback = bool(settings.mcast_loopback)


def apply_stream(options: StreamOptions, settings: Settings) -> None:
    """Settings of streams."""
    for name in STREAM_SETTINGS:
        value: Any = getattr(settings, f"tcp_{name}")
        setattr(options, name, type(getattr(options, name))(value))
    options.source_ipv4 = settings.tcp_source_ipv4 or ""
    options.source_ipv6 = (settings.tcp_source_ipv6 or "").strip("[]")
    options.tos = settings.tos
    options.proxies.rules = parse_proxy_rules(settings.proxy_protocol or "")


def apply_plan(options: PlanOptions, settings: Settings, listeners: Listeners | None) -> None:
    """Settings that choose targets. AAAA records are of use only where we listen on IPv6."""
    if listeners is not None:
        options.protos = frozenset(listener.proto for listener in listeners)
    has_ipv6 = listeners is not None and any(listener.af == AF_INET6 for listener in listeners)
    options.preferences = {
        PROTO_UDP: settings.dns_udp_pref,
        PROTO_TCP: settings.dns_tcp_pref,
        PROTO_TLS: settings.dns_tls_pref,
        PROTO_SCTP: settings.dns_sctp_pref,
    }
    options.try_naptr = bool(settings.dns_try_naptr)
    options.try_ipv6 = bool(settings.dns_try_ipv6) and has_ipv6
    options.flags = settings.dns_cache_flags
    options.failover = bool(settings.use_dns_failover)
    options.srv_lb = bool(settings.dns_srv_lb)


def apply_cache(options: CacheOptions, settings: Settings) -> None:
    """Settings of the DNS cache."""
    options.enabled = bool(settings.use_dns_cache and settings.dns_cache_init)
    options.min_ttl = settings.dns_cache_min_ttl
    options.max_ttl = settings.dns_cache_max_ttl
    options.negative_ttl = settings.dns_cache_negative_ttl
    options.size = settings.dns_cache_mem * 1024
    options.delete_unexpired = bool(settings.dns_cache_del_nonexp)
