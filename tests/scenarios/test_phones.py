"""Two real phones of different make register and call each other through the default configuration."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.phones import Baresip, Linphone
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.routers import Router

pytestmark = pytest.mark.scenario


def wait_for_sound(phone: Baresip) -> None:
    """The phone's statistics show bits a second, sent and received."""
    for _ in polls(20, 0.3):
        phone.tell("callstat")
        if re.search(r"audio=[1-9]\d*/[1-9]\d*", phone.output()):
            return
    raise AssertionError(f"{phone.user} hears nothing:\n{phone.tail()}")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_baresip_calls_baresip(router: Router, tmp_path: Path, ports: Ports, transport: str) -> None:
    with (
        Baresip("alice", router, tmp_path, ports, transport) as alice,
        Baresip("bob", router, tmp_path, ports, answer="manual") as bob,
    ):
        alice.wait_registered()
        bob.wait_registered()
        alice.dial(bob.uri)
        bob.wait_event("CALL_INCOMING")
        alice.wait_event("CALL_RINGING")
        bob.answer()
        alice.wait_event("CALL_ESTABLISHED")
        bob.wait_event("CALL_ESTABLISHED")
        wait_for_sound(alice)
        wait_for_sound(bob)
        alice.hang_up()
        bob.wait_event("CALL_CLOSED")


def test_linphone_and_baresip(router: Router, tmp_path: Path, ports: Ports) -> None:
    with Baresip("bob", router, tmp_path, ports) as bob, Linphone("dave", router, tmp_path, ports) as dave:
        bob.wait_registered()
        dave.wait_registered()
        dave.dial(bob.uri)
        bob.wait_event("CALL_ESTABLISHED")
        dave.play()
        wait_for_sound(bob)
        dave.hang_up()
        bob.wait_event("CALL_CLOSED")
