"""The instance of acc_radius: one more engine of acc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.acc.acc import Acc
from siprouter.modules.acc.radius import RadiusAccounting, radius_settings

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker


class AccRadius:
    """Without radius_config nothing is accounted, as in SIP Router."""

    radius_config: str | None
    radius_flag: int
    radius_missed_flag: int
    service_type: int
    radius_extra: str | None
    radius_journal: str | None

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.acc: Acc
        self.radius: RadiusAccounting | None = None

    def configure(self) -> None:
        """Check the parameters, and take part in accounting. Raises OperatorError."""
        self.acc = self.worker.module("acc")
        if not self.radius_config:
            text = "nothing is accounted to RADIUS: parameter radius_config is not set"
            self.worker.log.warning(text, source="acc_radius")
            return
        self.radius = RadiusAccounting(self.worker, radius_settings(self, "acc_radius"), self.acc.legs)
        self.acc.register_engine(self.radius.engine)

    def start(self) -> None:
        """Send what an earlier run has left. Raises OperatorError."""
        if self.radius is not None:
            self.radius.start()

    async def stop(self) -> None:
        """Send what can be sent."""
        if self.radius is not None:
            await self.radius.stop()

    def request(self, ctx: Context, comment: str) -> int:
        """acc_rad_request(comment)"""
        if self.radius is None:
            self.worker.log.error("acc_rad_request: parameter radius_config is not set", source="acc_radius")
            return -1
        return self.acc.account_with(self.radius.engine, ctx, comment)
