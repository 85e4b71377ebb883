"""Retry-After (RFC 3261 section 20.33): the only header field with a comment in the middle."""

from dataclasses import dataclass

from siprouter.sip.errors import MessageError
from siprouter.sip.valueparams import parse_seconds, parse_value_params


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Seconds to wait, the comment without its parentheses, and the parameters (duration)."""

    seconds: int
    comment: str
    params: dict[str, str]


def parse_retry_after(text: str) -> RetryAfter:
    """Reads ``18000 (I'm in a meeting);duration=3600``. Raises MessageError(400)."""
    start = text.find("(")
    comment = ""
    if start >= 0:
        end = comment_end(text, start)
        comment = text[start + 1 : end - 1]
        text = text[:start] + text[end:]
    parsed = parse_value_params(text)
    return RetryAfter(parse_seconds(parsed.value), comment, parsed.params)


def comment_end(text: str, start: int) -> int:
    """`start` is at a parenthesis; the position behind the one that closes it (comments nest). MessageError(400)."""
    depth = 0
    i = start
    while i < len(text):
        char = text[i]
        if char == "\\":
            i += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return i + 1
        i += 1
    raise MessageError(400, "Unbalanced Comment")
