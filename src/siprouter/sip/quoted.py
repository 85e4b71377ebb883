"""URI parameters with quoted values: not RFC 3261, but ``received="sip:…;transport=tcp"`` stands in Path URIs."""


def split_quoted(params: str) -> list[str]:
    """``a=b;c="d;e"`` → ['a=b', 'c="d;e"']; an unbalanced quote reaches to the end."""
    parts: list[str] = []
    start = 0
    quoted = False
    for index, char in enumerate(params):
        if char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            parts.append(params[start:index])
            start = index + 1
    parts.append(params[start:])
    return parts
