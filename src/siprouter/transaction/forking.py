"""Which final reply goes upstream when all branches have ended (RFC 3261 16.7 step 6, with SIP Router's order)."""

from siprouter.transaction.branch import B_FAKED, Branch

NOTHING_YET = 32000
UNKNOWN_CLASS = 10000
# Lower wins; within a class the lower status. 2xx never gets here, 1xx should not.
CLASS_PRIORITY = (32000, 11000, 0, 3000, 4000, 5000, 1000)
# 4xx that may help the caller to try again go first
HELPFUL_4XX = (401, 407, 415, 420, 484)


def priority(status: int) -> int:
    """Rank of a final status: the lowest rank is sent upstream. 6xx before 3xx, 4xx, 5xx."""
    status_class = status // 100
    if status_class > 6:
        return UNKNOWN_CLASS + status
    rank = CLASS_PRIORITY[status_class] + status % 100
    if status_class == 4 and status not in HELPFUL_4XX:
        rank += 100
    return rank


def has_pending(branches: list[Branch]) -> bool:
    """Whether any branch still waits for its final reply."""
    for branch in branches:  # noqa: SIM110 (a generator costs ten times as much)
        if branch.status < 200:
            return True
    return False


def pick_best(branches: list[Branch]) -> Branch | None:
    """The branch whose final reply is to be sent upstream; None when no branch has one.

    A branch that ended without a reply, real or made up, takes no part: it failed at once, or its reply was dropped.
    """
    best: Branch | None = None
    best_rank = NOTHING_YET
    for branch in branches:
        if branch.reply is None and not branch.flags & B_FAKED:
            continue
        rank = priority(branch.status)
        if rank < best_rank:
            best = branch
            best_rank = rank
    return best


def challenge_count(branches: list[Branch]) -> int:
    """How many branches were answered with 401 or 407."""
    count = 0
    for branch in branches:
        if branch.reply is not None and branch.status in (401, 407):
            count += 1
    return count
