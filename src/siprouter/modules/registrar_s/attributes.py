"""Attributes that registrar reads and sets: who the user is, and the answer where none is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp import CLASS_USER, TRACK_TO
from siprouter.core.rewrite import MAX_URI_SIZE
from siprouter.core.values import to_text
from siprouter.modules.registrar.rejection import AOR_PARSE, AOR_TOO_LONG, Rejected
from siprouter.script.attributes import Attribute
from siprouter.script.core_args import parse_attribute
from siprouter.sip.errors import MessageError
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context

UID = "uid"
TO_USER = TRACK_TO | CLASS_USER
NO_USER = (400, "No username in To URI")


def attribute_param(name: str, text: str | None, track: str) -> Attribute | None:
    """The attribute that the parameter `name` gives as ``$name``, of the track "f" or "t" where it has no prefix.

    None where it is empty. Raises OperatorError.
    """
    text = (text or "").strip()
    if not text:
        return None
    parsed = parse_attribute(text) if text.startswith("$") else None
    if parsed is None:
        raise OperatorError(f"registrar: {name} must be an attribute, found {text}", suggestion='"$name"')
    found = Attribute(track, parsed.name, -1)
    if "." in text:
        found.classes = parsed.classes
    return found


def add_value(ctx: Context, attribute: Attribute | None, value: str | int) -> None:
    """One more value of an attribute."""
    if attribute is not None:
        ctx.avps.add(attribute.name, value, attribute.classes[0])


def user_id(ctx: Context) -> str:
    """The unique id of the user that a message is for: ``$tu.uid``, or the user of To (REGISTER) or of the request URI,
    in lower case, which becomes the attribute. Raises Rejected.
    """
    if ctx.avp_store is not None:
        known = ctx.avp_store.get(UID, 0, TO_USER)
        if known is not None:
            return to_text(known)
    try:
        user = (ctx.msg.to.parsed_uri if ctx.msg.method == "REGISTER" else ctx.parsed_uri).user
    except MessageError:
        raise Rejected(*AOR_PARSE) from None
    if not user:
        raise Rejected(*NO_USER)
    if len(user) > MAX_URI_SIZE:
        raise Rejected(*AOR_TOO_LONG)
    user = user.lower()
    ctx.avps.add(UID, user, TO_USER)
    return user
