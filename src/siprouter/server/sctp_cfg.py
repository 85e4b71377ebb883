"""SCTP: core parameters, run-time settings (group `sctp`) and counters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from siprouter.core.declare import CfgVar, cfg_var
from siprouter.core.settings import CfgError
from siprouter.transport.sctp_wire import SCTP_SETTINGS, SctpOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from siprouter.core.settings import ConfigValue, Settings
    from siprouter.core.worker import Worker
    from siprouter.transport.outlet import SocketOutlet

LONG = 1073741824
OFF, ON, AUTO = 0, 1, 2  # enable_sctp

SCTP_CFG_VARS: tuple[CfgVar, ...] = (
    cfg_var("socket_rcvbuf", int, 0, "receive buffer size in bytes", least=512, most=102400, readonly=True),
    cfg_var("socket_sndbuf", int, 0, "send buffer size in bytes", least=512, most=102400, readonly=True),
    cfg_var("autoclose", int, 180, "seconds until an idle association is closed", least=1, most=LONG),
    cfg_var("send_ttl", int, 32000, "milliseconds after which an unsent message is dropped", most=LONG),
    cfg_var("send_retries", int, 0, "attempts to send again after a failure", most=9),
    cfg_var("assoc_tracking", int, 1, "remember associations", most=1),
    cfg_var("assoc_reuse", int, 1, "send on the association that a request came over", most=1),
    cfg_var("max_assocs", int, -1, "most associations (-1: no limit)"),
    cfg_var("srto_initial", int, 0, "initial retransmission time in milliseconds", most=LONG),
    cfg_var("srto_max", int, 0, "longest retransmission time in milliseconds", most=LONG),
    cfg_var("srto_min", int, 0, "shortest retransmission time in milliseconds", most=LONG),
    cfg_var("asocmaxrxt", int, 0, "most retransmissions on an association", most=1024),
    cfg_var("init_max_attempts", int, 0, "most attempts to set up an association", most=1024),
    cfg_var("init_max_timeo", int, 0, "longest time in milliseconds between these attempts", most=LONG),
    cfg_var("hbinterval", int, 0, "heartbeat interval in milliseconds", most=LONG),
    cfg_var("pathmaxrxt", int, 0, "most retransmissions on a path", most=1024),
    cfg_var("sack_delay", int, 0, "delay of acknowledgements in milliseconds", most=LONG),
    cfg_var("sack_freq", int, 0, "packets to receive before an acknowledgement is sent", most=1024),
    cfg_var("max_burst", int, 0, "largest burst of packets", most=1024),
)
"""0 for what the system decides stands for: as it does"""

SCTP_COUNTERS = {
    "established": "associations made",
    "connect_failed": "associations that could not be made",
    "local_reject": "associations refused because there are too many",
    "remote_shutdown": "associations ended by the peer",
    "assoc_shutdown": "associations ended in order",
    "comm_lost": "associations lost",
    "sendq_full": "messages that found the queue full",
    "send_failed": "messages that were not delivered",
    "send_force_retry": "messages sent again, or on a new association",
}
SCTP_GAUGES = {
    "current_opened_connections": "associations open now",
    "current_tracked_connections": "associations remembered now",
}


def sctp_mode(settings: Settings) -> int:
    """OFF, ON, or AUTO: for addresses that name it."""
    if settings.enable_sctp is not None:
        return int(settings.enable_sctp)
    return {0: ON, 1: OFF}.get(int(settings.disable_sctp), AUTO)


def apply_sctp(options: SctpOptions, settings: Settings) -> None:
    """Settings of SCTP sockets."""
    for name in SCTP_SETTINGS:
        setattr(options, name, getattr(settings, f"sctp_{name}"))
    options.tos = settings.tos


def declare_sctp_cfg(worker: Worker, outlet: SocketOutlet) -> None:
    """Declare the group `sctp` with its present values; a change reaches all sockets, or is refused."""
    options = outlet.sctp_options

    def change(name: str, value: ConfigValue) -> None:
        before = getattr(options, name)
        setattr(options, name, int(value or 0))
        try:
            for sctp in outlet.sctp_sockets:
                sctp.change_options()
        except OSError as error:
            setattr(options, name, before)
            raise CfgError(f"sctp.{name}: {error.strerror}") from None

    for var in SCTP_CFG_VARS:
        worker.cfg.declare("sctp", var, partial(change, var.name))
        value = getattr(worker.settings, f"sctp_{var.name}")
        if value is not None:
            setattr(worker.cfg.group("sctp"), var.name, int(value))


def declare_sctp_counters(worker: Worker, outlet: SocketOutlet) -> None:
    """The counters of the group `sctp`."""
    stats, count = outlet.sctp_stats, worker.counters.declare

    def reader(name: str) -> Callable[[], int]:
        return lambda: int(getattr(stats, name))

    for name, text in SCTP_COUNTERS.items():
        count("sctp", name, text, reader(name))
    for (name, text), field in zip(SCTP_GAUGES.items(), ("opened", "tracked"), strict=True):
        count("sctp", name, text, reader(field))
