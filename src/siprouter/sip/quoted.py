"""URI parameters with quoted values: not RFC 3261, but what ``received="sip:…;transport=tcp"`` in Path URIs needs."""


def find_quoted_param(params: str, name: str) -> str | None:
    """The value of the first parameter `name` (any case) in ``a=b;c="d;e"``, without quotes; None without one."""
    start = 0
    quoted = False
    for index in range(len(params) + 1):
        if index < len(params):
            if params[index] == '"':
                quoted = not quoted
            if quoted or params[index] != ";":
                continue
        key, _, value = params[start:index].partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
        start = index + 1
    return None
