"""Core parameters that can change while the server runs: the group `core` of the cfg framework.

A parameter belongs here once what uses it looks at `worker.settings` (or is told by its effect) at each use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.declare import CfgVar, cfg_var
from siprouter.core.settings import CfgError

if TYPE_CHECKING:
    from siprouter.core.settings import ConfigValue
    from siprouter.core.worker import Worker

GROUP = "core"

CORE_CFG_VARS: tuple[CfgVar, ...] = (
    cfg_var("debug", int, 0, "log level: -3 alerts only … 0 warnings, 1 notices, 2 information, 3 all", atomic=True),
    cfg_var("dst_blacklist_expire", int, 60, "seconds that a failed destination stays on the blacklist"),
    cfg_var("dst_blacklist_mem", int, 250, "size limit of the destination blacklist in kB"),
    cfg_var("dst_blacklist_sctp_imask", int, 0, "errors over SCTP that do not count (bit mask)"),
    cfg_var("dst_blacklist_tcp_imask", int, 0, "errors over TCP that do not count (bit mask)"),
    cfg_var("dst_blacklist_tls_imask", int, 0, "errors over TLS that do not count (bit mask)"),
    cfg_var("dst_blacklist_udp_imask", int, 0, "errors over UDP that do not count (bit mask)"),
    cfg_var("force_rport", int, 0, "behave as if force_rport() were called for every message", most=1),
    cfg_var("max_while_loops", int, 100, "most rounds of a while loop in the script", atomic=True),
    cfg_var("udp_mtu", int, 0, "requests larger than this leave over udp_mtu_try_proto", most=65535, atomic=True),
    cfg_var("udp_mtu_try_proto", int, 0, "protocol for them: 1 udp, 2 tcp, 3 tls, 4 sctp", least=1, most=4),
    cfg_var("use_dst_blacklist", int, 0, "avoid destinations that failed", most=1),
)


def declare_core_cfg(worker: Worker) -> None:
    """Declare the group with the values that the core parameters have now: once the configuration file was read."""
    for var in CORE_CFG_VARS:
        worker.cfg.declare(GROUP, var, _effect(worker, var.name))
        value = getattr(worker.settings, var.name) if worker.settings.find(var.name) is not None else var.default
        if value != var.default:
            worker.cfg.set_initial(GROUP, var.name, value)
    worker.log.level = worker.cfg.group(GROUP).debug


def _effect(worker: Worker, name: str) -> Callable[[ConfigValue], None]:
    """What a change does beyond the cfg framework."""

    def change(value: ConfigValue) -> None:
        if name == "use_dst_blacklist" and value and not getattr(worker.settings, "dst_blacklist_init", 1):
            raise CfgError("the destination blacklist was left out at start (dst_blacklist_init)")
        if worker.settings.find(name) is not None:
            worker.settings.set(name, value)
        if name == "debug" and isinstance(value, int):
            worker.log.level = value

    return change
