"""core/core_cfg.py."""

from __future__ import annotations

from siprouter.core.core_cfg import declare_core_cfg
from siprouter.core.settings import Settings
from tests.support.fakes import FakeWorker


def test_log_level_starts_as_configured_and_changes() -> None:
    worker = FakeWorker()
    worker.settings.set("debug", -1)
    declare_core_cfg(worker)
    assert worker.cfg.get("core", "debug") == worker.log.level == -1
    worker.cfg.set_now("core", "debug", 3)
    assert worker.cfg.get("core", "debug") == worker.log.level == worker.settings.debug == 3
    worker.cfg.set_delayed("core", "debug", 1)
    assert worker.log.level == 3
    worker.cfg.commit()
    assert worker.log.level == 1


def test_settings_without_the_parameter() -> None:
    worker = FakeWorker(settings=Settings())
    declare_core_cfg(worker)
    assert worker.log.level == 0
    worker.cfg.set_now("core", "debug", 2)
    assert worker.log.level == 2
