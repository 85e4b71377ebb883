"""The settings of module tls as the transport reads them: at each use, so that changes at run time count at once."""

from __future__ import annotations

from typing import Any

KB = 1024


class LiveOptions:
    """TlsLimits over the run-time settings of the group `tls`."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg

    @property
    def send_close_notify(self) -> bool:
        """Whether closing says so first."""
        return bool(self._cfg.send_close_notify)

    @property
    def con_ct_wq_max(self) -> int:
        """Most bytes of clear text that wait on one connection."""
        return int(self._cfg.con_ct_wq_max)

    @property
    def ct_wq_max(self) -> int:
        """Most bytes of clear text that wait on all connections."""
        return int(self._cfg.ct_wq_max)

    @property
    def max_send_fragment(self) -> int:
        """Most bytes of clear text in a record, -1: as TLS allows."""
        return int(self._cfg.ssl_max_send_fragment)

    @property
    def connection_timeout(self) -> float:
        """Seconds until a connection without messages closes."""
        return float(self._cfg.connection_timeout)

    @property
    def handshake_timeout(self) -> float:
        """Seconds that a handshake may take."""
        return float(self._cfg.handshake_timeout)

    @property
    def max_handshakes(self) -> int:
        """Most handshakes under way."""
        return int(self._cfg.max_handshakes)

    @property
    def log_level(self) -> int:
        """Level of messages about connections."""
        return int(self._cfg.log)

    @property
    def debug_level(self) -> int:
        """Level of messages about handshakes."""
        return int(self._cfg.debug)

    @property
    def low_memory_refuse(self) -> int:
        """Octets of free memory below which no connection begins."""
        return max(int(self._cfg.low_mem_threshold1), 0) * KB

    @property
    def low_memory_fail(self) -> int:
        """Octets of free memory below which connections end."""
        return max(int(self._cfg.low_mem_threshold2), 0) * KB
