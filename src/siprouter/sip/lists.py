"""Comma-separated header values: Supported, Require, Allow, Accept, … (RFC 3261 section 7.3.1)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.headers import HeaderBlock
from siprouter.sip.names import METHOD_IDS


def split_list(text: str) -> list[str]:
    """The elements of a list, trimmed; commas inside quotes and angle brackets do not part, empty elements vanish.

    Raises MessageError(400) where a quote or bracket stays open.
    """
    if '"' not in text and "<" not in text:
        return [part for part in (element.strip() for element in text.split(",")) if part]
    found: list[str] = []
    start = i = 0
    closing = ""
    while i < len(text):
        char = text[i]
        if closing:
            if char == "\\" and closing == '"':
                i += 1
            elif char == closing:
                closing = ""
        elif char == '"':
            closing = '"'
        elif char == "<":
            closing = ">"
        elif char == ",":
            found.append(text[start:i].strip())
            start = i + 1
        i += 1
    if closing:
        raise MessageError(400, "Unbalanced Quotes")
    found.append(text[start:].strip())
    return [part for part in found if part]


def list_values(block: HeaderBlock, header_id: int) -> list[str]:
    """The elements of all headers of this id, in order."""
    found: list[str] = []
    for header in block.all(header_id):
        found.extend(split_list(block.value(header)))
    return found


def has_token(block: HeaderBlock, header_id: int, token: str) -> bool:
    """Whether an option tag or the like is among the elements; case does not matter."""
    wanted = token.lower()
    return any(value.lower() == wanted for value in list_values(block, header_id))


def method_mask(methods: list[str]) -> int:
    """Methods as a bit mask by method id; bit 0 stands for all unknown ones."""
    mask = 0
    for method in methods:
        mask |= 1 << METHOD_IDS.get(method, 0)
    return mask
