"""A value with parameters behind it: Event, Reason, Session-Expires, Content-Disposition, … (``value;name=value``)."""

from dataclasses import dataclass

from siprouter.sip.errors import MessageError
from siprouter.sip.lists import split_list
from siprouter.sip.params import parse_params
from siprouter.util.text import to_bytes


@dataclass(frozen=True, slots=True)
class ValueParams:
    """`value` as written and trimmed, `params` lower-case name → value without quotes."""

    value: str
    params: dict[str, str]


def parse_value_params(text: str) -> ValueParams:
    """Reads ``value;a=b;c``. Raises MessageError(400) where the value is empty or the parameters are malformed."""
    value, semicolon, rest = text.partition(";")
    value = value.strip()
    if not value:
        raise MessageError(400, "Empty Header Value")
    if not semicolon:
        return ValueParams(value, {})
    data = to_bytes(semicolon + rest)
    return ValueParams(value, parse_params(data, 0, len(data)))


def parse_value_params_list(text: str) -> list[ValueParams]:
    """Reads a comma-separated list of them (Accept, Reason …)."""
    return [parse_value_params(element) for element in split_list(text)]


def parse_seconds(text: str) -> int:
    """delta-seconds (RFC 3261 section 25.1), at most 2**32 - 1; more counts as that. Raises MessageError(400)."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        raise MessageError(400, "Bad Number of Seconds")
    return min(int(text[:12]), 0xFFFFFFFF) if len(text.lstrip("0")) <= 10 else 0xFFFFFFFF
