"""Reason (RFC 3326): why a request was sent."""

from dataclasses import dataclass

from siprouter.sip.params import quote
from siprouter.sip.valueparams import parse_value_params_list
from siprouter.util.text import to_bytes


@dataclass(frozen=True, slots=True)
class Reason:
    """`protocol` as written (SIP, Q.850 …); `cause` is 0 where it is absent or no number."""

    protocol: str
    cause: int
    text: str


def parse_reasons(text: str) -> list[Reason]:
    """Reads ``SIP;cause=200;text="Call completed elsewhere"``, a list of them. Raises MessageError(400)."""
    found = []
    for element in parse_value_params_list(text):
        cause = element.params.get("cause", "")
        number = int(cause) if cause.isascii() and cause.isdigit() and len(cause) < 10 else 0
        found.append(Reason(element.value, number, element.params.get("text", "")))
    return found


def build_reason(cause: int, text: str = "", protocol: str = "SIP") -> bytes:
    """A Reason line."""
    end = f";text={quote(text)}" if text else ""
    return to_bytes(f"Reason: {protocol};cause={cause}{end}\r\n")
