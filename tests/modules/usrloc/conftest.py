"""A worker with usrloc, and bindings to put into it."""

from collections.abc import Callable
from typing import Any

import pytest

from siprouter.modules.usrloc.contact import ALL_METHODS, Contact
from siprouter.modules.usrloc.state import Usrloc
from tests.support.fakes import FakeWorker
from tests.support.states import make_state

NOW = 1_700_000_000


def contact(uri: str = "sip:bob@192.0.2.5:5060", expires: int = NOW + 3600, **changes: Any) -> Contact:
    fields: dict[str, Any] = {
        "q": -1,
        "call_id": "c1@host",
        "cseq": 1,
        "flags": 0,
        "cflags": 0,
        "user_agent": "ua",
        "received": None,
        "path": None,
        "socket": None,
        "methods": ALL_METHODS,
        "last_modified": NOW,
    }
    fields.update(changes)
    return Contact(uri, expires, **fields)


Load = Callable[..., Usrloc]


@pytest.fixture
def worker() -> FakeWorker:
    made = FakeWorker()
    made.wall_time = float(NOW)
    made.state = make_state(made.wall_clock)
    return made


@pytest.fixture
def load(worker: FakeWorker) -> Load:
    """Loads and configures usrloc with some parameters."""

    def load_usrloc(**params: int | str) -> Usrloc:
        inst: Usrloc = worker.load("usrloc", **params)
        assert worker.configure_modules() == []
        return inst

    return load_usrloc
