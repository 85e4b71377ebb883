"""One SIP message: reading it, editing it, building the next one; no I/O."""
