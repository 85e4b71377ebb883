"""The error types, split by whose fault it is: the peer, the operator, or us."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A place in a configuration file; line and column count from 1, 0 means unknown."""

    file: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = SourceLocation()


class SipRouterError(Exception):
    """Root of all errors that siprouter raises on purpose."""


class PeerError(SipRouterError):
    """The peer sent something wrong; `status` and `reason` are the SIP answer it deserves."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class OperatorError(SipRouterError):
    """The operator asked for something impossible: a message, where, and what to do instead."""

    def __init__(self, message: str, location: SourceLocation = NOWHERE, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.suggestion = suggestion

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location.file else ""
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{where}{self.message}{hint}"


class InternalError(SipRouterError):
    """Our own mistake: an invariant does not hold."""
