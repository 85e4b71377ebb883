"""Replaces and Join: references to another dialog (RFC 3891 section 6.1, RFC 3911 section 7.1)."""

from dataclasses import dataclass

from siprouter.sip.errors import MessageError
from siprouter.sip.valueparams import parse_value_params


@dataclass(frozen=True, slots=True)
class DialogRef:
    """The dialog meant, seen from the one who gets the header."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool


def parse_dialog_ref(text: str) -> DialogRef:
    """Reads ``call-id;to-tag=…;from-tag=…``. Raises MessageError(400) where a tag is missing."""
    parsed = parse_value_params(text)
    to_tag, from_tag = parsed.params.get("to-tag", ""), parsed.params.get("from-tag", "")
    if not to_tag or not from_tag:
        raise MessageError(400, "Bad Dialog Reference")
    return DialogRef(parsed.value, to_tag, from_tag, "early-only" in parsed.params)
