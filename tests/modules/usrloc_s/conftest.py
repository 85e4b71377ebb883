"""A worker with usrloc of SER, and bindings to put into it."""

from collections.abc import Callable
from typing import Any

import pytest

from siprouter.core.registry import load_declaration
from siprouter.modules.usrloc_s.contact import FL_NAT, SerContact
from siprouter.modules.usrloc_s.state import SerUsrloc
from tests.support.fakes import FakeWorker
from tests.support.states import make_state

NOW = 1_700_000_000


def contact(uri: str = "sip:bob@192.0.2.5:5060", expires: int = NOW + 3600, **changes: Any) -> SerContact:
    fields: dict[str, Any] = {
        "q": -1,
        "call_id": "c1@host",
        "cseq": 1,
        "flags": 0,
        "user_agent": "ua",
        "received": None,
        "path": None,
        "socket": None,
        "methods": 0,
        "last_modified": NOW,
        "aor": "sip:bob@example.com",
        "instance": None,
        "server_id": 0,
        "avps": (),
    }
    fields.update(changes)
    fields.setdefault("cflags", fields["flags"] & FL_NAT)
    return SerContact(uri, expires, **fields)


Load = Callable[..., SerUsrloc]


def load_ser(worker: FakeWorker, name: str, **params: int | str) -> Any:
    """Adds the SER flavour of a module with parameters, without configuring it."""
    declared = load_declaration(f"{name}_s")
    assert declared is not None and declared.name == name
    inst = worker.add_module(declared)
    for key, value in params.items():
        worker.set_param(name, key, value)
    return inst


@pytest.fixture
def worker() -> FakeWorker:
    made = FakeWorker()
    made.wall_time = float(NOW)
    made.state = make_state(made.wall_clock)
    made.env.avp_flag_names["regavps"] = 2
    return made


@pytest.fixture
def load(worker: FakeWorker) -> Load:
    """Loads and configures usrloc with some parameters."""

    def load_usrloc(**params: int | str) -> SerUsrloc:
        inst: SerUsrloc = load_ser(worker, "usrloc", **params)
        assert worker.configure_modules() == []
        return inst

    return load_usrloc
