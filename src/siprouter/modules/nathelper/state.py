"""The module's instance: parameters, the pinger, and MI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp_param import avp_param
from siprouter.core.sockets import parse_socket
from siprouter.modules.nathelper.pinger import Pinger
from siprouter.modules.nathelper.sip_ping import SipPing
from siprouter.rpc.mi import BAD_ARGUMENT, MISSING_ARGUMENTS, MiReply
from siprouter.transport.endpoint import PROTO_NONE, PROTO_UDP, SIP_PORT, Listener
from siprouter.transport.raw import RawUdp
from siprouter.util.address import is_ipv4
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.access import PvAccess
    from siprouter.core.worker import Worker


class Nathelper:
    """Finds NATs, mends what they break, and keeps them open."""

    natping_interval: int
    ping_nated_only: int
    nortpproxy_str: str | None
    received_avp: str | None
    force_socket: str | None
    sipping_from: str | None
    sipping_method: str | None
    sipping_bflag: int
    natping_socket: str | None

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.received: PvAccess | None = None
        self.nortpproxy_line = ""
        self.pinger: Pinger | None = None
        self._raw: RawUdp | None = None

    def configure(self) -> None:
        """Checks the parameters. Raises OperatorError."""
        self.received = avp_param(self.worker, "nathelper", "received_avp", self.received_avp)
        self.nortpproxy_line = (self.nortpproxy_str or "").rstrip("\r\n")
        if self.natping_interval > 0:
            self._configure_pings()

    def _configure_pings(self) -> None:
        usrloc = self.worker.module("usrloc")
        if self.ping_nated_only and not usrloc.nat_flag:
            raise OperatorError(
                "nathelper: ping_nated_only needs the parameter nat_bflag of usrloc",
                suggestion='modparam("usrloc", "nat_bflag", 6)',
            )
        if not -1 <= self.sipping_bflag <= 31:
            raise OperatorError(f"nathelper: sipping_bflag must be a flag (0 to 31), found {self.sipping_bflag}")
        sip_ping = None
        if self.sipping_bflag >= 0:
            if not (self.sipping_from and self.sipping_method):
                raise OperatorError("nathelper: sipping_bflag needs sipping_from and sipping_method")
            worker = self.worker
            sip_ping = SipPing(
                self.sipping_method, self.sipping_from, worker.random_bytes, worker.wall_clock, worker.owns
            )
            worker.hooks.reply_in.append(sip_ping.absorb)
        self.pinger = Pinger(
            self.worker,
            usrloc,
            self.natping_interval,
            usrloc.nat_flag if self.ping_nated_only else 0,
            1 << self.sipping_bflag if sip_ping is not None else 0,
            sip_ping,
            self._forced_socket(),
            self._open_raw(),
        )
        self.worker.hooks.tick.append(self.pinger.tick)

    def _forced_socket(self) -> Listener | None:
        if not self.force_socket:
            return None
        parsed = parse_socket(self.force_socket)
        found = None if parsed is None else self.worker.listeners.find(parsed[1], parsed[2], parsed[0] or PROTO_UDP)
        if found is None:
            raise OperatorError(f"nathelper: force_socket {self.force_socket} is none of the listen sockets")
        listener: Listener = found
        return listener

    def _open_raw(self) -> RawUdp | None:
        if not self.natping_socket:
            return None
        parsed = parse_socket(self.natping_socket)
        if parsed is None or parsed[0] not in (PROTO_UDP, PROTO_NONE) or not is_ipv4(parsed[1]):
            message = f"nathelper: natping_socket must be an IPv4 address with port, found {self.natping_socket}"
            raise OperatorError(message)
        try:
            self._raw = RawUdp(parsed[1], parsed[2] or SIP_PORT)
        except OSError as error:
            message = f"nathelper: natping_socket needs the right to open raw sockets: {error.strerror}"
            raise OperatorError(message) from error
        return self._raw

    def stop(self) -> None:
        """Closes the raw socket."""
        if self._raw is not None:
            self._raw.close()

    def enable_ping(self, *args: str) -> MiReply:
        """MI `nh_enable_ping 0|1`"""
        if self.pinger is None:
            return MiReply(400, "NATping disabled from script")
        if len(args) != 1:
            return MiReply(400, MISSING_ARGUMENTS)
        try:
            value = int(args[0], 16 if args[0].startswith("0x") else 10)
        except ValueError:
            return MiReply(400, BAD_ARGUMENT)
        self.pinger.enabled = value != 0
        return MiReply()
