"""The module `Router` that scripts of SIP Router 3.1 import: logging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.util.log import L_ALERT, L_CRIT, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN

if TYPE_CHECKING:
    from siprouter.util.log import Log

SOURCE = "script"


class Router:
    """`Router`: functions that log a text, and the numbers of the levels."""

    L_ALERT, L_CRIT, L_ERR, L_WARN, L_NOTICE, L_INFO, L_DBG = (
        L_ALERT, L_CRIT, L_ERR, L_WARN, L_NOTICE, L_INFO, L_DBG,
    )  # fmt: skip

    def __init__(self, log: Log) -> None:
        self._log = log

    def _write(self, level: int, text: object) -> None:
        self._log.write(level, "%s", str(text).rstrip("\r\n"), source=SOURCE)

    def LM_ALERT(self, text: object) -> None:  # noqa: N802  names are those of 3.1
        """Log an alert."""
        self._write(L_ALERT, text)

    def LM_CRIT(self, text: object) -> None:  # noqa: N802
        """Log something critical."""
        self._write(L_CRIT, text)

    def LM_ERR(self, text: object) -> None:  # noqa: N802
        """Log an error."""
        self._write(L_ERR, text)

    def LM_WARN(self, text: object) -> None:  # noqa: N802
        """Log a warning."""
        self._write(L_WARN, text)

    def LM_NOTICE(self, text: object) -> None:  # noqa: N802
        """Log a notice."""
        self._write(L_NOTICE, text)

    def LM_INFO(self, text: object) -> None:  # noqa: N802
        """Log for information."""
        self._write(L_INFO, text)

    def LM_DBG(self, text: object) -> None:  # noqa: N802
        """Log for debugging."""
        self._write(L_DBG, text)
