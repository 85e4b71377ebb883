"""What is accounted: the facts of one event, and who writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from siprouter.core.context import Context

ANSWERED = "transaction answered"
MISSED = "call missed"
ACKNOWLEDGED = "request acknowledged"
REQUESTED = "request accounted"


@dataclass(frozen=True, slots=True)
class Facts:
    """One event; `kind` is one of the texts above, absent values are "".

    The tags are those of the calling and of the called side (`detect_direction`), `time` is in seconds since 1970.
    """

    kind: str
    method: str
    from_tag: str
    to_tag: str
    call_id: str
    code: str
    reason: str
    time: int


class Engine(Protocol):
    """Where records go. `flag` and `missed_flag` are bits of the message flags that ask for it, 0 for never."""

    flag: int
    missed_flag: int

    def account(self, ctx: Context, facts: Facts) -> bool:
        """Write a record; `ctx` is where variables are read from. False: it could not be written."""


def split_comment(comment: str) -> tuple[str, str]:
    """`404 Not there` as ("404", "Not there"); the code is "" where the first three characters are no digits."""
    code = comment[:3]
    if len(code) == 3 and code.isascii() and code.isdigit():
        return code, comment[3:].lstrip()
    return "", comment
