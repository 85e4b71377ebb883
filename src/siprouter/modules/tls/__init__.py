"""tls: TLS for SIP connections: certificates, domains, verification."""

from siprouter.core.declare import EVERY_WORKER, JOIN_LISTS, Module, cfg_var, function, param, rpc, stat
from siprouter.core.routes import REQUEST
from siprouter.modules.tls import rpcs
from siprouter.modules.tls.tls import Tls, is_peer_verified
from siprouter.modules.tls.values import declare_pvars, declare_selects

RELEASED = "Python has OpenSSL release its buffers always"
FREELIST = "OpenSSL has no free lists any more"
AHEAD = "records are read from memory"
SESSION_ID = "Python gives OpenSSL the session id context"
BLOCKS = "queues have no blocks"
LIBRARY = "Python and its OpenSSL are built for each other"

CLEAR = "bytes of clear text that wait for a handshake"
GIB = 1 << 30

module = Module(
    "tls",
    help="TLS for SIP connections: certificates, domains, verification",
    state=Tls,
    params=[
        param("tls_method", str, "TLSv1", "TLS version; TLSv1 and SSLv23: any", cfg_var="method"),
        param("verify_certificate", int, 0, "1: check the peer's certificate", cfg_var="verify_certificate"),
        param("verify_depth", int, 9, "most certificates between peer and CA", cfg_var="verify_depth"),
        param("require_certificate", int, 0, "1: clients need a certificate", cfg_var="require_certificate"),
        param("private_key", str, None, "file with the key", cfg_var="private_key"),
        param("ca_list", str, None, "file with trusted certificates", cfg_var="ca_list"),
        param("certificate", str, None, "file with the certificate", cfg_var="certificate"),
        param("crl", str, None, "file with revoked certificates", cfg_var="crl"),
        param("cipher_list", str, None, "ciphers up to TLS 1.2, as OpenSSL writes them", cfg_var="cipher_list"),
        param("session_cache", int, 0, "1: sessions can be resumed", cfg_var="session_cache"),
        param("session_id", str, "sip-router-tls-3.1", "no effect", cfg_var="session_id", obsolete=SESSION_ID),
        param("config", str, None, "file with domains; it counts instead of parameters", cfg_var="config"),
        param("tls_log", int, 3, "log level of messages about connections", cfg_var="log"),
        param("tls_debug", int, 3, "log level of messages about handshakes", cfg_var="debug"),
        param("connection_timeout", int, 600, "seconds without any message", cfg_var="connection_timeout"),
        param("tls_disable_compression", int, 1, "0: compress where OpenSSL can", cfg_var="disable_compression"),
        param("ssl_release_buffers", int, 1, "no effect", cfg_var="ssl_release_buffers", obsolete=RELEASED),
        param("ssl_freelist_max_len", int, 0, "no effect", cfg_var="ssl_free_list_max", obsolete=FREELIST),
        param("ssl_max_send_fragment", int, -1, "most bytes in a record", cfg_var="ssl_max_send_fragment"),
        param("ssl_read_ahead", int, 0, "no effect", cfg_var="ssl_read_ahead", obsolete=AHEAD),
        param("low_mem_threshold1", int, -1, "kB free to begin connections", cfg_var="low_mem_threshold1"),
        param("low_mem_threshold2", int, -1, "kB free to go on with them", cfg_var="low_mem_threshold2"),
        param("ct_wq_max", int, 10485760, f"most {CLEAR}", cfg_var="ct_wq_max"),
        param("con_ct_wq_max", int, 65536, f"most {CLEAR} on one connection", cfg_var="con_ct_wq_max"),
        param("ct_wq_blk_size", int, 4096, "no effect", cfg_var="ct_wq_blk_size", obsolete=BLOCKS),
        param("send_close_notify", int, 0, "1: say so before closing", cfg_var="send_close_notify"),
        param("tls_force_run", int, 0, "no effect", cfg_var="force_run", obsolete=LIBRARY),
        param("renegotiation", int, 0, "1: peers may renegotiate up to TLS 1.2", cfg_var="renegotiation"),
        param("handshake_timeout", int, 30, "seconds that a handshake may take", cfg_var="handshake_timeout"),
        param("max_handshakes", int, 1024, "most handshakes under way", cfg_var="max_handshakes"),
    ],
    functions=[
        function(
            "is_peer_verified", is_peer_verified, routes=REQUEST, help="whether the peer's certificate is verified"
        ),
    ],
    pvars=[*declare_pvars()],
    selects=[*declare_selects()],
    rpcs=[
        rpc("tls.reload", rpcs.reload, help="Read certificates, keys, CRLs and domains again.", workers=EVERY_WORKER),
        rpc("tls.list", rpcs.list_connections, help="All TLS connections.", returns_array=True, workers=JOIN_LISTS),
        rpc("tls.info", rpcs.info, help="What waits, and what happened so far."),
        rpc("tls.options", rpcs.options, help="The settings as they are now."),
    ],
    stats=[
        stat("accepted", "connections of peers that became secure", lambda tls: tls.counts.accepted),
        stat("connected", "connections to peers that became secure", lambda tls: tls.counts.connected),
        stat("handshake_failed", "handshakes that failed", lambda tls: tls.counts.handshake_failed),
        stat(
            "handshake_dropped",
            "handshakes given up for newer ones",
            lambda tls: tls.counts.handshake_dropped,
        ),
        stat("low_memory", "connections given up for lack of memory", lambda tls: tls.counts.low_memory),
    ],
    cfg_vars=[
        cfg_var("force_run", int, 0, "no effect", most=1, readonly=True),
        cfg_var("method", str, "TLSv1", "TLS version", readonly=True),
        cfg_var("verify_certificate", int, 0, "check the peer's certificate", most=1, readonly=True),
        cfg_var("verify_depth", int, 9, "most certificates between peer and CA", most=100, readonly=True),
        cfg_var("require_certificate", int, 0, "clients need a certificate", most=1, readonly=True),
        cfg_var("private_key", str, None, "file with the key", readonly=True),
        cfg_var("ca_list", str, None, "file with trusted certificates", readonly=True),
        cfg_var("crl", str, None, "file with revoked certificates", readonly=True),
        cfg_var("certificate", str, None, "file with the certificate", readonly=True),
        cfg_var("cipher_list", str, None, "ciphers up to TLS 1.2", readonly=True),
        cfg_var("session_cache", int, 0, "sessions can be resumed", most=1, readonly=True),
        cfg_var("session_id", str, "sip-router-tls-3.1", "no effect", readonly=True),
        cfg_var("config", str, None, "file with domains, read at the next tls.reload"),
        cfg_var("log", int, 3, "log level of messages about connections", most=1000, atomic=True),
        cfg_var("debug", int, 3, "log level of messages about handshakes", most=1000, atomic=True),
        cfg_var(
            "connection_timeout",
            int,
            600,
            "seconds until a connection without any message closes (-1: never)",
            least=-1,
            most=1 << 31,
            atomic=True,
        ),
        cfg_var("disable_compression", int, 1, "no compression", most=1, readonly=True),
        cfg_var("ssl_release_buffers", int, 1, "no effect", least=-1, most=1, readonly=True),
        cfg_var("ssl_free_list_max", int, 0, "no effect", least=-1, most=GIB, readonly=True),
        cfg_var("ssl_max_send_fragment", int, -1, "most bytes in a record", least=-1, most=65536, readonly=True),
        cfg_var("ssl_read_ahead", int, 0, "no effect", least=-1, most=1, readonly=True),
        cfg_var("low_mem_threshold1", int, -1, "kB free to begin connections", least=-1, most=GIB, atomic=True),
        cfg_var("low_mem_threshold2", int, -1, "kB free to go on with them", least=-1, most=GIB, atomic=True),
        cfg_var("ct_wq_max", int, 10485760, f"most {CLEAR}", most=GIB, atomic=True),
        cfg_var("con_ct_wq_max", int, 65536, f"most {CLEAR} on one connection", most=4194304, atomic=True),
        cfg_var("ct_wq_blk_size", int, 4096, "no effect", least=1, most=65536, atomic=True),
        cfg_var("send_close_notify", int, 0, "say so before closing", most=1, atomic=True),
        cfg_var("renegotiation", int, 0, "peers may renegotiate up to TLS 1.2", most=1, readonly=True),
        cfg_var("handshake_timeout", int, 30, "seconds that a handshake may take", least=1, most=3600),
        cfg_var("max_handshakes", int, 1024, "most handshakes under way", least=1, most=1048576),
    ],
)
