"""SIP transactions (RFC 3261 section 17, RFC 6026) and the proxy's response context (16.7): no I/O, told the time."""
