"""The core parameters of 3.1 (`name = value` lines of a configuration): names, kinds, defaults.

Kinds: "int", "signed" (may be negative), "bool", "str", "word" (string or identifier), "facility", "address" (host,
address or string), "listen" (list of [proto:]address[:port]), "ipv4", "ipv6", "proto" and "tls_method".
A default of None means: chosen by the operating system, or nothing.
"""

from __future__ import annotations

from siprouter.core.settings import CoreParam, Settings

SHM = "there is no shared memory pool to size"
SCHED = "processes run with the scheduling they were started with"
QUEUES = "write queues are as large as what is in them"
LOOP = "one event loop serves all sockets of a worker"
STUN = "STUN is not spoken on SIP ports"
TLSMOD = "TLS is set up by the tls module"
SEARCH = "each name of the search list is asked for in full, and only its own answer counts"
VIA = "RFC 3261 18.2.1 asks for received wherever Via has a name, looked up or not"
STAT = "statistics are read over RPC"

GENERAL: tuple[CoreParam, ...] = (
    CoreParam(
        "advertised_address", "address", None, "address to put into Via and Record-Route instead of the listening one"
    ),
    CoreParam("advertised_port", "int", None, "port to put into Via and Record-Route instead of the listening one"),
    CoreParam("alias", "listen", [], "names that count as this server (myself); may be given repeatedly"),
    CoreParam("auto_aliases", "bool", 1, "add the host names of the listening addresses to the aliases"),
    CoreParam("cfgengine", "word", "", 'the language whose routes count: "native", "python" or "lua"'),
    CoreParam("check_via", "bool", 0, "drop replies whose topmost Via is not ours"),
    CoreParam("children", "int", 8, "Kamailio's processes for each UDP socket; here only a hint: see workers"),
    CoreParam("chroot", "word", None, "change the root directory to this one after start"),
    CoreParam("debug", "signed", 0, "log level: -3 alert … 0 notice/warning, 1 notice, 2 info, 3 debug"),
    CoreParam("disable_core_dump", "bool", 0, "write no core files"),
    CoreParam("dns", "bool", 0, "look up the name in the Via to compare with the source address", no_effect=VIA),
    CoreParam("exit_timeout", "int", 60, "seconds that stopping may take (0: no limit)", aliases=("ser_kill_timeout",)),
    CoreParam(
        "force_rport", "bool", 0, "behave as if force_rport() were called for every message", aliases=("add_rport",)
    ),
    CoreParam("fork", "bool", 1, "run in the background"),
    CoreParam("group", "word", None, "group to run as", aliases=("gid",)),
    CoreParam("listen", "listen", [], "[proto:]address[:port] to listen on; may be given repeatedly"),
    CoreParam("log_facility", "facility", "LOG_DAEMON", "syslog facility"),
    CoreParam("log_name", "str", None, "name of the program in syslog"),
    CoreParam("log_stderror", "bool", 0, "log to standard error instead of syslog"),
    CoreParam("max_while_loops", "int", 100, "most rounds of a while loop in the script"),
    CoreParam("maxbuffer", "int", 262144, "largest receive buffer size to try, in bytes"),
    CoreParam("mcast_loopback", "bool", 0, "receive our own multicast packets"),
    CoreParam("mcast_ttl", "int", -1, "time to live of multicast packets (-1: as the system says)"),
    CoreParam("mem_summary", "signed", 3, "memory reports at the end: 1 and 4 the process, 2 and 8 the machine"),
    CoreParam("memdbg", "signed", 3, "log level of what Python's collector did", aliases=("mem_dbg",)),
    CoreParam("memlog", "signed", 3, "log level of memory reports", aliases=("mem_log",)),
    CoreParam("mhomed", "bool", 0, "pick the sending address by the route to the destination"),
    CoreParam("mlock_pages", "bool", 0, "keep all memory locked"),
    CoreParam("open_files_limit", "int", -1, "limit of open files to set (-1: leave it)"),
    CoreParam("phone2tel", "bool", 1, "treat SIP URIs with user=phone as tel URIs"),
    CoreParam("pmtu_discovery", "int", 0, "set the don't fragment bit in IP packets"),
    CoreParam("port", "int", 5060, "port of listening addresses that name none"),
    CoreParam("real_time", "bool", 0, "real-time scheduling of processes (bit mask)", no_effect=SCHED),
    CoreParam("reply_to_via", "bool", 0, "send replies to the address in the Via instead of the source address"),
    CoreParam("rev_dns", "bool", 0, "look up the source address to compare with the Via", no_effect=VIA),
    CoreParam("rt_policy", "int", 0, "scheduling policy of worker processes", no_effect=SCHED),
    CoreParam("rt_prio", "int", 0, "real-time priority of worker processes", no_effect=SCHED),
    CoreParam(
        "rt_timer1_policy",
        "int",
        0,
        "scheduling policy of the fast timer",
        aliases=("rt_ftimer_policy",),
        no_effect=SCHED,
    ),
    CoreParam(
        "rt_timer1_prio",
        "int",
        0,
        "real-time priority of the fast timer",
        aliases=(
            "rt_fast_timer_prio",
            "rt_ftimer_prio",
        ),
        no_effect=SCHED,
    ),
    CoreParam(
        "rt_timer2_policy",
        "int",
        0,
        "scheduling policy of the slow timer",
        aliases=("rt_stimer_policy",),
        no_effect=SCHED,
    ),
    CoreParam(
        "rt_timer2_prio", "int", 0, "real-time priority of the slow timer", aliases=("rt_stimer_prio",), no_effect=SCHED
    ),
    CoreParam("server_header", "str", None, "the Server header line of generated replies"),
    CoreParam("server_id", "int", 0, "number of this server, $sel(sys.server_id)"),
    CoreParam("server_signature", "bool", 1, "add Server and User-Agent to generated messages"),
    CoreParam(
        "shm",
        "int",
        32,
        "shared memory in MB",
        aliases=(
            "shm_mem",
            "shm_mem_size",
        ),
        no_effect=SHM,
    ),
    CoreParam("shm_force_alloc", "bool", 0, "touch all shared memory at start", no_effect=SHM),
    CoreParam("sip_warning", "bool", 0, "add a Warning header with debugging information to generated replies"),
    CoreParam("statistics", "str", None, "file to write statistics to", no_effect=STAT),
    CoreParam("stun_allow_fp", "int", 1, "allow STUN fingerprints", no_effect=STUN),
    CoreParam("stun_allow_stun", "int", 1, "answer STUN requests", no_effect=STUN),
    CoreParam("stun_refresh_interval", "int", 0, "refresh interval in STUN answers", no_effect=STUN),
    CoreParam("syn_branch", "bool", 1, "0: stateless forwarding makes the same branch after a restart, at some cost"),
    CoreParam("tos", "int", 16, "type of service of IP packets"),
    CoreParam("udp4_raw", "signed", 0, "send UDP over IPv4 through a raw socket (-1: where possible)"),
    CoreParam("udp4_raw_mtu", "int", 1500, "largest packet on the raw socket"),
    CoreParam("udp4_raw_ttl", "int", -1, "time to live on the raw socket (-1: as the system says)"),
    CoreParam("udp_mtu", "int", 0, "requests larger than this leave over udp_mtu_try_proto (0: no limit)"),
    CoreParam("udp_mtu_try_proto", "proto", 0, "protocol for requests that are too large for UDP"),
    CoreParam("user", "word", None, "user to run as", aliases=("uid",)),
    CoreParam("user_agent_header", "str", None, "the User-Agent header line of generated requests"),
    CoreParam("workdir", "word", None, "working directory", aliases=("wdir",)),
    CoreParam("workers", "count", None, 'number of worker processes, or "auto": one for each processor'),
)

