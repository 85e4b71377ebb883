"""Functions that forward: t_relay and its kin, t_forward_nonack*, t_replicate*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.forward import forward_request
from siprouter.core.outgoing import NextHop, next_hop
from siprouter.core.routes import FAILURE
from siprouter.modules.tm import cancel
from siprouter.modules.tm.fork import forward
from siprouter.modules.tm.hints import FORWARDED, RELEASED, hints_of
from siprouter.sip.names import M_ACK, M_CANCEL
from siprouter.transaction.server import F_AUTO_100, F_DISABLE_FAILOVER, F_LOCAL
from siprouter.transport.endpoint import PROTO_IDS, PROTO_NONE, SIP_PORT
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.values import Value
    from siprouter.modules.tm.state import Tm

# t_relay_to(): bits of the flags
NO_100 = 1
NO_FAILOVER = 4


def relay(tm: Tm, ctx: Context, hop: NextHop | None = None, proto: int = PROTO_NONE, replicate: bool = False) -> int:
    """Forward statefully; ACKs statelessly. 1, or a negative code: then a reply follows when the script ends."""
    if ctx.route_type == FAILURE:
        return relay_again(tm, ctx, hop, proto)
    method = ctx.msg.method_id
    if method == M_ACK:
        return forward_request(ctx, with_proto(ctx, hop, proto))
    try:
        if method == M_CANCEL and not replicate:
            return cancel.forward_cancel(tm, ctx, hop, proto)
        transaction = ctx.transaction or tm.create(ctx)
    except PeerError as error:
        hints = hints_of(ctx)
        hints.error = (error.status, error.reason)
        return -error.status
    if replicate:
        transaction.flags |= F_LOCAL
    else:
        tm.user.send_trying(transaction, ctx)
    result = forward(tm, ctx, transaction, hop, proto)
    if result < 0 and replicate:
        transaction.release(tm.worker.now())
        hints = hints_of(ctx)
        hints.done |= RELEASED
    return result


def relay_again(tm: Tm, ctx: Context, hop: NextHop | None, proto: int) -> int:
    """Forward from a failure route."""
    if ctx.transaction is None:
        return -1
    return 1 if forward(tm, ctx, ctx.transaction, hop, proto) > 0 else -1


def with_proto(ctx: Context, hop: NextHop | None, proto: int) -> NextHop | None:
    """The next hop for stateless forwarding when only the transport is given."""
    if hop is not None or proto == PROTO_NONE:
        return hop
    try:
        return next_hop(ctx.dst_uri or ctx.uri, proto)
    except PeerError:
        return None


def host_port(host: str, port: int, proto: int) -> NextHop:
    """A next hop given by the script as host and port."""
    return NextHop(host.strip("[]"), port, proto, False)


def parse_proxy(text: str) -> NextHop | None:
    """`[proto:]host[:port]`, None where that is not what `text` is."""
    proto = PROTO_NONE
    head, colon, rest = text.strip().partition(":")
    if colon and head.lower() in PROTO_IDS and head.lower() != "any":
        proto, text = PROTO_IDS[head.lower()], rest
    host, colon, port = text.rpartition(":")
    if not colon or host.endswith(":") or (text.startswith("[") and text.endswith("]")):
        host, port = text, ""
    if not host or (port and not port.isdigit()):
        return None
    return NextHop(host.strip("[]"), int(port or 0), proto, False)


def number(text: str) -> int | None:
    """A decimal or 0x hexadecimal number."""
    try:
        return int(text, 16) if text.startswith("0x") else int(text, 10)
    except ValueError:
        return None


# --- script functions


def t_relay(tm: Tm, ctx: Context, host: str = "", port: int = 0) -> int:
    """To the destination set, or to host and port by the transport that the request came by."""
    if not host:
        return relay(tm, ctx)
    return relay(tm, ctx, host_port(host, port, ctx.source.proto))


def t_relay_proto(proto: int, tm: Tm, ctx: Context, host: str = "", port: int = 0) -> int:
    """t_relay_to_udp and so on: like t_relay, by a fixed transport."""
    return relay(tm, ctx, host_port(host, port, proto) if host else None, proto)


def t_relay_to_udp(tm: Tm, ctx: Context, host: str = "", port: int = 0) -> int:
    """By UDP."""
    return t_relay_proto(PROTO_IDS["udp"], tm, ctx, host, port)


def t_relay_to_tcp(tm: Tm, ctx: Context, host: str = "", port: int = 0) -> int:
    """By TCP."""
    return t_relay_proto(PROTO_IDS["tcp"], tm, ctx, host, port)


def t_relay_to_tls(tm: Tm, ctx: Context, host: str = "", port: int = 0) -> int:
    """By TLS."""
    return t_relay_proto(PROTO_IDS["tls"], tm, ctx, host, port)


def t_relay_to_sctp(tm: Tm, ctx: Context, host: str = "", port: int = 0) -> int:
    """By SCTP."""
    return t_relay_proto(PROTO_IDS["sctp"], tm, ctx, host, port)


def t_relay_to(tm: Tm, ctx: Context, first: str = "", second: str = "") -> int:
    """`t_relay_to("proto:host:port", "flags")`, each of the two alone, or nothing."""
    flags = number(second) if second else 0
    hop = None
    if first:
        alone = None if second else number(first)
        if alone is not None:
            flags = alone
        else:
            hop = parse_proxy(first)
            if hop is None:
                tm.log.error("t_relay_to: bad proxy %r", first, source="tm")
                return -1
    if flags is None:
        tm.log.error("t_relay_to: bad flags %r", second, source="tm")
        return -1
    if flags & NO_100:
        tm.set_flag(ctx, F_AUTO_100, False)
    if flags & NO_FAILOVER:
        tm.set_flag(ctx, F_DISABLE_FAILOVER, True)
    return relay(tm, ctx, hop, hop.proto if hop is not None else PROTO_NONE)


def proto_and_address(tm: Tm, proto: Value, address: Value) -> NextHop | None:
    """The two arguments (proto, host:port) of the _to functions; None, logged, where they make no sense."""
    number_of = proto if isinstance(proto, int) else PROTO_IDS.get(str(proto or "").lower(), PROTO_NONE)
    hop = parse_proxy(str(address or ""))
    if hop is None:
        tm.log.error("bad address %r", address, source="tm")
        return None
    return NextHop(hop.host, hop.port or SIP_PORT, number_of, False)


def t_relay_to_avp(tm: Tm, ctx: Context, proto: Value, address: Value) -> int:
    """To host:port by proto, both perhaps from AVPs."""
    hop = proto_and_address(tm, proto, address)
    return -1 if hop is None else relay(tm, ctx, hop)


def forward_nonack(tm: Tm, ctx: Context, hop: NextHop | None, proto: int) -> int:
    """Forward on a transaction that exists already."""
    if ctx.transaction is None or ctx.msg.method_id == M_ACK:
        tm.log.warning("t_forward_nonack: no transaction, or an ACK", source="tm")
        return -1
    return forward(tm, ctx, ctx.transaction, hop, proto)


def t_forward_nonack(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """To host and port."""
    return forward_nonack(tm, ctx, host_port(host, port, PROTO_NONE), PROTO_NONE)


def t_forward_nonack_uri(tm: Tm, ctx: Context) -> int:
    """To the destination set."""
    return forward_nonack(tm, ctx, None, PROTO_NONE)


def t_forward_nonack_udp(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """By UDP."""
    return forward_nonack(tm, ctx, host_port(host, port, PROTO_IDS["udp"]), PROTO_IDS["udp"])


def t_forward_nonack_tcp(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """By TCP."""
    return forward_nonack(tm, ctx, host_port(host, port, PROTO_IDS["tcp"]), PROTO_IDS["tcp"])


def t_forward_nonack_tls(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """By TLS."""
    return forward_nonack(tm, ctx, host_port(host, port, PROTO_IDS["tls"]), PROTO_IDS["tls"])


def t_forward_nonack_sctp(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """By SCTP."""
    return forward_nonack(tm, ctx, host_port(host, port, PROTO_IDS["sctp"]), PROTO_IDS["sctp"])


def t_forward_nonack_to(tm: Tm, ctx: Context, proto: Value, address: Value) -> int:
    """To host:port by proto, both perhaps from AVPs."""
    hop = proto_and_address(tm, proto, address)
    return -1 if hop is None else forward_nonack(tm, ctx, hop, hop.proto)


def t_replicate(tm: Tm, ctx: Context, first: str, port: int = -1) -> int:
    """A copy to a SIP URI, or to host and port; replies to it go nowhere."""
    if port >= 0:
        return relay(tm, ctx, host_port(first, port, ctx.source.proto), PROTO_NONE, True)
    try:
        return relay(tm, ctx, next_hop(first), PROTO_NONE, True)
    except PeerError as error:
        tm.log.error("t_replicate: %s: %r", error.reason, first, source="tm")
        return -1


def t_replicate_udp(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """By UDP."""
    return relay(tm, ctx, host_port(host, port, PROTO_IDS["udp"]), PROTO_IDS["udp"], True)


def t_replicate_tcp(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """By TCP."""
    return relay(tm, ctx, host_port(host, port, PROTO_IDS["tcp"]), PROTO_IDS["tcp"], True)


def t_replicate_tls(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """By TLS."""
    return relay(tm, ctx, host_port(host, port, PROTO_IDS["tls"]), PROTO_IDS["tls"], True)


def t_replicate_sctp(tm: Tm, ctx: Context, host: str, port: int) -> int:
    """By SCTP."""
    return relay(tm, ctx, host_port(host, port, PROTO_IDS["sctp"]), PROTO_IDS["sctp"], True)


def t_replicate_to(tm: Tm, ctx: Context, proto: Value, address: Value) -> int:
    """To host:port by proto, both perhaps from AVPs."""
    hop = proto_and_address(tm, proto, address)
    return -1 if hop is None else relay(tm, ctx, hop, hop.proto, True)


def t_relay_cancel(tm: Tm, ctx: Context) -> int:
    """Forward a CANCEL whose INVITE is known, and stop the script; go on with any other message."""
    if ctx.msg.method_id != M_CANCEL:
        return 1
    found = tm.find_canceled(ctx)
    if found is None:
        return 1
    try:
        transaction = ctx.transaction or tm.create(ctx)
    except PeerError as error:
        tm.hints(ctx).error = (error.status, error.reason)
        return -1
    cancel.cancel_invite(tm, ctx, transaction, found)
    hints = hints_of(ctx)
    hints.done |= FORWARDED
    return 0
