"""How a route in a host language ends before its last line."""


class LeaveScript(BaseException):
    """`KSR.x.exit()` and `KSR.x.drop()`; no Exception, so that `except Exception:` in a script lets it pass."""
