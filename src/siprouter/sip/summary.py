"""One line that tells people what a message is."""

PLAIN_STATUS = "SIP/2.0 "


def summarize(data: bytes) -> str:
    """ "INVITE sip:bob@example.org", "200 OK (INVITE)", "keep-alive" for line ends and zero octets.

    Any octets may be given; what is no UTF-8 is replaced.
    """
    if not data.strip(b"\0\r\n"):
        return "keep-alive"
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    if not head[0].startswith(PLAIN_STATUS):
        return head[0].removesuffix(" SIP/2.0")
    reply = head[0].removeprefix(PLAIN_STATUS)
    for line in head[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() == "cseq" and value.split():
            return f"{reply} ({value.split()[-1]})"
    return reply
