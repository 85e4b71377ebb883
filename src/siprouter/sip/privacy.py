"""Privacy (RFC 3323 section 4.2) and the privacy of Remote-Party-ID."""

from siprouter.sip.lists import split_list

VALUES = ("header", "session", "user", "none", "critical", "id", "history")


def parse_privacy(text: str) -> frozenset[str]:
    """The privacy values asked for, in lower case; they are parted by semicolons, or by commas as some send them."""
    found: set[str] = set()
    for element in split_list(text):
        found.update(part.strip().lower() for part in element.split(";"))
    found.discard("")
    return frozenset(found)
