"""The core functions as declarations: names, arguments, where they may stand."""

from __future__ import annotations

from siprouter.core.args import Flag, Int, Opt, Str
from siprouter.core.args import arities as count_arguments
from siprouter.core.declare import Function, function
from siprouter.core.routes import ANY, ONSEND
from siprouter.core.worker import Worker
from siprouter.script.core_args import AttributeArg, AvpFlag, Host, Port, Proto, Q, Socket
from siprouter.script.core_sending import CoreSending as Core

NOT_ONSEND = ANY & ~ONSEND
_TARGET = (Host("host"), Opt(Port("port")))

CORE_FUNCTIONS: tuple[Function, ...] = (
    function(
        "rewriteuri", Core.rewrite_uri, [Str("uri")], routes=NOT_ONSEND, aliases=["seturi"], help="set the request URI"
    ),
    function(
        "rewritehost",
        Core.rewrite_host,
        [Str("host")],
        routes=NOT_ONSEND,
        aliases=["sethost", "seth"],
        help="set the host of the request URI",
    ),
    function(
        "rewritehostport",
        Core.rewrite_host_port,
        [Str("host:port")],
        routes=NOT_ONSEND,
        aliases=["sethostport", "sethp"],
        help="set host and port of the request URI",
    ),
    function(
        "rewritehostporttrans",
        Core.rewrite_host_port_transport,
        [Str("host:port;transport")],
        routes=NOT_ONSEND,
        aliases=["sethostporttrans", "sethpt"],
        help="set host, port and transport of the request URI",
    ),
    function(
        "rewriteuser",
        Core.rewrite_user,
        [Str("user")],
        routes=NOT_ONSEND,
        aliases=["setuser", "setu"],
        help="set the user of the request URI",
    ),
    function(
        "rewriteuserpass",
        Core.rewrite_user_password,
        [Str("user:password")],
        routes=NOT_ONSEND,
        aliases=["setuserpass", "setup"],
        help="set user and password of the request URI",
    ),
    function(
        "rewriteport",
        Core.rewrite_port,
        [Str("port")],
        routes=NOT_ONSEND,
        aliases=["setport", "setp"],
        help="set the port of the request URI",
    ),
    function("revert_uri", Core.revert_uri, routes=NOT_ONSEND, help="back to the request URI as received"),
    function(
        "prefix", Core.prefix, [Str("text")], routes=NOT_ONSEND, help="put text before the user of the request URI"
    ),
    function("strip", Core.strip, [Int("count")], routes=NOT_ONSEND, help="remove the first characters of the user"),
    function(
        "strip_tail", Core.strip_tail, [Int("count")], routes=NOT_ONSEND, help="remove the last characters of the user"
    ),
    function("userphone", Core.user_phone, routes=NOT_ONSEND, help="add user=phone to the request URI"),
    function(
        "append_branch",
        Core.append_branch,
        [Opt(Str("uri")), Opt(Q("q"))],
        routes=NOT_ONSEND,
        help="add a destination: the present request URI, or the one given",
    ),
    function("setflag", Core.set_flag, [Flag("flag")], help="set a message flag"),
    function("resetflag", Core.reset_flag, [Flag("flag")], help="reset a message flag"),
    function("isflagset", Core.is_flag_set, [Flag("flag")], help="whether a message flag is set"),
    function(
        "setavpflag",
        Core.set_avp_flag,
        [AttributeArg("attribute"), AvpFlag("flag")],
        routes=NOT_ONSEND,
        help="set a flag of an attribute",
    ),
    function(
        "resetavpflag",
        Core.reset_avp_flag,
        [AttributeArg("attribute"), AvpFlag("flag")],
        routes=NOT_ONSEND,
        help="reset a flag of an attribute",
    ),
    function(
        "isavpflagset",
        Core.is_avp_flag_set,
        [AttributeArg("attribute"), AvpFlag("flag")],
        routes=NOT_ONSEND,
        help="whether a flag of an attribute is set",
    ),
    function("log", Core.log, [Str("text")], help="log a text, below the debug level"),
    function("log", Core.log_at, [Int("level"), Str("text")], help="log a text at a level"),
    function("error", Core.error, [Str("first"), Str("second")], routes=NOT_ONSEND, help="log two texts"),
    function("exec", Core.execute, [Str("command")], routes=NOT_ONSEND, waits=True, help="run a shell command"),
    function(
        "forward",
        Core.forward,
        [Opt(Host("host")), Opt(Port("port"))],
        routes=NOT_ONSEND,
        help="forward statelessly to the request URI, or to a host",
    ),
    function("forward_udp", Core.forward_udp, _TARGET, routes=NOT_ONSEND, help="forward statelessly over UDP"),
    function("forward_tcp", Core.forward_tcp, _TARGET, routes=NOT_ONSEND, help="forward statelessly over TCP"),
    function("forward_tls", Core.forward_tls, _TARGET, routes=NOT_ONSEND, help="forward statelessly over TLS"),
    function("forward_sctp", Core.forward_sctp, _TARGET, routes=NOT_ONSEND, help="forward statelessly over SCTP"),
    function("send", Core.send, _TARGET, help="send the message as it is over UDP"),
    function("send_tcp", Core.send_tcp, _TARGET, help="send the message as it is over TCP"),
    function(
        "force_rport",
        Core.force_rport,
        routes=NOT_ONSEND,
        aliases=["add_rport"],
        help="reply to the port that the request came from",
    ),
    function("add_local_rport", Core.add_local_rport, routes=NOT_ONSEND, help="put rport into our own Via"),
    function(
        "force_tcp_alias",
        Core.force_tcp_alias,
        [Opt(Port("port"))],
        routes=NOT_ONSEND,
        aliases=["add_tcp_alias"],
        help="use the connection for requests to the peer's port, too",
    ),
    function(
        "force_send_socket",
        Core.force_send_socket,
        [Socket("socket")],
        routes=NOT_ONSEND,
        help="set the socket to send from",
    ),
    function(
        "set_advertised_address",
        Core.set_advertised_address,
        [Host("address")],
        routes=NOT_ONSEND,
        help="set the address in Via and Record-Route of this message",
    ),
    function(
        "set_advertised_port",
        Core.set_advertised_port,
        [Port("port")],
        routes=NOT_ONSEND,
        help="set the port in Via and Record-Route of this message",
    ),
    function("set_forward_no_connect", Core.set_forward_no_connect, help="forward only over an open connection"),
    function("set_forward_close", Core.set_forward_close, help="close the connection after forwarding"),
    function("set_reply_no_connect", Core.set_reply_no_connect, help="reply only over an open connection"),
    function("set_reply_close", Core.set_reply_close, help="close the connection after the reply"),
    function(
        "udp_mtu_try_proto",
        Core.udp_mtu_try_proto,
        [Proto("protocol")],
        routes=NOT_ONSEND,
        help="protocol for a message that is too large for UDP",
    ),
)

CONTROL_ARITIES: dict[str, tuple[int, ...]] = {
    "route": (1,),
    "break": (0,),
    "return": (0, 1),
    "exit": (0, 1),
    "drop": (0, 1),
}
"""what the inventory counts as functions and the language has as statements"""

CORE_NAMES = frozenset(name for declared in CORE_FUNCTIONS for name in (declared.name, *declared.aliases))


def core_arities() -> dict[str, tuple[int, ...]]:
    """Accepted numbers of arguments of all core functions, by name."""
    found: dict[str, set[int]] = {name: set(counts) for name, counts in CONTROL_ARITIES.items()}
    for declared in CORE_FUNCTIONS:
        least, most = count_arguments(declared.args)
        for name in (declared.name, *declared.aliases):
            found.setdefault(name, set()).update(range(least, most + 1))
    return {name: tuple(sorted(counts)) for name, counts in found.items()}


def register_core_functions(worker: Worker) -> None:
    """Make the core functions known to a worker; done once, before modules are loaded."""
    inst = Core(worker)
    for declared in CORE_FUNCTIONS:
        for name in (declared.name, *declared.aliases):
            worker.registry.functions.setdefault(name, []).append((declared, inst, "core"))
