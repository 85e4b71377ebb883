import pytest

from tests.modules.usrloc.conftest import Load
from tests.support.fakes import FakeWorker


@pytest.mark.parametrize(
    "name,value,message",
    [
        ("matching_mode", 3, "matching_mode must be"),
        ("timer_interval", 0, "timer_interval must be"),
        ("nat_bflag", 32, "nat_bflag must be"),
    ],
)
def test_bad_parameters(worker: FakeWorker, name: str, value: int, message: str) -> None:
    worker.load("usrloc", **{name: value})
    [error] = worker.configure_modules()
    assert message in str(error)


def test_nat_flag(load: Load) -> None:
    assert load(nat_bflag=6).nat_flag == 64


def test_no_nat_flag(load: Load) -> None:
    assert load(nat_bflag=4294967295).nat_flag == 0


@pytest.mark.parametrize(
    "use_domain,text,aor", [(0, "Bob@X.org", "bob"), (1, "Bob@X.org", "bob@x.org"), (0, "BOB", "bob"), (1, "bob", None)]
)
def test_fix_aor(load: Load, use_domain: int, text: str, aor: str | None) -> None:
    assert load(use_domain=use_domain).fix_aor(text) == aor


@pytest.mark.parametrize("hash_size,slots", [(9, 512), (0, 512), (1, 512), (2, 4), (14, 16384)])
def test_slots(load: Load, hash_size: int, slots: int) -> None:
    assert load(hash_size=hash_size).slots == slots


def test_listener_by_name(worker: FakeWorker, load: Load) -> None:
    usrloc = load()
    assert usrloc.listener("udp:192.0.2.10:5060") is worker.listeners.all[0]
    assert usrloc.listener("udp:192.0.2.10:5060") is worker.listeners.all[0]
    assert usrloc.listener("tcp:192.0.2.10:5060") is None
    assert usrloc.listener(None) is None