DNS: tuple[CoreParam, ...] = (
    CoreParam(
        "dns_cache_del_nonexp",
        "bool",
        0,
        "allow deleting entries that have not expired when the cache is full",
        aliases=("dns_cache_delete_nonexpired",),
    ),
    CoreParam("dns_cache_flags", "int", 0, "1 only IPv4, 2 only IPv6, 4 prefer IPv6 in the DNS cache"),
    CoreParam("dns_cache_gc_interval", "int", 120, "seconds between two rounds of deleting expired DNS records"),
    CoreParam("dns_cache_init", "bool", 1, "0 makes the DNS cache impossible to enable at run time"),
    CoreParam("dns_cache_max_ttl", "int", 4294967295, "longest time in seconds that a DNS record is kept"),
    CoreParam("dns_cache_mem", "int", 500, "size limit of the DNS cache in kB"),
    CoreParam("dns_cache_min_ttl", "int", 0, "shortest time in seconds that a DNS record is kept"),
    CoreParam("dns_cache_negative_ttl", "int", 60, "seconds to remember that a DNS name does not exist"),
    CoreParam("dns_retr_no", "int", -1, "how often a DNS query is repeated (-1: as the system says)"),
    CoreParam("dns_retr_time", "int", -1, "seconds between repeated DNS queries (-1: as the system says)"),
    CoreParam("dns_sctp_pref", "signed", 20, "preference of SCTP in NAPTR results", aliases=("dns_sctp_preference",)),
    CoreParam(
        "dns_search_full_match",
        "bool",
        1,
        "only accept search list answers that match name and domain in full",
        no_effect=SEARCH,
    ),
    CoreParam("dns_servers_no", "int", -1, "how many of the system's DNS servers to use (-1: as the system says)"),
    CoreParam("dns_srv_lb", "bool", 0, "spread load over SRV records by weight", aliases=("dns_srv_loadbalancing",)),
    CoreParam("dns_tcp_pref", "signed", 20, "preference of TCP in NAPTR results", aliases=("dns_tcp_preference",)),
    CoreParam("dns_tls_pref", "signed", 10, "preference of TLS in NAPTR results", aliases=("dns_tls_preference",)),
    CoreParam("dns_try_ipv6", "bool", 1, "look for AAAA records too"),
    CoreParam("dns_try_naptr", "bool", 0, "look for NAPTR records first"),
    CoreParam("dns_udp_pref", "signed", 30, "preference of UDP in NAPTR results", aliases=("dns_udp_preference",)),
    CoreParam("dns_use_search_list", "bool", 1, "use the system's search list for names"),
    CoreParam(
        "dst_blacklist_expire",
        "int",
        60,
        "seconds that a failed destination is avoided",
        aliases=("dst_blacklist_ttl",),
    ),
    CoreParam("dst_blacklist_gc_interval", "int", 60, "seconds between two rounds of deleting expired destinations"),
    CoreParam("dst_blacklist_init", "bool", 1, "0 makes the blacklist impossible to enable at run time"),
    CoreParam("dst_blacklist_mem", "int", 250, "size limit of the destination blacklist in kB"),
    CoreParam("dst_blacklist_sctp_imask", "int", 0, "errors over SCTP that do not count (bit mask)"),
    CoreParam("dst_blacklist_tcp_imask", "int", 0, "errors over TCP that do not count (bit mask)"),
    CoreParam("dst_blacklist_tls_imask", "int", 0, "errors over TLS that do not count (bit mask)"),
    CoreParam("dst_blacklist_udp_imask", "int", 0, "errors over UDP that do not count (bit mask)"),
    CoreParam("use_dns_cache", "bool", 1, "use the DNS cache"),
    CoreParam("use_dns_failover", "bool", 0, "try the next address when sending fails"),
    CoreParam("use_dst_blacklist", "bool", 0, "avoid destinations that failed"),
)

