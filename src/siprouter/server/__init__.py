"""Putting all together: load, listen, receive, run, reload, stop."""
