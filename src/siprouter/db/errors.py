"""What can go wrong with a database, split by what helps."""

from siprouter.util.errors import SipRouterError


class DbError(SipRouterError):
    """Root of the errors that operations raise. Texts are one line, and hold no passwords of databases."""


class DbUnavailableError(DbError):
    """The database cannot be reached, is busy or too slow: the same operation may succeed later.

    `in_doubt`: the connection broke while the database may already have carried out the operation.
    """

    def __init__(self, message: str, in_doubt: bool = False) -> None:
        super().__init__(message)
        self.in_doubt = in_doubt


class DbRefusedError(DbError):
    """The database understood and refused: no such table or column, a value that does not fit, no permission."""


class DbDuplicateError(DbRefusedError):
    """A row with this key is already there."""
