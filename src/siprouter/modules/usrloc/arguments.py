"""Arguments that name a location table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import Parsed
from siprouter.util.errors import SourceLocation

if TYPE_CHECKING:
    from siprouter.core.env import LoadEnv
    from siprouter.modules.usrloc.domain import Domain


def _parse_domain(text: str, env: LoadEnv, location: SourceLocation) -> Domain:
    if not text:
        raise ValueError("the name of a location table is empty")
    domain: Domain = env.worker.module("usrloc").domain(text)
    return domain


def table() -> Parsed:
    """The name of a location table; the table is made where it is new."""
    return Parsed("table", _parse_domain, "the name of a location table")
