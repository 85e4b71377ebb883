"""What every test run needs: the compiled twins are fresh, and scenario tests do not run beside each other."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.support import build_state
from tests.support.ports import Ports
from tests.support.routers import ROUTERS

# A busy machine is no fault of the code: nothing here is judged by the time that it takes
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "the router that scenarios and differential tests try (kamailio: try the tests themselves)"
    parser.addoption("--router", choices=sorted(ROUTERS), default="siprouter", help=text)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("SIPROUTER_PURE") == "1":
        return
    if old := build_state.stale():
        pytest.exit(f"compiled modules are older than their sources ({', '.join(old)}): run make build", returncode=4)
    if os.environ.get("SIPROUTER_COMPILED") == "1" and (absent := build_state.missing()):
        pytest.exit(f"modules are not compiled ({', '.join(absent)}): run make build", returncode=4)


def pytest_report_header() -> str:
    if os.environ.get("SIPROUTER_PURE") == "1":
        return "siprouter: pure Python"
    absent = len(build_state.missing())
    return f"siprouter: {len(build_state.listed()) - absent} modules compiled, {absent} not"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("scenario"):
            item.add_marker(pytest.mark.xdist_group("scenario"))


@pytest.fixture(scope="session")
def ports() -> Ports:
    return Ports()
