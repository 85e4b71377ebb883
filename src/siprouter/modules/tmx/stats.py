"""Statistics of tmx, read from the transaction table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from siprouter.core.declare import Stat, stat

if TYPE_CHECKING:
    from siprouter.modules.tmx.state import Tmx
    from siprouter.transaction.base import Statistics


def counts(tmx: Tmx) -> Statistics:
    """The table's statistics."""
    return tmx.tm.table.stats


def uas_transactions(tmx: Tmx) -> int:
    """All transactions so far."""
    return counts(tmx).created


def uac_transactions(tmx: Tmx) -> int:
    """Transactions for requests of our own."""
    return counts(tmx).local


def inuse_transactions(tmx: Tmx) -> int:
    """Transactions that there are now."""
    return counts(tmx).current


def local_replies(tmx: Tmx) -> int:
    """Replies of our own making."""
    return counts(tmx).generated


def of_class(tmx: Tmx, number: int) -> int:
    """Transactions that ended with a final reply of a class."""
    return counts(tmx).by_class[number]


STATS: list[Stat] = [
    stat("UAS_transactions", "transactions", uas_transactions, cumulative=True),
    stat("UAC_transactions", "transactions for requests of our own", uac_transactions, cumulative=True),
    *(
        stat(
            f"{number}xx_transactions",
            f"transactions that ended with {number}xx",
            partial(of_class, number=number),
            cumulative=True,
        )
        for number in range(2, 7)
    ),
    stat("inuse_transactions", "transactions that there are now", inuse_transactions),
    stat("local_replies", "replies of our own making", local_replies, cumulative=True),
]
