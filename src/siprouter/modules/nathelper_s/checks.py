"""nat_uac_test(): signs of a NAT between us and the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.nathelper import checks
from siprouter.modules.nathelper.contacts import first_contact
from siprouter.transport.endpoint import SIP_PORT

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.nathelper_s.state import SerNathelper

COMMON_TESTS = (
    checks.PRIVATE_CONTACT | checks.OTHER_VIA_HOST | checks.PRIVATE_VIA | checks.PRIVATE_SDP | checks.OTHER_VIA_PORT
)
OTHER_CONTACT_PORT = 32


def nat_uac_test(inst: SerNathelper, ctx: Context, tests: int | None) -> int:
    """1 where any of the tests, a sum of numbers, finds a sign of NAT; else -1."""
    if tests is None:
        return -1
    if tests & COMMON_TESTS and checks.nat_uac_test(inst, ctx, tests & COMMON_TESTS) > 0:
        return 1
    if tests & OTHER_CONTACT_PORT:
        contact = first_contact(ctx.msg)
        if contact is not None and (contact.parsed_uri.port or SIP_PORT) != ctx.source.port:
            return 1
    return -1