TCP: tuple[CoreParam, ...] = (
    CoreParam("disable_tcp", "bool", 0, "do not listen on TCP"),
    CoreParam(
        "proxy_protocol",
        "str",
        None,
        "LISTENER NETWORK,…: connections from there begin with a PROXY protocol header; may be given repeatedly",
        joins=";",
    ),
    CoreParam("tcp_accept_aliases", "bool", 0, "honour the alias parameter of Via for connections"),
    CoreParam("tcp_accept_no_cl", "bool", 0, "accept messages without Content-Length on streams"),
    CoreParam(
        "tcp_buf_write", "bool", 1, "queue what cannot be written at once", aliases=("tcp_async",), no_effect=LOOP
    ),
    CoreParam("tcp_children", "int", None, "number of worker processes for TCP", no_effect=LOOP),
    CoreParam("tcp_conn_wq_max", "int", 32768, "largest write queue of a connection in bytes"),
    CoreParam("tcp_connect_timeout", "signed", 10, "seconds to wait for a connection"),
    CoreParam("tcp_connection_lifetime", "signed", 120, "seconds until an idle connection is closed (-1: never)"),
    CoreParam("tcp_crlf_ping", "bool", 1, "answer double CRLF keep-alives"),
    CoreParam("tcp_defer_accept", "bool", 0, "accept a connection only when data has arrived (seconds)"),
    CoreParam("tcp_delayed_ack", "bool", 1, "delay the acknowledgement of a new connection"),
    CoreParam("tcp_fd_cache", "bool", 1, "cache descriptors of connections", no_effect=LOOP),
    CoreParam("tcp_keepalive", "bool", 1, "use TCP keep-alives"),
    CoreParam("tcp_keepcnt", "int", 0, "lost keep-alives before a connection counts as dead"),
    CoreParam("tcp_keepidle", "int", 0, "seconds of silence before keep-alives are sent"),
    CoreParam("tcp_keepintvl", "int", 0, "seconds between keep-alives"),
    CoreParam("tcp_linger2", "int", 0, "seconds that a closed connection lingers"),
    CoreParam("tcp_max_connections", "int", 2048, "most TCP and TLS connections"),
    CoreParam("tcp_no_connect", "bool", 0, "never open connections"),
    CoreParam("tcp_poll_method", "word", None, "how sockets are waited for", no_effect=LOOP),
    CoreParam("tcp_rd_buf_size", "int", 4096, "bytes to read from a stream at once"),
    CoreParam("tcp_send_timeout", "signed", 10, "seconds until unsent data breaks a connection"),
    CoreParam("tcp_source_ipv4", "ipv4", None, "IPv4 source address of new connections"),
    CoreParam("tcp_source_ipv6", "ipv6", None, "IPv6 source address of new connections"),
    CoreParam("tcp_syncnt", "int", 0, "attempts to open a connection (0: as the system says)"),
    CoreParam("tcp_wq_blk_size", "int", 2100, "block size of write queues", no_effect=QUEUES),
    CoreParam("tcp_wq_max", "int", 10485760, "most bytes in all write queues together"),
)

