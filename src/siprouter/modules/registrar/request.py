"""What a REGISTER asks for: its contacts with their absolute expiry, and what they have in common."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Any, Protocol

from siprouter.modules.registrar.methods import methods_mask
from siprouter.modules.registrar.path import read_path
from siprouter.modules.registrar.rejection import (
    CALL_ID_LENGTH,
    CONTACT_LENGTH,
    INVALID_Q,
    PARSE,
    PARSE_CONTACT,
    PARSE_EXPIRES,
    STAR_CONTACTS,
    STAR_EXPIRES,
    Rejected,
)
from siprouter.modules.usrloc.contact import ALL_METHODS, MAX_EXPIRES, Contacts, parse_q
from siprouter.sip.nameaddr import params_of
from siprouter.sip.names import H_ALLOW, H_CONTACT, H_EXPIRES, H_PATH, H_USER_AGENT
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar.state import Registrar
    from siprouter.sip.message import Message
    from siprouter.sip.nameaddr import NameAddr

MAX_CONTACT = 512
MAX_RECEIVED = 512
MAX_CALL_ID = 512
MAX_USER_AGENT = 255
NO_USER_AGENT = "n/a"
BY_DEFAULT = -1
FEW = 8


class Limits(Protocol):
    """What says how long contacts live: the settings `min_expires` and `max_expires`, and the default."""

    settings: dict[str, Any]

    def default_expiry(self) -> int: ...


class Wanted:
    """One Contact of the request. `expires` is seconds since the epoch, 0 to remove the binding."""

    __slots__ = ("expires", "methods", "q", "received", "uri")

    uri: str
    expires: int
    q: int
    methods: int
    received: str | None


class Registration:
    """A whole REGISTER; `star` stands for the removal of all bindings."""

    __slots__ = ("call_id", "cflags", "contacts", "cseq", "flags", "now", "path", "socket", "star", "user_agent")

    call_id: str
    cseq: int
    now: int
    star: bool
    contacts: list[Wanted]
    socket: str | None
    user_agent: str
    path: str | None
    flags: int
    cflags: int


def make_wanted(uri: str, expires: int, q: int, methods: int, received: str | None) -> Wanted:
    """A Wanted of these."""
    wanted = Wanted.__new__(Wanted)
    wanted.uri = uri
    wanted.expires = expires
    wanted.q = q
    wanted.methods = methods
    wanted.received = received
    return wanted


def make_registration(call_id: str, cseq: int, now: int, flags: int = 0, cflags: int = 0) -> Registration:
    """A Registration without contacts."""
    reg = Registration.__new__(Registration)
    reg.call_id = call_id
    reg.cseq = cseq
    reg.now = now
    reg.star = False
    reg.contacts = []
    reg.socket = None
    reg.user_agent = NO_USER_AGENT
    reg.path = None
    reg.flags = flags
    reg.cflags = cflags
    return reg


def read_registration(inst: Registrar, ctx: Context, flags: int, now: int, known: Contacts) -> Registration:
    """Reads the message of `ctx`. `flags` are the storage flags for its contacts, `known` the bindings that there are.

    Raises Rejected.
    """
    msg: Message = ctx.msg
    reg = make_registration(msg.call_id, msg.cseq.number, now, flags, ctx.branch_flags)
    if len(reg.call_id) > MAX_CALL_ID:
        raise Rejected(*CALL_ID_LENGTH)
    contacts = read_contacts(msg, known)
    default = header_expires(msg, now)
    if has_star(contacts):
        if default != 0:
            raise Rejected(*STAR_EXPIRES)
        if len(contacts) > 1:
            raise Rejected(*STAR_CONTACTS)
        reg.star = True
        return reg
    if not contacts:
        return reg
    reg.socket = inst.received_socket(ctx)
    reg.user_agent = user_agent(msg)
    path_received = None
    if inst.use_path and msg.get(H_PATH) is not None:
        path, path_received = read_path(inst, ctx)
        reg.path = None if path is None else intern(path)
        if path_received:
            reg.cflags |= inst.usrloc.nat_flag
    allowed = _allowed_methods(msg)
    for contact in contacts:
        reg.contacts.append(_wanted(inst, ctx, contact, default, allowed, path_received or None, now))
    return reg


def has_star(contacts: list[NameAddr]) -> bool:
    """Whether one of them is the star."""
    for contact in contacts:  # noqa: SIM110  costs a generator
        if contact.star:
            return True
    return False


def read_contacts(msg: Message, known: Contacts = ()) -> list[NameAddr]:
    """The contacts of the message, each with a URI or a star. Raises Rejected.

    The URIs of the bindings `known` are not looked at again: phones repeat theirs.
    """
    try:
        contacts = msg.contacts()
        for contact in contacts:
            if not contact.star and not (known and is_known(contact.uri, known)):
                contact.parsed_uri  # noqa: B018  raises where it is none
    except PeerError as error:
        raise Rejected(*PARSE_CONTACT) from error
    if not contacts and msg.get(H_CONTACT) is not None:
        raise Rejected(*PARSE_CONTACT)
    return contacts


def is_known(uri: str, known: Contacts) -> bool:
    """Whether one of the first few bindings has this URI."""
    for index in range(min(len(known), FEW)):
        contact = known[index]
        if contact.uri == uri:
            return True
    return False


def _wanted(
    inst: Registrar,
    ctx: Context,
    contact: NameAddr,
    default_expires: int,
    allowed: int,
    path_received: str | None,
    now: int,
) -> Wanted:
    uri = contact.uri
    q_text = methods_text = expires_text = received = None
    cursor = params_of(contact)
    while cursor.next():
        if expires_text is None and cursor.named(b"expires"):
            expires_text = cursor.value()
        elif q_text is None and cursor.named(b"q"):
            q_text = cursor.value()
        elif methods_text is None and cursor.named(b"methods"):
            methods_text = cursor.value()
        elif received is None and cursor.named(b"received"):
            received = cursor.value()
    received = path_received or received or inst.received_from_avp(ctx) or None
    if len(uri) > MAX_CONTACT or (received is not None and len(received) > MAX_RECEIVED):
        raise Rejected(*CONTACT_LENGTH)
    try:
        q = parse_q(q_text) if q_text else inst.settings["default_q"]
    except ValueError:
        raise Rejected(*INVALID_Q) from None
    if methods_text is not None:
        try:
            allowed = methods_mask(methods_text)
        except ValueError:
            raise Rejected(*PARSE) from None
    expires = contact_expires(inst, expires_text or "", default_expires, now)
    return make_wanted(uri, expires, q, allowed, received)


def header_expires(msg: Message, now: int) -> int:
    """Absolute expiry that the Expires header gives; 0 to remove; BY_DEFAULT where it says nothing."""
    header = msg.get(H_EXPIRES)
    if header is None:
        return BY_DEFAULT
    text = msg.value(header)
    if not text:
        raise Rejected(*PARSE_EXPIRES)
    seconds = parse_seconds(text.split()[0])
    if seconds < 0:
        return BY_DEFAULT
    return min(now + seconds, MAX_EXPIRES) if seconds else 0


def parse_seconds(text: str) -> int:
    """Delta seconds (RFC 3261 section 20.19): -1 for anything but up to ten digits."""
    if not 0 < len(text) <= 10:
        return -1
    value = 0
    for char in text:
        if not "0" <= char <= "9":
            return -1
        value = value * 10 + ord(char) - 48
    return value


def contact_expires(inst: Limits, text: str, default: int, now: int) -> int:
    """Absolute expiry of one contact within the limits; 0 to remove it. `default` is what `header_expires` gave."""
    expires = default
    if text:
        seconds = parse_seconds(text)
        if seconds >= 0:
            expires = now + seconds if seconds else 0
        else:
            expires = BY_DEFAULT
    if expires == BY_DEFAULT:
        expires = now + inst.default_expiry()
    if expires == 0:
        return 0
    settings = inst.settings
    shortest: int = settings["min_expires"]
    longest: int = settings["max_expires"]
    expires = max(expires, now + shortest)
    if longest:
        expires = min(expires, now + longest)
    return min(expires, MAX_EXPIRES)


def user_agent(msg: Message) -> str:
    """The User-Agent header, NO_USER_AGENT where it is absent or too long."""
    header = msg.get(H_USER_AGENT)
    if header is None or not 0 < header.end - header.start < MAX_USER_AGENT:
        return NO_USER_AGENT
    return intern(msg.value(header))  # few different ones for many contacts


def _allowed_methods(msg: Message) -> int:
    """The methods of the Allow headers as bits; all where there are none, or none that can be read."""
    if msg.get(H_ALLOW) is None:
        return ALL_METHODS
    mask = 0
    for header in msg.all(H_ALLOW):
        try:
            mask |= methods_mask(msg.value(header))
        except ValueError:
            return ALL_METHODS
    return mask
