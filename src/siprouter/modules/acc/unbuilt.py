"""Parameters of accounting to DIAMETER, which are refused where they would have an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.util.log import Log

INSTEAD = "remove it; log_flag and log_missed_flag account to the log"


def check_unbuilt(acc: Any, log: Log) -> None:
    """Refuse what asks for a kind of accounting that is not there, and say so where a flag alone asks for nothing.

    As in SIP Router, db_flag has no effect without db_url, nor radius_flag without radius_config. Raises OperatorError.
    """
    for flag, switch in (
        ("db_flag", "db_url"),
        ("db_missed_flag", "db_url"),
        ("radius_flag", "radius_config"),
        ("radius_missed_flag", "radius_config"),
    ):
        if getattr(acc, flag) != -1 and not getattr(acc, switch):
            log.warning("parameter %s of acc has no effect without %s", flag, switch, source="acc")
    for flag in ("diameter_flag", "diameter_missed_flag"):
        if getattr(acc, flag) != -1:
            raise _refusal(flag, "a DIAMETER server")


def _refusal(param: str, what: str) -> OperatorError:
    return OperatorError(f"parameter {param} of acc: accounting to {what} is not available", suggestion=INSTEAD)