SCTP: tuple[CoreParam, ...] = (
    CoreParam("disable_sctp", "int", 2, "do not use SCTP (2: only where listen names it)"),
    CoreParam("enable_sctp", "int", None, "use SCTP (2: only where listen names it)"),
    CoreParam("sctp_asocmaxrxt", "int", None, "most retransmissions on an association"),
    CoreParam("sctp_assoc_reuse", "int", 1, "send on the association that a request came over"),
    CoreParam("sctp_assoc_tracking", "int", 1, "remember associations"),
    CoreParam("sctp_autoclose", "int", 180, "seconds until an idle association is closed"),
    CoreParam("sctp_children", "int", None, "number of worker processes for SCTP", no_effect=LOOP),
    CoreParam("sctp_hbinterval", "signed", None, "heartbeat interval in milliseconds (-1: off)"),
    CoreParam("sctp_init_max_attempts", "int", None, "most attempts to set up an association"),
    CoreParam(
        "sctp_init_max_timeo", "int", None, "longest time in milliseconds between attempts to set up an association"
    ),
    CoreParam("sctp_max_assocs", "signed", -1, "most associations (-1: no limit)"),
    CoreParam("sctp_max_burst", "int", None, "largest burst of packets"),
    CoreParam("sctp_pathmaxrxt", "int", None, "most retransmissions on a path"),
    CoreParam("sctp_sack_delay", "int", None, "delay of acknowledgements in milliseconds"),
    CoreParam("sctp_sack_freq", "int", None, "packets to receive before an acknowledgement is sent"),
    CoreParam("sctp_send_retries", "int", 0, "attempts to send again after a failure"),
    CoreParam("sctp_send_ttl", "int", 32000, "milliseconds after which an unsent message is dropped"),
    CoreParam(
        "sctp_socket_rcvbuf", "int", None, "receive buffer size in bytes", aliases=("sctp_socket_receive_buffer",)
    ),
    CoreParam("sctp_socket_sndbuf", "int", None, "send buffer size in bytes", aliases=("sctp_socket_send_buffer",)),
    CoreParam("sctp_srto_initial", "int", None, "initial retransmission time in milliseconds"),
    CoreParam("sctp_srto_max", "int", None, "longest retransmission time in milliseconds"),
    CoreParam("sctp_srto_min", "int", None, "shortest retransmission time in milliseconds"),
)

TLS: tuple[CoreParam, ...] = (
    CoreParam("disable_tls", "bool", 1, "do not listen on TLS", aliases=("tls_disable",)),
    CoreParam("enable_tls", "bool", None, "listen on TLS", aliases=("tls_enable",)),
    CoreParam("tls_ca_list", "str", None, "file with trusted certificates", no_effect=TLSMOD),
    CoreParam("tls_certificate", "str", None, "file with the server's certificate", no_effect=TLSMOD),
    CoreParam("tls_handshake_timeout", "int", None, "seconds a TLS handshake may take", no_effect=TLSMOD),
    CoreParam("tls_method", "tls_method", None, "TLS version", no_effect=TLSMOD),
    CoreParam(
        "tls_port_no",
        "int",
        5061,
        "port of TLS listeners that name none",
        aliases=(
            "tlslog",
            "tls_log",
        ),
    ),
    CoreParam("tls_private_key", "str", None, "file with the private key", no_effect=TLSMOD),
    CoreParam("tls_require_certificate", "bool", None, "require client certificates", no_effect=TLSMOD),
    CoreParam("tls_send_timeout", "int", None, "seconds until unsent TLS data breaks a connection", no_effect=TLSMOD),
    CoreParam("tls_verify", "bool", None, "verify certificates", no_effect=TLSMOD),
)

CORE_PARAMS: tuple[CoreParam, ...] = GENERAL + DNS + TCP + SCTP + TLS

PARAM_NAMES: dict[str, CoreParam] = {name: param for param in CORE_PARAMS for name in (param.name, *param.aliases)}
"""every name and alias"""


def core_settings() -> Settings:
    """Core parameters at their defaults."""
    return Settings(CORE_PARAMS)
