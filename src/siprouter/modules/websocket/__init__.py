"""websocket: SIP over WebSocket (RFC 7118), on ports of its own or shared with TCP and TLS."""

from siprouter.core.args import FmtOrInt, Int
from siprouter.core.declare import Module, event_route, function, param, pvar, rpc
from siprouter.core.routes import ANY, REQUEST
from siprouter.modules.websocket import commands, functions
from siprouter.modules.websocket.state import STATS, WebSocket

_ONE_LOOP = "the worker's own loop sends keep-alives"

module = Module(
    "websocket",
    help="SIP over WebSocket (RFC 6455, RFC 7118)",
    state=WebSocket,
    params=[
        param("keepalive_mechanism", int, 1, "0: none, 1: Ping, 2: Pong"),
        param("keepalive_timeout", int, 180, "seconds without traffic after which a keep-alive is sent"),
        param("keepalive_interval", int, 1, "seconds between looks for idle connections"),
        param("keepalive_processes", int, 1, "processes that send keep-alives", obsolete=_ONE_LOOP),
        param("ping_application_data", str, None, "octets in Ping and Pong frames; by default the server's name"),
        param("sub_protocols", int, 1, "sub-protocols that clients may ask for: 1 sip"),
        param("cors_mode", int, 0, "Access-Control-Allow-Origin: 0 none, 1 *, 2 the request's Origin"),
        param("verbose_list", int, 0, "log each connection that is looked at for keep-alives"),
        param("timer_interval", int, 1, "seconds between cleanings", obsolete="connections are freed at once"),
        param("rm_delay_interval", int, 5, "seconds until cleaning", obsolete="connections are freed at once"),
    ],
    functions=[
        function("ws_handle_handshake", functions.ws_handle_handshake, routes=REQUEST, help="answer a handshake"),
        function(
            "ws_close",
            functions.ws_close,
            [Int("code"), FmtOrInt("reason"), Int("connection")],
            routes=ANY,
            arities=[0, 2, 3],
            help="close this WebSocket, or another one, with a code and a reason",
        ),
    ],
    pvars=[pvar("ws_conid", get=functions.connection_id, help="number of the WebSocket that the message came by")],
    rpcs=[
        rpc("ws.dump", commands.dump, "*s", help="connections: [id_hash|used_desc|used_asc]"),
        rpc("ws.close", commands.close, "d", help="close a connection: number"),
        rpc("ws.ping", commands.ping, "d", help="send a Ping: number"),
        rpc("ws.pong", commands.pong, "d", help="send a Pong: number"),
        rpc("ws.enable", commands.enable, help="accept handshakes"),
        rpc("ws.disable", commands.disable, help="accept no handshakes; connections stay"),
    ],
    stats=STATS,
    event_routes=[event_route("websocket:closed", "a WebSocket was closed")],
)
