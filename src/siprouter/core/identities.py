"""Who speaks to whom, as scripts of SER keep it: the attributes `uid` of users and `did` of domains.

Those of the caller belong to From, those of the called side to To.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp import CLASS_DOMAIN, CLASS_GLOBAL, CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.core.route_info import AUTHORIZED
from siprouter.core.values import to_text
from siprouter.sip.names import M_REGISTER

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.sip.auth import AuthParams

UID = "uid"
DID = "did"
DEFAULT_DID = "_default"


def from_uid(ctx: Context) -> str:
    """The caller: what was found, else the user of checked credentials, else that of From, which is kept then.

    Raises PeerError for a From that cannot be read.
    """
    known = ctx.avps.get(UID, 0, TRACK_FROM | CLASS_USER)
    if known is not None:
        return to_text(known)
    credentials: AuthParams | None = ctx.vars.get(AUTHORIZED)
    user = credentials.user if credentials is not None and credentials.user else ""
    return _keep(ctx, TRACK_FROM, user or ctx.msg.from_.parsed_uri.user.lower())


def to_uid(ctx: Context) -> str:
    """The called user: what was found, else the user of To in a REGISTER, of the request URI in others; "" for none.

    Raises PeerError for a URI that cannot be read.
    """
    known = ctx.avps.get(UID, 0, TRACK_TO | CLASS_USER)
    if known is not None:
        return to_text(known)
    uri = ctx.msg.to.parsed_uri if ctx.msg.method_id == M_REGISTER else ctx.parsed_uri
    return _keep(ctx, TRACK_TO, uri.user.lower()) if uri.user else ""


def _keep(ctx: Context, track: int, uid: str) -> str:
    ctx.avps.add(UID, uid, track | CLASS_USER)
    return uid


def set_uid(ctx: Context, track: int, uid: str) -> None:
    """The user of a side, TRACK_FROM or TRACK_TO."""
    ctx.avps.delete_all(UID, track | CLASS_USER)
    ctx.avps.add(UID, uid, track | CLASS_USER)


def did_of(ctx: Context, track: int) -> str | None:
    """The domain of a side, TRACK_FROM or TRACK_TO; None where it was not looked up."""
    for klass in (track | CLASS_URI, track | CLASS_USER, track | CLASS_DOMAIN, CLASS_GLOBAL):
        value = ctx.avps.get(DID, 0, klass)
        if value is not None:
            return to_text(value)
    return None
