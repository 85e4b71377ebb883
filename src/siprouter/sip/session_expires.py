"""Session-Expires and Min-SE (RFC 4028 sections 4 and 5)."""

from dataclasses import dataclass

from siprouter.sip.errors import MessageError
from siprouter.sip.valueparams import parse_seconds, parse_value_params


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The interval in seconds; `refresher` is "uac", "uas" or ""."""

    interval: int
    refresher: str


def parse_session_expires(text: str) -> SessionExpires:
    """Reads ``1800;refresher=uas``. Raises MessageError(400)."""
    parsed = parse_value_params(text)
    refresher = parsed.params.get("refresher", "").lower()
    if refresher not in ("", "uac", "uas"):
        raise MessageError(400, "Bad Session-Expires")
    return SessionExpires(parse_seconds(parsed.value), refresher)


def parse_min_se(text: str) -> int:
    """The smallest interval, in seconds. Raises MessageError(400)."""
    return parse_seconds(parse_value_params(text).value)
