"""The functions of the core that send, and those that say how to send: forward(), send(), force_send_socket() …"""

from __future__ import annotations

from typing import Any

from siprouter.core.context import Context
from siprouter.core.forward import forward_request
from siprouter.core.outgoing import NextHop, next_hop
from siprouter.core.route_info import SENDING, Sending
from siprouter.core.send_flags import (
    ADD_LOCAL_RPORT,
    ADVERTISED,
    FORWARD_CLOSE,
    FORWARD_NO_CONNECT,
    REPLY_CLOSE,
    REPLY_NO_CONNECT,
    advertised,
    set_large_message_proto,
)
from siprouter.script.conditions import addresses_of
from siprouter.script.core_args import URI_HOST, SocketName
from siprouter.script.core_functions import CoreFunctions, code
from siprouter.transport.endpoint import (
    PROTO_NONE,
    PROTO_SCTP,
    PROTO_TCP,
    PROTO_TLS,
    PROTO_UDP,
    SIP_PORT,
    Endpoint,
    default_port,
    is_stream,
)
from siprouter.util.address import normalize_ip
from siprouter.util.errors import PeerError


class CoreSending(CoreFunctions):
    """All core functions."""

    # --- forward

    def forward(self, ctx: Context, host: str = "", port: int = 0) -> int:
        """forward(): statelessly to where the request URI (or the destination URI) points, or to a host."""
        if not host:
            return self._forward(ctx, PROTO_NONE, URI_HOST, -1)
        return self._forward(ctx, PROTO_NONE, host, port)

    def forward_udp(self, ctx: Context, host: str, port: int = 0) -> int:
        """forward_udp()."""
        return self._forward(ctx, PROTO_UDP, host, port)

    def forward_tcp(self, ctx: Context, host: str, port: int = 0) -> int:
        """forward_tcp()."""
        return self._forward(ctx, PROTO_TCP, host, port)

    def forward_tls(self, ctx: Context, host: str, port: int = 0) -> int:
        """forward_tls()."""
        return self._forward(ctx, PROTO_TLS, host, port)

    def forward_sctp(self, ctx: Context, host: str, port: int = 0) -> int:
        """forward_sctp()."""
        return self._forward(ctx, PROTO_SCTP, host, port)

    def _forward(self, ctx: Context, proto: int, host: str, port: int) -> int:
        """`host` URI_HOST: host and protocol of the URI; `port` -1: its port too, 0: the default one."""
        if host != URI_HOST:
            return forward_request(ctx, NextHop(host, max(port, 0), proto or ctx.source.proto, False))
        try:
            hop = next_hop(ctx.dst_uri or ctx.uri, proto)
        except PeerError as error:
            self.worker.log.error("forward: %s", error.reason)
            return -1
        if port >= 0:
            hop = NextHop(hop.host, port, hop.proto, hop.secure)
        return forward_request(ctx, hop)

    # --- send

    def send(self, ctx: Context, host: str, port: int = 0) -> int:
        """send(): the message as it is, over UDP."""
        return self._send(ctx, PROTO_UDP, host, port)

    def send_tcp(self, ctx: Context, host: str, port: int = 0) -> int:
        """send_tcp(): the message as it is, over TCP."""
        return self._send(ctx, PROTO_TCP, host, port)

    def _send(self, ctx: Context, proto: int, host: str, port: int) -> int:
        sending: Sending | None = None if ctx.var_map is None else ctx.var_map.get(SENDING)
        data: bytes = ctx.msg.buf if sending is None else sending.data
        ip = normalize_ip(host)
        if ip is not None:
            return code(self._send_to(ctx, data, proto, ip, port))
        self.worker.spawn(self._resolve_and_send(ctx, data, proto, host, port), "send")
        return 1

    def _send_to(self, ctx: Context, data: bytes, proto: int, ip: str, port: int) -> bool:
        listener = self.worker.listeners.choose(proto, ip, ctx.force_socket, ctx.source.listener)
        if listener is None:
            self.worker.log.error("send: no socket to send to %s from", ip)
            return False
        to = Endpoint(proto, ip, port or default_port(proto), 0, listener)
        sent: bool = self.worker.outlet.send(data, to)
        return sent

    async def _resolve_and_send(self, ctx: Context, data: bytes, proto: int, host: str, port: int) -> None:
        for ip in await addresses_of(ctx, host):
            if self._send_to(ctx, data, proto, ip, port):
                return
        self.worker.log.error("send: cannot send to %s", host)

    # --- how to send

    def force_rport(self, ctx: Context) -> int:
        """force_rport(): replies go to the port that the request came from."""
        ctx.force_rport = True
        return 1

    def add_local_rport(self, ctx: Context) -> int:
        """add_local_rport(): rport in our own Via."""
        ctx.send_flags |= ADD_LOCAL_RPORT
        return 1

    def force_tcp_alias(self, ctx: Context, port: int = -1) -> int:
        """force_tcp_alias(): the connection is used for requests to this port (that of the Via) of the peer, too."""
        source = ctx.source
        if not is_stream(source.proto) or not source.connection:
            return 1
        add_alias: Any = self.worker.services.get("connection_alias")
        if add_alias is None:
            self.worker.log.error("force_tcp_alias: there is no connection table")
            return -1
        return code(add_alias(source.connection, port if port >= 0 else ctx.msg.via.port or SIP_PORT))

    def force_send_socket(self, ctx: Context, socket: SocketName | None) -> int:
        """force_send_socket(): the socket to send from."""
        listener = None if socket is None else socket.find(self.worker)
        if listener is None:
            self.worker.log.error("force_send_socket: the server does not listen on %s", socket)
            return -1
        ctx.force_socket = listener
        return 1

    def set_advertised_address(self, ctx: Context, address: str) -> int:
        """set_advertised_address(): in Via and Record-Route of this message."""
        ctx.vars[ADVERTISED] = advertised(ctx)._replace(address=address)
        return 1

    def set_advertised_port(self, ctx: Context, port: int) -> int:
        """set_advertised_port(): in Via and Record-Route of this message."""
        ctx.vars[ADVERTISED] = advertised(ctx)._replace(port=port)
        return 1

    def set_forward_no_connect(self, ctx: Context) -> int:
        """set_forward_no_connect(): forward only over a connection that is open."""
        ctx.send_flags |= FORWARD_NO_CONNECT
        return 1

    def set_forward_close(self, ctx: Context) -> int:
        """set_forward_close(): close the connection after forwarding."""
        ctx.send_flags |= FORWARD_CLOSE
        return 1

    def set_reply_no_connect(self, ctx: Context) -> int:
        """set_reply_no_connect(): reply only over a connection that is open."""
        ctx.send_flags |= REPLY_NO_CONNECT
        return 1

    def set_reply_close(self, ctx: Context) -> int:
        """set_reply_close(): close the connection after the reply."""
        ctx.send_flags |= REPLY_CLOSE
        return 1

    def udp_mtu_try_proto(self, ctx: Context, proto: int) -> int:
        """udp_mtu_try_proto(): the protocol when the message is too large for UDP; UDP means none."""
        set_large_message_proto(ctx, 0 if proto == PROTO_UDP else proto)
        return 1

    # --- programs

    async def execute(self, ctx: Context, command: str) -> int:
        """exec(): run a shell command and wait for it; true whatever it returns."""
        shell: Any = self.worker.services.get("shell")
        if shell is None:
            self.worker.log.error("exec: running programs is not possible here")
            return -1
        status: int = await shell(command)
        if status != 0:
            self.worker.log.notice("exec: %s returned %d", command, status)
        return 1
