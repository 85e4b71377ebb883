"""One binding of an address of record, and the list of them: matching and order. Contacts are never changed."""

EXPIRED_TIME = 10  # what ul.dump of SIP Router calls "deleted"
ALL_METHODS = 0xFFFFFFFF
Q_UNSET = -1
MAX_EXPIRES = 0xFFFFFFFF  # seconds since the epoch, as an unsigned 32-bit number

MATCH_CONTACT = 0
MATCH_CALL_ID = 1
MATCH_PATH = 2

FOUND = 0
NOT_FOUND = 1
OUT_OF_ORDER = 2
RETRANSMISSION = 3


class Contact:
    """A binding. Times are seconds since the epoch; `expires` 0 means permanent, `q` counts thousandths (-1: unset).

    `flags` are the storage flags (1: memory only), `cflags` branch flags, `methods` bits as in SIP Router. `received`
    and `path` are None where there is none. `socket` is the name of the listener that got the REGISTER, or None.
    """

    __slots__ = (
        "call_id",
        "cflags",
        "cseq",
        "expires",
        "flags",
        "last_modified",
        "methods",
        "path",
        "q",
        "received",
        "socket",
        "uri",
        "user_agent",
    )

    def __init__(
        self,
        uri: str,
        expires: int,
        q: int,
        call_id: str,
        cseq: int,
        flags: int,
        cflags: int,
        user_agent: str,
        received: str | None,
        path: str | None,
        socket: str | None,
        methods: int,
        last_modified: int,
    ) -> None:
        self.fill(
            uri, expires, q, call_id, cseq, flags, cflags, user_agent, received, path, socket, methods, last_modified
        )

    def fill(
        self,
        uri: str,
        expires: int,
        q: int,
        call_id: str,
        cseq: int,
        flags: int,
        cflags: int,
        user_agent: str,
        received: str | None,
        path: str | None,
        socket: str | None,
        methods: int,
        last_modified: int,
    ) -> None:
        """What the constructor does: where it is hot, this after ``Contact.__new__`` needs no tuple of arguments."""
        self.uri = uri
        self.expires = expires
        self.q = q
        self.call_id = call_id
        self.cseq = cseq
        self.flags = flags
        self.cflags = cflags
        self.user_agent = user_agent
        self.received = received
        self.path = path
        self.socket = socket
        self.methods = methods
        self.last_modified = last_modified

    def is_valid(self, now: float) -> bool:
        """True for one that is permanent or has not expired yet."""
        return self.expires == 0 or self.expires > now

    def to_row(self) -> tuple[object, ...]:
        """All fields in the order of the constructor."""
        return (
            self.uri,
            self.expires,
            self.q,
            self.call_id,
            self.cseq,
            self.flags,
            self.cflags,
            self.user_agent,
            self.received,
            self.path,
            self.socket,
            self.methods,
            self.last_modified,
        )

    def __repr__(self) -> str:
        return f"<Contact {self.uri} expires={self.expires} cseq={self.cseq}>"


Contacts = tuple[Contact, ...]


def find_contact(contacts: Contacts, uri: str, call_id: str, path: str | None, mode: int) -> int:
    """Index of the binding that `mode` takes for the same, -1 where there is none.

    MATCH_CONTACT compares the URIs as text, MATCH_CALL_ID also the Call-ID, MATCH_PATH also the path (where given).
    """
    for index in range(len(contacts)):
        contact = contacts[index]
        if contact.uri != uri:
            continue
        if mode == MATCH_CALL_ID and contact.call_id != call_id:
            continue
        if mode == MATCH_PATH and path is not None and contact.path != path:
            continue
        return index
    return -1


def check_order(contact: Contact, call_id: str, cseq: int, mode: int, now: float, cseq_delay: int) -> int:
    """Whether a request may change a binding (RFC 3261 section 10.3 step 7).

    FOUND: yes. OUT_OF_ORDER: same Call-ID, but no newer CSeq. RETRANSMISSION: the very same request again, within
    `cseq_delay` seconds.
    """
    if mode != MATCH_CALL_ID and contact.call_id != call_id:
        return FOUND
    if cseq < contact.cseq:
        return OUT_OF_ORDER
    if cseq == contact.cseq:
        return RETRANSMISSION if contact.last_modified + cseq_delay > now else OUT_OF_ORDER
    return FOUND


def insert_contact(contacts: Contacts, contact: Contact, newest_first: bool) -> Contacts:
    """`contacts` with a new one in its place: in front, or behind those with the same or a higher q."""
    index = 0
    if not newest_first:
        while index < len(contacts):
            other = contacts[index]
            if other.q < contact.q:
                break
            index += 1
    return (*contacts[:index], contact, *contacts[index:])


def replace_contact(contacts: Contacts, index: int, contact: Contact, newest_first: bool) -> Contacts:
    """`contacts` with another one in the place of number `index`; it moves only where the order asks for it."""
    if len(contacts) == 1:
        return (contact,)
    others = contacts[:index] + contacts[index + 1 :]
    if newest_first:
        return (contact, *others)
    fits = True
    if index > 0:
        before = contacts[index - 1]
        fits = before.q >= contact.q
    if index + 1 < len(contacts):
        after = contacts[index + 1]
        fits = fits and after.q <= contact.q
    if fits:
        return (*contacts[:index], contact, *contacts[index + 1 :])
    return insert_contact(others, contact, False)


def valid_contacts(contacts: Contacts, now: float) -> Contacts:
    """Those that have not expired at `now`: `contacts` itself where that is all of them."""
    for contact in contacts:
        if not contact.is_valid(now):
            return tuple([one for one in contacts if one.is_valid(now)])
    return contacts


def earliest_expiry(contacts: Contacts) -> int:
    """When the first of them expires; 0: never."""
    earliest = 0
    for contact in contacts:
        if contact.expires and (earliest == 0 or contact.expires < earliest):
            earliest = contact.expires
    return earliest


def q_text(q: int) -> str:
    """``1``, ``0``, ``0.5``; "" for an unset one."""
    if q < 0:
        return ""
    if q >= 1000:
        return "1"
    return f"0.{q:03}".rstrip("0").rstrip(".")


def parse_q(text: str) -> int:
    """Thousandths of a qvalue (RFC 3261 section 25.1); needless or missing zeros are forgiven. Raises ValueError."""
    whole, point, fraction = text.strip(" \t").partition(".")
    if not (whole or fraction) or (point and not fraction):
        raise ValueError(f"no qvalue: {text!r}")
    if not all(part.isascii() and part.isdigit() for part in (whole, fraction) if part):
        raise ValueError(f"no qvalue: {text!r}")
    value = int(whole[-10:] or "0") * 1000 + int(fraction[:3].ljust(3, "0") or "0")
    if value > 1000 or (value == 1000 and fraction.strip("0")) or len(whole) > 10:
        raise ValueError(f"qvalue above 1: {text!r}")
    return value
